package resource

import (
	"reflect"

	"tarn/api/quicksight"
	"tarn/internal/awsapi"
)

// Access names what an operation needs: its action on the resource that its input names, or on all.
func Access(c awsapi.Caller, op string, in any) []awsapi.Access {
	arn := "*"
	v := reflect.Indirect(reflect.ValueOf(in))
	for _, m := range []struct{ member, resource string }{{"DashboardId", Dashboard}, {"DataSetId", DataSet}, {"DataSourceId", DataSource}, {"AnalysisId", Analysis}} {
		f := v.FieldByName(m.member)
		if id, ok := fieldText(f); ok {
			arn = ARN(c, m.resource, id)
			break
		}
	}
	if in, ok := in.(*quicksight.DescribeIngestionInput); ok && in.IngestionId != nil {
		arn += "/ingestion/" + *in.IngestionId
	}
	if id, ok := fieldText(v.FieldByName("ResourceArn")); ok {
		arn = id
	}
	return []awsapi.Access{{Action: "quicksight:" + op, Resource: arn}}
}

func fieldText(f reflect.Value) (string, bool) {
	if !f.IsValid() || f.Kind() != reflect.Pointer || f.IsNil() || f.Elem().Kind() != reflect.String {
		return "", false
	}
	return f.Elem().String(), true
}
