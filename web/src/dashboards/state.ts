// What the reader has set on a dashboard lives in its address: a link shows what its sender saw.

import type { Cell, FilterValue } from "../api/query";
import type { FilterState } from "./filters";
import type { ParameterState } from "./parameters";
import type { Picked, PickedColumn } from "./selections";

export interface ViewState {
  sheet?: string;
  /** Controls that were touched. */
  f?: FilterState;
  /** Parameters that were touched. */
  p?: ParameterState;
  /** Marks that were clicked. */
  s?: Picked[];
}

/** Anything may stand in an address: what does not fit is left out. */
export function readViewState(search: Record<string, unknown>): ViewState {
  const state: ViewState = {};
  const sheet = search.sheet;
  if (typeof sheet === "string") state.sheet = sheet;
  const filters = readFilterState(search.f);
  if (Object.keys(filters).length > 0) state.f = filters;
  const parameters = readParameterState(search.p);
  if (Object.keys(parameters).length > 0) state.p = parameters;
  const picks = Array.isArray(search.s) ? search.s.flatMap(readPicked) : [];
  if (picks.length > 0) state.s = picks;
  return state;
}

function readFilterState(value: unknown): FilterState {
  const state: FilterState = {};
  if (!isRecord(value)) return state;
  for (const [id, filter] of Object.entries(value)) {
    if (!isRecord(filter)) continue;
    const read: FilterValue = {};
    if (filter.Values === null) read.Values = null;
    if (Array.isArray(filter.Values)) read.Values = filter.Values.filter((v) => typeof v === "string");
    if (typeof filter.From === "string") read.From = filter.From;
    if (typeof filter.To === "string") read.To = filter.To;
    if (Object.keys(read).length > 0) state[id] = read;
  }
  return state;
}

function readParameterState(value: unknown): ParameterState {
  if (!isRecord(value)) return {};
  return Object.fromEntries(Object.entries(value).flatMap(([name, values]) => (Array.isArray(values) ? [[name, values.filter((v) => typeof v === "string")]] : [])));
}

function readPicked(value: unknown): Picked[] {
  if (!isRecord(value) || typeof value.visualId !== "string" || !Array.isArray(value.columns)) return [];
  const columns = value.columns.flatMap((c: unknown): PickedColumn[] => {
    if (!isRecord(c)) return [];
    const { fieldId, column, dataSet, values, labels } = c;
    if (typeof fieldId !== "string" || typeof column !== "string" || typeof dataSet !== "string" || !Array.isArray(values)) return [];
    const cells = values.filter((v): v is Cell => v === null || ["string", "number", "boolean"].includes(typeof v));
    if (cells.length === 0) return [];
    return [{ fieldId, column, dataSet, values: cells, labels: Array.isArray(labels) ? labels.map(String) : cells.map(String) }];
  });
  if (columns.length === 0) return [];
  const targets = Array.isArray(value.targets) ? value.targets.filter((t) => typeof t === "string") : undefined;
  return [{ visualId: value.visualId, targets, columns }];
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
