import Button from "@cloudscape-design/components/button";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { asApiError } from "../api/client";
import { resumeWorkflowRun, startWorkflowRun, stopWorkflowRun } from "../api/glue";

// Each ends on the page of the run it made.
function useRunAction(workflow: string, act: () => Promise<string | undefined>) {
  const client = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: act,
    onSuccess: async (run) => {
      await client.invalidateQueries({ queryKey: ["glue", "workflow", workflow] });
      if (run !== undefined) await navigate({ to: "/pipelines/$workflow/runs/$run", params: { workflow, run } });
    },
  });
}

export function StartButton({ workflow, primary }: { workflow: string; primary: boolean }) {
  const start = useRunAction(workflow, async () => (await startWorkflowRun(workflow)).RunId);
  return (
    <>
      {start.isError && <span className="state bad" role="alert">{asApiError(start.error).message}</span>}
      <Button variant={primary ? "primary" : "normal"} iconName="caret-right-filled" loading={start.isPending} onClick={() => start.mutate()} data-testid="start-run">Run</Button>
    </>
  );
}

export function StopButton({ workflow, run }: { workflow: string; run: string }) {
  const stop = useRunAction(workflow, async () => {
    await stopWorkflowRun(workflow, run);
    return undefined;
  });
  return (
    <>
      {stop.isError && <span className="state bad" role="alert">{asApiError(stop.error).message}</span>}
      <Button loading={stop.isPending} onClick={() => stop.mutate()} data-testid="stop-run">Stop</Button>
    </>
  );
}

export function ResumeButton({ workflow, run, nodes }: { workflow: string; run: string; nodes: string[] }) {
  const resume = useRunAction(workflow, async () => (await resumeWorkflowRun(workflow, run, nodes)).RunId);
  return (
    <>
      <Button variant="primary" loading={resume.isPending} onClick={() => resume.mutate()} data-testid="resume-run">Resume from here</Button>
      {resume.isError && <span className="state bad" role="alert">{asApiError(resume.error).message}</span>}
    </>
  );
}
