package identity_test

import (
	"reflect"
	"testing"

	"tarn/api/glue"
	"tarn/api/logs"
	"tarn/api/redshiftdata"
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

func TestLogsAccess(t *testing.T) {
	const arn = "arn:aws:logs:us-east-1:000000000000:log-group:"
	caller := awsapi.Caller{Account: "000000000000", Region: "us-east-1"}
	for _, c := range []struct {
		op   string
		in   any
		want string
	}{
		{"DescribeLogGroups", &logs.DescribeLogGroupsInput{}, arn + ":log-stream:"},
		{"CreateLogGroup", &logs.CreateLogGroupInput{LogGroupName: new("/a")}, arn + "/a:log-stream:"},
		{"GetLogEvents", &logs.GetLogEventsInput{LogGroupName: new("/a"), LogStreamName: new("s")}, arn + "/a:log-stream:s"},
		{"FilterLogEvents", &logs.FilterLogEventsInput{LogGroupIdentifier: new(arn + "/a:*")}, arn + "/a:log-stream:"},
		{"FilterLogEvents", &logs.FilterLogEventsInput{LogGroupIdentifier: new("/a")}, arn + "/a:log-stream:"},
	} {
		got := identity.LogsAccess(caller, c.op, c.in)
		if want := []awsapi.Access{{Action: "logs:" + c.op, Resource: c.want}}; !reflect.DeepEqual(got, want) {
			t.Errorf("%s needs %+v, want %+v", c.op, got, want)
		}
	}
}

func TestRedshiftDataAccessAsksForTheUser(t *testing.T) {
	caller := awsapi.Caller{Account: "000000000000", Region: "us-east-1"}
	in := &redshiftdata.ExecuteStatementInput{ClusterIdentifier: new("tarn"), DbUser: new("awsuser"), Sql: new("select 1")}
	got := identity.RedshiftDataAccess(caller, "ExecuteStatement", in)
	want := []awsapi.Access{{Action: "redshift-data:ExecuteStatement", Resource: "*"}, {Action: "redshift:GetClusterCredentials", Resource: "arn:aws:redshift:us-east-1:000000000000:dbuser:tarn/awsuser"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	in.DbUser = nil
	if got := identity.RedshiftDataAccess(caller, "ExecuteStatement", in); len(got) != 1 {
		t.Errorf("without a user: %v", got)
	}
}
