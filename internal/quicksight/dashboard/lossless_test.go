package dashboard

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"tarn/api/quicksight"
	"tarn/internal/awsapi"
)

// inventor makes documents in the shapes of the model, with members that no shape has.
type inventor struct{ *rand.Rand }

var timeType = reflect.TypeFor[awsapi.Time]()

func (i inventor) value(t reflect.Type, depth int) any {
	switch {
	case t == timeType:
		return float64(i.Int64N(4e9)) + float64(i.IntN(1000))/1000
	case t.Kind() == reflect.Pointer:
		return i.value(t.Elem(), depth)
	case t == reflect.TypeFor[json.RawMessage](), t == reflect.TypeFor[[]byte]():
		return "AAEC"
	}
	switch t.Kind() {
	case reflect.String:
		return []string{"", "x", "späť <b> & \u2028 \"'\\", "𝄞", strings.Repeat("long ", 50)}[i.IntN(5)]
	case reflect.Bool:
		return i.IntN(2) == 0
	case reflect.Int32, reflect.Int64:
		return i.Int64N(1 << 31)
	case reflect.Float64:
		return []float64{0, -1.5, 1e-7, 123456789.125, 1e21}[i.IntN(5)]
	case reflect.Slice:
		out := []any{}
		for range i.IntN(3) {
			out = append(out, i.value(t.Elem(), depth+1))
		}
		return out
	case reflect.Map:
		out := map[string]any{}
		for n := range i.IntN(3) {
			out[fmt.Sprint("key ", n)] = i.value(t.Elem(), depth+1)
		}
		return out
	case reflect.Struct:
		return i.structure(t, depth)
	}
	panic("a shape has a member of the type " + t.String())
}

// structure fills fewer members the deeper it is.
func (i inventor) structure(t reflect.Type, depth int) any {
	out := map[string]any{}
	for n := range t.NumField() {
		f := t.Field(n)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || depth > 14 || i.IntN(2+depth) > 1 {
			continue
		}
		out[name] = i.value(f.Type, depth+1)
	}
	if i.IntN(8) == 0 {
		out["MemberOfTomorrow"] = map[string]any{"Deep": []any{1, nil, "x", map[string]any{}}}
	}
	return out
}

// Whatever definition goes in comes out equal, whether it makes sense or not.
func TestDefinitionsAreLossless(t *testing.T) {
	w := newWorld(t)
	shapes := map[string]int{}
	for seed := range uint64(150) {
		i := inventor{rand.New(rand.NewPCG(seed, 2013))}
		in, err := json.Marshal(i.structure(reflect.TypeFor[quicksight.DashboardVersionDefinition](), 0))
		if err != nil {
			t.Fatal(err)
		}
		id := fmt.Sprint("d", seed)
		if _, err := w.CreateDashboard(w.ctx, &quicksight.CreateDashboardInput{
			AwsAccountId: new(account), DashboardId: &id, Name: new("x"), Definition: in, ValidationStrategy: &quicksight.ValidationStrategy{Mode: new("LENIENT")},
		}); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		out, err := w.DescribeDashboardDefinition(w.ctx, &quicksight.DescribeDashboardDefinitionInput{AwsAccountId: new(account), DashboardId: &id})
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		var want, got any
		if err := json.Unmarshal(in, &want); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(out.Definition, &got); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(want, got) {
			t.Fatalf("seed %d: %s came out as %s", seed, in, out.Definition)
		}
		for _, kind := range []string{"BarChartVisual", "PivotTableVisual", "RelativeDatesFilter", "GridLayout", "MemberOfTomorrow"} {
			shapes[kind] += strings.Count(string(in), `"`+kind+`"`)
		}
		// A visual of it answers, if only with a mistake: nothing that is stored breaks the service.
		start := time.Now()
		d, err := decode(out.Definition)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for _, s := range d.Sheets {
			if s == nil {
				continue
			}
			for _, v := range s.Visuals {
				if v != nil {
					_, _ = w.Query(w.ctx, VisualQuery{DashboardID: id, SheetID: awsapi.Val(s.SheetId), VisualID: visualID(v)})
				}
			}
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("seed %d: the visuals took %s", seed, took)
		}
	}
	for kind, n := range shapes {
		if n == 0 {
			t.Errorf("no definition has %s", kind)
		}
	}
	t.Log(shapes)
}

func visualID(v *quicksight.Visual) string {
	for _, f := range reflect.ValueOf(v).Elem().Fields() {
		if !f.IsNil() {
			if id := f.Elem().FieldByName("VisualId"); id.IsValid() && !id.IsNil() {
				return id.Elem().String()
			}
		}
	}
	return ""
}
