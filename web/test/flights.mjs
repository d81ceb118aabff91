// The example's delays table, made from the public records, and enough of a query engine to answer
// the example's visuals. Only for looking at the console without a server behind it.

import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";

const text = (file) => (file.endsWith(".gz") ? gunzipSync(readFileSync(file)) : readFileSync(file)).toString("utf8");

function* csv(content) {
  let names;
  for (const line of content.split("\n")) {
    if (line === "") continue;
    const cells = line.split(",").map((c) => c.replace(/^"|"$/g, ""));
    if (!names) names = cells;
    else yield Object.fromEntries(names.map((n, i) => [n, cells[i]]));
  }
}

export function loadFlights(folder) {
  const airlines = new Map([...csv(text(path.join(folder, "airlines.csv")))].map((a) => [a.carrier, a.name]));
  const rows = [];
  for (const file of readdirSync(folder).filter((f) => /^flights.*\.csv\.gz$/.test(f))) {
    for (const f of csv(text(path.join(folder, file)))) {
      if (f.arr_delay === "NA" || f.arr_delay === "") continue;
      rows.push({
        flight_date: `${f.year}-${f.month.padStart(2, "0")}-${f.day.padStart(2, "0")}`,
        hour: Number(f.hour), carrier: f.carrier, airline: airlines.get(f.carrier) ?? null, origin: f.origin, dest: f.dest,
        arr_delay: Number(f.arr_delay), dep_delay: Number(f.dep_delay), month: Number(f.month),
      });
    }
  }
  return rows;
}

const one = (union) => Object.values(union)[0];

export function answerVisual(rows, definition, question) {
  const sheet = definition.Sheets.find((s) => s.SheetId === question.SheetId);
  const visual = sheet?.Visuals.map(one).find((v) => v.VisualId === question.VisualId);
  if (!visual) return undefined;
  const configuration = visual.ChartConfiguration;
  const wells = configuration.FieldWells.BarChartAggregatedFieldWells ?? configuration.FieldWells.LineChartAggregatedFieldWells ?? configuration.FieldWells.PieChartAggregatedFieldWells ?? configuration.FieldWells.TableAggregatedFieldWells ?? configuration.FieldWells;
  const roles = { Category: "Category", Colors: "Color", GroupBy: "GroupBy", TrendGroups: "TrendGroup" };
  const dimensions = Object.entries(roles).flatMap(([well, role]) => (wells[well] ?? []).map((f) => ({ ...one(f), role })));
  const measures = (wells.Values ?? []).map((f) => ({ ...one(f), role: "Value" }));

  const filters = definition.FilterGroups.flatMap((g) => g.Filters.map(one));
  const keep = (row) => {
    for (const [id, value] of Object.entries(question.Filters)) {
      const column = filters.find((f) => f.FilterId === id)?.Column.ColumnName;
      if (!column) continue;
      if (Array.isArray(value.Values) && !value.Values.includes(row[column])) return false;
      if (value.From && row[column] < value.From) return false;
      if (value.To && row[column] > value.To) return false;
    }
    return question.Selections.every((s) => s.Values.includes(s.ColumnName === "flight_date" ? `${row.flight_date.slice(0, 7)}-01T00:00:00` : row[s.ColumnName]));
  };

  const value = (row, d) => (d.DateGranularity === "MONTH" ? `${row.flight_date.slice(0, 7)}-01T00:00:00` : row[d.Column.ColumnName]);
  const groups = new Map();
  const start = () => measures.map(() => ({ n: 0, sum: 0, set: new Set() }));
  const whole = { key: dimensions.map(() => null), sums: start() };
  if (dimensions.length === 0) groups.set("", whole);
  for (const row of rows) {
    if (!keep(row)) continue;
    const key = dimensions.map((d) => value(row, d));
    const id = key.join("\u0000");
    let group = groups.get(id);
    if (!group) groups.set(id, (group = { key, sums: start() }));
    for (const { sums } of new Set([group, whole])) {
      measures.forEach((m, i) => {
        const s = sums[i];
        const v = row[m.Column.ColumnName];
        s.n++;
        if (typeof v === "number") s.sum += v;
        else s.set.add(v);
      });
    }
  }
  const kind = (m) => m.AggregationFunction.SimpleNumericalAggregation ?? m.AggregationFunction;
  const figure = (m, s) => (kind(m) === "AVERAGE" ? (s.n === 0 ? null : s.sum / s.n) : kind(m) === "COUNT" ? s.n : kind(m) === "DISTINCT_COUNT" ? s.set.size : s.sum);
  const answer = (g) => [...g.key, ...measures.map((m, i) => figure(m, g.sums[i]))];
  const out = [...groups.values()].map(answer);
  const fields = [...dimensions, ...measures];
  const sorts = Object.values(configuration.SortConfiguration ?? {}).filter(Array.isArray).flat().map((s) => s.FieldSort);
  out.sort((a, b) => {
    for (const s of sorts) {
      const i = fields.findIndex((f) => f.FieldId === s.FieldId);
      if (a[i] === b[i]) continue;
      return (a[i] < b[i] ? -1 : 1) * (s.Direction === "DESC" ? -1 : 1);
    }
    return 0;
  });
  return {
    Columns: fields.map((f) => ({
      FieldId: f.FieldId, Name: f.Column.ColumnName, Role: f.role,
      Type: f.role === "Value" ? (kind(f) === "AVERAGE" ? "DECIMAL" : "INTEGER") : f.DateGranularity ? "DATETIME" : "STRING",
    })),
    Rows: out, Truncated: false, ElapsedMs: 3, Total: configuration.DonutOptions ? answer(whole) : null,
  };
}

export function answerControl(rows, definition, question) {
  const filter = definition.FilterGroups.flatMap((g) => g.Filters).find((f) => one(f).FilterId === question.FilterId);
  const column = one(filter).Column.ColumnName;
  const values = [...new Set(rows.map((r) => r[column]))].sort();
  return filter.CategoryFilter ? { Values: values } : { Min: values[0], Max: values.at(-1) };
}
