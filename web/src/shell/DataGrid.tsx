// A table of cells that draws only the rows in sight: ten thousand rows scroll like ten.

import { useMemo, useRef, useState, type ReactNode } from "react";

export interface GridColumn {
  key: string;
  label: string;
  /** The column's type, shown small. */
  note?: string;
  numeric?: boolean;
  width?: number | undefined;
}

export interface CellLook {
  color?: string;
  background?: string;
  icon?: { text: string; color: string | undefined };
  iconOnly?: boolean;
}

export interface GridProps<R> {
  columns: readonly GridColumn[];
  rows: readonly R[];
  /** A cell as text; null is drawn as such. */
  cell: (row: R, column: number) => string | null;
  /** How a cell is drawn other than the rest. */
  look?: ((row: R, column: number) => CellLook | undefined) | undefined;
  /** What a column sorts by; without it headers do not sort. */
  sortKey?: (row: R, column: number) => unknown;
  onRow?: (row: R, add: boolean) => void;
  isFaint?: (row: R) => boolean;
  total?: { label: string; cells: (string | null)[] } | undefined;
  label: string;
  note?: ReactNode;
  testid?: string;
  /** Rows shown before the window's size is known, and when there is no window at all. */
  height?: number | string;
}

const rowHeight = 32;
const beyond = 12;

export function DataGrid<R>({ columns, rows, cell, look, sortKey, onRow, isFaint, total, label, note, testid, height = "100%" }: GridProps<R>) {
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [sort, setSort] = useState<{ column: number; descending: boolean }>();

  const sorted = useMemo(() => {
    if (!sort || !sortKey) return rows;
    const sign = sort.descending ? -1 : 1;
    return rows.toSorted((a, b) => sign * order(sortKey(a, sort.column), sortKey(b, sort.column)));
  }, [rows, sort, sortKey]);

  const view = 40;
  const first = Math.max(0, Math.min(sorted.length - view, Math.floor(top / rowHeight)) - beyond);
  const last = Math.min(sorted.length, first + view + 2 * beyond);

  return (
    <div
      className="cells"
      ref={box}
      style={{ height }}
      data-testid={testid}
      tabIndex={0}
      role="group"
      aria-label={label}
      onScroll={(e) => {
        const at = e.currentTarget.scrollTop;
        // Drawing again every few rows is enough: some are drawn beyond the edge.
        if (Math.abs(at - top) >= rowHeight * 4 || at === 0) setTop(at);
      }}
    >
      <table aria-label={label} aria-rowcount={sorted.length}>
        <thead>
          <tr>
            {columns.map((c, i) => (
              <th
                key={c.key}
                className={c.numeric ? "number" : undefined}
                style={c.width === undefined ? undefined : { width: c.width }}
                aria-sort={sort?.column === i ? (sort.descending ? "descending" : "ascending") : undefined}
              >
                <button type="button" disabled={!sortKey} onClick={() => setSort((s) => (s?.column !== i ? { column: i, descending: c.numeric ?? false } : s.descending === (c.numeric ?? false) ? { column: i, descending: !s.descending } : undefined))}>
                  {c.label}
                  {c.note !== undefined && <small>{c.note}</small>}
                  {sort?.column === i && <span aria-hidden="true">{sort.descending ? "↓" : "↑"}</span>}
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {first > 0 && <tr aria-hidden="true"><td colSpan={columns.length} style={{ height: first * rowHeight, padding: 0, border: 0 }} /></tr>}
          {sorted.slice(first, last).map((row, i) => (
            <tr
              key={first + i}
              className={[onRow ? "link" : "", isFaint?.(row) ? "faint" : ""].join(" ").trim() || undefined}
              onClick={onRow && ((e) => onRow(row, e.ctrlKey || e.metaKey))}
              aria-rowindex={first + i + 1}
            >
              {columns.map((c, j) => {
                const text = cell(row, j);
                const own = look?.(row, j);
                return (
                  <td
                    key={c.key}
                    className={[text === null ? "null" : "", c.numeric ? "number" : ""].join(" ").trim() || undefined}
                    style={own && (own.color ?? own.background) !== undefined ? { color: own.color, background: own.background } : undefined}
                    title={text !== null && text.length > 40 ? text : undefined}
                  >
                    {own?.icon && <span className="cell-icon" style={{ color: own.icon.color }} aria-hidden="true">{own.icon.text}</span>}
                    {own?.iconOnly ? <span className="vh">{text ?? "null"}</span> : (text ?? "null")}
                  </td>
                );
              })}
            </tr>
          ))}
          {last < sorted.length && <tr aria-hidden="true"><td colSpan={columns.length} style={{ height: (sorted.length - last) * rowHeight, padding: 0, border: 0 }} /></tr>}
          {total && (
            <tr className="total">
              {columns.map((c, j) => <td key={c.key} className={c.numeric ? "number" : undefined}>{j === 0 && !total.cells[0] ? total.label : (total.cells[j] ?? "")}</td>)}
            </tr>
          )}
        </tbody>
      </table>
      {note !== undefined && <div className="note">{note}</div>}
    </div>
  );
}

/** Nothing first, then numbers by size and texts by letter. */
export function order(a: unknown, b: unknown): number {
  const absentA = a === null || a === undefined;
  const absentB = b === null || b === undefined;
  if (absentA || absentB) return Number(absentB) - Number(absentA);
  if (typeof a === "number" && typeof b === "number") return a - b;
  return asText(a).localeCompare(asText(b), "en", { numeric: true });
}

const asText = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
