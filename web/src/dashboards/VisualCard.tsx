import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { visualQuery, type VisualResult } from "../api/query";
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
import { isChart } from "./visuals/charts";
import { DrawnChart } from "./visuals/DrawnChart";
import { KpiFigure } from "./visuals/KpiFigure";
import { TableRows } from "./visuals/TableRows";

export function VisualCard({ visual }: { visual: Visual }) {
  const { formats } = useViewer();
  const title = visualTitle(visual, formats);
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
  const { dashboardId, sheetId, formats, filters, filterState, picks } = viewer;
  const answer = useQuery(
    visualQuery({
      DashboardId: dashboardId,
      SheetId: sheetId,
      VisualId: visual.id,
      Filters: filtersFor(filterState, filters, sheetId, visual.id),
      Selections: selectionsFor(picks, visual.id),
    }),
  );
  const [asTable, setAsTable] = useState(false);
  const title = visualTitle(visual, formats);
  const subtitle = visualSubtitle(visual);
  const name = visualName(visual, formats);
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
            <button type="button" className="icon-button" aria-label={`Download ${name} as CSV`} title="Download CSV" onClick={() => download(`${fileName(name)}.csv`, "text/csv", toCsv(answer.data.Columns.map((c) => c.Name), answer.data.Rows))}>
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
          {chart && answer.data.Truncated && <div className="note">Showing the first {grouping(answer.data.Rows.length)} groups.</div>}
        </div>
      )}
    </section>
  );
}

function Answer({ visual, result, name, asTable }: { visual: Drawn; result: VisualResult; name: string; asTable: boolean }) {
  if (visual.type === "KPIVisual") return <KpiFigure visual={visual.body} result={result} />;
  if (result.Rows.length === 0) return <div className="visual-none" data-testid={`none-${visual.id}`}>No rows with these filters.</div>;
  if (visual.type === "TableVisual") return <TableRows visual={visual.body} result={result} label={name} />;
  if (asTable) return <Plain result={result} name={name} />;
  return <DrawnChart visual={visual} result={result} />;
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
