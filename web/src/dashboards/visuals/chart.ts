// What charts have in common: axes, legend, tooltip, the look of the console.

import type { EChartsCoreOption } from "echarts/core";
import { formatNumber, shortNumber, type NumberStyle } from "../../format/number";
import type { AxisDisplayOptions, ChartAxisLabelOptions, ColumnConfiguration, ReferenceLine, TooltipOptions, VisualPalette } from "../definition";
import { fieldNumberStyle, type Field } from "../fields";
import { isPicked, type Mark, type Picked } from "../selections";
import { memberKey, scaleKey, seriesColor, type ColorScale } from "./palette";
import type { ChartData } from "./series";

export interface ChartTheme {
  dark: boolean;
  text: string;
  secondary: string;
  line: string;
  grid: string;
  background: string;
  font: string;
}

export interface ChartContext {
  theme: ChartTheme;
  width: number;
  height: number;
  scale: ColorScale;
  columns: readonly ColumnConfiguration[] | undefined;
  picked: Picked | undefined;
  still: boolean; // the reader asked for no motion
}

export interface ChartModel {
  option: EChartsCoreOption;
  data: ChartData;
  colors: string[];
  /** Said below the chart. */
  note?: string;
}

export const faint = 0.28;

/** Black or white, whichever reads better on a colour. */
export function inkOn(color: string): string {
  const [r = 0, g = 0, b = 0] = (color.match(/[0-9a-f]{2}/gi) ?? []).map((hex) => (parseInt(hex, 16) / 255) ** 2.2);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18 ? "#10181d" : "#ffffff";
}

/** How far below a horizontal axis its name stands: clear of one line of labels. Turned labels push it on. */
export const besideLabels = 27;

interface LabelLayoutInput {
  rect: { width: number; height: number };
  labelRect: { width: number; height: number };
}

/** Figures inside bars are left out where the bar is too small for them. */
export const insideOnly = (overlap: boolean) => (p: LabelLayoutInput) => (!overlap && (p.labelRect.width > p.rect.width - 2 || p.labelRect.height > p.rect.height) ? { x: -9999 } : {});

/** An axis's name: the visual's own, else the fields' labels; undefined when it is hidden. */
export function axisName(options: ChartAxisLabelOptions | undefined, fields: readonly Field[]): string | undefined {
  if (options?.Visibility === "HIDDEN") return undefined;
  const custom = (id: string) => options?.AxisLabelOptions?.find((o) => o.ApplyTo?.FieldId === id)?.CustomLabel;
  const whole = options?.AxisLabelOptions?.find((o) => o.ApplyTo === undefined)?.CustomLabel;
  if (whole !== undefined) return whole;
  const named = fields.map((f) => custom(f.id) ?? f.label);
  return named.length === 0 ? undefined : named.join(", ");
}

/** A measure that the visual gives a name goes by it in legend and tooltip too. */
export function nameSeries(data: ChartData, options: ChartAxisLabelOptions | undefined): void {
  for (const s of data.series) {
    const name = options?.AxisLabelOptions?.find((o) => o.ApplyTo?.FieldId === s.value.id)?.CustomLabel;
    if (name !== undefined && !s.color) s.label = name;
  }
}

/** Ticks are round numbers: the format's decimals are for values, not for them. */
export function tickFormat(field: Field | undefined): (value: number) => string {
  const style: NumberStyle = { ...(field ? fieldNumberStyle(field, shortNumber) : shortNumber), decimals: undefined };
  return (value) => formatNumber(value, style);
}

export function valueFormat(field: Field): (value: number | null) => string {
  const style = fieldNumberStyle(field);
  return (value) => formatNumber(value, style);
}

export function labelFormat(field: Field): (value: number | null) => string {
  const style = fieldNumberStyle(field, shortNumber);
  return (value) => formatNumber(value, style);
}

export function colorsOf(data: ChartData, palette: VisualPalette | undefined, context: ChartContext): string[] {
  const field = data.series.find((s) => s.color)?.color?.field;
  if (field) context.scale.learn(scaleKey(field), data.series.flatMap((s) => (s.color ? [memberKey(s.color.value)] : [])));
  return data.series.map((s, i) => seriesColor(s, i, palette, context.columns, context.scale, context.theme.dark));
}

