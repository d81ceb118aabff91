import { expect, test } from "vitest";
import { defaultPattern, formatAgo, formatDateTime, formatDuration, formatMoment, isoDate, parseDateTime } from "./datetime";

test.each([
  ["2013-01-01", Date.UTC(2013, 0, 1)],
  ["2013-01-01T05:06:07", Date.UTC(2013, 0, 1, 5, 6, 7)],
  ["2013-01-01 05:06:07.250", Date.UTC(2013, 0, 1, 5, 6, 7, 250)],
  ["2013-01-01T00:00:00Z", Date.UTC(2013, 0, 1)],
  ["2013-01-01T00:00:00+02:00", Date.UTC(2012, 11, 31, 22)],
  [1356998400, Date.UTC(2013, 0, 1)],
  ["yesterday", undefined],
  [null, undefined],
])("%s", (text, want) => {
  expect(parseDateTime(text)).toBe(want);
});

test.each([
  ["YYYY-MM-DD", "2013-03-09"],
  ["MMM D, YYYY h:mm a", "Mar 9, 2013 5:07 pm"],
  ["[Q]Q YYYY", "Q1 2013"],
  ["dddd D MMMM YY", "Saturday 9 March 13"],
  ["HH:mm:ss.SSS", "17:07:08.009"],
  ["[at] hh A", "at 05 PM"],
])("%s", (pattern, want) => {
  expect(formatDateTime(Date.UTC(2013, 2, 9, 17, 7, 8, 9), pattern)).toBe(want);
});

test("patterns by granularity", () => {
  const at = Date.UTC(2013, 10, 5, 13, 45);
  expect(formatDateTime(at, defaultPattern("YEAR"))).toBe("2013");
  expect(formatDateTime(at, defaultPattern("QUARTER"))).toBe("Q4 2013");
  expect(formatDateTime(at, defaultPattern("MONTH"))).toBe("Nov 2013");
  expect(formatDateTime(at, defaultPattern("DAY"))).toBe("Nov 5, 2013");
  expect(formatDateTime(at, defaultPattern("HOUR"))).toBe("Nov 5, 2013 1:45 pm");
  expect(isoDate(at)).toBe("2013-11-05");
});

test.each([
  [0.84, "0.84 s"], [3.21, "3.2 s"], [12.4, "12 s"], [245, "4 min 05 s"], [7380, "2 h 03 min"], [59.7, "1 min 00 s"], [undefined, "–"],
])("duration %s", (seconds, want) => {
  expect(formatDuration(seconds)).toBe(want);
});

test("moments and ages", () => {
  const now = new Date(2026, 10, 25, 14, 0, 0).getTime();
  const before = (s: number) => now / 1000 - s;
  expect(formatAgo(before(5), now)).toBe("just now");
  expect(formatAgo(before(60), now)).toBe("1 min ago");
  expect(formatAgo(before(7200), now)).toBe("2 h ago");
  expect(formatAgo(before(90000), now)).toBe("yesterday");
  expect(formatAgo(before(86400 * 3), now)).toBe("3 days ago");
  expect(formatAgo(undefined, now)).toBe("never");
  expect(formatMoment(before(60), now)).toBe("Nov 25, 13:59:00");
  expect(formatMoment(before(86400 * 365), now)).toBe("Nov 25, 2025, 14:00:00");
});
