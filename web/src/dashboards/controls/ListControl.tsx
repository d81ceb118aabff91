import Multiselect from "@cloudscape-design/components/multiselect";
import Select from "@cloudscape-design/components/select";
import { useQuery } from "@tanstack/react-query";
import { asApiError } from "../../api/client";
import { controlQuery } from "../../api/query";
import type { Filter, ListControl as ListDocument } from "../definition";
import { excludes, initialValues } from "../filters";
import { useViewer } from "../viewer";

interface Option {
  value: string;
  label: string;
}
const option = (value: string): Option => ({ value, label: value === "" ? "empty" : value });
const all: Option = { value: "\u0000all", label: "All" };

export function ListControl({ control, filter, labelId, open }: { control: ListDocument; filter: Filter; labelId: string; open: boolean }) {
  const { dashboardId, filterState, setFilter } = useViewer();
  const fixed = control.SelectableValues?.Values;
  const offered = useQuery({ ...controlQuery(dashboardId, filter.id), enabled: fixed === undefined });
  const values = fixed ?? (offered.data?.Values ?? []).filter((v) => v !== null).map((v) => String(v as string | number | boolean));
  const touched = filterState[filter.id];
  const initial = initialValues(filter);
  const current = touched ? (touched.Values ?? null) : initial;
  const options = values.map(option);
  const chosen = (current ?? []).map(option);

  const set = (next: string[] | null) => {
    const value = next === null || next.length === 0 ? null : next;
    setFilter(filter.id, same(value, initial) ? undefined : { Values: value });
  };
  const placeholder = excludes(filter) ? "None left out" : "All";
  const status = offered.isError ? "error" : offered.isLoading ? "loading" : "finished";
  const errorText = offered.isError ? asApiError(offered.error).message : undefined;

  if (open) {
    const picked = new Set(current ?? []);
    const single = control.Type === "SINGLE_SELECT";
    return (
      <div className="control-list" role="group" aria-labelledby={labelId}>
        {errorText !== undefined && <div>{errorText}</div>}
        <label>
          <input type={single ? "radio" : "checkbox"} checked={current === null} onChange={() => set(null)} /> {placeholder}
        </label>
        {options.map((o) => (
          <label key={o.value}>
            <input
              type={single ? "radio" : "checkbox"}
              checked={picked.has(o.value)}
              onChange={() => set(single ? [o.value] : picked.has(o.value) ? [...picked].filter((v) => v !== o.value) : [...picked, o.value])}
            />{" "}
            {o.label}
          </label>
        ))}
      </div>
    );
  }
  if (control.Type === "SINGLE_SELECT") {
    const withAll = control.DisplayOptions?.SelectAllOptions?.Visibility === "HIDDEN" ? options : [all, ...options];
    return (
      <Select
        selectedOption={chosen[0] ?? all}
        options={withAll}
        onChange={({ detail }) => set(detail.selectedOption.value === all.value ? null : [detail.selectedOption.value ?? ""])}
        filteringType={values.length > 8 ? "auto" : "none"}
        statusType={status}
        {...(errorText === undefined ? {} : { errorText })}
        ariaLabelledby={labelId}
        expandToViewport
      />
    );
  }
  return (
    <Multiselect
      selectedOptions={chosen}
      options={options}
      onChange={({ detail }) => set(detail.selectedOptions.map((o) => o.value ?? ""))}
      placeholder={placeholder}
      inlineTokens
      filteringType={values.length > 8 ? "auto" : "none"}
      filteringPlaceholder="Find"
      statusType={status}
      loadingText="Reading the values"
      {...(errorText === undefined ? {} : { errorText })}
      empty="No values"
      noMatch="No such value"
      ariaLabelledby={labelId}
      selectedAriaLabel="Selected"
      expandToViewport
    />
  );
}

function same(a: string[] | null, b: string[] | null): boolean {
  if (a === null || b === null) return a === b;
  return a.length === b.length && a.toSorted().join("\u0000") === b.toSorted().join("\u0000");
}
