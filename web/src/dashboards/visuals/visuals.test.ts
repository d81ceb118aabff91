import { expect, test } from "vitest";
import type { VisualResult } from "../../api/query";
import type { BarChartVisual, KPIVisual, LineChartVisual, TableVisual } from "../definition";
import { columnFormats } from "../fields";
import { pick, clickRule } from "../selections";
import { barChart, barWells } from "./bar";
import { faint, markOf, tooltipHtml, type ChartContext } from "./chart";
import { readKpi } from "./kpi";
import { lineChart } from "./line";
import { ColorScale } from "./palette";
import { cellText, tableModel } from "./table";

const none = columnFormats(undefined);
const context = (more: Partial<ChartContext> = {}): ChartContext => ({
  theme: { dark: false, text: "#000", secondary: "#555", line: "#aaa", grid: "#eee", background: "#fff", font: "x" },
  width: 800, height: 400, scale: new ColorScale(), columns: undefined, picked: undefined, still: true, ...more,
});
const column = (name: string) => ({ DataSetIdentifier: "delays", ColumnName: name });
const category = (name: string) => ({ CategoricalDimensionField: { FieldId: `f-${name}`, Column: column(name) } });
const average = (name: string) => ({ NumericalMeasureField: { FieldId: `m-${name}`, Column: column(name), AggregationFunction: { SimpleNumericalAggregation: "AVERAGE" as const } } });

const byAirline: VisualResult = {
  Columns: [
    { FieldId: "f-airline", Name: "airline", Role: "Category", Type: "STRING" },
    { FieldId: "m-arr_delay", Name: "arr_delay", Role: "Value", Type: "DECIMAL" },
  ],
  Rows: [["Frontier", 21.9207], ["AirTran", 20.1159], ["Alaska", -9.9309], [null, 1]],
  Truncated: false,
};
const bar = (more: object = {}): BarChartVisual => ({
  VisualId: "bar",
  ChartConfiguration: { FieldWells: { BarChartAggregatedFieldWells: { Category: [category("airline")], Values: [average("arr_delay")] } }, ...more },
});
interface Drawn {
  xAxis: { type: string; name?: string; data?: string[] };
  yAxis: { type: string; name?: string; data?: string[]; inverse?: boolean };
  series: { name: string; stack?: string; color: string; label: { show: boolean; formatter: (p: { dataIndex: number }) => string }; data: { value: number | null; itemStyle?: { opacity: number } }[] }[];
  tooltip: { formatter: (p: never) => string };
  legend: { show?: boolean };
}
const drawn = (option: unknown) => option as Drawn;

test("a bar chart lies on its side unless told otherwise, in the order of its rows", () => {
  const { option, data } = barChart(bar(), byAirline, none, context());
  const { xAxis, yAxis, series } = drawn(option);
  expect(yAxis).toMatchObject({ type: "category", inverse: true, data: ["Frontier", "AirTran", "Alaska", "null"], name: "airline" });
  expect(xAxis).toMatchObject({ type: "value", name: "arr_delay (Average)" });
  expect(series).toHaveLength(1);
  expect(series[0]!.data.map((d) => d.value)).toEqual([21.9207, 20.1159, -9.9309, 1]);
  expect(markOf(data, 0, 3)).toEqual({ values: { "f-airline": null }, labels: { "f-airline": "null" } });
});

test("vertical, labels shown, axis named by the visual", () => {
  const { option } = barChart(
    bar({
      Orientation: "VERTICAL",
      DataLabels: { Visibility: "VISIBLE" },
      ValueLabelOptions: { AxisLabelOptions: [{ CustomLabel: "Minutes" }] },
      CategoryLabelOptions: { Visibility: "HIDDEN" },
    }),
    byAirline, none, context(),
  );
  const { xAxis, yAxis, series } = drawn(option);
  expect(xAxis).toMatchObject({ type: "category" });
  expect(xAxis.name).toBeUndefined();
  expect(yAxis.name).toBe("Minutes");
  expect(series[0]!.label.show).toBe(true);
  expect(series[0]!.label.formatter({ dataIndex: 0 })).toBe("21.92");
});

