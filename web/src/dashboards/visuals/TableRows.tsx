import { useMemo } from "react";
import type { Cell, VisualResult } from "../../api/query";
import { grouping } from "../../format/number";
import { DataGrid } from "../../shell/DataGrid";
import type { TableVisual } from "../definition";
import { asNumber, formatCell } from "../fields";
import { isPicked } from "../selections";
import { useViewer } from "../viewer";
import { cellLook, cellText, tableModel } from "./table";

export function TableRows({ visual, result, label }: { visual: TableVisual; result: VisualResult; label: string }) {
  const viewer = useViewer();
  const { formats, picks } = viewer;
  const model = useMemo(() => tableModel(visual, result, formats), [visual, result, formats]);
  const picked = picks.find((p) => p.visualId === visual.VisualId);
  const at = (id: string) => result.Columns.findIndex((c) => c.FieldId === id);
  const valuesOf = (row: Cell[]) => Object.fromEntries(model.groupBy.map((f) => [f.id, row[at(f.id)] ?? null]));
  const labelsOf = (row: Cell[]) => Object.fromEntries(model.groupBy.map((f) => [f.id, formatCell(row[at(f.id)], f, result.Columns[at(f.id)]?.Type)]));
  return (
    <div className="visual-body">
      <DataGrid
        columns={model.columns.map((c) => ({ key: c.field.id, label: c.label, numeric: c.numeric, width: c.width }))}
        rows={model.rows}
        label={label}
        testid={`data-${visual.VisualId}`}
        cell={(row, i) => {
          const column = model.columns[i];
          if (!column) return "";
          return row[column.index] === null && column.field.nullText === undefined ? null : cellText(column, row);
        }}
        look={visual.ConditionalFormatting && ((row, i) => cellLook(visual, result, row, model.columns[i]?.field.id ?? ""))}
        sortKey={(row, i) => {
          const column = model.columns[i];
          const value = column && row[column.index];
          return column?.numeric ? asNumber(value) : value;
        }}
        {...(model.groupBy.length > 0
          ? {
              onRow: (row: Cell[], add: boolean) => viewer.click(visual.VisualId, { values: valuesOf(row), labels: labelsOf(row) }, model.groupBy, visual.Actions, add),
              isFaint: (row: Cell[]) => !isPicked(picked, valuesOf(row)),
            }
          : {})}
        total={model.total && { label: model.total.label, cells: model.columns.map((c) => (c.field.measure && model.total?.cells[c.index] !== null ? cellText(c, model.total?.cells ?? []) : "")) }}
        note={result.Truncated ? `The first ${grouping(result.Rows.length)} rows.` : undefined}
      />
    </div>
  );
}
