import { expect, test } from "vitest";
import type { VisualResult } from "../../api/query";
import { readVisual, type PieChartVisual } from "../definition";
import { columnFormats } from "../fields";
import { clickRule, pick } from "../selections";
import { defaultTitle } from "../titles";
import { faint, markOf, type ChartContext } from "./chart";
import { ColorScale, paletteColor } from "./palette";
import { pieChart, pieWells } from "./pie";

const none = columnFormats(undefined);
const context = (more: Partial<ChartContext> = {}): ChartContext => ({
  theme: { dark: false, text: "#000", secondary: "#555", line: "#aaa", grid: "#eee", background: "#fff", font: "x" },
  width: 800, height: 400, scale: new ColorScale(), columns: undefined, picked: undefined, still: true, ...more,
});
const column = (name: string) => ({ DataSetIdentifier: "delays", ColumnName: name });
const sum = (name: string) => ({ NumericalMeasureField: { FieldId: `m-${name}`, Column: column(name), AggregationFunction: { SimpleNumericalAggregation: "SUM" as const } } });
const origin = { CategoricalDimensionField: { FieldId: "f-origin", Column: column("origin") } };
const pie = (more: object = {}): PieChartVisual => ({
  VisualId: "pie", ChartConfiguration: { FieldWells: { PieChartAggregatedFieldWells: { Category: [origin], Values: [sum("distance")] } }, ...more },
});
const byOrigin: VisualResult = {
  Columns: [{ FieldId: "f-origin", Name: "origin", Role: "Category", Type: "STRING" }, { FieldId: "m-distance", Name: "distance", Role: "Value", Type: "INTEGER" }],
  Rows: [["JFK", 5000], ["EWR", 3000], [null, 2000]],
  Truncated: false,
};
interface Slice {
  name: string;
  value: number | null;
  itemStyle: { color: string; opacity: number; borderColor: string };
}
interface Drawn {
  series: { type: string; radius: [number, number]; center: [number, number]; label: { show: boolean; position: string; formatter: (p: { dataIndex: number }) => string }; data: Slice[] }[];
  graphic: { style: { text: string } }[];
  legend: { show?: boolean; orient?: string };
  tooltip: { formatter: (p: { dataIndex: number }) => string };
}
const draw = (visual: PieChartVisual, result: VisualResult = byOrigin, more: Partial<ChartContext> = {}) => {
  const model = pieChart(visual, result, none, context(more));
  return { ...model, ...(model.option as unknown as Drawn), slices: (model.option as unknown as Drawn).series[0]!.data };
};

test("a slice a category, in the order of the rows", () => {
  const { slices, series, data, legend, tooltip } = draw(pie());
  expect(slices.map((s) => [s.name, s.value])).toEqual([["JFK", 5000], ["EWR", 3000], ["null", 2000]]);
  expect(new Set(slices.map((s) => s.itemStyle.color)).size).toBe(3);
  expect(series[0]!.radius[0]).toBe(0);
  expect(legend.orient).toBe("vertical");
  expect(series[0]!.label.formatter({ dataIndex: 0 })).toBe("JFK\n5K (50%)");
  expect(tooltip.formatter({ dataIndex: 1 })).toContain("3,000 (30%)");
  expect(markOf(data, 0, 2)).toEqual({ values: { "f-origin": null }, labels: { "f-origin": "null" } });
});

test("a pie is known by its type and named by its fields", () => {
  const visual = readVisual({ PieChartVisual: pie() })!;
  expect(visual.type).toBe("PieChartVisual");
  expect(defaultTitle(visual, none)).toBe("distance (Sum) by origin");
});

test.each([["SMALL", 0.8], ["MEDIUM", 0.65], ["LARGE", 0.45], ["WHOLE", 0], [undefined, 0.65]] as const)("an arc %s leaves %d of the radius open", (ArcThickness, open) => {
  const [inner, outer] = draw(pie({ DonutOptions: { ArcOptions: { ArcThickness } } })).series[0]!.radius;
  expect(inner / outer).toBeCloseTo(open);
});

test("the middle of a donut says the whole that the answer gives", () => {
  const average = { ...byOrigin, Total: [null, 6.895] };
  expect(draw(pie({ DonutOptions: {} }), average).graphic.map((g) => g.style.text)).toEqual(["6.89", "Total"]);
  expect(draw(pie({ DonutOptions: {} })).graphic).toEqual([]);
  expect(draw(pie(), average).graphic).toEqual([]);
});

