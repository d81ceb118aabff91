// QuickSight's KPI: which figure is shown large, what it is compared with, and how.

import type { VisualResult } from "../../api/query";
import { formatNumber, numberStyle, plainNumber } from "../../format/number";
import type { KPIVisual } from "../definition";
import { colorFor, comparisonHolds, computed, iconFor, type Computed, type Look } from "../formatting";
import { asNumber, dimensions, formatCell, measures, type ColumnFormats, type Field } from "../fields";

export interface Kpi {
  primary: string;
  /** The figure behind `primary`, for tools that read the page. */
  value: number | null;
  label: string;
  comparison: { text: string; against: string; direction: "up" | "down" | "same" } | undefined;
  looks: { primary: Look; comparison: Look; progress: string | undefined };
  /** 0 to 1. */
  progress: number | undefined;
  trend: { labels: string[]; values: (number | null)[]; type: "LINE" | "AREA"; color: string | undefined } | undefined;
}

export function readKpi(visual: KPIVisual, result: VisualResult, formats: ColumnFormats): Kpi | undefined {
  const configuration = visual.ChartConfiguration ?? {};
  const options = configuration.KPIOptions ?? {};
  const values = measures(configuration.FieldWells?.Values, formats);
  const targets = measures(configuration.FieldWells?.TargetValues, formats);
  const trends = dimensions(configuration.FieldWells?.TrendGroups, formats);
  const main = values[0] ?? targets[0];
  if (!main) return undefined;

  const at = new Map(result.Columns.map((c, i) => [c.FieldId, i]));
  const type = (f: Field) => result.Columns[at.get(f.id) ?? -1]?.Type;
  const trend = trends[0];
  const trendAt = trend ? at.get(trend.id) : undefined;

  let rows = result.Rows;
  if (trend && trendAt !== undefined) {
    const descending = configuration.SortConfiguration?.TrendGroupSort?.[0]?.FieldSort?.Direction === "DESC";
    rows = rows.toSorted((a, b) => compare(a[trendAt], b[trendAt]) * (descending ? -1 : 1));
  }
  const last = rows.at(-1);
  const number = (row: typeof last, f: Field | undefined) => (row && f ? asNumber(row[at.get(f.id) ?? -1]) : null);
  const value = number(last, main);
  const raw = last?.[at.get(main.id) ?? -1];
  // No rows have no mean: that is neither zero nor a word.
  const primary = raw === null || raw === undefined ? (main.nullText ?? nullString(main) ?? "–") : formatCell(raw, main, type(main));

  const other = targets[0] ?? (trend ? undefined : values[1]);
  const before = other ? number(last, other) : trend ? number(rows.at(-2), main) : null;
  const compared = other !== undefined || (trend !== undefined && rows.length > 1);
  const against = other ? other.label : trend && rows.length > 1 ? formatCell(rows.at(-2)?.[trendAt ?? -1], trend, type(trend)) : "";

  return {
    looks: looks(),
    primary: options.PrimaryValueDisplayType === "HIDDEN" ? "" : primary,
    value,
    label: main.label,
    comparison: compared && options.SecondaryValue?.Visibility !== "HIDDEN" ? compareWith(value, before, against) : undefined,
    progress: other && options.ProgressBar?.Visibility === "VISIBLE" && value !== null && before ? Math.min(1, Math.max(0, value / before)) : undefined,
    trend:
      trend && trendAt !== undefined && options.Sparkline?.Visibility !== "HIDDEN"
        ? {
            labels: rows.map((r) => formatCell(r[trendAt], trend, type(trend))),
            values: rows.map((r) => number(r, main)),
            type: options.Sparkline?.Type ?? "LINE",
            color: options.Sparkline?.Color,
          }
        : undefined,
  };

  function looks(): Kpi["looks"] {
    const difference = value === null || before === null ? null : value - before;
    const percent = difference === null || !before ? null : difference / before;
    const figures = last ? computed(result, last) : () => undefined;
    const of: Computed = (expression) => comparisonHolds(expression, difference, percent) ?? figures(expression);
    const found: Kpi["looks"] = { primary: {}, comparison: {}, progress: undefined };
    for (const o of visual.ConditionalFormatting?.ConditionalFormattingOptions ?? []) {
      for (const [look, text] of [[found.primary, o.PrimaryValue ?? o.ActualValue], [found.comparison, o.ComparisonValue]] as const) {
        look.color ??= colorFor(text?.TextColor, of, result);
        if (!look.icon) Object.assign(look, iconFor(text?.Icon, of));
      }
      found.progress ??= colorFor(o.ProgressBar?.ForegroundColor, of, result);
    }
    return found;
  }

  function compareWith(now: number | null, then: number | null, name: string): Kpi["comparison"] {
    if (now === null || then === null) return undefined;
    const method = options.Comparison?.ComparisonMethod ?? "PERCENT_DIFFERENCE";
    const difference = now - then;
    const direction = difference > 0 ? "up" : difference < 0 ? "down" : "same";
    if (method !== "DIFFERENCE" && then === 0) return undefined;
    const figure = method === "DIFFERENCE" ? difference : method === "PERCENT" ? now / then : difference / then;
    const format = options.Comparison?.ComparisonFormat;
    const style = format
      ? numberStyle(format)
      : method === "DIFFERENCE"
        ? numberStyle(main?.numeric, plainNumber)
        : { ...plainNumber, percent: true, decimals: 1 };
    return { text: (figure > 0 && method !== "PERCENT" ? "+" : "") + formatNumber(figure, style), against: name, direction };
  }
}

/** What the format says in place of nothing, when it says something. */
function nullString(field: Field): string | undefined {
  const { NumberDisplayFormatConfiguration: number, CurrencyDisplayFormatConfiguration: currency, PercentageDisplayFormatConfiguration: percentage } = field.numeric ?? {};
  return (number ?? currency ?? percentage)?.NullValueFormatConfiguration?.NullString;
}

function compare(a: unknown, b: unknown): number {
  if (a === b) return 0;
  if (a === null || a === undefined) return -1;
  if (b === null || b === undefined) return 1;
  return a < b ? -1 : 1;
}