const stacked: VisualResult = {
  Columns: [
    { FieldId: "f-origin", Name: "origin", Role: "Category", Type: "STRING" },
    { FieldId: "f-airline", Name: "airline", Role: "Color", Type: "STRING" },
    { FieldId: "m-arr_delay", Name: "arr_delay", Role: "Value", Type: "INTEGER" },
  ],
  Rows: [["EWR", "United", 30], ["EWR", "Delta", 10], ["JFK", "Delta", 20], ["LGA", "JetBlue", 5]],
  Truncated: false,
};
const colored = (arrangement: "CLUSTERED" | "STACKED" | "STACKED_PERCENT"): BarChartVisual => ({
  VisualId: "bar",
  ChartConfiguration: {
    BarsArrangement: arrangement,
    FieldWells: { BarChartAggregatedFieldWells: { Category: [category("origin")], Colors: [category("airline")], Values: [average("arr_delay")] } },
  },
});

test("colours make series, holes stay holes", () => {
  const { option, data } = barChart(colored("STACKED"), stacked, none, context());
  const { series, legend } = drawn(option);
  expect(series.map((s) => [s.name, s.stack, s.data.map((d) => d.value)])).toEqual([
    ["United", "all", [30, null, null]], ["Delta", "all", [10, 20, null]], ["JetBlue", "all", [null, null, 5]],
  ]);
  expect(legend.show).not.toBe(false);
  expect(markOf(data, 1, 1).values).toEqual({ "f-origin": "JFK", "f-airline": "Delta" });
});

test("stacked to a hundred percent", () => {
  const { option } = barChart(colored("STACKED_PERCENT"), stacked, none, context());
  expect(drawn(option).series.map((s) => s.data[0]!.value)).toEqual([0.75, 0.25, null]);
});

test("a member keeps its colour when others leave", () => {
  const scale = new ColorScale();
  const before = barChart(colored("CLUSTERED"), stacked, none, context({ scale })).colors;
  const after = barChart(colored("CLUSTERED"), { ...stacked, Rows: stacked.Rows.slice(2) }, none, context({ scale })).colors;
  expect(after).toEqual([before[1], before[2]]);
});

test("colours of the definition win", () => {
  const columns = [{ Column: column("airline"), ColorsConfiguration: { CustomColors: [{ FieldValue: "Delta", Color: "#00ff00" }] } }];
  const visual = colored("STACKED");
  visual.ChartConfiguration!.VisualPalette = { ColorMap: [{ Element: { FieldId: "f-airline", FieldValue: "United" }, Color: "#ff0000" }] };
  expect(barChart(visual, stacked, none, context({ columns })).colors.slice(0, 2)).toEqual(["#ff0000", "#00ff00"]);
});

test("what is not picked steps back", () => {
  const wells = barWells(bar(), none);
  const [picked] = pick([], "bar", { values: { "f-airline": "AirTran" }, labels: { "f-airline": "AirTran" } }, wells.category, clickRule(undefined)!, false);
  const { option } = barChart(bar(), byAirline, none, context({ picked }));
  expect(drawn(option).series[0]!.data.map((d) => d.itemStyle?.opacity)).toEqual([faint, 1, faint, faint]);
});

test("many bars are scrolled", () => {
  const Rows = Array.from({ length: 100 }, (_, i) => [`a${i}`, i]);
  expect(barChart(bar(), { ...byAirline, Rows }, none, context()).option.dataZoom).toBeDefined();
  expect(barChart(bar(), byAirline, none, context()).option.dataZoom).toBeUndefined();
});

const line: LineChartVisual = {
  VisualId: "line",
  ChartConfiguration: {
    FieldWells: { LineChartAggregatedFieldWells: { Category: [{ DateDimensionField: { FieldId: "d", Column: column("flight_date"), DateGranularity: "MONTH" } }], Values: [average("arr_delay")] } },
  },
};
const monthly: VisualResult = {
  Columns: [{ FieldId: "d", Name: "flight_date", Role: "Category", Type: "DATETIME" }, { FieldId: "m-arr_delay", Name: "arr_delay", Role: "Value", Type: "DECIMAL" }],
  Rows: [["2013-01-01T00:00:00", 6.1], ["2013-02-01T00:00:00", "5.613"], ["2013-03-01T00:00:00", null]],
  Truncated: false,
};

test("a line over months", () => {
  const { option } = lineChart(line, monthly, none, context());
  const { xAxis, series, tooltip } = drawn(option);
  expect(xAxis.data).toEqual(["Jan 2013", "Feb 2013", "Mar 2013"]);
  expect(series[0]!.data.map((d) => d.value)).toEqual([6.1, 5.613, null]);
  expect(tooltip.formatter([{ seriesIndex: 0, dataIndex: 1 }] as never)).toContain("5.61");
});

