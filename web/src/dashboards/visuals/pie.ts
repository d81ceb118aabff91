// QuickSight's pie and donut chart as an ECharts option.

import type { VisualResult } from "../../api/query";
import type { DataLabelOptions, PieChartVisual } from "../definition";
import { asNumber, dimensions, measures, type ColumnFormats } from "../fields";
import { faint, frame, inkOn, labelFormat, legend, markOpacity, tooltipHtml, tooltipLook, valueFormat, type ChartContext, type ChartModel } from "./chart";
import { memberKey, scaleKey, seriesColor } from "./palette";
import { chartData, type Category, type ChartData, type Series, type Wells } from "./series";

export function pieWells(visual: PieChartVisual, formats: ColumnFormats): Wells {
  const wells = visual.ChartConfiguration?.FieldWells?.PieChartAggregatedFieldWells;
  return { category: dimensions(wells?.Category, formats), values: measures(wells?.Values, formats), colors: [] };
}

// What of the radius is open in the middle.
const holes = { SMALL: 0.8, MEDIUM: 0.65, LARGE: 0.45, WHOLE: 0 };

export function pieChart(visual: PieChartVisual, result: VisualResult, formats: ColumnFormats, context: ChartContext): ChartModel {
  const configuration = visual.ChartConfiguration ?? {};
  const wells = pieWells(visual, formats);
  const data = slices(chartData(result, wells), wells);
  const { categories } = data;
  const series = data.series[0];
  const values = series?.data ?? [];
  const category = wells.category[0];
  if (category) context.scale.learn(scaleKey(category), categories.flatMap((c) => (category.id in c.values ? [memberKey(c.values[category.id] ?? null)] : [])));
  const colors = series ? categories.map((c, i) => seriesColor(slice(series, c, wells, i), i, configuration.VisualPalette, context.columns, context.scale, context.theme.dark)) : [];
  const { legend: legendOption, grid } = legend(configuration.Legend, { series: categories }, context);

  // A slice is a part of a whole: what is below zero can't be one.
  const drawn = values.map((v) => (v !== null && v > 0 ? v : null));
  const whole = drawn.reduce<number>((sum, v) => sum + (v ?? 0), 0);
  const below = values.filter((v) => v !== null && v < 0).length;
  const percent = (i: number) => `${formatShare((drawn[i] ?? 0) / (whole || 1))}%`;

  const labels = configuration.DataLabels;
  const inside = labels?.Position === "INSIDE";
  const showLabels = labels?.Visibility !== "HIDDEN" && !(labels?.CategoryLabelVisibility === "HIDDEN" && labels.MeasureLabelVisibility === "HIDDEN");
  const plot = { width: context.width - grid.left - grid.right, height: context.height - grid.top - grid.bottom };
  const center = [grid.left + plot.width / 2, grid.top + plot.height / 2];
  const half = Math.min(plot.width, plot.height) / 2;
  // Labels outside need two lines above and below, and a word at each side.
  const radius = showLabels && !inside ? Math.max(half * 0.4, Math.min(plot.width * 0.3, plot.height / 2 - 42)) : half * 0.94;
  const donut = configuration.DonutOptions;
  const hole = donut ? radius * holes[donut.ArcOptions?.ArcThickness ?? "MEDIUM"] : 0;

  const option = {
    ...frame(context),
    legend: legendOption,
    tooltip: {
      ...tooltipLook(context.theme, configuration.Tooltip),
      trigger: "item",
      formatter: ({ dataIndex }: { dataIndex: number }) => {
        const c = categories[dataIndex];
        if (!c || !series) return "";
        return tooltipHtml(c.label, [{ color: colors[dataIndex] ?? "", label: series.label, value: `${valueFormat(series.value)(values[dataIndex] ?? null)} (${percent(dataIndex)})` }], context.theme);
      },
    },
    graphic: middle(result, series, hole, center, context),
    series: series
      ? [
          {
            type: "pie",
            id: series.key,
            name: series.label,
            center,
            radius: [hole, radius],
            cursor: "pointer",
            minShowLabelAngle: 2,
            emphasis: { focus: "none", scaleSize: 4 },
            label: {
              show: showLabels,
              position: inside ? "inside" : "outside",
              color: context.theme.text,
              fontSize: 12,
              lineHeight: 15,
              formatter: ({ dataIndex }: { dataIndex: number }) => labelText(labels, categories[dataIndex]?.label ?? "", labelFormat(series.value)(values[dataIndex] ?? null), percent(dataIndex)),
            },
            labelLine: { length: 16, length2: 8, lineStyle: { color: context.theme.line } },
            labelLayout: { hideOverlap: labels?.Overlap !== "ENABLE_OVERLAP" },
            data: drawn.map((value, i) => ({
              name: categories[i]?.label ?? "",
              value,
              ...(inside ? { label: { color: inkOn(colors[i] ?? "") } } : {}),
              itemStyle: { color: colors[i], opacity: opacity(data, wells, i, context), borderColor: context.theme.background, borderWidth: 1.5 },
            })),
          },
        ]
      : [],
  };
  return { option, data, colors, ...(below > 0 ? { note: below === 1 ? "One value is below zero and has no slice." : `${below} values are below zero and have no slice.` } : {}) };
}

