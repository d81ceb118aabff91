// The visuals that are drawn as charts: where each one's fields stand, and its option.

import type { VisualResult } from "../../api/query";
import type { Visual } from "../definition";
import type { ColumnFormats } from "../fields";
import { barChart, barWells } from "./bar";
import type { ChartContext, ChartModel } from "./chart";
import { lineChart, lineWells } from "./line";
import { pieChart, pieWells } from "./pie";
import type { Wells } from "./series";

export type ChartVisual = Extract<Visual, { type: "BarChartVisual" | "LineChartVisual" | "PieChartVisual" }>;

export const isChart = (visual: Visual): visual is ChartVisual => visual.type === "BarChartVisual" || visual.type === "LineChartVisual" || visual.type === "PieChartVisual";

export function chartWells(visual: ChartVisual, formats: ColumnFormats): Wells {
  switch (visual.type) {
    case "BarChartVisual": return barWells(visual.body, formats);
    case "LineChartVisual": return lineWells(visual.body, formats);
    case "PieChartVisual": return pieWells(visual.body, formats);
  }
}

export function chartModel(visual: ChartVisual, result: VisualResult, formats: ColumnFormats, context: ChartContext): ChartModel {
  switch (visual.type) {
    case "BarChartVisual": return barChart(visual.body, result, formats, context);
    case "LineChartVisual": return lineChart(visual.body, result, formats, context);
    case "PieChartVisual": return pieChart(visual.body, result, formats, context);
  }
}
