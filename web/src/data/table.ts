// What a catalog table is, said shortly.

import type { Column, Table } from "../api/glue";

/** "Iceberg", "Parquet", "CSV", "View"... */
export function tableFormat(table: Table): string {
  const parameters = table.Parameters ?? {};
  if (parameters.table_type?.toUpperCase() === "ICEBERG") return "Iceberg";
  if (table.TableType === "VIRTUAL_VIEW") return "View";
  const named = parameters.classification ?? table.StorageDescriptor?.Parameters?.classification;
  const known: Record<string, string> = { parquet: "Parquet", csv: "CSV", json: "JSON", orc: "ORC", avro: "Avro", xml: "XML" };
  if (named !== undefined) return known[named.toLowerCase()] ?? named;
  const serde = table.StorageDescriptor?.SerdeInfo?.SerializationLibrary ?? "";
  for (const [part, name] of [["Parquet", "Parquet"], ["OpenCSV", "CSV"], ["LazySimple", "Text"], ["Json", "JSON"], ["Orc", "ORC"], ["Avro", "Avro"]] as const) {
    if (serde.includes(part)) return name;
  }
  return "Table";
}

/** Rows as the crawler or a job last counted them. */
export function recordCount(table: Table): number | undefined {
  const text = table.Parameters?.recordCount ?? table.StorageDescriptor?.Parameters?.recordCount ?? table.Parameters?.numRows;
  const n = Number(text);
  return text === undefined || text === "" || Number.isNaN(n) || n < 0 ? undefined : n;
}

export interface ColumnRow extends Column {
  partition: boolean;
}

export function allColumns(table: Table): ColumnRow[] {
  return [
    ...(table.StorageDescriptor?.Columns ?? []).map((c) => ({ ...c, partition: false })),
    ...(table.PartitionKeys ?? []).map((c) => ({ ...c, partition: true })),
  ];
}

export function properties(table: Table): [string, string][] {
  const sd = table.StorageDescriptor;
  const rows: [string, string | undefined][] = [
    ["Location", sd?.Location], ["Type", table.TableType], ["Version", table.VersionId], ["Owner", table.Owner], ["Created by", table.CreatedBy],
    ["Input format", sd?.InputFormat], ["Output format", sd?.OutputFormat], ["SerDe", sd?.SerdeInfo?.SerializationLibrary],
    ...Object.entries(sd?.SerdeInfo?.Parameters ?? {}).map(([k, v]): [string, string] => [`SerDe: ${k}`, v]),
    ...Object.entries(table.Parameters ?? {}).map(([k, v]): [string, string] => [k, v]),
  ];
  return rows.filter((r): r is [string, string] => r[1] !== undefined && r[1] !== "");
}
