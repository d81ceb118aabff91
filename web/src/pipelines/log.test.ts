import { expect, test } from "vitest";
import { lineTone, logGroups } from "./log";

test.each([
  ["327,346 rows written", undefined],
  ["WARN clean_flights: 9,430 rows", "warn"],
  ["Traceback (most recent call last):", "bad"],
  ['  File "x.py", line 2, in f', "bad"],
  ["ValueError: bad", "bad"],
  ["pyspark.errors.AnalysisException: no", "bad"],
  ["26/11/25 ERROR Executor: gone", "bad"],
  ["no errors found", undefined],
])("%s", (line, want) => {
  expect(lineTone(line)).toBe(want);
});

test("groups of a run", () => {
  expect(logGroups("/aws-glue/python-jobs").map((g) => g.group)).toEqual(["/aws-glue/python-jobs/output", "/aws-glue/python-jobs/error"]);
  expect(logGroups("/aws-glue/jobs/output").map((g) => g.group)).toEqual(["/aws-glue/jobs/output", "/aws-glue/jobs/error"]);
  expect(logGroups(undefined)[0]?.group).toBe("/aws-glue/jobs/output");
});
