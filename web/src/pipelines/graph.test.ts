import { expect, test } from "vitest";
import type { WorkflowGraph } from "../api/glue";
import { placeGraph, triggerLabel } from "./graph";
import { readNodes } from "./runs";

const graph: WorkflowGraph = {
  Nodes: [
    { Type: "TRIGGER", Name: "start", UniqueId: "t", TriggerDetails: { Trigger: { Type: "ON_DEMAND" } } },
    { Type: "CRAWLER", Name: "crawl", UniqueId: "c", CrawlerDetails: { Crawls: [{ State: "SUCCEEDED", StartedOn: 1, CompletedOn: 2 }] } },
    { Type: "TRIGGER", Name: "then", UniqueId: "u", TriggerDetails: { Trigger: { Type: "CONDITIONAL", Predicate: { Logical: "AND" } } } },
    { Type: "JOB", Name: "a", UniqueId: "a", JobDetails: { JobRuns: [{ JobRunState: "RUNNING", StartedOn: 3 }] } },
    { Type: "JOB", Name: "b", UniqueId: "b" },
  ],
  Edges: [{ SourceId: "t", DestinationId: "c" }, { SourceId: "c", DestinationId: "u" }, { SourceId: "u", DestinationId: "a" }, { SourceId: "u", DestinationId: "b" }, { SourceId: "u", DestinationId: "gone" }],
};

test("left to right, nothing on top of another", () => {
  const { nodes, edges, width, height } = placeGraph(graph, readNodes(graph, "w"));
  const at = Object.fromEntries(nodes.map((n) => [n.node.id, n]));
  expect(at.t!.x).toBeLessThan(at.c!.x);
  expect(at.c!.x).toBeLessThan(at.a!.x);
  expect(at.a!.x).toBe(at.b!.x);
  expect(Math.abs(at.a!.y - at.b!.y)).toBeGreaterThanOrEqual(62);
  for (const n of nodes) expect(n.x >= 0 && n.y >= 0 && n.x + n.width <= width && n.y + n.height <= height).toBe(true);
  expect(edges.map((e) => [e.id, e.live, e.done])).toEqual([["t>c", false, true], ["c>u", false, true], ["u>a", true, true], ["u>b", false, false]]);
});

test("triggers say what they wait for", () => {
  expect(readNodes(graph, "w").filter((n) => n.kind === "TRIGGER").map(triggerLabel)).toEqual(["start", "when all"]);
});

test("no graph is an empty one", () => {
  expect(placeGraph(undefined, [])).toMatchObject({ nodes: [], edges: [] });
});
