// Dates and times. Values of dashboards are zone-less, as QuickSight's are; times of runs are shown
// in the reader's own zone.

import type { TimeGranularity } from "../dashboards/definition";

const months = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/** Reads an ISO date or date-time as if it were UTC; milliseconds since 1970, or undefined. */
export function parseDateTime(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? (Math.abs(value) < 1e11 ? value * 1000 : value) : undefined;
  if (typeof value !== "string") return undefined;
  const m = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?(Z|[+-]\d{2}:?\d{2})?$/.exec(value);
  if (!m) return undefined;
  const part = (i: number) => Number(m[i] ?? 0);
  const ms = Date.UTC(part(1), part(2) - 1, part(3), part(4), part(5), part(6), Math.floor(Number(`0.${m[7] ?? "0"}`) * 1000));
  const zone = /^([+-])(\d{2}):?(\d{2})$/.exec(m[8] ?? "");
  if (!zone) return ms;
  return ms - (zone[1] === "-" ? -1 : 1) * (Number(zone[2]) * 60 + Number(zone[3])) * 60_000;
}

export function defaultPattern(granularity: TimeGranularity | undefined): string {
  switch (granularity) {
    case "YEAR": return "YYYY";
    case "QUARTER": return "[Q]Q YYYY";
    case "MONTH": return "MMM YYYY";
    case "HOUR": case "MINUTE": return "MMM D, YYYY h:mm a";
    case "SECOND": case "MILLISECOND": return "MMM D, YYYY h:mm:ss a";
    default: return "MMM D, YYYY";
  }
}

const token = /\[([^\]]*)\]|YYYY|YY|Q|MMMM|MMM|MM|M|DD|D|dddd|ddd|dd|d|HH|H|hh|h|mm|m|ss|s|SSS|A|a/g;

/** Formats zone-less milliseconds by moment's tokens, as QuickSight's DateTimeFormat has them. */
export function formatDateTime(ms: number, pattern: string): string {
  const d = new Date(ms);
  const hour = d.getUTCHours();
  const two = (n: number) => String(n).padStart(2, "0");
  const twelve = hour % 12 === 0 ? 12 : hour % 12;
  return pattern.replace(token, (t: string, literal: string | undefined) => {
    if (literal !== undefined) return literal;
    switch (t) {
      case "YYYY": return String(d.getUTCFullYear()).padStart(4, "0");
      case "YY": return two(d.getUTCFullYear() % 100);
      case "Q": return String(Math.floor(d.getUTCMonth() / 3) + 1);
      case "MMMM": return months[d.getUTCMonth()] ?? "";
      case "MMM": return (months[d.getUTCMonth()] ?? "").slice(0, 3);
      case "MM": return two(d.getUTCMonth() + 1);
      case "M": return String(d.getUTCMonth() + 1);
      case "DD": return two(d.getUTCDate());
      case "D": return String(d.getUTCDate());
      case "dddd": return days[d.getUTCDay()] ?? "";
      case "ddd": return (days[d.getUTCDay()] ?? "").slice(0, 3);
      case "dd": return (days[d.getUTCDay()] ?? "").slice(0, 2);
      case "d": return String(d.getUTCDay());
      case "HH": return two(hour);
      case "H": return String(hour);
      case "hh": return two(twelve);
      case "h": return String(twelve);
      case "mm": return two(d.getUTCMinutes());
      case "m": return String(d.getUTCMinutes());
      case "ss": return two(d.getUTCSeconds());
      case "s": return String(d.getUTCSeconds());
      case "SSS": return String(d.getUTCMilliseconds()).padStart(3, "0");
      case "A": return hour < 12 ? "AM" : "PM";
      case "a": return hour < 12 ? "am" : "pm";
      default: return t;
    }
  });
}

/** "2013-02-01" of zone-less milliseconds. */
export const isoDate = (ms: number): string => formatDateTime(ms, "YYYY-MM-DD");

/** A moment in the reader's zone: "Nov 25, 14:03:07", with the year when it is another one. */
export function formatMoment(seconds: number | undefined, now: number): string {
  if (seconds === undefined) return "–";
  const at = new Date(seconds * 1000);
  const sameYear = at.getFullYear() === new Date(now).getFullYear();
  return new Intl.DateTimeFormat("en-US", {
    month: "short", day: "numeric", ...(sameYear ? {} : { year: "numeric" }), hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
  }).format(at);
}

/** "just now", "4 min ago", "yesterday", then the date. */
export function formatAgo(seconds: number | undefined, now: number): string {
  if (seconds === undefined) return "never";
  const past = Math.max(0, now / 1000 - seconds);
  if (past < 45) return "just now";
  if (past < 3600) return `${Math.max(1, Math.round(past / 60))} min ago`;
  if (past < 86400) return `${Math.round(past / 3600)} h ago`;
  if (past < 2 * 86400) return "yesterday";
  if (past < 14 * 86400) return `${Math.floor(past / 86400)} days ago`;
  return new Intl.DateTimeFormat("en-US", { month: "short", day: "numeric", year: "numeric" }).format(new Date(seconds * 1000));
}

/** 0.84 s, 12.3 s, 4 min 05 s, 2 h 03 min. */
export function formatDuration(seconds: number | undefined): string {
  if (seconds === undefined || Number.isNaN(seconds)) return "–";
  if (seconds < 10) return `${Math.max(0, seconds).toFixed(seconds < 1 ? 2 : 1)} s`;
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")} min`;
}
