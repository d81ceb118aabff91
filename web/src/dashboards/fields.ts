// Fields of a visual's wells: what they are called and how their values are written.

import type { Cell } from "../api/query";
import { defaultPattern, formatDateTime, parseDateTime } from "../format/datetime";
import { formatNumber, numberStyle, plainNumber, type NumberStyle } from "../format/number";
import type {
  ColumnConfiguration, ColumnIdentifier, DateTimeFormat, DimensionField, FormatConfiguration, MeasureField, NumericFormat, StringFormat, TimeGranularity, UnaggregatedField,
} from "./definition";

export interface Field {
  id: string;
  /** Undefined for a measure given by an expression. */
  column: ColumnIdentifier | undefined;
  kind: "category" | "number" | "date";
  measure: boolean;
  granularity: TimeGranularity | undefined;
  /** "arr_delay", or "arr_delay (Average)". */
  label: string;
  numeric: NumericFormat | undefined;
  pattern: string | undefined;
  nullText: string | undefined;
}

const aggregations: Record<string, string> = {
  SUM: "Sum", AVERAGE: "Average", MIN: "Min", MAX: "Max", COUNT: "Count", DISTINCT_COUNT: "Distinct count",
  VAR: "Variance", VARP: "Population variance", STDEV: "Standard deviation", STDEVP: "Population standard deviation", MEDIAN: "Median",
};

export type ColumnFormats = (column: ColumnIdentifier | undefined) => FormatConfiguration | undefined;

/** Formats that the definition gives to columns, wherever they are shown. */
export function columnFormats(configurations: readonly ColumnConfiguration[] | undefined): ColumnFormats {
  const known = new Map<string, FormatConfiguration>();
  for (const c of configurations ?? []) if (c.FormatConfiguration) known.set(columnKey(c.Column), c.FormatConfiguration);
  return (column) => (column ? known.get(columnKey(column)) : undefined);
}

export const columnKey = (column: ColumnIdentifier): string => `${column.DataSetIdentifier ?? ""}\u0000${column.ColumnName}`;

export function dimension(document: DimensionField, formats: ColumnFormats): Field | undefined {
  const { CategoricalDimensionField: category, NumericalDimensionField: number, DateDimensionField: date } = document;
  if (date) {
    const of = pick(date.FormatConfiguration, formats(date.Column)?.DateTimeFormatConfiguration);
    return field(date.FieldId, date.Column, "date", false, { granularity: date.DateGranularity ?? "DAY", ...dateFormat(of) });
  }
  if (number) {
    const numeric = pick(number.FormatConfiguration, formats(number.Column)?.NumberFormatConfiguration)?.FormatConfiguration;
    return field(number.FieldId, number.Column, "number", false, { numeric });
  }
  if (category) {
    return field(category.FieldId, category.Column, "category", false, stringFormat(pick(category.FormatConfiguration, formats(category.Column)?.StringFormatConfiguration)));
  }
  return undefined;
}

export function measure(document: MeasureField, formats: ColumnFormats): Field | undefined {
  const { NumericalMeasureField: number, CategoricalMeasureField: category, DateMeasureField: date, CalculatedMeasureField: calculated } = document;
  if (number) {
    const percentile = number.AggregationFunction?.PercentileAggregation?.PercentileValue;
    // Without a function the field may be an aggregate already.
    const simple = number.AggregationFunction?.SimpleNumericalAggregation ?? "SUM";
    const name = percentile === undefined ? (aggregations[simple] ?? simple) : `${percentile}th percentile`;
    const own = number.FormatConfiguration?.FormatConfiguration;
    // A count of a column is not in the column's unit.
    const ofColumn = simple === "COUNT" || simple === "DISTINCT_COUNT" ? undefined : formats(number.Column)?.NumberFormatConfiguration?.FormatConfiguration;
    return { ...field(number.FieldId, number.Column, "number", true, { numeric: own ?? ofColumn }), label: number.AggregationFunction ? `${number.Column.ColumnName} (${name})` : number.Column.ColumnName };
  }
  if (category) {
    const name = aggregations[category.AggregationFunction ?? "COUNT"] ?? "Count";
    return { ...field(category.FieldId, category.Column, "number", true, { numeric: category.FormatConfiguration?.NumericFormatConfiguration }), label: `${category.Column.ColumnName} (${name})` };
  }
  if (date) {
    const aggregation = date.AggregationFunction ?? "COUNT";
    const counts = aggregation === "COUNT" || aggregation === "DISTINCT_COUNT";
    const of = pick(date.FormatConfiguration, counts ? undefined : formats(date.Column)?.DateTimeFormatConfiguration);
    const base = field(date.FieldId, date.Column, counts ? "number" : "date", true, { ...dateFormat(of), numeric: of?.NumericFormatConfiguration });
    return { ...base, label: `${date.Column.ColumnName} (${aggregations[aggregation] ?? aggregation})` };
  }
  if (calculated) return { ...field(calculated.FieldId, undefined, "number", true, {}), label: calculated.Expression };
  return undefined;
}

