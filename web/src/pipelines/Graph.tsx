import "@xyflow/react/dist/style.css";
import { Background, Controls, Handle, Position, ReactFlow, type Edge, type Node, type NodeProps } from "@xyflow/react";
import { useMemo } from "react";
import type { WorkflowGraph } from "../api/glue";
import { formatDuration } from "../format/datetime";
import { useDark } from "../shell/mode";
import { placeGraph, triggerLabel } from "./graph";
import { seconds, type NodeRun } from "./runs";
import { StateMark } from "./status";

type Flow = Node<{ node: NodeRun; now: number; selected: boolean; design: boolean }>;

function ActionNode({ data }: NodeProps<Flow>) {
  const { node, now, selected, design } = data;
  const took = seconds(node.start, node.end, now);
  return (
    <div className={`node ${design ? "" : node.state.tone} ${selected ? "selected" : ""}`} title={node.name} data-testid={`node-${node.name}`} data-state={node.state.text}>
      <Handle type="target" position={Position.Left} isConnectable={false} />
      <div className="node-kind">{node.kind === "JOB" ? "Job" : "Crawler"}{node.attempts > 1 ? ` · attempt ${node.attempts}` : ""}</div>
      <div className="node-name ellipsis">{node.label}</div>
      {!design && (
        <div className="node-state">
          <StateMark state={node.state} />
          {took !== undefined && <span className="secondary">{formatDuration(took)}</span>}
        </div>
      )}
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </div>
  );
}

function TriggerNode({ data }: NodeProps<Flow>) {
  return (
    <div className="node-trigger" title={`Trigger ${data.node.name}`}>
      <Handle type="target" position={Position.Left} isConnectable={false} />
      <span className="ellipsis">{triggerLabel(data.node)}</span>
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </div>
  );
}

const kinds = { action: ActionNode, trigger: TriggerNode };

export function Graph({ graph, nodes, now, selected, design = false, onSelect }: {
  graph: WorkflowGraph | undefined; nodes: readonly NodeRun[]; now: number; selected?: string | undefined; design?: boolean; onSelect?: (id: string) => void;
}) {
  const dark = useDark();
  const placed = useMemo(() => placeGraph(graph, nodes), [graph, nodes]);
  const flow: Flow[] = placed.nodes.map((p) => ({
    id: p.node.id,
    type: p.node.kind === "TRIGGER" ? "trigger" : "action",
    position: { x: p.x, y: p.y },
    width: p.width,
    height: p.height,
    data: { node: p.node, now, selected: p.node.id === selected, design },
    draggable: false,
    connectable: false,
    focusable: p.node.kind !== "TRIGGER",
    ariaLabel: p.node.kind === "TRIGGER" ? `Trigger, ${triggerLabel(p.node)}` : `${p.node.label}, ${p.node.state.text}`,
  }));
  const edges: Edge[] = placed.edges.map((e) => ({
    id: e.id, source: e.source, target: e.target, animated: e.live, focusable: false, selectable: false,
    style: { stroke: e.done ? "var(--accent-line)" : "var(--line)", strokeWidth: 1.6 },
  }));
  const height = Math.min(420, Math.max(170, placed.height + 30));
  return (
    <div className="graph" style={{ height }} data-testid="graph">
      <ReactFlow
        // Another set of nodes is another picture: it is fitted anew.
        key={placed.nodes.map((n) => n.node.id).join()}
        nodes={flow}
        edges={edges}
        nodeTypes={kinds}
        colorMode={dark ? "dark" : "light"}
        fitView
        fitViewOptions={{ padding: 0.06, maxZoom: 1 }}
        minZoom={0.2}
        maxZoom={1.5}
        nodesDraggable={false}
        nodesConnectable={false}
        deleteKeyCode={null}
        zoomOnScroll={false}
        preventScrolling={false}
        proOptions={{ hideAttribution: true }}
        onNodeClick={(_, n) => {
          if (n.data.node.kind !== "TRIGGER") onSelect?.(n.id);
        }}
        onNodesChange={(changes) => {
          for (const c of changes) if (c.type === "select" && c.selected && placed.nodes.some((p) => p.node.id === c.id && p.node.kind !== "TRIGGER")) onSelect?.(c.id);
        }}
      >
        <Background gap={20} size={1} color="var(--grid)" />
        <Controls showInteractive={false} position="bottom-right" orientation="horizontal" />
      </ReactFlow>
    </div>
  );
}
