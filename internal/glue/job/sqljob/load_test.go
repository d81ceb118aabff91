package sqljob

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// journal notes what a load executes, a line a transaction.
type journal struct {
	calls []string
	fail  string
}

func (j *journal) Execute(_ context.Context, statements ...string) error {
	text := strings.Join(statements, "; ")
	j.calls = append(j.calls, text)
	if j.fail != "" && strings.Contains(text, j.fail) {
		return errors.New("refused")
	}
	return nil
}

func (j *journal) Refresh(_ context.Context, id string) error {
	j.calls = append(j.calls, "refresh "+id)
	return nil
}

func TestLoad(t *testing.T) {
	text, err := LoadScript(LoadSpec{Project: "flights", Table: "delays", Schema: "flights", ExternalSchema: "flights_lake", Dist: "carrier", Sort: []string{"flight_date"}, DataSets: []string{"flights-delays"}})
	if err != nil {
		t.Fatal(err)
	}
	j := &journal{}
	var log strings.Builder
	l := &Loader{Warehouse: j, DataSets: j, Now: time.Now}
	if err := l.Run(t.Context(), []byte(text), &log); err != nil {
		t.Fatal(err)
	}
	want := `CREATE SCHEMA IF NOT EXISTS "flights"
DROP TABLE IF EXISTS "flights"."delays__new"
CREATE TABLE "flights"."delays__new" DISTKEY ("carrier") SORTKEY ("flight_date") AS SELECT * FROM "flights_lake"."delays"
DROP TABLE IF EXISTS "flights"."delays"; ALTER TABLE "flights"."delays__new" RENAME TO "delays"
refresh flights-delays`
	if got := strings.Join(j.calls, "\n"); got != want {
		t.Fatalf("got\n%s", got)
	}
	j = &journal{fail: "RENAME"}
	l.Warehouse = j
	if err := l.Run(t.Context(), []byte(text), &log); err == nil || !strings.Contains(err.Error(), "load delays: put the new rows in place: refused") {
		t.Fatalf("got %v", err)
	}
	if len(j.calls) != 4 {
		t.Fatal(fmt.Sprint(j.calls))
	}
	if _, err := LoadScript(LoadSpec{}); err == nil {
		t.Fatal("an empty load was taken")
	}
}
