import { useQuery } from "@tanstack/react-query";
import { asApiError } from "../../api/client";
import { controlQuery } from "../../api/query";
import type { Filter, ListControl as ListDocument } from "../definition";
import { excludes, initialValues } from "../filters";
import { useViewer } from "../viewer";
import { Choices } from "./Choices";

export function ListControl({ control, filter, labelId, open }: { control: ListDocument; filter: Filter; labelId: string; open: boolean }) {
  const { dashboardId, filterState, setFilter } = useViewer();
  const fixed = control.SelectableValues?.Values;
  const offered = useQuery({ ...controlQuery({ DashboardId: dashboardId, FilterId: filter.id }), enabled: fixed === undefined });
  const values = fixed ?? (offered.data?.Values ?? []).filter((v) => v !== null).map((v) => String(v as string | number | boolean));
  const touched = filterState[filter.id];
  const initial = initialValues(filter);

  const set = (next: string[] | null) => {
    const value = next === null || next.length === 0 ? null : next;
    setFilter(filter.id, same(value, initial) ? undefined : { Values: value });
  };
  return (
    <Choices
      offered={values}
      chosen={touched ? (touched.Values ?? null) : initial}
      onSet={set}
      single={control.Type === "SINGLE_SELECT"}
      withAll={open || control.DisplayOptions?.SelectAllOptions?.Visibility !== "HIDDEN"}
      open={open}
      placeholder={excludes(filter) ? "None left out" : "All"}
      labelId={labelId}
      status={offered.isError ? "error" : offered.isLoading ? "loading" : "finished"}
      errorText={offered.isError ? asApiError(offered.error).message : undefined}
    />
  );
}

function same(a: string[] | null, b: string[] | null): boolean {
  if (a === null || b === null) return a === b;
  return a.length === b.length && a.toSorted().join("\u0000") === b.toSorted().join("\u0000");
}
