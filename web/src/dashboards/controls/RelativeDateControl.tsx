import Select from "@cloudscape-design/components/select";
import type { Filter } from "../definition";
import { relativeLabel, relativeRange, type RelativeDates } from "../filters";
import { useViewer } from "../viewer";
import { localNow } from "./DateRangeControl";

const common: RelativeDates[] = [
  { RelativeDateType: "THIS", TimeGranularity: "DAY" },
  { RelativeDateType: "LAST", TimeGranularity: "DAY", RelativeDateValue: 7 },
  { RelativeDateType: "LAST", TimeGranularity: "DAY", RelativeDateValue: 30 },
  { RelativeDateType: "THIS", TimeGranularity: "MONTH" },
  { RelativeDateType: "PREVIOUS", TimeGranularity: "MONTH" },
  { RelativeDateType: "LAST", TimeGranularity: "MONTH", RelativeDateValue: 3 },
  { RelativeDateType: "LAST", TimeGranularity: "MONTH", RelativeDateValue: 12 },
  { RelativeDateType: "NOW", TimeGranularity: "YEAR" },
  { RelativeDateType: "PREVIOUS", TimeGranularity: "YEAR" },
];

export function RelativeDateControl({ filter, labelId }: { filter: Filter; labelId: string }) {
  const { filterState, setFilter } = useViewer();
  const own = filter.document.RelativeDatesFilter;
  const offered = own ? [own, ...common.filter((c) => relativeLabel(c) !== relativeLabel(own))] : common;
  const options = offered.map((r) => ({ value: relativeLabel(r), label: capital(relativeLabel(r)) }));
  const touched = filterState[filter.id];
  const current = touched
    ? offered.find((r) => {
        const range = relativeRange(r, localNow());
        return range.from === touched.From && range.to === touched.To;
      })
    : own;
  return (
    <Select
      selectedOption={current ? { value: relativeLabel(current), label: capital(relativeLabel(current)) } : null}
      options={options}
      placeholder={touched ? `${touched.From ?? ""} – ${touched.To ?? ""}` : "All"}
      onChange={({ detail }) => {
        const chosen = offered.find((r) => relativeLabel(r) === detail.selectedOption.value);
        if (!chosen || chosen === own) { setFilter(filter.id, undefined); return; }
        const { from, to } = relativeRange(chosen, localNow());
        setFilter(filter.id, { From: from, To: to });
      }}
      ariaLabelledby={labelId}
      expandToViewport
    />
  );
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
