import type { Filter, SliderControl as SliderDocument } from "../definition";
import { useViewer } from "../viewer";
import { SliderInput } from "./SliderInput";

/** A number, or a range of numbers, of a numeric filter. */
export function SliderControl({ control, filter, label }: { control: SliderDocument; filter: Filter; label: string }) {
  const { filterState, setFilter } = useViewer();
  const { MinimumValue: min, MaximumValue: max, StepSize: step } = control;
  const { NumericRangeFilter: range, NumericEqualityFilter: equality } = filter.document;
  const touched = filterState[filter.id];
  const number = (text: string | undefined, otherwise: number) => (text === undefined ? otherwise : Number(text));
  const value = range
    ? [number(touched?.From, range.RangeMinimum?.StaticValue ?? min), number(touched?.To, range.RangeMaximum?.StaticValue ?? max)]
    : [number(touched?.Values?.[0], equality?.Value ?? min)];
  const off = !touched && equality && (equality.SelectAllOptions !== undefined || equality.Value === undefined);
  return (
    <div className="control-dates">
      <SliderInput
        value={value}
        min={min}
        max={max}
        step={step}
        label={label}
        testid={`control-${filter.id}-slider`}
        onSet={([from, to]) => setFilter(filter.id, range ? { From: String(from), To: String(to) } : { Values: [String(from)] })}
      />
      {off && <span className="secondary">All</span>}
      {touched && <button type="button" className="control-undo" onClick={() => setFilter(filter.id, undefined)}>Reset</button>}
    </div>
  );
}
