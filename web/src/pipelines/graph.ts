// Where a workflow's nodes go: left to right, as dagre ranks them.

import dagre from "@dagrejs/dagre";
import type { WorkflowGraph } from "../api/glue";
import type { NodeRun } from "./runs";

export interface Placed {
  node: NodeRun;
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface PlacedGraph {
  nodes: Placed[];
  edges: { id: string; source: string; target: string; live: boolean; done: boolean }[];
  width: number;
  height: number;
}

const sizes = { JOB: { width: 180, height: 62 }, CRAWLER: { width: 180, height: 62 }, TRIGGER: { width: 76, height: 28 } };

export function placeGraph(graph: WorkflowGraph | undefined, nodes: readonly NodeRun[]): PlacedGraph {
  const g = new dagre.graphlib.Graph();
  g.setGraph({ rankdir: "LR", ranksep: 28, nodesep: 18, marginx: 16, marginy: 16 });
  g.setDefaultEdgeLabel(() => ({}));
  const byId = new Map(nodes.map((n) => [n.id, n]));
  for (const n of nodes) g.setNode(n.id, { ...sizes[n.kind] });
  const edges = (graph?.Edges ?? []).filter((e) => byId.has(e.SourceId ?? "") && byId.has(e.DestinationId ?? ""));
  for (const e of edges) g.setEdge(e.SourceId ?? "", e.DestinationId ?? "");
  dagre.layout(g);
  const started = (id: string) => {
    const n = byId.get(id);
    if (!n) return false;
    if (n.kind !== "TRIGGER") return n.start !== undefined;
    // A trigger has fired when something that it starts has started.
    return edges.some((e) => e.SourceId === id && byId.get(e.DestinationId ?? "")?.start !== undefined);
  };
  const total = g.graph() as { width?: number; height?: number };
  return {
    nodes: nodes.map((node) => {
      const { x, y, width, height } = g.node(node.id) as { x: number; y: number; width: number; height: number };
      return { node, x: x - width / 2, y: y - height / 2, width, height };
    }),
    edges: edges.map((e) => {
      const source = e.SourceId ?? "";
      const target = e.DestinationId ?? "";
      return { id: `${source}>${target}`, source, target, live: byId.get(target)?.state.tone === "busy" || byId.get(source)?.state.tone === "busy", done: started(source) && started(target) };
    }),
    width: total.width ?? 0,
    height: total.height ?? 0,
  };
}

/** What a trigger waits for, in a word. */
export function triggerLabel(node: NodeRun): string {
  const trigger = node.node.TriggerDetails?.Trigger;
  switch (trigger?.Type) {
    case "ON_DEMAND": return "start";
    case "SCHEDULED": return trigger.Schedule?.replace(/^cron\((.*)\)$/, "$1") ?? "schedule";
    case "EVENT": return "event";
    case "CONDITIONAL": return trigger.Predicate?.Logical === "ANY" ? "any of" : "when all";
    default: return "trigger";
  }
}
