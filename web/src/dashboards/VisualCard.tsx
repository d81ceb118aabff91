import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { visualQuery, type Cell, type VisualResult } from "../api/query";
import { toCsv } from "../format/csv";
import { grouping } from "../format/number";
import { DataGrid } from "../shell/DataGrid";
import { download, fileName } from "../shell/download";
import { ChartIcon, DownloadIcon, TableIcon } from "../shell/icons";
import { CallError, Shape } from "../shell/parts";
import { visualTypeName, type Visual } from "./definition";
import { formatCell, type Field } from "./fields";
import { filtersFor } from "./filters";
import { RichText } from "./RichText";
import { selectionsFor } from "./selections";
import { visualName, visualSubtitle, visualTitle } from "./titles";
import { useViewer } from "./viewer";
import { chartWells, isChart } from "./visuals/charts";
import { DrawnChart } from "./visuals/DrawnChart";
import { KpiFigure } from "./visuals/KpiFigure";
import { TableRows } from "./visuals/TableRows";

export function VisualCard({ visual }: { visual: Visual }) {
  const { formats, texts } = useViewer();
  const title = visualTitle(visual, formats, texts);
  if (visual.type === "other") {
    return (
      <section className="visual card" data-testid={`visual-${visual.id}`} data-state="unsupported">
        <header><div className="visual-title">{title && <h3><RichText blocks={title} /></h3>}</div></header>
        <div className="visual-unsupported" data-testid={`unsupported-${visual.id}`}>
          <b>{visualTypeName(visual.name)}</b>
          <span>Visuals of type <code>{visual.name}</code> are stored as they came, but not drawn by this version.</span>
        </div>
      </section>
    );
  }
  return <DrawnCard visual={visual} />;
}

type Drawn = Exclude<Visual, { type: "other" }>;

function DrawnCard({ visual }: { visual: Drawn }) {
  const viewer = useViewer();
  const { dashboardId, sheetId, formats, texts, filters, filterState, parameterState, picks } = viewer;
  const answer = useQuery(
    visualQuery({
      DashboardId: dashboardId,
      SheetId: sheetId,
      VisualId: visual.id,
      Filters: filtersFor(filterState, filters, sheetId, visual.id),
      Selections: selectionsFor(picks, visual.id),
      Parameters: parameterState,
    }),
  );
  const [asTable, setAsTable] = useState(false);
  const title = visualTitle(visual, formats, texts);
  const subtitle = visualSubtitle(visual, texts);
  const name = visualName(visual, formats, texts);
  const chart = isChart(visual);
  const state = answer.isError ? "error" : answer.isPending ? "loading" : answer.isPlaceholderData ? "stale" : "ready";

  return (
    <section className={`visual card ${visual.type === "KPIVisual" ? "visual-kpi" : ""}`} data-testid={`visual-${visual.id}`} data-state={state} aria-label={name} aria-busy={state === "loading" || state === "stale"}>
      <header>
        <div className="visual-title">
          {title && <h3><RichText blocks={title} /></h3>}
          {subtitle && <div className="secondary"><RichText blocks={subtitle} /></div>}
        </div>
        <div className="visual-tools">
          {chart && (
            <button type="button" className="icon-button" aria-pressed={asTable} aria-label={asTable ? `Show ${name} as a chart` : `Show ${name} as a table`} title={asTable ? "As a chart" : "As a table"} onClick={() => setAsTable(!asTable)}>
              {asTable ? <ChartIcon /> : <TableIcon />}
            </button>
          )}
          {answer.data && answer.data.Rows.length > 0 && (
            <button type="button" className="icon-button" aria-label={`Download ${name} as CSV`} title="Download CSV" onClick={() => download(`${fileName(name)}.csv`, "text/csv", csvOf(answer.data))}>
              <DownloadIcon />
            </button>
          )}
        </div>
      </header>
      {answer.isError ? (
        <div className="visual-error"><CallError error={answer.error} what={name} retry={() => void answer.refetch()} /></div>
      ) : answer.isPending ? (
        <div className="visual-body"><Waiting kpi={visual.type === "KPIVisual"} /></div>
      ) : (
        <div className={`visual-answer ${answer.isPlaceholderData ? "stale" : ""}`}>
          <Answer visual={visual} result={answer.data} name={name} asTable={asTable} />
          {answer.data.Notes?.map((note) => <div key={note} className="note">{note}</div>)}
          {chart && answer.data.Truncated && <div className="note">Showing the first {grouping(answer.data.Rows.length)} groups.</div>}
        </div>
      )}
    </section>
  );
}

function Answer({ visual, result, name, asTable }: { visual: Drawn; result: VisualResult; name: string; asTable: boolean }) {
  const { formats } = useViewer();
  if (visual.type === "KPIVisual") return <KpiFigure visual={visual.body} result={result} />;
  if (isChart(visual) && chartWells(visual, formats).values.length === 0) return <div className="visual-none" data-testid={`empty-${visual.id}`}>Its wells hold no value to draw.</div>;
  if (result.Rows.length === 0) return <div className="visual-none" data-testid={`none-${visual.id}`}>No rows with these filters.</div>;
  if (visual.type === "TableVisual") return <TableRows visual={visual.body} result={result} label={name} />;
  if (asTable) return <Plain result={plainResult(result)} name={name} />;
  return <DrawnChart visual={visual} result={result} />;
}

/** The answer without the columns that say how cells look, or which row is that of all other members. */
function plainResult(result: VisualResult): VisualResult {
  const { Columns: columns } = result;
  const kept = columns.flatMap((c, i) => (c.Role === "Format" || c.Role === "Other" ? [] : [i]));
  const other = columns.map((c) => (c.Role === "Other" ? -1 : columns.findIndex((o) => o.Role === "Other" && o.FieldId === c.FieldId)));
  const cell = (row: Cell[], i: number): Cell => (Number(row[other[i] ?? -1] ?? 0) === 1 ? "Other" : (row[i] ?? null));
  return { ...result, Columns: columns.filter((_, i) => kept.includes(i)), Rows: result.Rows.map((row) => kept.map((i) => cell(row, i))) };
}

function csvOf(result: VisualResult): string {
  const plain = plainResult(result);
  return toCsv(plain.Columns.map((c) => c.Name), plain.Rows);
}

function Plain({ result, name }: { result: VisualResult; name: string }) {
  const plain = (id: string): Field => ({ id, column: undefined, kind: "category", measure: false, granularity: undefined, label: id, numeric: undefined, pattern: undefined, nullText: undefined });
  const numeric = result.Columns.map((c) => c.Type === "INTEGER" || c.Type === "DECIMAL");
  return (
    <div className="visual-body">
      <DataGrid
        columns={result.Columns.map((c, i) => ({ key: c.FieldId, label: c.Name, numeric: numeric[i] ?? false }))}
        rows={result.Rows}
        label={name}
        cell={(row, i) => (row[i] === null ? null : formatCell(row[i], plain(result.Columns[i]?.FieldId ?? ""), result.Columns[i]?.Type))}
        sortKey={(row, i) => row[i]}
      />
    </div>
  );
}

function Waiting({ kpi }: { kpi: boolean }) {
  if (kpi) return <Shape height={36} width="55%" style={{ margin: "8px 16px" }} />;
  return (
    <div className="waiting" role="status" aria-label="Loading">
      {[92, 78, 66, 57, 48, 38, 30, 22].map((width) => <Shape key={width} height="8%" width={`${width}%`} />)}
    </div>
  );
}
