package query

import (
	"tarn/api/quicksight"
	"tarn/internal/awsapi"
)

// dimension and measure are the fields of a visual's wells, whatever kind of field they are.
type dimension struct {
	id          string
	role        string
	column      *quicksight.ColumnIdentifier
	granularity string // of dates
	date        bool
	limit       *quicksight.ItemsLimitConfiguration
	sort        []*quicksight.FieldSortOptions
}

type measure struct {
	id         string
	role       string
	column     *quicksight.ColumnIdentifier
	function   string // SUM, ..., empty for the default
	percentile *float64
	expression string // of a CalculatedMeasureField
}

// shape is what a visual asks for.
type shape struct {
	kind       string
	id         string
	dimensions []dimension
	measures   []measure
	raw        []dimension // of a table without aggregation
	sort       []*quicksight.FieldSortOptions
	actions    []*quicksight.VisualCustomAction
	totals     bool // a row that aggregates everything

	totalFunctions map[string]string // how, by field, where not as the field itself
}

// shapeOf reads the wells of a visual.
func shapeOf(v *quicksight.Visual) (shape, error) {
	switch {
	case v.KPIVisual != nil:
		return kpiShape(v.KPIVisual), nil
	case v.BarChartVisual != nil:
		return barShape(v.BarChartVisual), nil
	case v.LineChartVisual != nil:
		return lineShape(v.LineChartVisual), nil
	case v.PieChartVisual != nil:
		return pieShape(v.PieChartVisual)
	case v.TableVisual != nil:
		return tableShape(v.TableVisual), nil
	}
	id, kind := Identify(v)
	return shape{}, fail("visual "+id, "KPI, bar chart, line chart, pie chart and table visuals are", "%s visuals are not supported yet", kind)
}

func kpiShape(v *quicksight.KPIVisual) shape {
	s := shape{kind: "KPI", id: awsapi.Val(v.VisualId), actions: v.Actions}
	if c := v.ChartConfiguration; c != nil && c.FieldWells != nil {
		s.addDimensions("TrendGroup", c.FieldWells.TrendGroups, nil, nil)
		s.addMeasures("Value", c.FieldWells.Values)
		s.addMeasures("TargetValue", c.FieldWells.TargetValues)
		if c.SortConfiguration != nil {
			s.sort = c.SortConfiguration.TrendGroupSort
		}
	}
	return s
}

func barShape(v *quicksight.BarChartVisual) shape {
	s := shape{kind: "BarChart", id: awsapi.Val(v.VisualId), actions: v.Actions}
	c := v.ChartConfiguration
	if c == nil {
		return s
	}
	sort := c.SortConfiguration
	if sort == nil {
		sort = &quicksight.BarChartSortConfiguration{}
	}
	s.sort = sort.CategorySort
	if c.FieldWells != nil && c.FieldWells.BarChartAggregatedFieldWells != nil {
		w := c.FieldWells.BarChartAggregatedFieldWells
		s.addDimensions("Category", w.Category, sort.CategorySort, sort.CategoryItemsLimit)
		s.addDimensions("Color", w.Colors, sort.ColorSort, sort.ColorItemsLimit)
		s.addDimensions("SmallMultiple", w.SmallMultiples, sort.SmallMultiplesSort, sort.SmallMultiplesLimitConfiguration)
		s.addMeasures("Value", w.Values)
	}
	return s
}

func lineShape(v *quicksight.LineChartVisual) shape {
	s := shape{kind: "LineChart", id: awsapi.Val(v.VisualId), actions: v.Actions}
	c := v.ChartConfiguration
	if c == nil {
		return s
	}
	sort := c.SortConfiguration
	if sort == nil {
		sort = &quicksight.LineChartSortConfiguration{}
	}
	s.sort = sort.CategorySort
	if c.FieldWells != nil && c.FieldWells.LineChartAggregatedFieldWells != nil {
		w := c.FieldWells.LineChartAggregatedFieldWells
		s.addDimensions("Category", w.Category, sort.CategorySort, sort.CategoryItemsLimitConfiguration)
		s.addDimensions("Color", w.Colors, nil, sort.ColorItemsLimitConfiguration)
		s.addDimensions("SmallMultiple", w.SmallMultiples, sort.SmallMultiplesSort, sort.SmallMultiplesLimitConfiguration)
		s.addMeasures("Value", w.Values)
	}
	return s
}

