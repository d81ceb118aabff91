// Conditional formatting. The server computes every rule's expression for each row, as a column of its own; here is what follows from it.

import type { Cell, VisualResult } from "../api/query";
import type { ConditionalColor, ConditionalIcon } from "./definition";
import { asNumber } from "./fields";

export interface Look {
  color?: string;
  background?: string;
  icon?: { text: string; color: string | undefined };
  /** The icon stands in place of the value. */
  iconOnly?: boolean;
}

/** What a rule's expression gives for a row; undefined where it was not computed. */
export type Computed = (expression: string) => Cell | undefined;

export function computed(result: VisualResult, row: readonly Cell[]): Computed {
  return (expression) => {
    const at = result.Columns.findIndex((c) => c.Role === "Format" && c.FieldId === expression);
    return at < 0 ? undefined : row[at];
  };
}

/** The colour of a rule that holds. For a gradient, the least and the greatest value shown are its ends where it names none. */
export function colorFor(rule: ConditionalColor | undefined, of: Computed, result: VisualResult): string | undefined {
  if (rule?.Solid) return holds(of(rule.Solid.Expression)) ? hex(rule.Solid.Color) : undefined;
  if (!rule?.Gradient) return undefined;
  const { Expression: expression, Color: color } = rule.Gradient;
  const value = asNumber(of(expression));
  if (value === null) return undefined;
  const values = result.Rows.map((row) => asNumber(computed(result, row)(expression))).filter((v) => v !== null);
  const low = Math.min(...values);
  const high = Math.max(...values);
  const stops = color.Stops.flatMap((s) => {
    const c = hex(s.Color);
    return c === undefined ? [] : [{ at: s.DataValue ?? low + ((high - low) * s.GradientOffset) / 100, color: c }];
  }).toSorted((a, b) => a.at - b.at);
  return between(stops, value);
}

const holds = (value: Cell | undefined): boolean => value === 1 || value === true || value === "1";

/** Colours come from the document: only what is one reaches the page. */
const hex = (color: string | undefined): string | undefined => (color !== undefined && /^#[0-9a-f]{6}$/i.test(color) ? color : undefined);

function between(stops: readonly { at: number; color: string }[], value: number): string | undefined {
  const above = stops.find((s) => s.at >= value);
  const below = stops.findLast((s) => s.at <= value);
  if (!above || !below) return (above ?? below)?.color;
  const share = above.at === below.at ? 0 : (value - below.at) / (above.at - below.at);
  const channel = (i: number) => {
    const [a, b] = [below.color, above.color].map((c) => parseInt(c.slice(1 + 2 * i, 3 + 2 * i), 16));
    return Math.round((a ?? 0) + ((b ?? 0) - (a ?? 0)) * share).toString(16).padStart(2, "0");
  };
  return `#${channel(0)}${channel(1)}${channel(2)}`;
}

const icons: Record<string, string> = {
  CARET_UP: "▲", CARET_DOWN: "▼", PLUS: "+", MINUS: "−", ARROW_UP: "↑", ARROW_DOWN: "↓", ARROW_LEFT: "←", ARROW_RIGHT: "→", ARROW_UP_LEFT: "↖",
  ARROW_DOWN_LEFT: "↙", ARROW_UP_RIGHT: "↗", ARROW_DOWN_RIGHT: "↘", FACE_UP: "☺", FACE_DOWN: "☹", FACE_FLAT: "😐", ONE_BAR: "▁", TWO_BAR: "▁▃",
  THREE_BAR: "▁▃▅", CIRCLE: "●", TRIANGLE: "▲", SQUARE: "■", FLAG: "⚑", THUMBS_UP: "👍", THUMBS_DOWN: "👎", CHECKMARK: "✓", X: "✕",
};

export function iconFor(rule: ConditionalIcon | undefined, of: Computed): Pick<Look, "icon" | "iconOnly"> {
  const custom = rule?.CustomCondition;
  if (!custom || !holds(of(custom.Expression))) return {};
  const text = custom.IconOptions.UnicodeIcon ?? icons[custom.IconOptions.Icon ?? ""];
  if (text === undefined) return {};
  return { icon: { text, color: hex(custom.Color) }, ...(custom.DisplayConfiguration?.IconDisplayOption === "ICON_ONLY" ? { iconOnly: true } : {}) };
}

/** KPIs write rules on their own comparison as a difference along their trend: `percentDifference(...) > 0`. */
export function comparisonHolds(expression: string, difference: number | null, percent: number | null): boolean | undefined {
  const found = /^\s*(percentDifference|difference)\s*\([\s\S]*\)\s*(<=|>=|<>|!=|=|<|>)\s*(-?\d+(?:\.\d+)?)\s*$/i.exec(expression);
  if (!found) return undefined;
  const figure = found[1]?.toLowerCase() === "difference" ? difference : percent;
  const limit = Number(found[3]);
  if (figure === null) return false;
  switch (found[2]) {
    case "<": return figure < limit;
    case "<=": return figure <= limit;
    case ">": return figure > limit;
    case ">=": return figure >= limit;
    case "=": return figure === limit;
    default: return figure !== limit;
  }
}
