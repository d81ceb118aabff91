// QuickSight's table: columns in their order, hidden ones left out, cells in their formats.

import type { Cell, VisualResult } from "../../api/query";
import type { ConditionalColor, ConditionalText, TableVisual } from "../definition";
import { colorFor, computed, iconFor, type Look } from "../formatting";
import { dimensions, formatCell, measures, unaggregated, type ColumnFormats, type Field } from "../fields";
import { inkOn } from "./chart";

export interface TableColumn {
  field: Field;
  label: string;
  type: string;
  numeric: boolean;
  /** Pixels, when the definition says. */
  width: number | undefined;
  index: number;
}

export interface TableModel {
  columns: TableColumn[];
  rows: Cell[][];
  /** The dimensions a click on a row picks. */
  groupBy: Field[];
  total: { label: string; cells: Cell[]; first: boolean } | undefined;
}

export function tableModel(visual: TableVisual, result: VisualResult, formats: ColumnFormats): TableModel {
  const configuration = visual.ChartConfiguration ?? {};
  const wells = configuration.FieldWells;
  const groupBy = dimensions(wells?.TableAggregatedFieldWells?.GroupBy, formats);
  const fields = wells?.TableUnaggregatedFieldWells
    ? (wells.TableUnaggregatedFieldWells.Values ?? []).map((v) => unaggregated(v, formats))
    : [...groupBy, ...measures(wells?.TableAggregatedFieldWells?.Values, formats)];
  const options = new Map((configuration.FieldOptions?.SelectedFieldOptions ?? []).map((o) => [o.FieldId, o]));
  const order = new Map((configuration.FieldOptions?.Order ?? []).map((id, i) => [id, i]));
  const at = new Map(result.Columns.map((c, i) => [c.FieldId, i]));

  const columns = fields
    .filter((f) => options.get(f.id)?.Visibility !== "HIDDEN" && at.has(f.id))
    .map((f): TableColumn => {
      const index = at.get(f.id) ?? 0;
      const type = result.Columns[index]?.Type ?? "STRING";
      const width = Number.parseFloat(options.get(f.id)?.Width ?? "");
      return {
        field: f,
        label: options.get(f.id)?.CustomLabel ?? f.label,
        type,
        numeric: type === "INTEGER" || type === "DECIMAL",
        width: Number.isNaN(width) ? undefined : width,
        index,
      };
    })
    .toSorted((a, b) => (order.get(a.field.id) ?? Infinity) - (order.get(b.field.id) ?? Infinity) || 0);

  const totals = configuration.TotalOptions;
  return {
    columns,
    rows: result.Rows,
    groupBy,
    total:
      totals?.TotalsVisibility === "VISIBLE" && result.Total
        ? { label: totals.CustomLabel ?? "Total", cells: result.Total, first: totals.Placement === "START" }
        : undefined,
  };
}

/** How conditional formatting draws a cell: of several rules the first that holds, a cell's own before its row's. */
export function cellLook(visual: TableVisual, result: VisualResult, row: readonly Cell[], fieldId: string): Look | undefined {
  const options = visual.ConditionalFormatting?.ConditionalFormattingOptions;
  if (!options || options.length === 0) return undefined;
  const of = computed(result, row);
  const look: Look = {};
  const rules: (ConditionalText & { BackgroundColor?: ConditionalColor })[] = [...options.flatMap((o) => (o.Cell?.FieldId === fieldId && o.Cell.TextFormat ? [o.Cell.TextFormat] : [])), ...options.flatMap((o) => (o.Row ? [o.Row] : []))];
  for (const text of rules) {
    look.color ??= colorFor(text.TextColor, of, result);
    look.background ??= colorFor(text.BackgroundColor, of, result);
    if (!look.icon) Object.assign(look, iconFor(text.Icon, of));
  }
  if (look.background !== undefined) look.color ??= inkOn(look.background);
  return look;
}

export const cellText = (column: TableColumn, row: readonly Cell[]): string => formatCell(row[column.index], column.field, column.type);
