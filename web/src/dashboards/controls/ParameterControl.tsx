import { useQuery } from "@tanstack/react-query";
import { asApiError } from "../../api/client";
import { controlQuery } from "../../api/query";
import { isoDate, parseDateTime } from "../../format/datetime";
import type { ParameterControl as Control } from "../definition";
import { parameterValue, type Parameter } from "../parameters";
import { useViewer } from "../viewer";
import { Choices } from "./Choices";
import { DateInput } from "./DateRangeControl";
import { SliderInput } from "./SliderInput";
import { TextInput } from "./TextInput";

/** A sheet's control for one parameter. */
export function ParameterControl({ control, tall }: { control: Control; tall: boolean }) {
  const { parameters } = useViewer();
  const parameter = parameters.get(control.parameter);
  const labelId = `label-${control.id}`;
  return (
    <div className="control" data-testid={`parameter-${control.parameter}`}>
      {control.title !== undefined && <div className="label" id={labelId}>{control.title}</div>}
      {parameter ? <Input control={control} parameter={parameter} labelId={labelId} tall={tall} /> : <div className="control-other">There is no parameter named {control.parameter}.</div>}
    </div>
  );
}

function Input({ control, parameter, labelId, tall }: { control: Control; parameter: Parameter; labelId: string; tall: boolean }) {
  const { parameterState, setParameter } = useViewer();
  const values = parameterValue(parameter, parameterState);
  const label = control.title ?? parameter.name;
  const testid = `parameter-${parameter.name}-input`;
  switch (control.kind) {
    case "List": case "Dropdown":
      return <Listed control={control} parameter={parameter} labelId={labelId} open={tall && control.kind === "List"} />;
    case "Slider": {
      const { MinimumValue: min, MaximumValue: max, StepSize: step } = control.body;
      return <SliderInput value={[Number(values[0] ?? min)]} min={min} max={max} step={step} label={label} testid={testid} onSet={(v) => setParameter(parameter.name, v.map(String))} />;
    }
    case "DateTimePicker": {
      const ms = parseDateTime(values[0]);
      const date = ms === undefined ? "" : isoDate(ms);
      return (
        <div className="control-dates">
          <DateInput key={date} value={date} bounds={{}} label={label} testid={testid} onSet={(v) => setParameter(parameter.name, [`${v}T00:00:00`])} />
        </div>
      );
    }
    case "TextField": case "TextArea": {
      const lines = control.kind === "TextArea" && parameter.multi;
      const numeric = parameter.type === "INTEGER" || parameter.type === "DECIMAL";
      return (
        <TextInput
          key={values.join("\u0000")}
          value={values.join("\n")}
          label={label}
          lines={lines}
          placeholder="Not set"
          testid={testid}
          onSet={(text) => {
            const next = (lines ? text.split("\n") : [text]).map((v) => v.trim()).filter((v) => v !== "");
            if (!numeric || next.every((v) => (parameter.type === "INTEGER" ? /^-?\d+$/.test(v) : Number.isFinite(Number(v))))) setParameter(parameter.name, next);
          }}
        />
      );
    }
  }
}

function Listed({ control, parameter, labelId, open }: { control: Extract<Control, { kind: "List" | "Dropdown" }>; parameter: Parameter; labelId: string; open: boolean }) {
  const { dashboardId, parameterState, setParameter } = useViewer();
  const selectable = control.body.SelectableValues;
  const column = selectable?.LinkToDataSetColumn;
  const offered = useQuery({ ...controlQuery({ DashboardId: dashboardId, Column: column ?? { ColumnName: "" } }), enabled: column !== undefined });
  const values = column ? (offered.data?.Values ?? []).filter((v) => v !== null).map((v) => String(v as string | number | boolean)) : (selectable?.Values ?? parameter.defaults);
  const current = parameterValue(parameter, parameterState);
  return (
    <Choices
      offered={values}
      chosen={current.length === 0 ? null : current}
      onSet={(next) => setParameter(parameter.name, next ?? [])}
      single={control.body.Type === "SINGLE_SELECT" || !parameter.multi}
      withAll={parameter.multi && control.body.DisplayOptions?.SelectAllOptions?.Visibility !== "HIDDEN"}
      open={open}
      placeholder={parameter.multi ? "All" : "Not set"}
      labelId={labelId}
      status={offered.isError ? "error" : offered.isLoading ? "loading" : "finished"}
      errorText={offered.isError ? asApiError(offered.error).message : undefined}
    />
  );
}