test("labels say what the visual asks for", () => {
  const label = (DataLabels: object) => draw(pie({ DataLabels })).series[0]!.label;
  expect(label({ LabelContent: "PERCENT", Position: "INSIDE" })).toMatchObject({ show: true, position: "inside" });
  expect(label({ LabelContent: "PERCENT" }).formatter({ dataIndex: 2 })).toBe("null\n20%");
  expect(label({ LabelContent: "VALUE", CategoryLabelVisibility: "HIDDEN" }).formatter({ dataIndex: 2 })).toBe("2K");
  expect(label({ MeasureLabelVisibility: "HIDDEN" }).formatter({ dataIndex: 2 })).toBe("null");
  expect(label({ Visibility: "HIDDEN" }).show).toBe(false);
});

const withOthers: VisualResult = {
  Columns: [...byOrigin.Columns, { FieldId: "f-origin", Name: "OTHER", Role: "Other", Type: "INTEGER" }],
  Rows: [["JFK", 5000, 0], [null, 1000, 0], [null, 2000, 1]],
  Truncated: false,
};

test("all others are a slice apart from a member without a name, and stand for none", () => {
  const { slices, data } = draw(pie(), withOthers);
  expect(slices.map((s) => [s.name, s.value])).toEqual([["JFK", 5000], ["null", 1000], ["Other", 2000]]);
  expect(markOf(data, 0, 1).values).toEqual({ "f-origin": null });
  expect(markOf(data, 0, 2).values).toEqual({});
  const click = (index: number) => pick([], "pie", markOf(data, 0, index), pieWells(pie(), none).category, clickRule(undefined)!, false);
  expect(click(2)).toEqual([]);
  expect(draw(pie(), withOthers, { picked: click(0)[0] }).slices.map((s) => s.itemStyle.opacity)).toEqual([1, faint, faint]);
});

test("without a category each value is a slice", () => {
  const visual: PieChartVisual = { VisualId: "pie", ChartConfiguration: { FieldWells: { PieChartAggregatedFieldWells: { Values: [sum("dep_delay"), sum("arr_delay")] } } } };
  const result: VisualResult = {
    Columns: [{ FieldId: "m-dep_delay", Name: "dep_delay", Role: "Value", Type: "INTEGER" }, { FieldId: "m-arr_delay", Name: "arr_delay", Role: "Value", Type: "INTEGER" }],
    Rows: [[4, 2]], Truncated: false,
  };
  const { slices, colors } = draw(visual, result);
  expect(slices.map((s) => [s.name, s.value])).toEqual([["dep_delay (Sum)", 4], ["arr_delay (Sum)", 2]]);
  expect(colors).toEqual([paletteColor(0, false), paletteColor(1, false)]);
});

test("what is below zero has no slice, and the chart says so", () => {
  const { slices, note, data } = draw(pie(), { ...byOrigin, Rows: [["JFK", 5], ["EWR", -3], ["LGA", 5]] });
  expect(slices.map((s) => s.value)).toEqual([5, null, 5]);
  expect(note).toBe("One value is below zero and has no slice.");
  expect(data.series[0]!.data).toEqual([5, -3, 5]);
  expect(draw(pie()).note).toBeUndefined();
});

test("colours of the visual win, and the dark palette is another", () => {
  const visual = pie({ VisualPalette: { ColorMap: [{ Element: { FieldId: "f-origin", FieldValue: "EWR" }, Color: "#ff0000" }] } });
  expect(draw(visual).colors[1]).toBe("#ff0000");
  const dark = { ...context().theme, dark: true, background: "#123456" };
  expect(draw(pie(), byOrigin, { theme: dark }).colors[0]).toBe(paletteColor(2, true));
  expect(draw(pie(), byOrigin, { theme: dark }).slices[0]!.itemStyle.borderColor).toBe("#123456");
});

test("labels inside can be read on any colour", () => {
  const ink = (Color: string) => (draw(pie({ DataLabels: { Position: "INSIDE" }, VisualPalette: { ColorMap: [{ Element: { FieldId: "f-origin", FieldValue: "JFK" }, Color }] } })).slices[0] as unknown as { label: { color: string } }).label.color;
  expect([ink("#ffb0c8"), ink("#273ea5")]).toEqual(["#10181d", "#ffffff"]);
});

test("no rows, no slices", () => {
  expect(() => pieChart(pie(), { ...byOrigin, Rows: [] }, none, context())).not.toThrow();
  expect(() => pieChart({ VisualId: "pie" }, byOrigin, none, context())).not.toThrow();
});
