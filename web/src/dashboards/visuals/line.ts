// QuickSight's line and area charts as an ECharts option.

import type { VisualResult } from "../../api/query";
import type { LineChartVisual } from "../definition";
import { dimensions, measures, type ColumnFormats } from "../fields";
import { isPicked } from "../selections";
import {
  axisName, besideLabels, categoryAxis, colorsOf, faint, frame, labelFormat, legend, markOf, nameSeries, referenceLines, tooltipHtml, tooltipLook, valueAxis, valueFormat, type ChartContext, type ChartModel,
} from "./chart";
import { chartData, type Wells } from "./series";

export function lineWells(visual: LineChartVisual, formats: ColumnFormats): Wells {
  const wells = visual.ChartConfiguration?.FieldWells?.LineChartAggregatedFieldWells;
  return { category: dimensions(wells?.Category, formats), values: measures(wells?.Values, formats), colors: dimensions(wells?.Colors, formats) };
}

export function lineChart(visual: LineChartVisual, result: VisualResult, formats: ColumnFormats, context: ChartContext): ChartModel {
  const configuration = visual.ChartConfiguration ?? {};
  const wells = lineWells(visual, formats);
  const data = chartData(result, wells);
  for (const options of [configuration.PrimaryYAxisLabelOptions, configuration.SecondaryYAxisLabelOptions]) nameSeries(data, options);
  const colors = colorsOf(data, configuration.VisualPalette, context);
  const { legend: legendOption, grid } = legend(configuration.Legend, data, context);
  const kind = configuration.Type ?? "LINE";
  const line = configuration.DefaultSeriesSettings?.LineStyleSettings;
  const markers = configuration.DefaultSeriesSettings?.MarkerStyleSettings?.MarkerVisibility;
  const missing = configuration.PrimaryYAxisDisplayOptions?.MissingDataConfigurations?.[0]?.TreatmentOption ?? "INTERPOLATE";
  const second = new Set(
    (configuration.Series ?? []).filter((s) => s.FieldSeriesItem?.AxisBinding === "SECONDARY_YAXIS").map((s) => s.FieldSeriesItem?.FieldId ?? ""),
  );
  const primaryFields = wells.values.filter((v) => !second.has(v.id));
  const secondaryFields = wells.values.filter((v) => second.has(v.id));
  const primary = primaryFields.length > 0 ? primaryFields : wells.values;

  const yAxis = [valueAxis(configuration.PrimaryYAxisDisplayOptions?.AxisOptions, axisName(configuration.PrimaryYAxisLabelOptions, primary), primary[0], context, false)];
  if (secondaryFields.length > 0) {
    yAxis.push({
      ...valueAxis(configuration.SecondaryYAxisDisplayOptions?.AxisOptions, axisName(configuration.SecondaryYAxisLabelOptions, secondaryFields), secondaryFields[0], context, false),
      splitLine: { show: false },
    });
  }
  const x = categoryAxis(configuration.XAxisDisplayOptions, axisName(configuration.XAxisLabelOptions, wells.category), data.categories.map((c) => c.label), context);
  x.nameGap = besideLabels;
  const onSecond = data.series.map((s) => secondaryFields.length > 0 && second.has(s.value.id));
  const first = { value: onSecond.indexOf(false), second: onSecond.indexOf(true) };
  const few = data.categories.length <= 62;

  const option = {
    ...frame(context),
    grid: { ...grid, right: Math.max(grid.right, 20) },
    legend: legendOption,
    // A little room at both ends keeps the first label clear of the value axis.
    xAxis: { ...x, boundaryGap: data.categories.length <= 24 },
    yAxis,
    ...(few ? {} : { dataZoom: [{ type: "inside", zoomOnMouseWheel: "ctrl", moveOnMouseWheel: false }] }),
    tooltip: {
      ...tooltipLook(context.theme, configuration.Tooltip),
      trigger: "axis",
      axisPointer: { type: "line", lineStyle: { color: context.theme.secondary, type: "dashed" } },
      formatter: (points: { seriesIndex: number; dataIndex: number }[]) => {
        const index = points[0]?.dataIndex ?? 0;
        const rows = points.flatMap((p) => {
          const s = data.series[p.seriesIndex];
          return s ? [{ color: colors[p.seriesIndex] ?? "", label: s.label, value: valueFormat(s.value)(s.data[p.dataIndex] ?? null) }] : [];
        });
        const shown = rows.slice(0, 12);
        if (rows.length > shown.length) shown.push({ color: "transparent", label: `and ${rows.length - shown.length} more`, value: "" });
        return tooltipHtml(data.categories[index]?.label ?? "", shown, context.theme);
      },
    },
    series: data.series.map((s, i) => {
      const whole = wholeSeriesOpacity(i);
      return {
        type: "line",
        id: s.key,
        name: s.label,
        color: colors[i],
        yAxisIndex: onSecond[i] ? 1 : 0,
        ...(i === first.value ? referenceLines(configuration.ReferenceLines, data, "value", false, context) : i === first.second ? referenceLines(configuration.ReferenceLines, data, "second", false, context) : {}),
        ...(kind === "STACKED_AREA" ? { stack: "all" } : {}),
        ...(kind === "LINE" ? {} : { areaStyle: { opacity: (kind === "AREA" ? 0.25 : 0.6) * whole } }),
        smooth: line?.LineInterpolation === "SMOOTH" ? 0.35 : false,
        ...(line?.LineInterpolation === "STEPPED" ? { step: "end" } : {}),
        lineStyle: { width: 2, type: line?.LineStyle === "DASHED" ? "dashed" : line?.LineStyle === "DOTTED" ? "dotted" : "solid", opacity: whole },
        symbol: "circle",
        symbolSize: 7,
        showAllSymbol: true,
        showSymbol: markers === "VISIBLE" || (markers === undefined && few),
        cursor: "pointer",
        connectNulls: missing === "INTERPOLATE",
        emphasis: { focus: "none", scale: 1.5 },
        label: {
          show: configuration.DataLabels?.Visibility === "VISIBLE",
          position: "top",
          color: context.theme.text,
          formatter: ({ dataIndex }: { dataIndex: number }) => labelFormat(s.value)(s.data[dataIndex] ?? null),
        },
        labelLayout: { hideOverlap: configuration.DataLabels?.Overlap !== "ENABLE_OVERLAP" },
        data: s.data.map((v, j) => ({
          value: v === null && missing === "SHOW_AS_ZERO" ? 0 : v,
          ...(context.picked
            ? isPicked(context.picked, markOf(data, i, j).values)
              ? { symbolSize: 12, itemStyle: { opacity: 1 } }
              : { itemStyle: { opacity: faint } }
            : {}),
        })),
      };
    }),
  };
  return { option, data, colors };

  // With a colour's member picked, the other members' lines step back whole.
  function wholeSeriesOpacity(i: number): number {
    const color = data.series[i]?.color;
    const column = context.picked?.columns.find((c) => c.fieldId === color?.field.id);
    if (!color || !column) return context.picked ? 0.6 : 1;
    return column.values.includes(color.value) ? 1 : faint;
  }
}
