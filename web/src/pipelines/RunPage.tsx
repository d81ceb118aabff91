import Button from "@cloudscape-design/components/button";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { lazy, Suspense, useMemo, type ReactNode } from "react";
import { jobQuery, workflowRunQuery, type WorkflowRun } from "../api/glue";
import { formatDuration, formatMoment } from "../format/datetime";
import { grouping } from "../format/number";
import { useNow } from "../shell/now";
import { CallError, ErrorCard, Page, RowShapes, Shape, type Fact } from "../shell/parts";
import { ResumeButton, StartButton, StopButton } from "./actions";
import { Log } from "./Log";
import { logGroups } from "./log";
import "./pipelines.css";
import { readFailure, readNodes, runState, seconds, timeline, type NodeRun } from "./runs";
import { StateMark } from "./status";

const Graph = lazy(() => import("./Graph").then((m) => ({ default: m.Graph })));
const route = getRouteApi("/pipelines/$workflow/runs/$run");

export function RunPage() {
  const { workflow, run: id } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const answer = useQuery(workflowRunQuery(workflow, id));
  const run = answer.data;
  const live = run?.Status === "RUNNING" || run?.Status === "STOPPING";
  const now = useNow(live);
  const nodes = useMemo(() => readNodes(run?.Graph, workflow), [run, workflow]);
  const acting = nodes.filter((n) => n.kind !== "TRIGGER");
  const failed = acting.filter((n) => n.state.tone === "bad");
  // What the reader looks for first: what failed, else what runs, else what ran last.
  const selected =
    acting.find((n) => n.id === search.node) ?? failed[0] ?? acting.find((n) => n.state.tone === "busy") ??
    acting.filter((n) => n.start !== undefined).toSorted((a, b) => (a.start ?? 0) - (b.start ?? 0)).at(-1);
  const select = (node: string) => void navigate({ search: { node }, replace: true, resetScroll: false });
  const crumbs = [<Link key="p" to="/pipelines">Pipelines</Link>, <Link key="w" to="/pipelines/$workflow" params={{ workflow }}>{workflow}</Link>];

  if (answer.isPending) {
    return <Page crumbs={crumbs} title={<Shape height={30} width={260} />}><Shape height={220} style={{ borderRadius: 12 }} /><div className="card section"><RowShapes count={5} /></div></Page>;
  }
  if (answer.isError || !run) {
    return <Page crumbs={crumbs} title="Run"><CallError error={answer.error} what="This run" retry={() => void answer.refetch()} /></Page>;
  }
  return (
    <Page
      crumbs={crumbs}
      title={<>Run of {formatMoment(run.StartedOn, now)}</>}
      testid="run-title"
      sub={
        <span className="run-head">
          <StateMark state={runState(run)} testid="run-state" />
          <span>{formatDuration(seconds(run.StartedOn, run.CompletedOn, now))}</span>
          <span className="mono">{run.WorkflowRunId}</span>
        </span>
      }
      actions={live ? <StopButton workflow={workflow} run={id} /> : <StartButton workflow={workflow} primary={failed.length === 0} />}
    >
      {failed.length > 0 && <FailureCard workflow={workflow} run={run} failed={failed} live={live} selected={selected} onOpen={select} />}
      {failed.length === 0 && run.ErrorMessage !== undefined && run.ErrorMessage !== "" && <ErrorCard title="The run ended with an error" message={run.ErrorMessage} />}
      <div className={`card ${failed.length > 0 ? "section" : ""}`}>
        <Suspense fallback={<Shape height={220} style={{ borderRadius: 11 }} />}>
          <Graph graph={run.Graph} nodes={nodes} now={now} selected={selected?.id} onSelect={select} />
        </Suspense>
      </div>
      <div className="card section">
        <header><h2>Timeline</h2></header>
        <TimelineRows nodes={nodes} run={run} now={now} selected={selected?.id} onSelect={select} />
      </div>
      {selected && <NodeCard key={selected.id} node={selected} now={now} />}
    </Page>
  );
}