export function valueAxis(options: AxisDisplayOptions | undefined, name: string | undefined, field: Field | undefined, context: ChartContext, percent: boolean): Record<string, unknown> {
  const { theme } = context;
  const numeric = options?.DataOptions?.NumericAxisOptions;
  const range = numeric?.Range?.MinMax;
  const linear = numeric?.Scale?.Linear;
  const ticks = tickFormat(field);
  return {
    type: numeric?.Scale?.Logarithmic ? "log" : "value",
    ...(numeric?.Scale?.Logarithmic?.Base ? { logBase: numeric.Scale.Logarithmic.Base } : {}),
    ...(range?.Minimum === undefined ? {} : { min: range.Minimum }),
    ...(range?.Maximum === undefined ? (percent ? { max: 1 } : {}) : { max: range.Maximum }),
    ...(linear?.StepSize ? { interval: linear.StepSize } : percent ? { interval: 0.25 } : {}),
    ...(linear?.StepCount ? { splitNumber: linear.StepCount } : { splitNumber: 4 }),
    scale: numeric?.Range?.DataDriven !== undefined,
    ...named(name, theme),
    axisLabel: {
      show: options?.TickLabelOptions?.LabelOptions?.Visibility !== "HIDDEN",
      color: theme.secondary,
      hideOverlap: true,
      formatter: (value: number) => (percent ? `${Math.round(value * 100)}%` : ticks(value)),
      ...rotation(options),
    },
    axisLine: { show: options?.AxisLineVisibility === "VISIBLE", lineStyle: { color: theme.line } },
    axisTick: { show: false },
    splitLine: { show: options?.GridLineVisibility !== "HIDDEN", lineStyle: { color: theme.grid } },
  };
}

/** Tick labels that stand side by side: upright while they fit, else turned, and cut where they would take too much of the plot. */
export function sideBySide(labels: readonly string[], visible: number, context: ChartContext): Record<string, unknown> {
  const longest = Math.max(0, ...labels.map((l) => l.length)) * 6.6;
  const room = (context.width - 80) / Math.max(1, Math.min(visible, labels.length));
  if (longest <= room - 6) return { interval: 0 };
  if (room >= 70) return { interval: 0, width: room - 8, overflow: "truncate" };
  return room >= 15 ? { interval: 0, rotate: 40, width: Math.min(120, context.height * 0.32), overflow: "truncate" } : {};
}

export function categoryAxis(options: AxisDisplayOptions | undefined, name: string | undefined, labels: readonly string[], context: ChartContext): Record<string, unknown> {
  const { theme } = context;
  return {
    type: "category",
    data: labels,
    ...named(name, theme),
    axisLabel: {
      show: options?.TickLabelOptions?.LabelOptions?.Visibility !== "HIDDEN",
      color: theme.secondary,
      hideOverlap: true,
      ...rotation(options),
    },
    axisLine: { show: options?.AxisLineVisibility !== "HIDDEN", lineStyle: { color: theme.line } },
    axisTick: { show: false },
    splitLine: { show: options?.GridLineVisibility === "VISIBLE", lineStyle: { color: theme.grid } },
  };
}

function named(name: string | undefined, theme: ChartTheme): Record<string, unknown> {
  if (!name) return {};
  return { name, nameLocation: "middle", nameGap: 10, nameTextStyle: { color: theme.secondary, fontSize: 12 } };
}

// The document counts clockwise, ECharts counter-clockwise.
function rotation(options: AxisDisplayOptions | undefined): Record<string, unknown> {
  const angle = options?.TickLabelOptions?.RotationAngle;
  return angle === undefined ? {} : { rotate: -angle };
}

interface PlotBox {
  left: number;
  right: number;
  top: number;
  bottom: number;
  outerBoundsMode: string;
  outerBoundsContain: string;
}

type LegendPosition = "AUTO" | "RIGHT" | "BOTTOM" | "TOP";

/** The legend and the room it takes from the plot. */
export function legend(options: { Visibility?: string; Position?: LegendPosition } | undefined, data: { series: readonly { label: string }[] }, context: ChartContext): { legend: Record<string, unknown>; grid: PlotBox } {
  const { theme, width } = context;
  // The box holds the labels too.
  const base = { left: 8, right: 16, top: 12, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "all" };
  if (data.series.length < 2 || options?.Visibility === "HIDDEN") return { legend: { show: false }, grid: base };
  const position = options?.Position === undefined || options.Position === "AUTO" ? (width > 480 ? "RIGHT" : "BOTTOM") : options.Position;
  const common = {
    type: "scroll", icon: "roundRect", itemWidth: 10, itemHeight: 10, itemGap: 10,
    textStyle: { color: theme.text, width: 130, overflow: "truncate" },
    pageIconColor: theme.text, pageIconInactiveColor: theme.line, pageTextStyle: { color: theme.secondary },
    tooltip: { show: true },
  };
  if (position === "RIGHT") {
    const longest = Math.max(...data.series.map((s) => s.label.length));
    const room = Math.min(170, 40 + longest * 7);
    return { legend: { ...common, orient: "vertical", right: 4, top: 12, bottom: 8 }, grid: { ...base, right: room } };
  }
  if (position === "TOP") return { legend: { ...common, left: "center", top: 2 }, grid: { ...base, top: 40 } };
  return { legend: { ...common, left: "center", bottom: 0 }, grid: { ...base, bottom: 34 } };
}

export function frame(context: ChartContext): Record<string, unknown> {
  const { theme } = context;
  return {
    animation: !context.still,
    animationDuration: 250,
    animationDurationUpdate: 250,
    textStyle: { fontFamily: theme.font, color: theme.text },
    backgroundColor: "transparent",
  };
}

