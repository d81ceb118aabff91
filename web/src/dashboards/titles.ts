// What a visual is called: its own title, else what it shows.

import { plainText, readRichText, replaceParameters, type Block, type ParameterValues } from "../format/richtext";
import { dimensions, measures, type ColumnFormats } from "./fields";
import { visualTypeName, type Visual } from "./definition";
import { chartWells } from "./visuals/charts";

/** Undefined when the title is hidden. */
export function visualTitle(visual: Visual, formats: ColumnFormats, texts: ParameterValues): Block[] | undefined {
  const title = visual.body.Title;
  if (title?.Visibility === "HIDDEN") return undefined;
  if (title?.FormatText?.RichText) return readRichText(title.FormatText.RichText, texts);
  return [{ runs: [{ text: replaceParameters(title?.FormatText?.PlainText ?? defaultTitle(visual, formats), texts) }] }];
}

export function visualSubtitle(visual: Visual, texts: ParameterValues): Block[] | undefined {
  const subtitle = visual.body.Subtitle;
  if (!subtitle || subtitle.Visibility === "HIDDEN") return undefined;
  const { RichText: rich, PlainText: plain } = subtitle.FormatText ?? {};
  if (rich) return readRichText(rich, texts);
  return plain ? [{ runs: [{ text: replaceParameters(plain, texts) }] }] : undefined;
}

/** The title as text, also when it is hidden: for screen readers and file names. */
export function visualName(visual: Visual, formats: ColumnFormats, texts: ParameterValues): string {
  const text = visual.body.Title?.FormatText;
  return (text?.RichText ? plainText(text.RichText, texts) : text?.PlainText && replaceParameters(text.PlainText, texts)) ?? defaultTitle(visual, formats);
}

export function defaultTitle(visual: Visual, formats: ColumnFormats): string {
  switch (visual.type) {
    case "KPIVisual": {
      const wells = visual.body.ChartConfiguration?.FieldWells;
      return by(measures(wells?.Values, formats), dimensions(wells?.TrendGroups, formats)) || "KPI";
    }
    case "BarChartVisual": case "LineChartVisual": case "PieChartVisual": {
      const wells = chartWells(visual, formats);
      return by(wells.values, [...wells.category, ...wells.colors]) || visualTypeName(visual.type);
    }
    case "TableVisual": {
      const wells = visual.body.ChartConfiguration?.FieldWells?.TableAggregatedFieldWells;
      return by(measures(wells?.Values, formats), dimensions(wells?.GroupBy, formats)) || "Table";
    }
    case "other":
      return visualTypeName(visual.name);
  }
}

function by(values: { label: string }[], dimensionFields: { label: string }[]): string {
  const what = values.map((v) => v.label).join(", ");
  const along = dimensionFields.map((d) => d.label).join(" and ");
  return what && along ? `${what} by ${along}` : what || along;
}