/** Without a category each value is a slice. */
function slices(data: ChartData, wells: Wells): ChartData {
  const first = data.series[0];
  if (!first) return { categories: [], series: [] };
  if (wells.category.length > 0) return data;
  return {
    categories: data.series.map((s) => ({ key: s.key, label: s.label, values: {}, labels: {} })),
    series: [{ ...first, label: "Value", data: data.series.map((s) => s.data[0] ?? null) }],
  };
}

/** A slice as the series that it would be in a chart of bars, for its colour. */
function slice(first: Series, category: Category, wells: Wells, index: number): Series {
  const field = wells.category[0];
  if (field && field.id in category.values) return { ...first, color: { field, value: category.values[field.id] ?? null } };
  return { ...first, value: field ? first.value : (wells.values[index] ?? first.value) };
}

// The rest of the members can't be picked, so it steps back with the others.
function opacity(data: ChartData, wells: Wells, index: number, context: ChartContext): number {
  if (context.picked && wells.category.some((f) => !(f.id in (data.categories[index]?.values ?? {})))) return faint;
  return markOpacity(data, 0, index, context.picked);
}

function labelText(options: DataLabelOptions | undefined, category: string, value: string, percent: string): string {
  const content = options?.LabelContent ?? "VALUE_AND_PERCENT";
  const figure = content === "VALUE" ? value : content === "PERCENT" ? percent : `${value} (${percent})`;
  return [options?.CategoryLabelVisibility === "HIDDEN" ? "" : category, options?.MeasureLabelVisibility === "HIDDEN" ? "" : figure].filter((t) => t !== "").join("\n");
}

const formatShare = (share: number): string => {
  const percent = share * 100;
  return percent > 0 && percent < 1 ? percent.toFixed(1) : String(Math.round(percent));
};

/** The whole in the middle of a donut: an average's is the average of all, not a sum. */
function middle(result: VisualResult, series: Series | undefined, hole: number, [x, y]: number[], context: ChartContext): Record<string, unknown>[] {
  const at = result.Columns.findIndex((c) => c.FieldId === series?.value.id);
  const total = asNumber(result.Total?.[at]);
  if (!series || hole < 24 || total === null) return [];
  const text = labelFormat(series.value)(total);
  const size = Math.max(11, Math.min(26, (hole * 1.5) / (text.length * 0.6)));
  const style = { align: "center", verticalAlign: "middle", fontFamily: context.theme.font };
  return [
    { type: "text", silent: true, x, y: (y ?? 0) - size * 0.25, style: { ...style, text, fill: context.theme.text, fontSize: size, fontWeight: 700 } },
    { type: "text", silent: true, x, y: (y ?? 0) + size * 0.75, style: { ...style, text: "Total", fill: context.theme.secondary, fontSize: 12 } },
  ];
}
