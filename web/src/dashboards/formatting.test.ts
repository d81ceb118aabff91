import { expect, test } from "vitest";
import type { VisualResult } from "../api/query";
import { colorFor, comparisonHolds, computed, iconFor } from "./formatting";

const result: VisualResult = {
  Columns: [
    { FieldId: "v", Name: "v", Role: "Value", Type: "INTEGER" },
    { FieldId: "SUM({v}) > 5", Name: "", Role: "Format", Type: "INTEGER" },
    { FieldId: "SUM({v})", Name: "", Role: "Format", Type: "INTEGER" },
  ],
  Rows: [[10, 1, 10], [0, 0, 0], [null, null, null], [5, 0, 5]],
  Truncated: false,
};
const of = (row: number) => computed(result, result.Rows[row]!);

test("a solid colour where its rule holds", () => {
  const rule = { Solid: { Expression: "SUM({v}) > 5", Color: "#FF0000" } };
  expect([0, 1, 2].map((r) => colorFor(rule, of(r), result))).toEqual(["#FF0000", undefined, undefined]);
  expect(colorFor({ Solid: { Expression: "not computed", Color: "#FF0000" } }, of(0), result)).toBeUndefined();
  expect(colorFor({ Solid: { Expression: "SUM({v}) > 5", Color: "url(x)" } }, of(0), result)).toBeUndefined();
});

test("a gradient runs from the least to the greatest value", () => {
  const rule = { Gradient: { Expression: "SUM({v})", Color: { Stops: [{ GradientOffset: 0, Color: "#000000" }, { GradientOffset: 100, Color: "#ffffff" }] } } };
  expect([0, 1, 2, 3].map((r) => colorFor(rule, of(r), result))).toEqual(["#ffffff", "#000000", undefined, "#808080"]);
});

test("icons", () => {
  const rule = { CustomCondition: { Expression: "SUM({v}) > 5", IconOptions: { Icon: "CARET_UP" }, Color: "#00FF00", DisplayConfiguration: { IconDisplayOption: "ICON_ONLY" as const } } };
  expect(iconFor(rule, of(0))).toEqual({ icon: { text: "▲", color: "#00FF00" }, iconOnly: true });
  expect(iconFor(rule, of(1))).toEqual({});
});

test("a KPI's own comparison", () => {
  const rule = "percentDifference(AVG({x}),[AVG({x}) DESC],1,[]) > 0";
  expect([comparisonHolds(rule, -3, 0.1), comparisonHolds(rule, 3, -0.1), comparisonHolds(rule, 3, null)]).toEqual([true, false, false]);
  expect(comparisonHolds("difference(SUM({x}), [{d} ASC], -1) <= 2", 2, null)).toBe(true);
  expect(comparisonHolds("SUM({x}) > 1", 2, 2)).toBeUndefined();
});
