import { expect, test } from "vitest";
import { readControl, readFilters, visualTypeName, type Definition } from "./definition";
import { describeFilter, excludes, filtersFor, initialRange, initialValues, relativeLabel, relativeRange } from "./filters";

const scope = (sheet: string, visuals?: string[]) => ({
  SelectedSheets: { SheetVisualScopingConfigurations: [{ SheetId: sheet, Scope: visuals ? ("SELECTED_VISUALS" as const) : ("ALL_VISUALS" as const), ...(visuals ? { VisualIds: visuals } : {}) }] },
});
const column = { DataSetIdentifier: "delays", ColumnName: "carrier" };
const category = (id: string, list: { MatchOperator: string; CategoryValues?: string[]; SelectAllOptions?: "FILTER_ALL_VALUES" }) => ({
  CategoryFilter: { FilterId: id, Column: column, Configuration: { FilterListConfiguration: list } },
});

const definition: Definition = {
  FilterGroups: [
    { FilterGroupId: "g1", CrossDataset: "SINGLE_DATASET", ScopeConfiguration: scope("s"), Filters: [category("all", { MatchOperator: "CONTAINS", SelectAllOptions: "FILTER_ALL_VALUES" })] },
    { FilterGroupId: "g2", CrossDataset: "SINGLE_DATASET", ScopeConfiguration: scope("s", ["v1"]), Filters: [category("one", { MatchOperator: "DOES_NOT_CONTAIN", CategoryValues: ["UA"] })] },
    { FilterGroupId: "g3", CrossDataset: "ALL_DATASETS", ScopeConfiguration: { AllSheets: {} }, Filters: [{ TimeRangeFilter: { FilterId: "dates", Column: column, RangeMinimumValue: { StaticValue: 1356998400 }, RangeMaximumValue: { StaticValue: "2013-02-01T00:00:00Z" }, DefaultFilterControlConfiguration: { Title: "When", ControlOptions: { DefaultDateTimePickerOptions: { Type: "DATE_RANGE" } } } } }] },
    { FilterGroupId: "g4", CrossDataset: "ALL_DATASETS", Status: "DISABLED", ScopeConfiguration: { AllSheets: {} }, Filters: [category("off", { MatchOperator: "CONTAINS" })] },
  ],
};
const filters = readFilters(definition);

test("only the filters that act on a visual are in its question", () => {
  const state = { one: { Values: ["DL"] }, dates: { From: "2013-01-01" }, all: { Values: null }, off: { Values: ["x"] }, gone: { Values: [] } };
  expect(filtersFor(state, filters, "s", "v1")).toEqual({ all: { Values: null }, dates: { From: "2013-01-01" }, one: { Values: ["DL"] } });
  expect(Object.keys(filtersFor(state, filters, "s", "v2"))).toEqual(["all", "dates"]);
  expect(Object.keys(filtersFor(state, filters, "other", "v1"))).toEqual(["dates"]);
});

test("where controls start", () => {
  expect(initialValues(filters.get("all")!)).toBeNull();
  expect(initialValues(filters.get("one")!)).toEqual(["UA"]);
  expect(excludes(filters.get("one")!)).toBe(true);
  expect(excludes(filters.get("all")!)).toBe(false);
  expect(initialRange(filters.get("dates")!)).toEqual({ from: "2013-01-01", to: "2013-02-01" });
  expect(filters.has("off")).toBe(false);
});

test("controls, also those that stand for a filter of many sheets", () => {
  expect(readControl({ Dropdown: { FilterControlId: "c", Title: "Carrier", SourceFilterId: "all" } }, filters)).toMatchObject({ kind: "Dropdown", title: "Carrier", filterId: "all" });
  expect(readControl({ CrossSheet: { FilterControlId: "c", SourceFilterId: "dates" } }, filters)).toMatchObject({ kind: "DateTimePicker", title: "When", body: { Type: "DATE_RANGE" } });
  expect(readControl({ Slider: { FilterControlId: "c", SourceFilterId: "all", MinimumValue: 0, MaximumValue: 9, StepSize: 1 } }, filters)).toMatchObject({ kind: "Slider", body: { MaximumValue: 9 } });
  expect(readControl({ HierarchyList: { FilterControlId: "c", SourceFilterId: "all" } }, filters)).toMatchObject({ kind: "other", name: "HierarchyList" });
});

test.each([
  ["PREVIOUS", "MONTH", 1, "2026-10-01", "2026-10-31", "previous month"],
  ["THIS", "QUARTER", 1, "2026-10-01", "2026-12-31", "this quarter"],
  ["NOW", "YEAR", 1, "2026-01-01", "2026-11-25", "year to date"],
  ["LAST", "MONTH", 3, "2026-09-01", "2026-11-30", "last 3 months"],
  ["LAST", "WEEK", 1, "2026-11-22", "2026-11-28", "last week"],
  ["NEXT", "DAY", 2, "2026-11-25", "2026-11-26", "next 2 days"],
] as const)("%s %s %d", (type, unit, n, from, to, label) => {
  const r = { RelativeDateType: type, TimeGranularity: unit, RelativeDateValue: n };
  expect(relativeRange(r, Date.UTC(2026, 10, 25, 14, 30))).toEqual({ from, to });
  expect(relativeLabel(r)).toBe(label);
});

test("what a chip says", () => {
  expect(describeFilter({ Values: ["UA", "DL"] })).toBe("UA, DL");
  expect(describeFilter({ Values: ["a", "b", "c", "d", "e"] })).toBe("a, b, c and 2 more");
  expect(describeFilter({ Values: null })).toBe("all");
  expect(describeFilter({ From: "2013-01-01", To: "2013-02-01" })).toBe("2013-01-01 – 2013-02-01");
  expect(describeFilter({ From: "2013-01-01" })).toBe("from 2013-01-01");
});

test("names of visual types", () => {
  expect(visualTypeName("PieChartVisual")).toBe("Pie chart");
  expect(visualTypeName("SankeyDiagramVisual")).toBe("Sankey diagram");
  expect(visualTypeName("KPIVisual")).toBe("KPI");
});
