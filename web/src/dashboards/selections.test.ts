import { expect, test } from "vitest";
import type { Field } from "./fields";
import { clickRule, isPicked, pick, selectionsFor, type Mark, type Picked } from "./selections";

const dimension = (id: string, column: string): Field => ({
  id, column: { DataSetIdentifier: "delays", ColumnName: column }, kind: "category", measure: false, granularity: undefined, label: column, numeric: undefined, pattern: undefined, nullText: undefined,
});
const airline = dimension("f-airline", "airline");
const origin = dimension("f-origin", "origin");
const mark = (values: Record<string, string>): Mark => ({ values, labels: values });
const anyClick = clickRule(undefined)!;

test("a click filters the other visuals, the same click again clears", () => {
  const picks = pick([], "bar", mark({ "f-airline": "Frontier" }), [airline], anyClick, false);
  expect(selectionsFor(picks, "bar")).toEqual([]);
  expect(selectionsFor(picks, "line")).toEqual([{ VisualId: "bar", ColumnName: "airline", DataSetIdentifier: "delays", Values: ["Frontier"] }]);
  expect(pick(picks, "bar", mark({ "f-airline": "Frontier" }), [airline], anyClick, false)).toEqual([]);
});

test("another mark replaces, a held key adds and takes away", () => {
  let picks: Picked[] = pick([], "bar", mark({ "f-airline": "A" }), [airline], anyClick, false);
  picks = pick(picks, "bar", mark({ "f-airline": "B" }), [airline], anyClick, false);
  expect(picks[0]!.columns[0]!.values).toEqual(["B"]);
  picks = pick(picks, "bar", mark({ "f-airline": "C" }), [airline], anyClick, true);
  expect(picks[0]!.columns[0]!.values).toEqual(["B", "C"]);
  picks = pick(picks, "bar", mark({ "f-airline": "B" }), [airline], anyClick, true);
  expect(picks[0]!.columns[0]!.values).toEqual(["C"]);
  expect(pick(picks, "bar", mark({ "f-airline": "C" }), [airline], anyClick, true)).toEqual([]);
});

test("visuals pick side by side", () => {
  let picks = pick([], "bar", mark({ "f-airline": "A" }), [airline], anyClick, false);
  picks = pick(picks, "table", mark({ "f-origin": "EWR" }), [origin], anyClick, false);
  expect(selectionsFor(picks, "line").map((s) => s.ColumnName)).toEqual(["airline", "origin"]);
  expect(selectionsFor(picks, "table").map((s) => s.ColumnName)).toEqual(["airline"]);
});

test("an action names its fields and targets", () => {
  const rule = clickRule([{
    CustomActionId: "a", Name: "a", Trigger: "DATA_POINT_CLICK",
    ActionOperations: [{ FilterOperation: {
      SelectedFieldsConfiguration: { SelectedFields: ["f-origin"] },
      TargetVisualsConfiguration: { SameSheetTargetVisualConfiguration: { TargetVisuals: ["line"] } },
    } }],
  }])!;
  const picks = pick([], "bar", mark({ "f-airline": "A", "f-origin": "JFK" }), [airline, origin], rule, false);
  expect(selectionsFor(picks, "line").map((s) => [s.ColumnName, s.Values])).toEqual([["origin", ["JFK"]]]);
  expect(selectionsFor(picks, "kpi")).toEqual([]);
});

test("a menu action leaves clicks to the default, a URL action takes them", () => {
  expect(clickRule([{ CustomActionId: "a", Name: "a", Trigger: "DATA_POINT_MENU", ActionOperations: [{}] }])).toEqual(anyClick);
  expect(clickRule([{ CustomActionId: "a", Name: "a", Trigger: "DATA_POINT_CLICK", ActionOperations: [{}] }])).toBeUndefined();
  expect(clickRule([{ CustomActionId: "a", Name: "a", Trigger: "DATA_POINT_CLICK", ActionOperations: [{ NavigationOperation: { LocalNavigationConfiguration: { TargetSheetId: "s2" } } }] }])?.navigateTo).toBe("s2");
});

test("picked marks stay strong", () => {
  const [picked] = pick([], "bar", mark({ "f-airline": "A" }), [airline], anyClick, false);
  expect(isPicked(picked, { "f-airline": "A", "f-origin": "JFK" })).toBe(true);
  expect(isPicked(picked, { "f-airline": "B" })).toBe(false);
  expect(isPicked(undefined, { "f-airline": "B" })).toBe(true);
});