// pieShape asks for one row a slice: a member of the category, or, without one, a column a value. The middle of a donut
// shows the whole.
func pieShape(v *quicksight.PieChartVisual) (shape, error) {
	s := shape{kind: "PieChart", id: awsapi.Val(v.VisualId), actions: v.Actions}
	c := v.ChartConfiguration
	if c == nil {
		return s, nil
	}
	sort := c.SortConfiguration
	if sort == nil {
		sort = &quicksight.PieChartSortConfiguration{}
	}
	s.sort = sort.CategorySort
	if c.FieldWells == nil || c.FieldWells.PieChartAggregatedFieldWells == nil {
		return s, nil
	}
	w := c.FieldWells.PieChartAggregatedFieldWells
	where := "visual " + s.id
	if len(w.SmallMultiples) > 0 {
		return s, fail(where, "take the field out of SmallMultiples", "small multiples of pie charts are not supported yet")
	}
	if len(w.Category) > 0 && len(w.Values) > 1 {
		return s, fail(where, "keep one field in Values, or none in Category", "a pie chart with a category has one value, not %d", len(w.Values))
	}
	s.addDimensions("Category", w.Category, sort.CategorySort, sort.CategoryItemsLimit)
	s.addMeasures("Value", w.Values)
	s.totals = pieTotal(c.DonutOptions, sort.CategoryItemsLimit)
	return s, nil
}

// pieTotal says whether the middle shows the whole: it is empty in a pie, and where members without a slice would count.
func pieTotal(d *quicksight.DonutOptions, l *quicksight.ItemsLimitConfiguration) bool {
	if d == nil || d.ArcOptions != nil && awsapi.Val(d.ArcOptions.ArcThickness) == quicksight.ArcThicknessWhole {
		return false
	}
	if d.DonutCenterOptions != nil && awsapi.Val(d.DonutCenterOptions.LabelVisibility) == quicksight.VisibilityHidden {
		return false
	}
	return l == nil || awsapi.Val(l.ItemsLimit) == 0 || awsapi.Val(l.OtherCategories) == quicksight.OtherCategoriesInclude
}

func tableShape(v *quicksight.TableVisual) shape {
	s := shape{kind: "Table", id: awsapi.Val(v.VisualId), actions: v.Actions}
	c := v.ChartConfiguration
	if c == nil {
		return s
	}
	if c.SortConfiguration != nil {
		s.sort = c.SortConfiguration.RowSort
	}
	if o := c.TotalOptions; o != nil && awsapi.Val(o.TotalsVisibility) == quicksight.VisibilityVisible {
		s.totals, s.totalFunctions = true, map[string]string{}
		for _, t := range o.TotalAggregationOptions {
			if t.TotalAggregationFunction != nil {
				s.totalFunctions[awsapi.Val(t.FieldId)] = awsapi.Val(t.TotalAggregationFunction.SimpleTotalAggregationFunction)
			}
		}
	}
	if c.FieldWells == nil {
		return s
	}
	if w := c.FieldWells.TableAggregatedFieldWells; w != nil {
		s.addDimensions("GroupBy", w.GroupBy, nil, nil)
		s.addMeasures("Value", w.Values)
	}
	if w := c.FieldWells.TableUnaggregatedFieldWells; w != nil {
		for _, f := range w.Values {
			s.raw = append(s.raw, dimension{id: awsapi.Val(f.FieldId), role: "Value", column: f.Column})
		}
	}
	return s
}

func (s *shape) addDimensions(role string, fields []*quicksight.DimensionField, sort []*quicksight.FieldSortOptions, limit *quicksight.ItemsLimitConfiguration) {
	for _, f := range fields {
		d := dimension{role: role, limit: limit, sort: sort}
		switch {
		case f.CategoricalDimensionField != nil:
			d.id, d.column = awsapi.Val(f.CategoricalDimensionField.FieldId), f.CategoricalDimensionField.Column
		case f.NumericalDimensionField != nil:
			d.id, d.column = awsapi.Val(f.NumericalDimensionField.FieldId), f.NumericalDimensionField.Column
		case f.DateDimensionField != nil:
			d.id, d.column, d.date = awsapi.Val(f.DateDimensionField.FieldId), f.DateDimensionField.Column, true
			d.granularity = awsapi.Val(f.DateDimensionField.DateGranularity)
		}
		s.dimensions = append(s.dimensions, d)
	}
}

func (s *shape) addMeasures(role string, fields []*quicksight.MeasureField) {
	for _, f := range fields {
		m := measure{role: role}
		switch {
		case f.NumericalMeasureField != nil:
			n := f.NumericalMeasureField
			m.id, m.column = awsapi.Val(n.FieldId), n.Column
			m.function, m.percentile = numericalFunction(n.AggregationFunction)
		case f.CategoricalMeasureField != nil:
			m.id, m.column, m.function = awsapi.Val(f.CategoricalMeasureField.FieldId), f.CategoricalMeasureField.Column, awsapi.Val(f.CategoricalMeasureField.AggregationFunction)
		case f.DateMeasureField != nil:
			m.id, m.column, m.function = awsapi.Val(f.DateMeasureField.FieldId), f.DateMeasureField.Column, awsapi.Val(f.DateMeasureField.AggregationFunction)
		case f.CalculatedMeasureField != nil:
			m.id, m.expression = awsapi.Val(f.CalculatedMeasureField.FieldId), awsapi.Val(f.CalculatedMeasureField.Expression)
		}
		s.measures = append(s.measures, m)
	}
}

