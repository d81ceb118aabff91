import { expect, test } from "vitest";
import { concerns } from "./events";

test.each([
  [["glue.workflow"], "glue.workflow", true],
  [["glue.workflow"], "glue.workflow.run", true],
  [["glue.job"], "glue.jobs", false],
  [["glue.workflow.run"], "glue.workflow", false],
  [["glue.table", "glue.partition"], "glue.partition", true],
  [[], "glue.table", false],
  [undefined, "glue.table", false],
])("%j watches %s: %s", (watches, kind, want) => {
  expect(concerns(watches, kind)).toBe(want);
});