export function unaggregated(document: UnaggregatedField, formats: ColumnFormats): Field {
  const own = document.FormatConfiguration ?? formats(document.Column);
  const numeric = own?.NumberFormatConfiguration?.FormatConfiguration;
  return field(document.FieldId, document.Column, "category", false, {
    numeric,
    ...dateFormat(own?.DateTimeFormatConfiguration),
    nullText: own?.StringFormatConfiguration?.NullValueFormatConfiguration?.NullString,
  });
}

export const dimensions = (documents: readonly DimensionField[] | undefined, formats: ColumnFormats): Field[] =>
  (documents ?? []).map((d) => dimension(d, formats)).filter((f) => f !== undefined);
export const measures = (documents: readonly MeasureField[] | undefined, formats: ColumnFormats): Field[] =>
  (documents ?? []).map((d) => measure(d, formats)).filter((f) => f !== undefined);

function pick<T>(own: T | undefined, ofColumn: T | undefined): T | undefined {
  return own ?? ofColumn;
}

function dateFormat(format: DateTimeFormat | undefined): Partial<Field> {
  return { pattern: format?.DateTimeFormat, nullText: format?.NullValueFormatConfiguration?.NullString };
}

function stringFormat(format: StringFormat | undefined): Partial<Field> {
  return { nullText: format?.NullValueFormatConfiguration?.NullString, numeric: format?.NumericFormatConfiguration };
}

function field(id: string, column: ColumnIdentifier | undefined, kind: Field["kind"], isMeasure: boolean, more: Partial<Field>): Field {
  return { id, column, kind, measure: isMeasure, granularity: undefined, label: column?.ColumnName ?? id, numeric: undefined, pattern: undefined, nullText: undefined, ...more };
}

/** How a field's numbers are written; base is what holds where the definition says nothing. */
export const fieldNumberStyle = (f: Field, base: NumberStyle = plainNumber): NumberStyle => numberStyle(f.numeric, base);

/** A value as text. `type` is what the data holds, which wins over what the field was declared as. */
export function formatCell(value: Cell | undefined, f: Field, type: string | undefined, base: NumberStyle = plainNumber): string {
  if (value === null || value === undefined) return f.nullText ?? fieldNumberStyle(f).nullText;
  if (value === "") return "empty";
  if (typeof value === "boolean") return value ? "true" : "false";
  if (typeof value === "object") return JSON.stringify(value);
  if (f.kind === "date" || type === "DATETIME") {
    const ms = parseDateTime(value);
    return ms === undefined ? String(value) : formatDateTime(ms, f.pattern ?? defaultPattern(f.granularity ?? (ms % 86_400_000 === 0 ? "DAY" : "SECOND")));
  }
  if (typeof value === "number") return formatNumber(value, fieldNumberStyle(f, base));
  if ((type === "INTEGER" || type === "DECIMAL") && value.trim() !== "" && Number.isFinite(Number(value))) {
    // Decimals of more digits than a double holds arrive as text.
    return formatNumber(Number(value), fieldNumberStyle(f, base));
  }
  return value;
}

export function asNumber(value: Cell | undefined): number | null {
  if (typeof value === "number") return value;
  if (typeof value === "string" && value.trim() !== "") {
    const n = Number(value);
    return Number.isNaN(n) ? null : n;
  }
  return typeof value === "boolean" ? Number(value) : null;
}