export function tooltipLook(theme: ChartTheme, options?: TooltipOptions): Record<string, unknown> {
  return {
    show: options?.TooltipVisibility !== "HIDDEN",
    confine: true,
    backgroundColor: theme.background,
    borderColor: theme.line,
    borderWidth: 1,
    padding: [8, 12],
    textStyle: { color: theme.text, fontSize: 13, fontFamily: theme.font },
    extraCssText: "border-radius:8px;box-shadow:0 4px 16px rgba(0,7,22,.18);max-width:340px;white-space:normal;",
  };
}

export interface TooltipRow {
  color: string;
  label: string;
  value: string;
}

export function tooltipHtml(title: string, rows: readonly TooltipRow[], theme: ChartTheme): string {
  const lines = rows.map(
    (r) =>
      `<div style="display:flex;gap:8px;align-items:center;margin-top:4px"><span style="width:10px;height:10px;border-radius:3px;flex:none;background:${escapeHtml(r.color)}"></span>` +
      `<span style="color:${escapeHtml(theme.secondary)};flex:1">${escapeHtml(r.label)}</span><b style="padding-left:12px;font-variant-numeric:tabular-nums">${escapeHtml(r.value)}</b></div>`,
  );
  return `<div style="font-weight:700">${escapeHtml(title)}</div>${lines.join("")}`;
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

const calculations: Record<string, (values: number[]) => number> = {
  SUM: (v) => v.reduce((a, b) => a + b, 0),
  AVERAGE: (v) => v.reduce((a, b) => a + b, 0) / v.length,
  MIN: (v) => Math.min(...v),
  MAX: (v) => Math.max(...v),
  MEDIAN: (v) => quantile(v, 0.5),
};

function quantile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)] ?? NaN;
  return low + ((sorted[Math.ceil(at)] ?? low) - low) * (at % 1);
}

/** Lines at a fixed value, or at one calculated from the points of a measure, for the series of one value axis. */
export function referenceLines(lines: readonly ReferenceLine[] | undefined, data: ChartData, axis: "value" | "second", horizontal: boolean, context: ChartContext): Record<string, unknown> {
  const marks = (lines ?? []).flatMap((line) => {
    const { StaticConfiguration: fixed, DynamicConfiguration: dynamic, AxisBinding: binding } = line.DataConfiguration;
    if (line.Status === "DISABLED" || (binding === "SECONDARY_YAXIS") !== (axis === "second")) return [];
    let at = fixed?.Value;
    const measure = dynamic && data.series.find((s) => s.value.column?.ColumnName === dynamic.Column.ColumnName);
    if (dynamic && measure) {
      const points = data.series.filter((s) => s.value === measure.value).flatMap((s) => s.data.filter((v) => v !== null));
      const { SimpleNumericalAggregation: simple, PercentileAggregation: percentile } = dynamic.Calculation;
      if (points.length > 0) at = percentile ? quantile(points, (percentile.PercentileValue ?? 50) / 100) : calculations[simple ?? "AVERAGE"]?.(points);
    }
    if (at === undefined) return [];
    const style = line.StyleConfiguration;
    const label = line.LabelConfiguration;
    const color = style?.Color ?? context.theme.secondary;
    const figure = tickFormat((measure ?? data.series[0])?.value)(Number(at.toFixed(2)));
    const name = label?.CustomLabelConfiguration?.CustomLabel;
    return [
      {
        [horizontal ? "xAxis" : "yAxis"]: at,
        lineStyle: { color, type: { SOLID: "solid", DOTTED: "dotted", DASHED: "dashed" }[style?.Pattern ?? "DASHED"], width: 1.5 },
        label: {
          show: label?.Visibility !== "HIDDEN",
          position: { LEFT: "insideStartTop", CENTER: "insideMiddleTop", RIGHT: "insideEndTop" }[label?.HorizontalPosition ?? "RIGHT"],
          color: label?.FontColor ?? context.theme.text,
          formatter: name === undefined ? figure : `${name}: ${figure}`,
        },
      },
    ];
  });
  return marks.length === 0 ? {} : { markLine: { symbol: "none", silent: true, animation: false, data: marks } };
}

/** What a mark stands for: its category and, where the series is one, its colour's member. */
export function markOf(data: ChartData, seriesIndex: number | undefined, index: number): Mark {
  const category = data.categories[index];
  const color = seriesIndex === undefined ? undefined : data.series[seriesIndex]?.color;
  const label = seriesIndex === undefined ? "" : (data.series[seriesIndex]?.label ?? "");
  return {
    values: { ...category?.values, ...(color ? { [color.field.id]: color.value } : {}) },
    labels: { ...category?.labels, ...(color ? { [color.field.id]: label } : {}) },
  };
}

/** How opaque a mark is: what is not picked steps back. */
export function markOpacity(data: ChartData, seriesIndex: number, index: number, picked: Picked | undefined): number {
  return isPicked(picked, markOf(data, seriesIndex, index).values) ? 1 : faint;
}
