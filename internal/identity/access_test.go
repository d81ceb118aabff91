package identity_test

import (
	"reflect"
	"testing"

	"tarn/api/glue"
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
