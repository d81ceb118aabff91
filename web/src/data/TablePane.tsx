import Button from "@cloudscape-design/components/button";
import Tabs from "@cloudscape-design/components/tabs";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { partitionsQuery, tableQuery, type Table } from "../api/glue";
import { previewQuery, type Cell } from "../api/query";
import { toCsv } from "../format/csv";
import { formatAgo, formatMoment } from "../format/datetime";
import { grouping } from "../format/number";
import { DataGrid } from "../shell/DataGrid";
import { download } from "../shell/download";
import { useNow } from "../shell/now";
import { CallError, RowShapes, Shape } from "../shell/parts";
import { allColumns, properties, recordCount, tableFormat } from "./table";

const previewRows = 100;

export function TablePane({ database, name }: { database: string; name: string }) {
  const answer = useQuery(tableQuery(database, name));
  const [tab, setTab] = useState("preview");
  const now = useNow(false);
  if (answer.isError) return <CallError error={answer.error} what={`${database}.${name}`} retry={() => void answer.refetch()} />;
  const table = answer.data;
  const partitioned = (table?.PartitionKeys ?? []).length > 0;
  const rows = table && recordCount(table);
  return (
    <div>
      <div className="page-head" style={{ marginBottom: 8 }}>
        <div>
          <div className="secondary">{database}</div>
          <h1 data-testid="table-title">{name}</h1>
        </div>
        {table ? (
          <div className="sub" style={{ display: "flex", gap: 12, alignItems: "center", flexWrap: "wrap" }}>
            <span className="tag">{tableFormat(table)}</span>
            {rows !== undefined && <span>{grouping(rows)} rows</span>}
            <span>{grouping(allColumns(table).length)} columns</span>
            <span>changed {formatAgo(table.UpdateTime ?? table.CreateTime, now)}</span>
          </div>
        ) : (
          <Shape height={20} width={260} />
        )}
      </div>
      <Tabs
        activeTabId={tab}
        onChange={({ detail }) => setTab(detail.activeTabId)}
        ariaLabel="Views of the table"
        disableContentPaddings
        tabs={[
          { id: "preview", label: "Preview", content: <div className="card section"><Preview database={database} name={name} /></div> },
          { id: "columns", label: "Columns", content: <div className="card section">{table ? <Columns table={table} /> : <RowShapes count={6} />}</div> },
          ...(partitioned && table ? [{ id: "partitions", label: "Partitions", content: <div className="card section"><Partitions database={database} table={table} now={now} /></div> }] : []),
          { id: "properties", label: "Properties", content: <div className="card section">{table ? <Properties table={table} /> : <RowShapes count={6} />}</div> },
        ]}
      />
    </div>
  );
}

function Preview({ database, name }: { database: string; name: string }) {
  const answer = useQuery(previewQuery(database, name, previewRows));
  if (answer.isError) return <div style={{ padding: 16 }}><CallError error={answer.error} what="The first rows" retry={() => void answer.refetch()} /></div>;
  if (answer.isPending) return <div className="preview"><RowShapes count={10} /></div>;
  const { Columns: columns, Rows: rows, Truncated: truncated } = answer.data;
  if (rows.length === 0) return <div className="note" style={{ padding: 24 }}>The table has no rows.</div>;
  const numeric = columns.map((c) => /^(tinyint|smallint|int|integer|bigint|float|double|real|decimal.*|u?(big|small|tiny|huge)int)$/i.test(c.Type));
  return (
    <>
      <div className="preview">
        <DataGrid
          columns={columns.map((c, i) => ({ key: `${i} ${c.Name}`, label: c.Name, note: c.Type.toLowerCase(), numeric: numeric[i] ?? false }))}
          rows={rows}
          cell={(row, i) => text(row[i])}
          sortKey={(row, i) => (numeric[i] ? Number(row[i] ?? NaN) : row[i])}
          label={`First rows of ${database}.${name}`}
          testid="preview-rows"
        />
      </div>
      <div className="note" style={{ display: "flex", alignItems: "center", gap: 12, borderTop: "1px solid var(--grid)" }}>
        <span>{truncated ? `The first ${grouping(rows.length)} rows` : `${grouping(rows.length)} rows, all there are`}</span>
        <Button variant="inline-link" iconName="download" onClick={() => download(`${database}.${name}.csv`, "text/csv", toCsv(columns.map((c) => c.Name), rows))}>CSV</Button>
      </div>
    </>
  );
}

/** Values as they are: a preview shows what is in the file, so nothing is grouped or rounded. */
function text(value: Cell | undefined): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function Columns({ table }: { table: Table }) {
  const columns = allColumns(table);
  return (
    <table className="rows" data-testid="column-list">
      <thead><tr><th className="number" style={{ width: 40 }}>#</th><th>Column</th><th>Type</th><th>Comment</th></tr></thead>
      <tbody>
        {columns.map((c, i) => (
          <tr key={c.Name}>
            <td className="number secondary">{i + 1}</td>
            <td><b>{c.Name}</b> {c.partition && <span className="tag plain">partition</span>}</td>
            <td className="type">{c.Type ?? "–"}</td>
            <td className="secondary">{c.Comment}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Partitions({ database, table, now }: { database: string; table: Table; now: number }) {
  const answer = useInfiniteQuery(partitionsQuery(database, table.Name));
  if (answer.isError) return <div style={{ padding: 16 }}><CallError error={answer.error} what="The partitions" retry={() => void answer.refetch()} /></div>;
  if (answer.isPending) return <RowShapes count={8} />;
  const partitions = answer.data.pages.flatMap((p) => p.Partitions ?? []);
  const keys = table.PartitionKeys ?? [];
  const counted = partitions.some((p) => p.Parameters?.recordCount !== undefined);
  if (partitions.length === 0) return <div className="note" style={{ padding: 24 }}>No partitions yet.</div>;
  return (
    <>
      <table className="rows" data-testid="partition-list">
        <thead><tr>{keys.map((k) => <th key={k.Name}>{k.Name}</th>)}{counted && <th className="number">Rows</th>}<th>Location</th><th>Added</th></tr></thead>
        <tbody>
          {partitions.map((p) => (
            <tr key={(p.Values ?? []).join("/")}>
              {keys.map((k, i) => <td key={k.Name}><b>{p.Values?.[i] ?? ""}</b></td>)}
              {counted && <td className="number">{p.Parameters?.recordCount === undefined ? "–" : grouping(Number(p.Parameters.recordCount))}</td>}
              <td className="mono secondary">{p.StorageDescriptor?.Location}</td>
              <td>{formatMoment(p.CreationTime, now)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <div className="note" style={{ display: "flex", gap: 12, alignItems: "center" }}>
        <span>{grouping(partitions.length)} partitions{answer.hasNextPage ? " so far" : ""}</span>
        {answer.hasNextPage && <Button loading={answer.isFetchingNextPage} onClick={() => void answer.fetchNextPage()}>More</Button>}
      </div>
    </>
  );
}

function Properties({ table }: { table: Table }) {
  return (
    <table className="rows" data-testid="property-list">
      <thead><tr><th style={{ width: 260 }}>Property</th><th>Value</th></tr></thead>
      <tbody>
        {properties(table).map(([k, v]) => (
          <tr key={k}><td className="secondary">{k}</td><td className="mono" style={{ overflowWrap: "anywhere" }}>{v}</td></tr>
        ))}
      </tbody>
    </table>
  );
}
