import { visualTypeName, type FilterControl } from "../definition";
import { useViewer } from "../viewer";
import { DateRangeControl } from "./DateRangeControl";
import { ListControl } from "./ListControl";
import { RelativeDateControl } from "./RelativeDateControl";
import { SliderControl } from "./SliderControl";
import { TextControl } from "./TextControl";

/** A sheet's control for one filter; `tall` when it has a place of its own on the sheet. */
export function Control({ control, tall }: { control: FilterControl; tall: boolean }) {
  const { filters } = useViewer();
  const filter = filters.get(control.filterId);
  const labelId = `label-${control.id}`;
  return (
    <div className="control" data-testid={`control-${control.filterId}`}>
      {control.title !== undefined && <div className="label" id={labelId}>{control.title}</div>}
      {!filter ? (
        <div className="control-other">Its filter is turned off.</div>
      ) : (control.kind === "List" || control.kind === "Dropdown") && filter.document.CategoryFilter ? (
        <ListControl control={control.body} filter={filter} labelId={labelId} open={tall && control.kind === "List"} />
      ) : control.kind === "DateTimePicker" ? (
        <DateRangeControl single={control.body.Type === "SINGLE_VALUED"} filter={filter} label={control.title ?? filter.column.ColumnName} />
      ) : control.kind === "RelativeDateTime" ? (
        <RelativeDateControl filter={filter} labelId={labelId} />
      ) : control.kind === "TextField" || control.kind === "TextArea" ? (
        <TextControl filter={filter} label={control.title ?? filter.column.ColumnName} lines={control.kind === "TextArea"} delimiter={control.body.Delimiter} />
      ) : control.kind === "Slider" ? (
        <SliderControl control={control.body} filter={filter} label={control.title ?? filter.column.ColumnName} />
      ) : (
        <div className="control-other">{control.kind === "other" ? visualTypeName(control.name) : control.kind} controls are not drawn by this version; the filter works as defined.</div>
      )}
    </div>
  );
}
