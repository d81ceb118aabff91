// The console's own questions: what a visual shows, what a control offers, a table's first rows.

import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { request } from "./client";

export type Cell = string | number | boolean | null | Cell[] | { [key: string]: Cell };
export type ColumnType = "STRING" | "INTEGER" | "DECIMAL" | "DATETIME";
export type ColumnRole = "Category" | "Value" | "Color" | "TrendGroup" | "TargetValue" | "GroupBy" | "Other" | "Format";

export interface ResultColumn {
  FieldId: string;
  Name: string;
  Role: ColumnRole;
  Type: ColumnType;
}

export interface VisualResult {
  Columns: ResultColumn[];
  Rows: Cell[][];
  Truncated: boolean;
  ElapsedMs?: number;
  /** What of the visual is not applied, and why. */
  Notes?: string[];
  Total?: Cell[] | null;
}

/** What a control was set to. Absent members leave the filter as its definition has it. */
export interface FilterValue {
  Values?: string[] | null;
  From?: string;
  To?: string;
}

export interface Selection {
  VisualId: string;
  ColumnName: string;
  DataSetIdentifier: string;
  Values: Cell[];
}

export interface VisualQuestion {
  DashboardId: string;
  SheetId: string;
  VisualId: string;
  Filters: Record<string, FilterValue>;
  Selections: Selection[];
  /** Values of parameters that were touched, by name. */
  Parameters: Record<string, string[]>;
}

// A load that ends changes what a direct query answers. An ingestion that ends changes its data set's document: how far it is does not matter here.
const dataKinds = ["quicksight.dataset", "quicksight.dashboard", "glue.workflow.run"] as const;

export const visualQuery = (question: VisualQuestion) =>
  queryOptions({
    queryKey: ["visual", question],
    meta: { watches: dataKinds },
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => request<VisualResult>("POST", "query/visual", question, signal),
  });

export interface ControlValues {
  Values?: Cell[];
  Min?: string;
  Max?: string;
}

/** What a filter's control offers, or the values of a column that a parameter's control links to. */
export interface ControlQuestion {
  DashboardId: string;
  FilterId?: string;
  Column?: { DataSetIdentifier?: string; ColumnName: string };
}

export const controlQuery = (question: ControlQuestion) =>
  queryOptions({
    queryKey: ["control", question],
    meta: { watches: dataKinds },
    queryFn: ({ signal }) => request<ControlValues>("POST", "query/control", question, signal),
  });

export interface TablePreview {
  Columns: { Name: string; Type: string }[];
  Rows: Cell[][];
  Truncated: boolean;
}

export const previewQuery = (database: string, table: string, limit: number) =>
  queryOptions({
    queryKey: ["preview", database, table, limit],
    meta: { watches: ["glue.table", "glue.partition"] },
    queryFn: ({ signal }) => request<TablePreview>("POST", "query/table", { Database: database, Table: table, Limit: limit }, signal),
  });
