// Parameters: what the definition declares, what the reader set them to, and what texts say in their place.

import { defaultPattern, formatDateTime, parseDateTime } from "../format/datetime";
import { grouping } from "../format/number";
import type { ParameterValues } from "../format/richtext";
import type { ParameterDeclaration } from "./definition";

export type ParameterType = "STRING" | "INTEGER" | "DECIMAL" | "DATETIME";

export interface Parameter {
  name: string;
  type: ParameterType;
  multi: boolean;
  /** What it holds before anybody touches it; none is unset. Rolling dates are the server's to tell. */
  defaults: string[];
}

/** Values by name, as text: what was touched, with none for a parameter that was cleared. */
export type ParameterState = Record<string, string[]>;

export function readParameters(declarations: readonly ParameterDeclaration[] | undefined): Map<string, Parameter> {
  const found = new Map<string, Parameter>();
  for (const d of declarations ?? []) {
    const [type, body] = d.StringParameterDeclaration
      ? (["STRING", d.StringParameterDeclaration] as const)
      : d.IntegerParameterDeclaration
        ? (["INTEGER", d.IntegerParameterDeclaration] as const)
        : d.DecimalParameterDeclaration
          ? (["DECIMAL", d.DecimalParameterDeclaration] as const)
          : (["DATETIME", d.DateTimeParameterDeclaration] as const);
    if (!body) continue;
    const fixed = body.DefaultValues?.StaticValues ?? [];
    const unset = body.ValueWhenUnset?.CustomValue;
    const values = fixed.length > 0 ? fixed : unset === undefined || body.DefaultValues?.RollingDate ? [] : [unset];
    const text = (v: string | number) => {
      const ms = type === "DATETIME" ? parseDateTime(v) : undefined;
      return ms === undefined ? String(v) : new Date(ms).toISOString().slice(0, 19);
    };
    found.set(body.Name, { name: body.Name, type, multi: body.ParameterValueType === "MULTI_VALUED", defaults: values.map(text) });
  }
  return found;
}

/** What a parameter holds now. */
export const parameterValue = (p: Parameter, state: ParameterState): string[] => state[p.name] ?? p.defaults;

/** The state with a parameter set; what equals the default is not kept. */
export function setParameter(p: Parameter, state: ParameterState, values: string[]): ParameterState {
  const others = Object.entries(state).filter(([name]) => name !== p.name);
  const standard = values.length === p.defaults.length && values.every((v, i) => v === p.defaults[i]);
  return Object.fromEntries(standard ? others : [...others, [p.name, values]]);
}

/** The parameters as texts, for `<<$name>>` and `${name}` in titles. */
export function parameterTexts(parameters: Map<string, Parameter>, state: ParameterState): ParameterValues {
  return Object.fromEntries([...parameters.values()].map((p) => [p.name, parameterValue(p, state).map((v) => written(p, v)).join(", ")]));
}

function written(p: Parameter, value: string): string {
  if (p.type === "STRING") return value;
  if (p.type === "DATETIME") {
    const ms = parseDateTime(value);
    return ms === undefined ? value : formatDateTime(ms, defaultPattern(ms % 86_400_000 === 0 ? "DAY" : "SECOND"));
  }
  return Number.isNaN(Number(value)) ? value : grouping(Number(value));
}

/** QuickSight's own links name parameters behind the hash: `#p.Carrier=UA&p.Carrier=DL`. Names that are not declared are left out. */
export function readFragment(hash: string, parameters: Map<string, Parameter>): ParameterState {
  const state: ParameterState = {};
  for (const [key, value] of new URLSearchParams(hash.replace(/^#/, ""))) {
    const p = key.startsWith("p.") ? parameters.get(key.slice(2)) : undefined;
    if (!p) continue;
    if (value === "[ALL]") state[p.name] = [];
    else if (p.multi) state[p.name] = [...(state[p.name] ?? []), value];
    else state[p.name] = [value];
  }
  return state;
}
