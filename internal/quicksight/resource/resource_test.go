package resource

import (
	"testing"

	"tarn/api/quicksight"
	"tarn/internal/awsapi"
)

func TestARN(t *testing.T) {
	c := awsapi.Caller{Account: "000000000000", Region: "us-east-1"}
	arn := ARN(c, DataSet, "a/b")
	if id, ok := ParseARN(c.Account, DataSet, arn); id != "a/b" || !ok {
		t.Errorf("got %q, %v", id, ok)
	}
	for _, bad := range []string{"", "a:b", arn[1:], ARN(c, Dashboard, "x"), ARN(awsapi.Caller{Account: "111111111111"}, DataSet, "x"), ARN(c, DataSet, "")} {
		if id, ok := ParseARN(c.Account, DataSet, bad); ok {
			t.Errorf("%q gives %q", bad, id)
		}
	}
}

func TestAccess(t *testing.T) {
	c := awsapi.Caller{Account: "000000000000", Region: "us-east-1"}
	for want, in := range map[string]any{
		"arn:aws:quicksight:us-east-1:000000000000:dashboard/d":             &quicksight.DescribeDashboardInput{DashboardId: new("d")},
		"arn:aws:quicksight:us-east-1:000000000000:dataset/s/ingestion/one": &quicksight.DescribeIngestionInput{DataSetId: new("s"), IngestionId: new("one")},
		"*": &quicksight.ListDashboardsInput{},
		"x": &quicksight.TagResourceInput{ResourceArn: new("x")},
	} {
		if got := Access(c, "Op", in); len(got) != 1 || got[0].Resource != want || got[0].Action != "quicksight:Op" {
			t.Errorf("got %v, want %s", got, want)
		}
	}
}

func TestMergePermissions(t *testing.T) {
	p := func(who string, actions ...string) *quicksight.ResourcePermission {
		return &quicksight.ResourcePermission{Principal: &who, Actions: actions}
	}
	got := MergePermissions([]*quicksight.ResourcePermission{p("a", "x", "y"), p("b", "x")}, []*quicksight.ResourcePermission{p("a", "y", "z")}, []*quicksight.ResourcePermission{p("b", "x"), p("a", "x")})
	if len(got) != 1 || *got[0].Principal != "a" || len(got[0].Actions) != 2 || got[0].Actions[0] != "y" || got[0].Actions[1] != "z" {
		t.Errorf("got %v", got)
	}
}
