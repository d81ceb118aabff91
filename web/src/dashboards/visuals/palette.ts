// Colours of series. A member keeps its colour while filters come and go, which is why a scale is
// kept as long as a dashboard is open.

import type { Cell } from "../../api/query";
import { columnKey, type Field } from "../fields";
import type { ColumnConfiguration, VisualPalette } from "../definition";
import type { Series } from "./series";

// Cloudscape's categorical palette (Apache-2.0), which is told apart by readers with colour vision deficiencies.
const light = ["#688ae8", "#c33d69", "#2ea597", "#8456ce", "#e07941", "#3759ce", "#962249", "#096f64", "#6237a7", "#a84401", "#273ea5", "#780d35", "#03524a", "#4a238b", "#7e3103"];
const dark = ["#486de8", "#e07f9d", "#018977", "#b088f5", "#c55305", "#8ea9ff", "#ffb0c8", "#40bfa9", "#d6baff", "#f89256", "#abc5ff", "#ff9dbb", "#7dd8c7", "#c9a8ff", "#ffc08a"];

export class ColorScale {
  #members = new Map<string, Map<string, number>>();

  /**
   * The members that a visual shows. New ones are taken in order of their names, so that the colours do not depend on which visual
   * is answered first.
   */
  learn(field: string, members: readonly string[]): void {
    for (const member of members.toSorted()) this.color(field, member, false);
  }

  /** The colour of the nth member that this field ever showed. */
  color(field: string, member: string, isDark: boolean): string {
    let members = this.#members.get(field);
    if (!members) this.#members.set(field, (members = new Map<string, number>()));
    let n = members.get(member);
    if (n === undefined) members.set(member, (n = members.size));
    return paletteColor(n, isDark);
  }
}

export function paletteColor(n: number, isDark: boolean): string {
  const palette = isDark ? dark : light;
  return palette[n % palette.length] ?? "#888888";
}

/** What stands for the member of a colour's field. */
export const memberKey = (value: Cell): string => (value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value));

/** The key of a field in a scale: visuals that show the same column share its colours. */
export const scaleKey = (field: Field): string => (field.column ? columnKey(field.column) : field.id);

/** What the visual says wins, then what the definition says of the column, then the palette. */
export function seriesColor(
  s: Series, index: number, palette: VisualPalette | undefined, configurations: readonly ColumnConfiguration[] | undefined, scale: ColorScale, isDark: boolean,
): string {
  if (s.color) {
    const { field, value } = s.color;
    const member = memberKey(value);
    const own = palette?.ColorMap?.find((c) => c.Element.FieldId === field.id && c.Element.FieldValue === member);
    if (own) return own.Color;
    const custom = field.column && fixedColor(field, member, value === null, configurations);
    if (custom) return custom;
    return scale.color(scaleKey(field), member, isDark);
  }
  const own = palette?.ColorMap?.find((c) => c.Element.FieldId === s.value.id && c.Element.FieldValue === undefined);
  if (own) return own.Color;
  if (index === 0 && palette?.ChartColor) return palette.ChartColor;
  return paletteColor(index, isDark);
}

function fixedColor(field: Field, member: string, isNull: boolean, configurations: readonly ColumnConfiguration[] | undefined): string | undefined {
  const colors = configurations?.find((c) => field.column && columnKey(c.Column) === columnKey(field.column))?.ColorsConfiguration?.CustomColors;
  const special = isNull ? "NULL" : member === "" ? "EMPTY" : undefined;
  return colors?.find((c) => (special ? c.SpecialValue === special : c.FieldValue === member))?.Color;
}
