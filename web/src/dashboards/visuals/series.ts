// From the rows of an answer to categories and series: what bar and line charts draw and what
// their hidden tables say.

import type { Cell, VisualResult } from "../../api/query";
import { asNumber, formatCell, type Field } from "../fields";

export interface Wells {
  category: Field[];
  values: Field[];
  colors: Field[];
}

export interface Category {
  key: string;
  label: string;
  /** By field id. */
  values: Record<string, Cell>;
  labels: Record<string, string>;
}

export interface Series {
  key: string;
  label: string;
  value: Field;
  /** Set when the series is a member of the colour field. */
  color: { field: Field; value: Cell } | undefined;
  /** One a category. */
  data: (number | null)[];
}

export interface ChartData {
  categories: Category[];
  series: Series[];
}

/** Categories and series keep the order in which the rows first name them: the rows come sorted. */
export function chartData(result: VisualResult, wells: Wells): ChartData {
  const at = new Map(result.Columns.map((c, i) => [c.FieldId, i]));
  const type = (f: Field) => result.Columns[at.get(f.id) ?? -1]?.Type;
  const cell = (row: Cell[], f: Field): Cell => row[at.get(f.id) ?? -1] ?? null;

  const categories = new Map<string, Category>();
  const order: Category[] = [];
  const series = new Map<string, Series & { points: Map<string, number | null> }>();

  for (const row of result.Rows) {
    const key = JSON.stringify(wells.category.map((f) => cell(row, f)));
    if (!categories.has(key)) {
      const category: Category = { key, label: "", values: {}, labels: {} };
      for (const f of wells.category) {
        category.values[f.id] = cell(row, f);
        category.labels[f.id] = formatCell(cell(row, f), f, type(f));
      }
      category.label = wells.category.map((f) => category.labels[f.id]).join(" · ");
      categories.set(key, category);
      order.push(category);
    }
    const color = wells.colors[0];
    for (const value of wells.values) {
      const member = color ? cell(row, color) : undefined;
      const seriesKey = color ? `${value.id}|${JSON.stringify(member)}` : value.id;
      let s = series.get(seriesKey);
      if (!s) {
        const name = color ? formatCell(member, color, type(color)) : value.label;
        s = {
          key: seriesKey,
          label: color && wells.values.length > 1 ? `${name} · ${value.label}` : name,
          value,
          color: color ? { field: color, value: member ?? null } : undefined,
          data: [],
          points: new Map(),
        };
        series.set(seriesKey, s);
      }
      s.points.set(key, asNumber(cell(row, value)));
    }
  }
  return {
    categories: order,
    series: [...series.values()].map(({ points, ...s }) => ({ ...s, data: order.map((c) => points.get(c.key) ?? null) })),
  };
}

/** Each category's values as shares of its sum, for bars stacked to 100 percent. */
export function shares(data: ChartData): (number | null)[][] {
  const sums = data.categories.map((_, i) => data.series.reduce((sum, s) => sum + Math.abs(s.data[i] ?? 0), 0));
  return data.series.map((s) => s.data.map((v, i) => (v === null || sums[i] === 0 ? null : v / (sums[i] ?? 1))));
}
