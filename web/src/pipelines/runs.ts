// What a workflow's run says about its nodes: their states, their times, what failed and where.

import type { Crawl, GraphNode, JobRun, WorkflowGraph, WorkflowRun } from "../api/glue";
import { notStarted, stateOf, type State } from "./status";

export interface NodeRun {
  id: string;
  kind: "JOB" | "CRAWLER" | "TRIGGER";
  name: string;
  /** Its name without the workflow's in front of it. */
  label: string;
  state: State;
  start: number | undefined;
  end: number | undefined;
  error: string | undefined;
  /** The latest attempt. */
  job: JobRun | undefined;
  crawl: Crawl | undefined;
  attempts: number;
  node: GraphNode;
}

export function readNodes(graph: WorkflowGraph | undefined, workflow: string): NodeRun[] {
  return (graph?.Nodes ?? []).map((node) => readNode(node, workflow));
}

function readNode(node: GraphNode, workflow: string): NodeRun {
  const name = node.Name ?? node.UniqueId ?? "";
  const base = {
    id: node.UniqueId ?? name, kind: node.Type ?? ("JOB" as const), name, label: shortName(name, workflow), state: notStarted,
    start: undefined, end: undefined, error: undefined, job: undefined, crawl: undefined, attempts: 0, node,
  };
  if (node.Type === "JOB") {
    const runs = (node.JobDetails?.JobRuns ?? []).toSorted((a, b) => (a.StartedOn ?? 0) - (b.StartedOn ?? 0) || (a.Attempt ?? 0) - (b.Attempt ?? 0));
    const job = runs.at(-1);
    if (!job) return base;
    return { ...base, state: stateOf(job.JobRunState), start: job.StartedOn, end: job.CompletedOn, error: job.ErrorMessage, job, attempts: runs.length };
  }
  if (node.Type === "CRAWLER") {
    const crawls = node.CrawlerDetails?.Crawls ?? [];
    const crawl = crawls.toSorted((a, b) => (a.StartedOn ?? 0) - (b.StartedOn ?? 0)).at(-1);
    if (!crawl) return base;
    return { ...base, state: stateOf(crawl.State), start: crawl.StartedOn, end: crawl.CompletedOn, error: crawl.ErrorMessage, crawl, attempts: crawls.length };
  }
  return base;
}

export function shortName(name: string, workflow: string): string {
  return name.length > workflow.length + 1 && name.startsWith(`${workflow}-`) ? name.slice(workflow.length + 1) : name;
}

/** Glue calls a run COMPLETED also when something in it failed: its figures tell. */
export function runState(run: WorkflowRun): State {
  const s = run.Statistics;
  const bad = (s?.FailedActions ?? 0) + (s?.ErroredActions ?? 0) + (s?.TimeoutActions ?? 0);
  if (run.Status === "COMPLETED" && bad > 0) return { tone: "bad", text: "Failed" };
  if (run.Status === "COMPLETED" && (s?.StoppedActions ?? 0) > 0) return { tone: "idle", text: "Stopped" };
  return stateOf(run.Status);
}

export function seconds(from: number | undefined, to: number | undefined, now: number): number | undefined {
  return from === undefined ? undefined : Math.max(0, (to ?? now / 1000) - from);
}

/** What went wrong, as far as its text can be taken apart. */
export interface Failure {
  message: string;
  /** The rest of a long text: a traceback. */
  detail: string | undefined;
  file: string | undefined;
  line: string | undefined;
  column: string | undefined;
  value: string | undefined;
}

