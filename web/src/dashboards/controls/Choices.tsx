import Multiselect from "@cloudscape-design/components/multiselect";
import Select from "@cloudscape-design/components/select";

interface Option {
  value: string;
  label: string;
}
const option = (value: string): Option => ({ value, label: value === "" ? "empty" : value });
const all: Option = { value: "\u0000all", label: "All" };

export interface ChoicesProps {
  /** What can be chosen. */
  offered: readonly string[];
  /** Null is all of them. */
  chosen: readonly string[] | null;
  onSet: (chosen: string[] | null) => void;
  single: boolean;
  /** There is an entry that stands for all. */
  withAll: boolean;
  /** As an open list, not a drop-down. */
  open: boolean;
  /** Said when all are chosen. */
  placeholder: string;
  labelId: string;
  status: "error" | "loading" | "finished";
  errorText?: string | undefined;
}

/** One or some of a list of values. */
export function Choices({ offered, chosen, onSet, single, withAll, open, placeholder, labelId, status, errorText }: ChoicesProps) {
  const options = offered.map(option);
  const current = (chosen ?? []).map(option);
  const trouble = errorText === undefined ? {} : { errorText };
  if (open) {
    const picked = new Set(chosen ?? []);
    return (
      <div className="control-list" role="group" aria-labelledby={labelId}>
        {errorText !== undefined && <div>{errorText}</div>}
        {withAll && (
          <label>
            <input type={single ? "radio" : "checkbox"} checked={chosen === null} onChange={() => onSet(null)} /> {placeholder}
          </label>
        )}
        {options.map((o) => (
          <label key={o.value}>
            <input
              type={single ? "radio" : "checkbox"}
              checked={picked.has(o.value)}
              onChange={() => onSet(single ? [o.value] : picked.has(o.value) ? [...picked].filter((v) => v !== o.value) : [...picked, o.value])}
            />{" "}
            {o.label}
          </label>
        ))}
      </div>
    );
  }
  const filteringType = offered.length > 8 ? "auto" : "none";
  if (single) {
    return (
      <Select
        selectedOption={current[0] ?? (withAll ? all : null)}
        options={withAll ? [all, ...options] : options}
        onChange={({ detail }) => onSet(detail.selectedOption.value === all.value ? null : [detail.selectedOption.value ?? ""])}
        placeholder={placeholder}
        filteringType={filteringType}
        statusType={status}
        {...trouble}
        ariaLabelledby={labelId}
        expandToViewport
      />
    );
  }
  return (
    <Multiselect
      selectedOptions={current}
      options={options}
      onChange={({ detail }) => onSet(detail.selectedOptions.map((o) => o.value ?? ""))}
      placeholder={placeholder}
      inlineTokens
      filteringType={filteringType}
      filteringPlaceholder="Find"
      statusType={status}
      loadingText="Reading the values"
      {...trouble}
      empty="No values"
      noMatch="No such value"
      ariaLabelledby={labelId}
      selectedAriaLabel="Selected"
      expandToViewport
    />
  );
}
