import { expect, test } from "vitest";
import type { NumericFormat } from "../dashboards/definition";
import { formatNumber, grouping, numberStyle, plainNumber, shortNumber } from "./number";

test.each([
  [327346, "327,346"],
  [0, "0"],
  [-1234.5, "-1,234.5"],
  [6.895377, "6.9"],
  [-0.001, "0"],
  [1e15, "1,000,000,000,000,000"],
])("plain %d is %s", (value, want) => {
  expect(grouping(value)).toBe(want);
});

test.each([
  [999, "999"],
  [1000, "1K"],
  [26398, "26.4K"],
  [999999, "1M"],
  [350217607, "350.22M"],
  [-2.5e12, "-2.5T"],
])("short %d is %s", (value, want) => {
  expect(formatNumber(value, shortNumber)).toBe(want);
});

const number = (display: NumericFormat["NumberDisplayFormatConfiguration"]): NumericFormat => ({ NumberDisplayFormatConfiguration: display });

test.each<[string, NumericFormat, number | null, string]>([
  ["two decimals", number({ DecimalPlacesConfiguration: { DecimalPlaces: 2 } }), 6.895377, "6.90"],
  ["suffix", number({ Suffix: " min", DecimalPlacesConfiguration: { DecimalPlaces: 1 } }), 21.92, "21.9 min"],
  ["German", number({ SeparatorConfiguration: { DecimalSeparator: "COMMA" }, DecimalPlacesConfiguration: { DecimalPlaces: 2 } }), 1234.5, "1.234,50"],
  ["no grouping", number({ SeparatorConfiguration: { ThousandsSeparator: { Visibility: "HIDDEN" } } }), 2013000, "2013000"],
  ["lakhs", number({ SeparatorConfiguration: { ThousandsSeparator: { GroupingStyle: "LAKHS" } } }), 12345678, "1,23,45,678"],
  ["crores", number({ NumberScale: "CRORES" }), 25000000, "2.5Cr"],
  ["thousands", number({ NumberScale: "THOUSANDS", DecimalPlacesConfiguration: { DecimalPlaces: 0 } }), 336776, "337K"],
  ["parentheses", number({ NegativeValueConfiguration: { DisplayMode: "POSITIVE" } }), -12, "(12)"],
  ["null", number({ NullValueFormatConfiguration: { NullString: "–" } }), null, "–"],
  ["percent", { PercentageDisplayFormatConfiguration: {} }, 0.4567, "45.67%"],
  ["percent, no decimals", { PercentageDisplayFormatConfiguration: { DecimalPlacesConfiguration: { DecimalPlaces: 0 } } }, 1.5, "150%"],
  ["currency", { CurrencyDisplayFormatConfiguration: { Symbol: "EUR" } }, -1234.5, "-€1,234.50"],
  ["unknown currency", { CurrencyDisplayFormatConfiguration: { Symbol: "?" } }, 1, "?1.00"],
])("%s", (_, format, value, want) => {
  expect(formatNumber(value, numberStyle(format))).toBe(want);
});

test("nothing said keeps the base", () => {
  expect(numberStyle(undefined, shortNumber)).toBe(shortNumber);
  expect(numberStyle({}, plainNumber)).toBe(plainNumber);
});
