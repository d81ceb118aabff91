import { Link } from "@tanstack/react-router";
import type { WorkflowRun } from "../api/glue";
import { formatDuration, formatMoment } from "../format/datetime";
import { runState, seconds } from "./runs";

/** The last runs, oldest first: height is time taken, colour is how it ended. */
export function RunBars({ workflow, runs, now }: { workflow: string; runs: readonly WorkflowRun[]; now: number }) {
  const times = runs.map((r) => seconds(r.StartedOn, r.CompletedOn, now) ?? 0);
  const longest = Math.max(1, ...times);
  return (
    <div className="bars" role="group" aria-label="Last runs">
      {runs
        .map((run, i) => ({ run, took: times[i] ?? 0 }))
        .reverse()
        .map(({ run, took }) => {
          const state = runState(run);
          const label = `${state.text}, ${formatMoment(run.StartedOn, now)}, ${formatDuration(took)}`;
          return (
            <Link
              key={run.WorkflowRunId}
              to="/pipelines/$workflow/runs/$run"
              params={{ workflow, run: run.WorkflowRunId ?? "" }}
              className={state.tone}
              style={{ height: `${Math.max(18, (took / longest) * 100)}%` }}
              title={label}
              aria-label={label}
              onClick={(e) => e.stopPropagation()}
            />
          );
        })}
    </div>
  );
}
