package expression

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestFieldsAreListedOnce(t *testing.T) {
	n, err := Parse("ifelse({a} > 1 and not isNull(b), {a} + {c d}, 0)")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := Fields(n), []string{"a", "b", "c d"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Fields that use one another twice double at each step: the limit stops that early, with an error that names the cause.
func TestGrowthIsBounded(t *testing.T) {
	calculated := map[string]string{"f0": "{n} + 1"}
	for i := 1; i < 64; i++ {
		calculated["f"+string(rune('0'+i))] = "{f" + string(rune('0'+i-1)) + "} * {f" + string(rune('0'+i-1)) + "}"
	}
	e := &Environment{Columns: map[string]Type{"n": Integer}, Calculated: calculated}
	_, err := e.Field("f" + string(rune('0'+63)))
	if err == nil || !strings.Contains(err.Error(), "grows beyond") {
		t.Fatalf("got %v", err)
	}
}

func TestConvert(t *testing.T) {
	text := Value{SQL: `"s"`, Type: String, Level: Row}
	if _, err := Convert(Value{SQL: "b", Type: Boolean}, Datetime, ""); err == nil {
		t.Error("a BOOLEAN became a DATETIME")
	}
	v, err := Convert(text, Datetime, "dd/MM/yyyy")
	if err != nil || !strings.Contains(v.SQL, "'%d/%m/%Y'") || v.Type != Datetime {
		t.Errorf("got %+v, %v", v, err)
	}
	if _, err := Convert(text, Datetime, "dd/foo"); err == nil {
		t.Error("a wrong pattern passed")
	}
}

// The largest SQL that passes must still bind in reasonable time.
func TestDeepExpressionsStayCheap(t *testing.T) {
	db := openTable(t)
	for _, src := range []string{
		strings.Repeat("1/(", 220) + "{x}" + strings.Repeat(")", 220),
		"2" + strings.Repeat("^2", 60),
		strings.Repeat("nullIf(", 12) + "{n}" + strings.Repeat(", 1)", 12),
		strings.Repeat("ifelse({n} > 1, 1, ", 220) + "2" + strings.Repeat(")", 220),
		"{n}" + strings.Repeat(" + {n}", 220),
		"{s} = 'a'" + strings.Repeat(" OR contains({s}, 'b')", 220),
	} {
		e := &Environment{Columns: map[string]Type{"n": Integer, "x": Decimal, "s": String}}
		v, err := e.Compile(src)
		if err != nil {
			t.Errorf("%.40s: %v", src, err)
			continue
		}
		start := time.Now()
		rows, err := db.Query(t.Context(), "SELECT "+v.SQL+" FROM ds")
		if err != nil {
			t.Errorf("%.40s: %v", src, err)
			continue
		}
		rows.Close()
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%.40s: %d bytes of SQL took %s", src, len(v.SQL), took)
		} else {
			t.Logf("%.40s: %d bytes, %s", src, len(v.SQL), took)
		}
	}
}
