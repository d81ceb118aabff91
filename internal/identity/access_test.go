package identity_test

import (
	"reflect"
	"testing"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/identity"
)

// TestGlueAccess says what policies must allow for an operation of Glue.
func TestGlueAccess(t *testing.T) {
	const arn = "arn:aws:glue:us-east-1:000000000000:"
	caller := awsapi.Caller{Account: "000000000000", Region: "us-east-1"}
	for _, c := range []struct {
		op   string
		in   any
		want []string // resources
	}{
		{"GetCatalogImportStatus", &glue.GetCatalogImportStatusInput{}, []string{arn + "catalog"}},
		{"GetDatabase", &glue.GetDatabaseInput{Name: new("Raw")}, []string{arn + "catalog", arn + "database/raw"}},
		{"GetTable", &glue.GetTableInput{DatabaseName: new("raw"), Name: new("Trips")}, []string{arn + "catalog", arn + "database/raw", arn + "table/raw/trips"}},
		{"GetJob", &glue.GetJobInput{JobName: new("load")}, []string{arn + "job/load"}},
	} {
		var got []string
		for _, a := range identity.GlueAccess(caller, c.op, c.in) {
			if a.Action != "glue:"+c.op {
				t.Errorf("%s needs %s", c.op, a.Action)
			}
			got = append(got, a.Resource)
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s is on %q, want %q", c.op, got, c.want)
		}
	}
}
