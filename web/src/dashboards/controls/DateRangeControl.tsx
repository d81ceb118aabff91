import { useQuery } from "@tanstack/react-query";
import { controlQuery } from "../../api/query";
import { isoDate, parseDateTime } from "../../format/datetime";
import type { Filter } from "../definition";
import { initialRange, relativeRange } from "../filters";
import { useViewer } from "../viewer";

/** Two dates, or one. The ends that the definition leaves open start at those of the data. */
export function DateRangeControl({ single, filter, label }: { single: boolean; filter: Filter; label: string }) {
  const { dashboardId, filterState, setFilter } = useViewer();
  const offered = useQuery(controlQuery({ DashboardId: dashboardId, FilterId: filter.id }));
  const date = (value: string | undefined) => {
    const ms = parseDateTime(value);
    return ms === undefined ? undefined : isoDate(ms);
  };
  const min = date(offered.data?.Min);
  const max = date(offered.data?.Max);
  const touched = filterState[filter.id];
  const relative = filter.document.RelativeDatesFilter;
  const initial = relative ? relativeRange(relative, localNow()) : initialRange(filter);
  const from = touched?.From ?? initial.from ?? min ?? "";
  const to = touched?.To ?? initial.to ?? max ?? "";

  const set = (next: { from?: string; to?: string }) => {
    const wanted = { From: next.from ?? (touched ? touched.From : undefined) ?? from, To: next.to ?? (touched ? touched.To : undefined) ?? to };
    if (single) wanted.To = wanted.From;
    if (wanted.From === "" || wanted.To === "") { setFilter(filter.id, undefined); return; }
    // Past one another, the ends change places: a range is never empty by mistake.
    const [From, To] = wanted.From <= wanted.To ? [wanted.From, wanted.To] : [wanted.To, wanted.From];
    setFilter(filter.id, { From, To });
  };
  const bounds = { ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) };
  return (
    <div className="control-dates">
      <DateInput key={`from-${from}`} value={from} bounds={bounds} label={single ? label : `${label}, from`} testid={`control-${filter.id}-from`} onSet={(v) => set({ from: v })} />
      {!single && (
        <>
          <span className="secondary" aria-hidden="true">–</span>
          <DateInput key={`to-${to}`} value={to} bounds={bounds} label={`${label}, to`} testid={`control-${filter.id}-to`} onSet={(v) => set({ to: v })} />
        </>
      )}
      {touched && <button type="button" className="control-undo" onClick={() => setFilter(filter.id, undefined)}>Reset</button>}
    </div>
  );
}

// A year being typed passes through dates like 0002-01-01: they are not asked for.
export function DateInput({ value, bounds, label, testid, onSet }: { value: string; bounds: { min?: string; max?: string }; label: string; testid: string; onSet: (value: string) => void }) {
  return (
    <input
      type="date"
      defaultValue={value}
      {...bounds}
      aria-label={label}
      data-testid={testid}
      onChange={(e) => {
        const v = e.target.value;
        if (v !== value && /^[1-9]\d{3}-/.test(v)) onSet(v);
      }}
      onBlur={(e) => {
        if (e.target.value === "") e.target.value = value;
      }}
    />
  );
}

/** The reader's clock as zone-less milliseconds. */
export function localNow(): number {
  const now = new Date();
  return now.getTime() - now.getTimezoneOffset() * 60_000;
}
