import type { Filter } from "../definition";
import { useViewer } from "../viewer";
import { TextInput } from "./TextInput";

/** A filter's value, typed: for a text area a value a line. */
export function TextControl({ filter, label, lines, delimiter }: { filter: Filter; label: string; lines: boolean; delimiter: string | undefined }) {
  const { filterState, setFilter } = useViewer();
  const { CategoryFilter: category, NumericEqualityFilter: number } = filter.document;
  const c = category?.Configuration;
  const initial = c?.CustomFilterConfiguration?.CategoryValue !== undefined
    ? [c.CustomFilterConfiguration.CategoryValue]
    : ((c?.FilterListConfiguration ?? c?.CustomFilterListConfiguration)?.CategoryValues ?? (number?.Value === undefined ? [] : [String(number.Value)]));
  const touched = filterState[filter.id];
  const current = touched ? (touched.Values ?? []) : initial;
  const between = delimiter === undefined || delimiter === "" ? "\n" : delimiter;
  return (
    <TextInput
      key={current.join("\u0000")}
      value={current.join(between)}
      label={label}
      lines={lines}
      placeholder="Any"
      testid={`control-${filter.id}-text`}
      onSet={(text) => {
        const values = (lines ? text.split(between) : [text]).map((v) => v.trim()).filter((v) => v !== "");
        if (number && values.some((v) => !Number.isFinite(Number(v)))) return;
        const same = values.length === initial.length && values.every((v, i) => v === initial[i]);
        setFilter(filter.id, same ? undefined : { Values: values.length === 0 ? null : values });
      }}
    />
  );
}