func numericalFunction(f *quicksight.NumericalAggregationFunction) (string, *float64) {
	if f == nil {
		return "", nil
	}
	if f.PercentileAggregation != nil {
		p := awsapi.Val(f.PercentileAggregation.PercentileValue)
		return "PERCENTILE", &p
	}
	return awsapi.Val(f.SimpleNumericalAggregation), nil
}

// aggregation reads the aggregation of a sort or filter; ok is false when there is none.
func aggregation(f *quicksight.AggregationFunction) (m measure, ok bool) {
	switch {
	case f == nil:
		return m, false
	case f.NumericalAggregationFunction != nil:
		m.function, m.percentile = numericalFunction(f.NumericalAggregationFunction)
	case f.CategoricalAggregationFunction != nil:
		m.function = *f.CategoricalAggregationFunction
	case f.DateAggregationFunction != nil:
		m.function = *f.DateAggregationFunction
	case f.AttributeAggregationFunction != nil:
		m.function = "UNIQUE_VALUE"
	}
	return m, m.function != ""
}

// Identify gives the id of a visual and the name of its type.
func Identify(v *quicksight.Visual) (id, kind string) {
	switch {
	case v.TableVisual != nil:
		return awsapi.Val(v.TableVisual.VisualId), "Table"
	case v.PivotTableVisual != nil:
		return awsapi.Val(v.PivotTableVisual.VisualId), "PivotTable"
	case v.BarChartVisual != nil:
		return awsapi.Val(v.BarChartVisual.VisualId), "BarChart"
	case v.KPIVisual != nil:
		return awsapi.Val(v.KPIVisual.VisualId), "KPI"
	case v.PieChartVisual != nil:
		return awsapi.Val(v.PieChartVisual.VisualId), "PieChart"
	case v.GaugeChartVisual != nil:
		return awsapi.Val(v.GaugeChartVisual.VisualId), "GaugeChart"
	case v.LineChartVisual != nil:
		return awsapi.Val(v.LineChartVisual.VisualId), "LineChart"
	case v.HeatMapVisual != nil:
		return awsapi.Val(v.HeatMapVisual.VisualId), "HeatMap"
	case v.TreeMapVisual != nil:
		return awsapi.Val(v.TreeMapVisual.VisualId), "TreeMap"
	case v.GeospatialMapVisual != nil:
		return awsapi.Val(v.GeospatialMapVisual.VisualId), "GeospatialMap"
	case v.FilledMapVisual != nil:
		return awsapi.Val(v.FilledMapVisual.VisualId), "FilledMap"
	case v.LayerMapVisual != nil:
		return awsapi.Val(v.LayerMapVisual.VisualId), "LayerMap"
	case v.FunnelChartVisual != nil:
		return awsapi.Val(v.FunnelChartVisual.VisualId), "FunnelChart"
	case v.ScatterPlotVisual != nil:
		return awsapi.Val(v.ScatterPlotVisual.VisualId), "ScatterPlot"
	case v.ComboChartVisual != nil:
		return awsapi.Val(v.ComboChartVisual.VisualId), "ComboChart"
	case v.BoxPlotVisual != nil:
		return awsapi.Val(v.BoxPlotVisual.VisualId), "BoxPlot"
	case v.WaterfallVisual != nil:
		return awsapi.Val(v.WaterfallVisual.VisualId), "Waterfall"
	case v.HistogramVisual != nil:
		return awsapi.Val(v.HistogramVisual.VisualId), "Histogram"
	case v.WordCloudVisual != nil:
		return awsapi.Val(v.WordCloudVisual.VisualId), "WordCloud"
	case v.InsightVisual != nil:
		return awsapi.Val(v.InsightVisual.VisualId), "Insight"
	case v.SankeyDiagramVisual != nil:
		return awsapi.Val(v.SankeyDiagramVisual.VisualId), "SankeyDiagram"
	case v.CustomContentVisual != nil:
		return awsapi.Val(v.CustomContentVisual.VisualId), "CustomContent"
	case v.EmptyVisual != nil:
		return awsapi.Val(v.EmptyVisual.VisualId), "Empty"
	case v.RadarChartVisual != nil:
		return awsapi.Val(v.RadarChartVisual.VisualId), "RadarChart"
	case v.PluginVisual != nil:
		return awsapi.Val(v.PluginVisual.VisualId), "Plugin"
	}
	return "", "unknown"
}
