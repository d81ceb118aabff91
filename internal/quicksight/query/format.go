package query

import (
	"fmt"
	"slices"
	"strings"

	"tarn/api/quicksight"
	"tarn/internal/quicksight/expression"
)

// formatExpressions lists what the conditional formatting of a table or KPI asks of each row, each expression once.
func formatExpressions(v *quicksight.Visual) []string {
	var out []string
	add := func(e *string) {
		if e != nil && !slices.Contains(out, *e) {
			out = append(out, *e)
		}
	}
	color := func(c *quicksight.ConditionalFormattingColor) {
		if c != nil && c.Solid != nil {
			add(c.Solid.Expression)
		}
		if c != nil && c.Gradient != nil {
			add(c.Gradient.Expression)
		}
	}
	icon := func(i *quicksight.ConditionalFormattingIcon) {
		if i != nil && i.CustomCondition != nil {
			add(i.CustomCondition.Expression)
		}
		if i != nil && i.IconSet != nil {
			add(i.IconSet.Expression)
		}
	}
	if t := v.TableVisual; t != nil && t.ConditionalFormatting != nil {
		for _, o := range t.ConditionalFormatting.ConditionalFormattingOptions {
			if o.Cell != nil && o.Cell.TextFormat != nil {
				color(o.Cell.TextFormat.BackgroundColor)
				color(o.Cell.TextFormat.TextColor)
				icon(o.Cell.TextFormat.Icon)
			}
			if o.Row != nil {
				color(o.Row.BackgroundColor)
				color(o.Row.TextColor)
			}
		}
	}
	if k := v.KPIVisual; k != nil && k.ConditionalFormatting != nil {
		for _, o := range k.ConditionalFormatting.ConditionalFormattingOptions {
			if o.PrimaryValue != nil {
				color(o.PrimaryValue.TextColor)
				icon(o.PrimaryValue.Icon)
			}
			if o.ActualValue != nil {
				color(o.ActualValue.TextColor)
				icon(o.ActualValue.Icon)
			}
			if o.ComparisonValue != nil {
				color(o.ComparisonValue.TextColor)
				icon(o.ComparisonValue.Icon)
			}
			if o.ProgressBar != nil {
				color(o.ProgressBar.ForegroundColor)
			}
		}
	}
	return out
}

// compiledFormat is an expression of the conditional formatting, one column of the answer.
type compiledFormat struct {
	text  string
	value expression.Value
}

// formats compiles the expressions of the conditional formatting. One that cannot be computed leaves the visual as it is without it,
// and a note.
func (b *builder) formats(grouped bool) []compiledFormat {
	var out []compiledFormat
	for _, text := range formatExpressions(b.visual) {
		if b.visual.KPIVisual != nil && comparison(text) {
			continue
		}
		v, err := b.env.Compile(text)
		if err == nil && !grouped && v.Level == expression.Aggregated {
			err = fail("", "", "it aggregates, and the table shows single rows")
		}
		if err == nil && grouped && v.Level == expression.Row {
			v, err = ofGroup(v)
		}
		if err != nil {
			b.query.Notes = append(b.query.Notes, fmt.Sprintf("The formatting rule %q is not applied: %s", text, err))
			continue
		}
		out = append(out, compiledFormat{text: text, value: v.Column()})
	}
	return out
}

// ofGroup brings what an expression says of rows to their group: a condition holds where it holds for all of them.
func ofGroup(v expression.Value) (expression.Value, error) {
	if v.Type == expression.Boolean {
		return expression.Value{SQL: "bool_and(" + v.SQL + ")", Type: v.Type, Level: expression.Aggregated}, nil
	}
	return expression.Aggregate("max", v)
}

func (b *builder) formatColumns(formats []compiledFormat) (names []string) {
	for i, f := range formats {
		names = append(names, fmt.Sprintf("p%d", i))
		b.query.Columns = append(b.query.Columns, OutputColumn{FieldID: f.text, Name: f.text, Role: "Format", Type: f.value.Type})
	}
	return names
}

// comparison says whether an expression of a KPI's formatting asks for the KPI's own comparison, which is the viewer's to compute: it
// is written as a difference along an order that the KPI's fields give.
func comparison(text string) bool {
	n, err := expression.Parse(text)
	if err != nil {
		return false
	}
	found := false
	expression.Walk(n, func(n expression.Node) {
		if c, ok := n.(*expression.Call); ok && (strings.EqualFold(c.Name, "percentDifference") || strings.EqualFold(c.Name, "difference")) {
			found = true
		}
	})
	return found
}
