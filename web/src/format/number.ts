// Numbers as QuickSight's format configurations say, and grouped where nothing says anything.

import type { NumericFormat, NumericSeparator } from "../dashboards/definition";

export interface NumberStyle {
  prefix: string;
  suffix: string;
  /** Undefined: none for integers, up to two for others. */
  decimals: number | undefined;
  scale: Scale;
  group: string;
  point: string;
  lakhs: boolean;
  parentheses: boolean;
  percent: boolean;
  nullText: string;
}

type Scale = "NONE" | "AUTO" | "THOUSANDS" | "MILLIONS" | "BILLIONS" | "TRILLIONS" | "LAKHS" | "CRORES";

export const plainNumber: NumberStyle = {
  prefix: "", suffix: "", decimals: undefined, scale: "NONE", group: ",", point: ".", lakhs: false, parentheses: false, percent: false, nullText: "null",
};

/** What axes and data labels use when nothing else is said: 1.2K, 3.4M. */
export const shortNumber: NumberStyle = { ...plainNumber, scale: "AUTO" };

const symbols: Record<NumericSeparator, string> = { COMMA: ",", DOT: ".", SPACE: " " };
const scales: Partial<Record<Scale, [number, string]>> = {
  THOUSANDS: [1e3, "K"], MILLIONS: [1e6, "M"], BILLIONS: [1e9, "B"], TRILLIONS: [1e12, "T"], LAKHS: [1e5, "L"], CRORES: [1e7, "Cr"],
};

export function numberStyle(format: NumericFormat | undefined, base: NumberStyle = plainNumber): NumberStyle {
  if (!format) return base;
  const { NumberDisplayFormatConfiguration: number, CurrencyDisplayFormatConfiguration: currency, PercentageDisplayFormatConfiguration: percentage } = format;
  const display = number ?? currency ?? percentage;
  if (!display) return base;
  const separators = display.SeparatorConfiguration;
  const thousands = separators?.ThousandsSeparator;
  const point = separators?.DecimalSeparator ? symbols[separators.DecimalSeparator] : ".";
  const group = thousands?.Visibility === "HIDDEN" ? "" : symbols[thousands?.Symbol ?? (point === "," ? "DOT" : "COMMA")];
  const sign = currency ? currencySign(currency.Symbol ?? "USD") : "";
  const decimals = display.DecimalPlacesConfiguration?.DecimalPlaces;
  return {
    prefix: (display.Prefix ?? "") + sign,
    suffix: display.Suffix ?? "",
    decimals: decimals ?? (percentage || currency ? 2 : undefined),
    scale: number?.NumberScale ?? currency?.NumberScale ?? (percentage ? "NONE" : base.scale),
    group,
    point,
    lakhs: thousands?.GroupingStyle === "LAKHS",
    parentheses: display.NegativeValueConfiguration?.DisplayMode === "POSITIVE",
    percent: percentage !== undefined,
    nullText: display.NullValueFormatConfiguration?.NullString ?? "null",
  };
}

export function formatNumber(value: number | null | undefined, style: NumberStyle = plainNumber): string {
  if (value === null || value === undefined || Number.isNaN(value)) return style.nullText;
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "-∞";
  let scaled = style.percent ? value * 100 : value;
  let unit = "";
  const scale = style.scale === "AUTO" ? autoScale(scaled) : scales[style.scale];
  if (scale) {
    scaled /= scale[0];
    unit = scale[1];
  }
  const magnitude = Math.abs(scaled);
  let digits = style.decimals === undefined ? trimmed(magnitude, 2) : magnitude.toFixed(style.decimals);
  // 999,999 rounds to 1,000.00K: it is 1M.
  if (style.scale === "AUTO" && scale && Number(digits) >= 1000 && scale[0] < 1e12) {
    const above = autoScale(scale[0] * 1000);
    if (above) {
      const again = (Math.abs(value) * (style.percent ? 100 : 1)) / above[0];
      digits = style.decimals === undefined ? trimmed(again, 2) : again.toFixed(style.decimals);
      unit = above[1];
    }
  }
  const negative = scaled < 0 && Number(digits) !== 0;
  const body = `${style.prefix}${grouped(digits, style)}${unit}${style.percent ? "%" : ""}${style.suffix}`;
  if (!negative) return body;
  return style.parentheses ? `(${body})` : `-${body}`;
}

/** 327346 → "327,346". */
export const grouping = (value: number): string => formatNumber(value);

function trimmed(value: number, decimals: number): string {
  const text = value.toFixed(decimals);
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function autoScale(value: number): [number, string] | undefined {
  const magnitude = Math.abs(value);
  if (magnitude >= 1e12) return scales.TRILLIONS;
  if (magnitude >= 1e9) return scales.BILLIONS;
  if (magnitude >= 1e6) return scales.MILLIONS;
  if (magnitude >= 1e3) return scales.THOUSANDS;
  return undefined;
}

function grouped(digits: string, style: NumberStyle): string {
  const [whole = "0", fraction] = digits.split(".");
  let out = whole;
  if (style.group !== "") {
    out = style.lakhs
      ? whole.replace(/(\d)(?=(\d\d)+\d$)/g, `$1${style.group}`)
      : whole.replace(/\B(?=(\d{3})+(?!\d))/g, style.group);
  }
  return fraction === undefined ? out : `${out}${style.point}${fraction}`;
}

function currencySign(code: string): string {
  try {
    const parts = new Intl.NumberFormat("en", { style: "currency", currency: code, currencyDisplay: "narrowSymbol" }).formatToParts(0);
    return parts.find((part) => part.type === "currency")?.value ?? code;
  } catch {
    return code; // not an ISO code: shown as it was written
  }
}
