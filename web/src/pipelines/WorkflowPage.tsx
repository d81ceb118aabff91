import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useMemo } from "react";
import { workflowQuery, workflowRunQuery, workflowRunsQuery, type WorkflowRun } from "../api/glue";
import { formatDuration, formatMoment } from "../format/datetime";
import { grouping } from "../format/number";
import { useNow } from "../shell/now";
import { CallError, Empty, Page, RowShapes, Shape } from "../shell/parts";
import { StartButton } from "./actions";
import "./pipelines.css";
import { readNodes, runState, seconds } from "./runs";
import { StateMark } from "./status";

const Graph = lazy(() => import("./Graph").then((m) => ({ default: m.Graph })));
const route = getRouteApi("/pipelines/$workflow");

export function WorkflowPage() {
  const { workflow } = route.useParams();
  const navigate = useNavigate();
  const definition = useQuery(workflowQuery(workflow));
  const runs = useQuery(workflowRunsQuery(workflow, 50));
  const latest = runs.data?.[0]?.WorkflowRunId;
  const run = useQuery({ ...workflowRunQuery(workflow, latest ?? ""), enabled: latest !== undefined });
  const running = (runs.data ?? []).some((r) => r.Status === "RUNNING");
  const now = useNow(running);

  // The graph of the latest run has states; without one it is the design.
  const graph = run.data?.Graph ?? definition.data?.Graph;
  const design = run.data?.Graph === undefined;
  const nodes = useMemo(() => readNodes(graph, workflow), [graph, workflow]);
  const waiting = definition.isPending || runs.isPending || (latest !== undefined && run.isPending);

  return (
    <Page
      crumbs={[<Link key="p" to="/pipelines">Pipelines</Link>]}
      title={workflow}
      testid="workflow-title"
      sub={definition.data?.Description}
      actions={<StartButton workflow={workflow} primary={!running} />}
    >
      {definition.isError ? (
        <CallError error={definition.error} what="This pipeline" retry={() => void definition.refetch()} />
      ) : (
        <div className="card">
          {waiting ? (
            <Shape height={260} style={{ borderRadius: 11 }} />
          ) : nodes.length === 0 ? (
            <Empty title="This workflow has no triggers yet">Its graph appears with the first trigger that starts a job or a crawler.</Empty>
          ) : (
            <Suspense fallback={<Shape height={260} style={{ borderRadius: 11 }} />}>
              <Graph
                graph={graph}
                nodes={nodes}
                now={now}
                design={design}
                onSelect={(node) => {
                  if (latest !== undefined) void navigate({ to: "/pipelines/$workflow/runs/$run", params: { workflow, run: latest }, search: { node } });
                }}
              />
            </Suspense>
          )}
        </div>
      )}
      <div className="card section">
        <header><h2>Runs</h2></header>
        {runs.isError ? (
          <div style={{ padding: 16 }}><CallError error={runs.error} what="The list of runs" retry={() => void runs.refetch()} /></div>
        ) : runs.isPending ? (
          <RowShapes count={5} />
        ) : runs.data.length === 0 ? (
          <Empty title="Not run yet" command={`aws glue start-workflow-run --name ${workflow}`}>Start it here with Run, or from a shell.</Empty>
        ) : (
          <table className="rows" style={{ marginTop: 4 }}>
            <thead><tr><th>Run</th><th>State</th><th>Started</th><th className="number">Took</th><th className="number">Done</th><th>Properties</th></tr></thead>
            <tbody>{runs.data.map((r) => <RunRow key={r.WorkflowRunId} workflow={workflow} run={r} now={now} />)}</tbody>
          </table>
        )}
      </div>
    </Page>
  );
}

function RunRow({ workflow, run, now }: { workflow: string; run: WorkflowRun; now: number }) {
  const navigate = useNavigate();
  const params = { workflow, run: run.WorkflowRunId ?? "" };
  const s = run.Statistics;
  return (
    <tr className="link" onClick={() => void navigate({ to: "/pipelines/$workflow/runs/$run", params })} data-testid={`run-${run.WorkflowRunId ?? ""}`}>
      <td className="mono"><Link to="/pipelines/$workflow/runs/$run" params={params}>{shortId(run.WorkflowRunId)}</Link></td>
      <td><StateMark state={runState(run)} /></td>
      <td className="number" style={{ textAlign: "left" }}>{formatMoment(run.StartedOn, now)}</td>
      <td className="number">{formatDuration(seconds(run.StartedOn, run.CompletedOn, now))}</td>
      <td className="number">{s?.TotalActions === undefined ? "–" : `${grouping(s.SucceededActions ?? 0)} of ${grouping(s.TotalActions)}`}</td>
      <td className="secondary"><div className="ellipsis" style={{ maxWidth: 420 }}>{Object.entries(run.WorkflowRunProperties ?? {}).map(([k, v]) => `${k}=${v}`).join(", ")}</div></td>
    </tr>
  );
}

/** The front of an id is enough to tell runs apart. */
export const shortId = (id: string | undefined): string => (id === undefined ? "–" : id.length > 16 ? `${id.slice(0, 13)}…` : id);
