import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { workflowRunsQuery, workflowsQuery } from "../api/glue";
import { formatAgo, formatDuration } from "../format/datetime";
import { useNow } from "../shell/now";
import { CallError, Empty, Page, RowShapes, Shape } from "../shell/parts";
import "./pipelines.css";
import { RunBars } from "./RunBars";
import { runState, seconds } from "./runs";
import { StateMark } from "./status";

export function PipelinesPage() {
  const answer = useQuery(workflowsQuery);
  return (
    <Page title="Pipelines">
      {answer.isError ? (
        <CallError error={answer.error} what="The list of pipelines" retry={() => void answer.refetch()} />
      ) : (
        <div className="card">
          {answer.isPending ? (
            <RowShapes count={3} height={30} />
          ) : answer.data.length === 0 ? (
            <Empty title="A pipeline is a folder with tarn.yaml" command="tarn apply">
              Apply one in its folder and it shows here, with its runs as they happen. Any other Glue workflow shows too.
            </Empty>
          ) : (
            <table className="rows">
              <thead><tr><th>Pipeline</th><th>Last runs</th><th>State</th><th>Started</th><th className="number">Took</th></tr></thead>
              <tbody>{answer.data.toSorted().map((name) => <PipelineRow key={name} name={name} />)}</tbody>
            </table>
          )}
        </div>
      )}
    </Page>
  );
}

function PipelineRow({ name }: { name: string }) {
  const runs = useQuery(workflowRunsQuery(name, 14));
  const navigate = useNavigate();
  const last = runs.data?.[0];
  const now = useNow(last?.Status === "RUNNING");
  const open = () => void navigate({ to: "/pipelines/$workflow", params: { workflow: name } });
  return (
    <tr className="link" onClick={open} data-testid={`pipeline-${name}`}>
      <td><Link to="/pipelines/$workflow" params={{ workflow: name }}>{name}</Link></td>
      {runs.isPending ? (
        <td colSpan={4}><Shape height={24} width={320} /></td>
      ) : runs.isError ? (
        <td colSpan={4} className="secondary">{runs.error.message}</td>
      ) : last ? (
        <>
          <td><RunBars workflow={name} runs={runs.data} now={now} /></td>
          <td><StateMark state={runState(last)} /></td>
          <td>{formatAgo(last.StartedOn, now)}</td>
          <td className="number">{formatDuration(seconds(last.StartedOn, last.CompletedOn, now))}</td>
        </>
      ) : (
        <td colSpan={4} className="secondary">No runs yet</td>
      )}
    </tr>
  );
}