function FailureCard({ workflow, run, failed, live, selected, onOpen }: {
  workflow: string; run: WorkflowRun; failed: readonly NodeRun[]; live: boolean; selected: NodeRun | undefined; onOpen: (node: string) => void;
}) {
  const node = failed.find((n) => n.id === selected?.id) ?? failed[0];
  if (!node) return null;
  const failure = readFailure(node.error ?? "");
  const facts: Fact[] = [];
  if (failure.file !== undefined) facts.push({ name: "File", value: <span className="mono" data-testid="error-file">{failure.file}</span> });
  if (failure.line !== undefined) facts.push({ name: "Line", value: <span data-testid="error-line">{grouping(Number(failure.line))}</span> });
  if (failure.column !== undefined) facts.push({ name: "Column", value: <span className="mono">{failure.column}</span> });
  if (failure.value !== undefined) facts.push({ name: "Value", value: <mark className="mono" data-testid="error-value">{failure.value}</mark> });
  const others = failed.filter((n) => n.id !== node.id);
  return (
    <ErrorCard
      title={`${node.label} ${node.state.text === "Timed out" ? "timed out" : "failed"}`}
      message={failure.message === "" ? "It left no message: its log says more." : failure.message}
      facts={facts}
      hint={(failure.detail !== undefined || others.length > 0) && (
        <>
          {failure.detail !== undefined && <details className="trace"><summary>Traceback</summary><pre>{failure.detail}</pre></details>}
          {others.length > 0 && (
          <>Also failed: {others.map((n, i) => <span key={n.id}>{i > 0 && ", "}<a href={`?node=${n.id}`} onClick={(e) => { e.preventDefault(); onOpen(n.id); }}>{n.label}</a></span>)}</>
          )}
        </>
      )}
      action={
        live ? (
          <Button variant="primary" onClick={() => { onOpen(node.id); document.getElementById("node-log")?.scrollIntoView({ behavior: "smooth" }); }}>Show its log</Button>
        ) : (
          <ResumeButton workflow={workflow} run={run.WorkflowRunId ?? ""} nodes={failed.map((n) => n.id)} />
        )
      }
    />
  );
}

function TimelineRows({ nodes, run, now, selected, onSelect }: { nodes: readonly NodeRun[]; run: WorkflowRun; now: number; selected: string | undefined; onSelect: (id: string) => void }) {
  const { spans, total, ticks } = timeline(nodes, run, now);
  return (
    <div className="timeline" data-testid="timeline">
      {spans.map(({ node, left, width }) => (
        <button key={node.id} type="button" className={`timeline-row ${node.id === selected ? "selected" : ""}`} aria-pressed={node.id === selected} onClick={() => onSelect(node.id)}>
          <span className="timeline-name"><StateMark state={node.state} iconOnly /><span className="ellipsis">{node.label}</span></span>
          <span className="timeline-track">
            {node.start !== undefined && <span className={`timeline-bar ${node.state.tone}`} style={{ left: `${left * 100}%`, width: `${width * 100}%` }} />}
          </span>
          <span className="number secondary">{node.start === undefined ? "" : formatDuration(seconds(node.start, node.end, now))}</span>
        </button>
      ))}
      <div className="timeline-ticks" aria-hidden="true"><div>{ticks.map((t) => <span key={t} style={{ left: `${(t / total) * 100}%` }}>{t < 60 ? `${t} s` : formatDuration(t)}</span>)}</div></div>
    </div>
  );
}

function NodeCard({ node, now }: { node: NodeRun; now: number }) {
  const job = useQuery({ ...jobQuery(node.name), enabled: node.kind === "JOB" });
  const live = node.state.tone === "busy";
  const run = node.job;
  const facts: [string, ReactNode][] = [
    ["State", <StateMark key="s" state={node.state} testid="node-state" />],
    ["Started", formatMoment(node.start, now)],
    ["Took", formatDuration(seconds(node.start, node.end, now))],
  ];
  if (run) {
    if (node.attempts > 1) facts.push(["Attempts", node.attempts]);
    if (run.WorkerType !== undefined) facts.push(["Workers", `${run.NumberOfWorkers ?? 1} × ${run.WorkerType}`]);
    if (run.GlueVersion !== undefined) facts.push(["Glue", run.GlueVersion]);
    if (run.DPUSeconds !== undefined) facts.push(["DPU seconds", grouping(run.DPUSeconds)]);
    if (run.StateDetail !== undefined) facts.push(["Detail", run.StateDetail]);
  }
  const script = job.data?.Command?.ScriptLocation;
  if (script !== undefined) facts.push(["Script", <span key="x" className="mono">{script}</span>]);
  if (run?.Id !== undefined) facts.push(["Job run", <span key="r" className="mono">{run.Id}</span>]);

  const stream = run?.Id ?? node.crawl?.LogStream;
  const sources = run ? logGroups(run.LogGroupName) : node.crawl?.LogGroup !== undefined ? [{ name: "Log", group: node.crawl.LogGroup }] : [];
  return (
    <div className="card section" id="node-log" data-testid="node-card">
      <header><h2>{node.label}</h2><span className="secondary">{node.kind === "JOB" ? "Job" : "Crawler"} {node.name !== node.label && <span className="mono">{node.name}</span>}</span></header>
      <dl className="facts">{facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>
      {run?.Arguments && Object.keys(run.Arguments).length > 0 && (
        <details className="arguments">
          <summary>Arguments ({Object.keys(run.Arguments).length})</summary>
          <dl className="facts">{Object.entries(run.Arguments).map(([name, value]) => <div key={name}><dt className="mono">{name}</dt><dd className="mono">{value}</dd></div>)}</dl>
        </details>
      )}
      {stream !== undefined && sources.length > 0
        ? <Log sources={sources} stream={stream} live={live} />
        : <div className="note" style={{ padding: "0 16px 14px" }}>{node.start === undefined ? "It has not started in this run." : "It keeps no log."}</div>}
    </div>
  );
}
