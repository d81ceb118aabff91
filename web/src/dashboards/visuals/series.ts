// From the rows of an answer to categories and series: what charts draw and what
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
  // A field of which only the first members are shown has a second column: 1 in the row of all others.
  const find = (other: boolean) => new Map(result.Columns.flatMap((c, i): [string, number][] => ((c.Role === "Other") === other ? [[c.FieldId, i]] : [])));
  const at = find(false);
  const others = find(true);
  const isOther = (row: Cell[], f: Field): boolean => Number(row[others.get(f.id) ?? -1] ?? 0) === 1;
  const type = (f: Field) => result.Columns[at.get(f.id) ?? -1]?.Type;
  const cell = (row: Cell[], f: Field): Cell => row[at.get(f.id) ?? -1] ?? null;

  const categories = new Map<string, Category>();
  const order: Category[] = [];
  const series = new Map<string, Series & { points: Map<string, number | null> }>();

  for (const row of result.Rows) {
    const key = JSON.stringify(wells.category.map((f) => (isOther(row, f) ? ["other"] : cell(row, f))));
    if (!categories.has(key)) {
      const category: Category = { key, label: "", values: {}, labels: {} };
      for (const f of wells.category) {
        if (isOther(row, f)) {
          category.labels[f.id] = "Other";
          continue;
        }
        category.values[f.id] = cell(row, f);
        category.labels[f.id] = formatCell(cell(row, f), f, type(f));
      }
      category.label = wells.category.map((f) => category.labels[f.id]).join(" · ");
      categories.set(key, category);
      order.push(category);
    }
    const color = wells.colors[0];
    for (const value of wells.values) {
      const other = color !== undefined && isOther(row, color);
      const member = other ? ["other"] : color ? cell(row, color) : undefined;
      const seriesKey = color ? `${value.id}|${JSON.stringify(member)}` : value.id;
      let s = series.get(seriesKey);
      if (!s) {
        const name = other ? "Other" : color ? formatCell(member, color, type(color)) : value.label;
        s = {
          key: seriesKey,
          label: color && wells.values.length > 1 ? `${name} · ${value.label}` : name,
          value,
          color: color && !other ? { field: color, value: member ?? null } : undefined,
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