export function readFailure(text: string): Failure {
  const whole = text.trim();
  const { message, detail, frame } = readTraceback(whole);
  // A script's error ends with its line as it stands there, whose addresses are not what went wrong.
  const said = message.replace(/(\([\w.-]+\.(?:py|sql|scala), line \d+): .*\)$/s, "$1)");
  const files = said.matchAll(/((?:s3:\/\/|[\w.-]+\/)[^\s,:;"']+\.\w+(?:\.\w+)?)(?:[:,]?\s*line\s+([\d,]+)|:(\d+))?/gi);
  const data = [...files].find((f) => !/\.(py|sql|scala)$/i.test(f[1] ?? ""));
  const script = /([\w./-]+\.(?:py|sql|scala))(?:,?\s+line\s+|:)(\d+)/i.exec(message);
  const file = data?.[1] ?? frame?.file ?? script?.[1];
  const line = data ? (data[2] ?? data[3] ?? /\bline\s+([\d,]+)/i.exec(message.slice(data.index + data[0].length))?.[1]) : (frame?.line ?? script?.[2]);
  const column = /\bcolumn\s+[`"']?([\w.]+)[`"']?/i.exec(message)?.[1];
  // Ours say `value "x"` or `"x" is not a number`; Python `invalid literal for int() with base 10: 'x'`.
  const value = /\bvalue\s+["'`]([^"'`]*)["'`]/i.exec(message)?.[1] ?? /["'`]([^"'`\n]{1,80})["'`] is not\b/i.exec(message)?.[1] ?? /\b(?:literal|convert)\b[^:\n]*:\s*["']([^"'\n]{1,80})["']/i.exec(message)?.[1];
  return { message, detail, file, line: line?.replace(/,/g, ""), column, value };
}

/** Of a Python traceback the last line says what, the last frame that is not a library's says where. */
function readTraceback(text: string): { message: string; detail: string | undefined; frame: { file: string; line: string } | undefined } {
  const at = text.indexOf("Traceback (most recent call last):");
  if (at < 0) return { message: text, detail: undefined, frame: undefined };
  const lines = text.slice(at).split("\n");
  const last = lines.findLast((l) => /^\S/.test(l) && !l.startsWith("Traceback")) ?? "";
  const before = text.slice(0, at).trim();
  const frames = [...text.slice(at).matchAll(/File "([^"]+)", line (\d+)/g)].map((f) => ({ file: f[1] ?? "", line: f[2] ?? "" })).filter((f) => !f.file.startsWith("<"));
  const frame = frames.findLast((f) => !/\/(lib\/python[\d.]*|site-packages|dist-packages|tarn_runner|awsglue)\//.test(f.file)) ?? frames.at(-1);
  return { message: [before, last].filter((l) => l !== "").join("\n") || text, detail: text.slice(at), frame };
}

/** Where a node is on the run's time line, as shares of it. */
export interface Span {
  node: NodeRun;
  left: number;
  width: number;
}

export interface Timeline {
  spans: Span[];
  total: number;
  /** Whole numbers of seconds to draw a line at. */
  ticks: number[];
}

export function timeline(nodes: readonly NodeRun[], run: WorkflowRun, now: number): Timeline {
  const acting = nodes.filter((n) => n.kind !== "TRIGGER");
  const starts = acting.map((n) => n.start).filter((s) => s !== undefined);
  const begin = Math.min(run.StartedOn ?? Infinity, ...starts);
  if (!Number.isFinite(begin)) return { spans: acting.map((node) => ({ node, left: 0, width: 0 })), total: 0, ticks: [] };
  const running = run.CompletedOn === undefined;
  const ends = acting.map((n) => n.end ?? (n.start === undefined || !running ? n.start : now / 1000)).filter((e) => e !== undefined);
  const finish = Math.max(running ? now / 1000 : (run.CompletedOn ?? begin), ...ends, begin + 0.001);
  const total = finish - begin;
  const spans = acting
    .map((node) => {
      if (node.start === undefined) return { node, left: 0, width: 0 };
      const end = node.end ?? (running ? now / 1000 : finish);
      return { node, left: (node.start - begin) / total, width: Math.max(0, end - node.start) / total };
    })
    .toSorted((a, b) => (a.node.start ?? Infinity) - (b.node.start ?? Infinity) || 0);
  return { spans, total, ticks: ticks(total) };
}

export function ticks(total: number): number[] {
  if (total <= 0) return [];
  const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400].find((s) => total / s <= 8) ?? total / 4;
  return Array.from({ length: Math.floor(total / step + 1e-9) + 1 }, (_, i) => Math.round(i * step * 10) / 10);
}