test("tooltips show text, not markup", () => {
  expect(tooltipHtml("<b>x", [{ color: "red", label: "a&b", value: "1" }], context().theme)).toContain("&#60;b&#62;x");
});

const kpiOf = (wells: object, options: object = {}): KPIVisual => ({ VisualId: "k", ChartConfiguration: { FieldWells: wells, KPIOptions: options } });

test("a KPI is one figure", () => {
  const kpi = readKpi(kpiOf({ Values: [{ CategoricalMeasureField: { FieldId: "n", Column: column("carrier"), AggregationFunction: "COUNT" } }] }), {
    Columns: [{ FieldId: "n", Name: "carrier", Role: "Value", Type: "INTEGER" }], Rows: [[327346]], Truncated: false,
  }, none);
  expect(kpi).toMatchObject({ primary: "327,346", value: 327346, comparison: undefined, trend: undefined });
});

const trendKpi = kpiOf({ Values: [average("arr_delay")], TrendGroups: [{ DateDimensionField: { FieldId: "d", Column: column("flight_date"), DateGranularity: "MONTH" } }] });

test("a KPI over time shows the latest and the change", () => {
  const result = { ...monthly, Rows: [["2013-02-01", 8], ["2013-01-01", 10]] };
  expect(readKpi(trendKpi, result, none)).toMatchObject({
    primary: "8", comparison: { text: "-20.0%", against: "Jan 2013", direction: "down" }, trend: { values: [10, 8], labels: ["Jan 2013", "Feb 2013"] },
  });
});

test("a KPI against a target", () => {
  const result: VisualResult = {
    Columns: [{ FieldId: "m-a", Name: "a", Role: "Value", Type: "DECIMAL" }, { FieldId: "m-b", Name: "b", Role: "TargetValue", Type: "DECIMAL" }],
    Rows: [[30, 40]], Truncated: false,
  };
  const visual = (options: object) => kpiOf({ Values: [average("a")], TargetValues: [average("b")] }, options);
  expect(readKpi(visual({ ProgressBar: { Visibility: "VISIBLE" } }), result, none)).toMatchObject({ progress: 0.75, comparison: { text: "-25.0%" } });
  expect(readKpi(visual({ Comparison: { ComparisonMethod: "DIFFERENCE" } }), result, none)?.comparison?.text).toBe("-10");
  expect(readKpi(visual({}), { ...result, Rows: [[1, 0]] }, none)?.comparison).toBeUndefined();
});

test("no rows is no figure, not zero", () => {
  expect(readKpi(trendKpi, { ...monthly, Rows: [] }, none)).toMatchObject({ primary: "–", value: null });
});

test("a table in the order, names and formats of its definition", () => {
  const visual: TableVisual = {
    VisualId: "t",
    ChartConfiguration: {
      FieldWells: { TableAggregatedFieldWells: { GroupBy: [category("origin"), category("dest")], Values: [average("arr_delay")] } },
      TotalOptions: { TotalsVisibility: "VISIBLE" },
      FieldOptions: { Order: ["m-arr_delay", "f-dest"], SelectedFieldOptions: [{ FieldId: "f-origin", Visibility: "HIDDEN" }, { FieldId: "f-dest", CustomLabel: "To", Width: "120px" }] },
    },
  };
  const formats = columnFormats([{ Column: column("arr_delay"), FormatConfiguration: { NumberFormatConfiguration: { FormatConfiguration: { NumberDisplayFormatConfiguration: { DecimalPlacesConfiguration: { DecimalPlaces: 2 } } } } } }]);
  const model = tableModel(visual, {
    Columns: [
      { FieldId: "f-origin", Name: "origin", Role: "GroupBy", Type: "STRING" },
      { FieldId: "f-dest", Name: "dest", Role: "GroupBy", Type: "STRING" },
      { FieldId: "m-arr_delay", Name: "arr_delay", Role: "Value", Type: "DECIMAL" },
    ],
    Rows: [["JFK", "LAX", 0.5]], Truncated: false, Total: [null, null, 6.895],
  }, formats);
  expect(model.columns.map((c) => [c.label, c.width, c.numeric])).toEqual([["arr_delay (Average)", undefined, true], ["To", 120, false]]);
  expect(model.columns.map((c) => cellText(c, model.rows[0]!))).toEqual(["0.50", "LAX"]);
  expect(model.total).toEqual({ label: "Total", cells: [null, null, 6.895], first: false });
  expect(model.groupBy.map((f) => f.id)).toEqual(["f-origin", "f-dest"]);
});
