import { expect, test } from "vitest";
import type { WorkflowRun } from "../api/glue";
import { readFailure, readNodes, runState, shortName, ticks, timeline } from "./runs";

test.each([
  [
    's3://flights/raw/flights/flights-07.csv.gz, line 18,204, column dep_time: "24:7O" is not a number (clean_flights.py, line 12)',
    { file: "s3://flights/raw/flights/flights-07.csv.gz", line: "18204", column: "dep_time", value: "24:7O" },
  ],
  ["raw/flights/f.csv:14: invalid value 'x' in column \"hour\"", { file: "raw/flights/f.csv", line: "14", column: "hour", value: "x" }],
  ["delays.sql:3: no table raw.fligths", { file: "delays.sql", line: "3", column: undefined, value: undefined }],
  ['KeyError: ZZ (clean_flights.py, line 7: spark.read.csv("s3://lake/raw/a.csv"))', { file: "clean_flights.py", line: "7", column: undefined, value: undefined }],
  ["ValueError: invalid literal for int() with base 10: '24:7O' (clean_flights.py, line 39)", { file: "clean_flights.py", line: "39", column: undefined, value: "24:7O" }],
  ["Access denied.", { file: undefined, line: undefined, column: undefined, value: undefined }],
])("%s", (text, want) => {
  expect(readFailure(text)).toEqual({ message: text, detail: undefined, ...want });
});

test("a traceback says what and where, without the libraries", () => {
  const trace = [
    "Traceback (most recent call last):", '  File "<frozen runpy>", line 198, in _run_module_as_main', '  File "/data/scripts/clean_flights.py", line 12, in <module>',
    '    out.write()', '  File "/usr/lib/python3.11/site-packages/pyspark/sql/readwriter.py", line 1461, in save', "pyspark.errors.AnalysisException: no such column dep_tme", "",
  ].join("\n");
  expect(readFailure(`the script failed: ${trace}`)).toEqual({
    message: "the script failed:\npyspark.errors.AnalysisException: no such column dep_tme", detail: trace.trim(), file: "/data/scripts/clean_flights.py", line: "12", column: "dep_tme", value: undefined,
  });
});

test("the latest attempt is what a node shows", () => {
  const [node] = readNodes({ Nodes: [{ Type: "JOB", Name: "flights-delays", UniqueId: "n", JobDetails: { JobRuns: [
    { Id: "b", Attempt: 1, JobRunState: "SUCCEEDED", StartedOn: 20, CompletedOn: 25 }, { Id: "a", Attempt: 0, JobRunState: "FAILED", StartedOn: 10, CompletedOn: 12, ErrorMessage: "x" },
  ] } }] }, "flights");
  expect(node).toMatchObject({ label: "delays", state: { tone: "good" }, start: 20, end: 25, error: undefined, attempts: 2 });
});

test("a completed run with a failed action has failed", () => {
  expect(runState({ Status: "COMPLETED", Statistics: { FailedActions: 1 } }).text).toBe("Failed");
  expect(runState({ Status: "COMPLETED", Statistics: { SucceededActions: 7 } }).text).toBe("Succeeded");
  expect(runState({ Status: "RUNNING" }).tone).toBe("busy");
  expect(runState({ Status: "STOPPED" }).text).toBe("Stopped");
});

test("names lose their workflow's", () => {
  expect(shortName("flights-delays", "flights")).toBe("delays");
  expect(shortName("flights", "flights")).toBe("flights");
  expect(shortName("flightsdelays", "flights")).toBe("flightsdelays");
});

test("spans are shares of the run; what runs reaches to now", () => {
  const run: WorkflowRun = { StartedOn: 100, Status: "RUNNING" };
  const nodes = readNodes({ Nodes: [
    { Type: "TRIGGER", Name: "t", UniqueId: "t" },
    { Type: "JOB", Name: "b", UniqueId: "b", JobDetails: { JobRuns: [{ JobRunState: "RUNNING", StartedOn: 110 }] } },
    { Type: "CRAWLER", Name: "a", UniqueId: "a", CrawlerDetails: { Crawls: [{ State: "SUCCEEDED", StartedOn: 100, CompletedOn: 105 }] } },
    { Type: "JOB", Name: "c", UniqueId: "c", JobDetails: { JobRuns: [] } },
  ] }, "w");
  const { spans, total } = timeline(nodes, run, 120_000);
  expect(total).toBe(20);
  expect(spans.map((s) => [s.node.id, s.left, s.width])).toEqual([["a", 0, 0.25], ["b", 0.5, 0.5], ["c", 0, 0]]);
});

test.each([[0, []], [0.7, [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]], [39, [0, 5, 10, 15, 20, 25, 30, 35]], [400, [0, 60, 120, 180, 240, 300, 360]]])("ticks of %d s", (total, want) => {
  expect(ticks(total)).toEqual(want);
});
