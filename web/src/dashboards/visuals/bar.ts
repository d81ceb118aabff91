// QuickSight's bar chart as an ECharts option.

import type { VisualResult } from "../../api/query";
import type { BarChartVisual } from "../definition";
import { dimensions, measures, type ColumnFormats } from "../fields";
import {
  axisName, besideLabels, categoryAxis, colorsOf, frame, inkOn, insideOnly, labelFormat, legend, markOpacity, nameSeries, referenceLines, sideBySide, tooltipHtml, tooltipLook, valueAxis, valueFormat, type ChartContext, type ChartModel,
} from "./chart";
import { chartData, shares, type Wells } from "./series";

export function barWells(visual: BarChartVisual, formats: ColumnFormats): Wells {
  const wells = visual.ChartConfiguration?.FieldWells?.BarChartAggregatedFieldWells;
  return { category: dimensions(wells?.Category, formats), values: measures(wells?.Values, formats), colors: dimensions(wells?.Colors, formats) };
}

export function barChart(visual: BarChartVisual, result: VisualResult, formats: ColumnFormats, context: ChartContext): ChartModel {
  const configuration = visual.ChartConfiguration ?? {};
  const wells = barWells(visual, formats);
  const data = chartData(result, wells);
  nameSeries(data, configuration.ValueLabelOptions);
  const horizontal = configuration.Orientation !== "VERTICAL";
  const arrangement = configuration.BarsArrangement ?? "CLUSTERED";
  const percent = arrangement === "STACKED_PERCENT";
  const drawn = percent ? shares(data) : data.series.map((s) => s.data);
  const colors = colorsOf(data, configuration.VisualPalette, context);
  const { legend: legendOption, grid } = legend(configuration.Legend, data, context);

  const labels = configuration.DataLabels;
  const showLabels = labels?.Visibility === "VISIBLE";
  const stacked = arrangement !== "CLUSTERED";
  const inside = labels?.Position === "INSIDE" || stacked;

  const category: Record<string, unknown> = {
    ...categoryAxis(configuration.CategoryAxis, axisName(configuration.CategoryLabelOptions, wells.category), data.categories.map((c) => c.label), context),
    ...(horizontal ? { inverse: true } : {}),
  };
  if (horizontal) Object.assign(category.axisLabel as object, { width: Math.min(200, context.width * 0.34), overflow: "truncate", hideOverlap: true });
  const value = valueAxis(configuration.ValueAxis, axisName(configuration.ValueLabelOptions, wells.values), wells.values[0], context, percent);
  if (showLabels && !inside) {
    // Room for the figures beyond the ends of the longest bars.
    const negative = drawn.some((values) => values.some((v) => v !== null && v < 0));
    const room = horizontal ? "12%" : "8%";
    value.boundaryGap = [negative ? room : 0, room];
  }

  (horizontal ? value : category).nameGap = besideLabels;

  // As many bars as can be read, the others by scrolling.
  const perCategory = stacked ? 1 : Math.max(1, data.series.length);
  const room = horizontal ? context.height - 60 : context.width - 90;
  const visible = Math.max(4, Math.floor(room / Math.max(horizontal ? 18 : 22, perCategory * 9)));
  const zoom = data.categories.length > visible;
  if (!horizontal && configuration.CategoryAxis?.TickLabelOptions?.RotationAngle === undefined) Object.assign(category.axisLabel as object, sideBySide(data.categories.map((c) => c.label), visible, context));

  const option = {
    ...frame(context),
    grid: { ...grid, ...(zoom ? (horizontal ? { right: grid.right + 18 } : { bottom: grid.bottom + 18 }) : {}) },
    legend: legendOption,
    xAxis: horizontal ? value : category,
    yAxis: horizontal ? category : value,
    ...(zoom ? { dataZoom: scrollbar(horizontal, visible, context, grid.right) } : {}),
    tooltip: {
      ...tooltipLook(context.theme, configuration.Tooltip),
      trigger: "item",
      formatter: ({ seriesIndex, dataIndex }: { seriesIndex: number; dataIndex: number }) => {
        const s = data.series[seriesIndex];
        const c = data.categories[dataIndex];
        if (!s || !c) return "";
        const share = percent ? ` (${Math.round((drawn[seriesIndex]?.[dataIndex] ?? 0) * 100)}%)` : "";
        return tooltipHtml(c.label, [{ color: colors[seriesIndex] ?? "", label: s.label, value: valueFormat(s.value)(s.data[dataIndex] ?? null) + share }], context.theme);
      },
    },
    series: data.series.map((s, i) => ({
      type: "bar",
      id: s.key,
      name: s.label,
      color: colors[i],
      ...(stacked ? { stack: "all" } : {}),
      ...(i === 0 && !percent ? referenceLines(configuration.ReferenceLines, data, "value", horizontal, context) : {}),
      barMaxWidth: 56,
      barCategoryGap: "28%",
      cursor: "pointer",
      emphasis: { focus: "none", itemStyle: { shadowBlur: 6, shadowColor: "rgba(0,7,22,.25)" } },
      label: {
        show: showLabels,
        position: inside ? "inside" : horizontal ? "right" : "top",
        color: inside ? inkOn(colors[i] ?? "") : context.theme.text,
        fontSize: 12,
        formatter: ({ dataIndex }: { dataIndex: number }) => (percent ? `${Math.round((drawn[i]?.[dataIndex] ?? 0) * 100)}%` : labelFormat(s.value)(s.data[dataIndex] ?? null)),
      },
      labelLayout: inside ? insideOnly(labels?.Overlap === "ENABLE_OVERLAP") : { hideOverlap: labels?.Overlap !== "ENABLE_OVERLAP" },
      data: (drawn[i] ?? []).map((v, j) => {
        const negative = v !== null && v < 0;
        return {
          value: v,
          itemStyle: { opacity: markOpacity(data, i, j, context.picked), borderRadius: stacked ? 0 : corner(horizontal, negative) },
          ...(negative && !inside ? { label: { position: horizontal ? "left" : "bottom" } } : {}),
        };
      }),
    })),
  };
  return { option, data, colors };
}

function corner(horizontal: boolean, negative: boolean): number[] {
  if (horizontal) return negative ? [3, 0, 0, 3] : [0, 3, 3, 0];
  return negative ? [0, 0, 3, 3] : [3, 3, 0, 0];
}

function scrollbar(horizontal: boolean, visible: number, context: ChartContext, right: number): Record<string, unknown>[] {
  const axis = horizontal ? { yAxisIndex: 0 } : { xAxisIndex: 0 };
  return [
    {
      type: "slider", ...axis, startValue: 0, endValue: visible - 1, zoomLock: true, brushSelect: false, showDetail: false, showDataShadow: false, handleSize: 0,
      borderColor: "transparent", backgroundColor: context.theme.grid, fillerColor: context.theme.line, moveHandleSize: 0,
      ...(horizontal ? { width: 8, right: right - 4, top: 12, bottom: 40, orient: "vertical" } : { height: 8, bottom: 4 }),
    },
    { type: "inside", ...axis, startValue: 0, endValue: visible - 1, zoomLock: true, zoomOnMouseWheel: false, moveOnMouseWheel: true, moveOnMouseMove: false },
  ];
}
