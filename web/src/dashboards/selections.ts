// Clicking a mark filters the other visuals of the sheet. Which columns and which visuals, the
// visual's own filter action says; without one it is all of the mark's dimensions and all visuals.

import type { Cell, Selection } from "../api/query";
import type { VisualAction } from "./definition";
import type { Field } from "./fields";

/** One clicked mark: a value for each of its dimensions. */
export interface Mark {
  /** By field id. */
  values: Record<string, Cell>;
  /** The same as text, in the visual's own formats. */
  labels: Record<string, string>;
}

/** What is picked in one visual. */
export interface Picked {
  visualId: string;
  /** Undefined: all others. */
  targets: string[] | undefined;
  columns: PickedColumn[];
}

export interface PickedColumn {
  fieldId: string;
  column: string;
  dataSet: string;
  values: Cell[];
  labels: string[];
}

interface Rule {
  /** Undefined: all of the mark's dimensions. */
  fieldIds: string[] | undefined;
  columns: string[] | undefined;
  targets: string[] | undefined;
  navigateTo: string | undefined;
}

/** What a click on a mark does; undefined when the visual's actions leave clicks alone. */
export function clickRule(actions: readonly VisualAction[] | undefined): Rule | undefined {
  const standard: Rule = { fieldIds: undefined, columns: undefined, targets: undefined, navigateTo: undefined };
  const enabled = (actions ?? []).filter((a) => a.Status !== "DISABLED" && a.Trigger === "DATA_POINT_CLICK");
  if (enabled.length === 0) return standard;
  for (const action of enabled) {
    const filter = action.ActionOperations.find((o) => o.FilterOperation)?.FilterOperation;
    const navigation = action.ActionOperations.find((o) => o.NavigationOperation)?.NavigationOperation;
    const navigateTo = navigation?.LocalNavigationConfiguration?.TargetSheetId;
    if (!filter && navigateTo === undefined) continue;
    const fields = filter?.SelectedFieldsConfiguration;
    return {
      fieldIds: fields?.SelectedFields,
      columns: fields?.SelectedColumns?.map((c) => c.ColumnName),
      targets: filter?.TargetVisualsConfiguration.SameSheetTargetVisualConfiguration?.TargetVisuals,
      navigateTo,
    };
  }
  return undefined;
}

/**
 * The picks after a click. The same mark again clears it; with `add` (Ctrl or ⌘ held) a mark joins
 * those picked before it in the same visual.
 */
export function pick(picks: readonly Picked[], visualId: string, mark: Mark, dimensions: readonly Field[], rule: Rule, add: boolean): Picked[] {
  const wanted = dimensions.filter(
    (d) =>
      d.column !== undefined && d.id in mark.values &&
      (rule.fieldIds === undefined || rule.fieldIds.includes(d.id)) &&
      (rule.columns === undefined || rule.columns.includes(d.column.ColumnName)),
  );
  const columns: PickedColumn[] = wanted.map((d) => ({
    fieldId: d.id,
    column: d.column?.ColumnName ?? "",
    dataSet: d.column?.DataSetIdentifier ?? "",
    values: [mark.values[d.id] ?? null],
    labels: [mark.labels[d.id] ?? ""],
  }));
  const others = picks.filter((p) => p.visualId !== visualId);
  if (columns.length === 0) return [...picks];
  const before = picks.find((p) => p.visualId === visualId);
  if (before && !add && sameColumns(before.columns, columns)) return others;
  const merged = before && add ? toggle(before.columns, columns) : columns;
  if (merged.some((c) => c.values.length === 0)) return others;
  return [...others, { visualId, targets: rule.targets, columns: merged }];
}

function sameColumns(a: readonly PickedColumn[], b: readonly PickedColumn[]): boolean {
  return a.length === b.length && a.every((c, i) => c.fieldId === b[i]?.fieldId && c.values.length === 1 && c.values[0] === b[i].values[0]);
}

/** With one dimension a mark already picked is taken out; with several each column's values are joined. */
function toggle(before: readonly PickedColumn[], clicked: readonly PickedColumn[]): PickedColumn[] {
  return clicked.map((c) => {
    const old = before.find((b) => b.fieldId === c.fieldId);
    if (!old) return c;
    const value = c.values[0] ?? null;
    const at = old.values.indexOf(value);
    if (at < 0) return { ...c, values: [...old.values, value], labels: [...old.labels, c.labels[0] ?? ""] };
    if (clicked.length > 1) return old;
    return { ...c, values: old.values.filter((_, i) => i !== at), labels: old.labels.filter((_, i) => i !== at) };
  });
}

/** What the others picked, as the question of one visual says it. */
export function selectionsFor(picks: readonly Picked[], visualId: string): Selection[] {
  return picks
    .filter((p) => p.visualId !== visualId && (p.targets === undefined || p.targets.includes(visualId)))
    .flatMap((p) => p.columns.map((c) => ({ VisualId: p.visualId, ColumnName: c.column, DataSetIdentifier: c.dataSet, Values: c.values })));
}

/** Whether a mark is among what its own visual picked: the others are drawn faint. */
export function isPicked(picked: Picked | undefined, values: Record<string, Cell>): boolean {
  if (!picked) return true;
  return picked.columns.every((c) => !(c.fieldId in values) || c.values.includes(values[c.fieldId] ?? null));
}
