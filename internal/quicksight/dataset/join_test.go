package dataset

import (
	"strings"
	"testing"

	"tarn/api/quicksight"
)

func logical(alias string, source quicksight.LogicalTableSource, transforms ...*quicksight.TransformOperation) *quicksight.LogicalTable {
	return &quicksight.LogicalTable{Alias: &alias, Source: &source, DataTransforms: transforms}
}

// joinedSet joins flights with a table of carriers that leaves UA out and has one that never flew.
func joinedSet(source, id, kind, on string) *quicksight.CreateDataSetInput {
	return &quicksight.CreateDataSetInput{
		AwsAccountId: new(account), DataSetId: &id, Name: new("Joined"), ImportMode: new("DIRECT_QUERY"),
		PhysicalTableMap: map[string]*quicksight.PhysicalTable{
			"f": {RelationalTable: &quicksight.RelationalTable{DataSourceArn: &source, Name: new("flights"), InputColumns: []*quicksight.InputColumn{column("carrier", "STRING"), column("distance", "INTEGER")}}},
			"c": {CustomSql: &quicksight.CustomSql{DataSourceArn: &source, Name: new("carriers"), SqlQuery: new("SELECT DISTINCT carrier, lower(carrier) AS nick FROM flights WHERE carrier <> 'UA' UNION ALL SELECT 'XX', 'none'")}},
		},
		LogicalTableMap: map[string]*quicksight.LogicalTable{
			"flights":  logical("flights", quicksight.LogicalTableSource{PhysicalTableId: new("f")}),
			"carriers": logical("names", quicksight.LogicalTableSource{PhysicalTableId: new("c")}, &quicksight.TransformOperation{RenameColumnOperation: &quicksight.RenameColumnOperation{ColumnName: new("nick"), NewColumnName: new("nickname")}}),
			"joined": logical("joined", quicksight.LogicalTableSource{JoinInstruction: &quicksight.JoinInstruction{
				LeftOperand: new("flights"), RightOperand: new("carriers"), Type: &kind, OnClause: &on,
			}}, &quicksight.TransformOperation{CreateColumnsOperation: &quicksight.CreateColumnsOperation{Columns: []*quicksight.CalculatedColumn{
				{ColumnName: new("known"), ColumnId: new("known"), Expression: new("ifelse(isNull({nickname}), 'no', 'yes')")},
			}}}),
		},
	}
}

func TestJoins(t *testing.T) {
	w := newWorld(t)
	source := w.createSource()
	for kind, want := range map[string][2]string{"INNER": {"278111", "0"}, "LEFT": {"336776", "58665"}, "RIGHT": {"278112", "0"}, "OUTER": {"336777", "58665"}} {
		for i, on := range []string{"{carrier} = {carrier[names]}", "carrier = carrier", "{carrier} = {carrier} AND {distance} >= 0"} {
			if i == 2 && kind != "INNER" {
				continue
			}
			id := strings.ToLower(kind) + string(rune('a'+i))
			w.create(joinedSet(source, id, kind, on))
			if got := w.value(id, "SELECT count(*) FROM ds"); got != want[0] {
				t.Errorf("%s ON %s: %s rows, want %s", kind, on, got, want[0])
			}
			if got := w.value(id, "SELECT count(*) FROM ds WHERE known = 'no'"); got != want[1] {
				t.Errorf("%s ON %s: %s without a name, want %s", kind, on, got, want[1])
			}
		}
	}
	d, err := w.DescribeDataSet(w.ctx, &quicksight.DescribeDataSetInput{AwsAccountId: new(account), DataSetId: new("innera")})
	if err != nil {
		t.Fatal(err)
	}
	var columns []string
	for _, c := range d.DataSet.OutputColumns {
		columns = append(columns, *c.Name)
	}
	if got := strings.Join(columns, ", "); got != "carrier, distance, carrier[names], nickname, known" {
		t.Errorf("got the columns %s", got)
	}
	spice := joinedSet(source, "spice", "LEFT", "carrier = carrier")
	spice.ImportMode = new("SPICE")
	if i := w.await("spice", *w.create(spice).IngestionId); *i.IngestionStatus != "COMPLETED" || *i.RowInfo.RowsIngested != 336776 {
		t.Errorf("got %+v", i)
	}
}

func TestJoinRefusals(t *testing.T) {
	w := newWorld(t)
	source := w.createSource()
	for name, c := range map[string]struct {
		change func(in *quicksight.CreateDataSetInput)
		want   string
	}{
		"unknown column": {func(in *quicksight.CreateDataSetInput) {
			in.LogicalTableMap["joined"].Source.JoinInstruction.OnClause = new("{carrier} = {code}")
		}, `LogicalTableMap[joined]: OnClause: line 1, column 13: there is no field named "code"`},
		"no condition": {func(in *quicksight.CreateDataSetInput) {
			in.LogicalTableMap["joined"].Source.JoinInstruction.OnClause = new("1 = 1")
		}, "it must be a condition on columns"},
		"unknown operand": {func(in *quicksight.CreateDataSetInput) {
			in.LogicalTableMap["joined"].Source.JoinInstruction.LeftOperand = new("nobody")
		}, "Logical table joined joins nobody, which is not in LogicalTableMap"},
		"itself": {func(in *quicksight.CreateDataSetInput) {
			in.LogicalTableMap["joined"].Source.JoinInstruction.LeftOperand = new("joined")
		}, "The logical tables join one another in a circle"},
		"twice": {func(in *quicksight.CreateDataSetInput) {
			in.LogicalTableMap["joined"].Source.JoinInstruction.LeftOperand = new("carriers")
		}, "Logical table carriers is joined more than once"},
		"not joined": {func(in *quicksight.CreateDataSetInput) { delete(in.LogicalTableMap, "joined") }, "The logical tables carriers, flights are not joined"},
		"unused":     {func(in *quicksight.CreateDataSetInput) { in.PhysicalTableMap["more"] = in.PhysicalTableMap["f"] }, "Physical table more is used by no logical table"},
		"no logical": {func(in *quicksight.CreateDataSetInput) { in.LogicalTableMap = nil }, "no logical table that joins them"},
	} {
		in := joinedSet(source, "x", "INNER", "carrier = carrier")
		c.change(in)
		if _, err := w.CreateDataSet(w.ctx, in); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
