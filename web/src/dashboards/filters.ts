// What the viewer's controls are set to, and what that means for the questions visuals ask. The
// definition is never changed: a control that was not touched leaves its filter as defined.

import type { FilterValue } from "../api/query";
import { isoDate, parseDateTime } from "../format/datetime";
import { filterActsOn, type Filter, type ListConfiguration, type RelativeDatesFilter, type TimeGranularity } from "./definition";

export type FilterState = Record<string, FilterValue>;

/** The touched filters that act on a visual, in a stable order: the visual's question is its cache key. */
export function filtersFor(state: FilterState, filters: Map<string, Filter>, sheetId: string, visualId: string): FilterState {
  const acting: FilterState = {};
  for (const id of Object.keys(state).toSorted()) {
    const filter = filters.get(id);
    const value = state[id];
    if (filter && value && filterActsOn(filter, sheetId, visualId)) acting[id] = value;
  }
  return acting;
}

/** What a category filter picks before anybody touches its control; null means all. */
export function initialValues(filter: Filter): string[] | null {
  const configuration = filter.document.CategoryFilter?.Configuration;
  const list: ListConfiguration | undefined = configuration?.FilterListConfiguration ?? configuration?.CustomFilterListConfiguration;
  if (list) {
    if (list.SelectAllOptions === "FILTER_ALL_VALUES") return null;
    const values = list.CategoryValues ?? [];
    return values.length === 0 ? null : values;
  }
  const custom = configuration?.CustomFilterConfiguration;
  return custom?.CategoryValue === undefined ? null : [custom.CategoryValue];
}

/** The filter keeps everything but what is picked. */
export function excludes(filter: Filter): boolean {
  const c = filter.document.CategoryFilter?.Configuration;
  const operator = (c?.FilterListConfiguration ?? c?.CustomFilterListConfiguration ?? c?.CustomFilterConfiguration)?.MatchOperator;
  return operator === "DOES_NOT_CONTAIN" || operator === "DOES_NOT_EQUAL";
}

export interface DateRange {
  from: string | undefined;
  to: string | undefined;
}

/** The range a date filter has before anybody touches its control, as dates; undefined ends are open. */
export function initialRange(filter: Filter): DateRange {
  const range = filter.document.TimeRangeFilter;
  if (range) {
    const end = (value: { StaticValue?: string | number } | undefined) => {
      const ms = parseDateTime(value?.StaticValue);
      return ms === undefined ? undefined : isoDate(ms);
    };
    return { from: end(range.RangeMinimumValue), to: end(range.RangeMaximumValue) };
  }
  const equality = filter.document.TimeEqualityFilter;
  if (equality) {
    const ms = parseDateTime(equality.Value);
    const date = ms === undefined ? undefined : isoDate(ms);
    return { from: date, to: date };
  }
  return { from: undefined, to: undefined };
}

export type RelativeDates = Pick<RelativeDatesFilter, "TimeGranularity" | "RelativeDateType" | "RelativeDateValue">;

/** "last 3 months", "this year", "year to date". */
export function relativeLabel(r: RelativeDates): string {
  const unit = r.TimeGranularity.toLowerCase();
  const n = r.RelativeDateValue ?? 1;
  switch (r.RelativeDateType) {
    case "PREVIOUS": return `previous ${unit}`;
    case "THIS": return `this ${unit}`;
    case "NOW": return `${unit} to date`;
    case "LAST": return n === 1 ? `last ${unit}` : `last ${n} ${unit}s`;
    case "NEXT": return n === 1 ? `next ${unit}` : `next ${n} ${unit}s`;
  }
}

/** First and last day of a relative range, seen from a moment (zone-less milliseconds). */
export function relativeRange(r: RelativeDates, anchor: number): { from: string; to: string } {
  const unit = r.TimeGranularity;
  const start = truncate(anchor, unit);
  const n = r.RelativeDateValue ?? 1;
  const day = 86_400_000;
  switch (r.RelativeDateType) {
    case "PREVIOUS": return { from: isoDate(shift(start, unit, -1)), to: isoDate(start - day) };
    case "THIS": return { from: isoDate(start), to: isoDate(shift(start, unit, 1) - day) };
    case "NOW": return { from: isoDate(start), to: isoDate(anchor) };
    case "LAST": return { from: isoDate(shift(start, unit, 1 - n)), to: isoDate(shift(start, unit, 1) - day) };
    case "NEXT": return { from: isoDate(start), to: isoDate(shift(start, unit, n) - day) };
  }
}

export function truncate(ms: number, unit: TimeGranularity): number {
  const d = new Date(ms);
  const year = d.getUTCFullYear();
  const month = d.getUTCMonth();
  switch (unit) {
    case "YEAR": return Date.UTC(year, 0, 1);
    case "QUARTER": return Date.UTC(year, month - (month % 3), 1);
    case "MONTH": return Date.UTC(year, month, 1);
    // Weeks begin on Sunday, as QuickSight's do.
    case "WEEK": return Date.UTC(year, month, d.getUTCDate() - d.getUTCDay());
    case "DAY": return Date.UTC(year, month, d.getUTCDate());
    case "HOUR": return ms - (ms % 3_600_000);
    case "MINUTE": return ms - (ms % 60_000);
    case "SECOND": return ms - (ms % 1000);
    case "MILLISECOND": return ms;
  }
}

function shift(ms: number, unit: TimeGranularity, n: number): number {
  const d = new Date(ms);
  switch (unit) {
    case "YEAR": return d.setUTCFullYear(d.getUTCFullYear() + n);
    case "QUARTER": return d.setUTCMonth(d.getUTCMonth() + 3 * n);
    case "MONTH": return d.setUTCMonth(d.getUTCMonth() + n);
    case "WEEK": return ms + 7 * 86_400_000 * n;
    case "DAY": return ms + 86_400_000 * n;
    case "HOUR": return ms + 3_600_000 * n;
    case "MINUTE": return ms + 60_000 * n;
    case "SECOND": return ms + 1000 * n;
    case "MILLISECOND": return ms + n;
  }
}

/** What a chip says of a touched filter: "UA, DL", "3 of carrier", "Jan 1 – Feb 1". */
export function describeFilter(value: FilterValue): string {
  if (value.From !== undefined || value.To !== undefined) {
    if (value.From !== undefined && value.From === value.To) return value.From;
    if (value.From === undefined) return `until ${value.To ?? ""}`;
    return value.To === undefined ? `from ${value.From}` : `${value.From} – ${value.To}`;
  }
  if (value.Values === null || value.Values === undefined) return "all";
  if (value.Values.length === 0) return "none";
  const shown = value.Values.slice(0, 3).map((v) => (v === "" ? "empty" : v)).join(", ");
  return value.Values.length > 3 ? `${shown} and ${value.Values.length - 3} more` : shown;
}
