// States of runs, jobs and crawls: what they mean, what they look like.

import type { ReactElement } from "react";
import { BadIcon, BusyIcon, GoodIcon, IdleIcon, StoppedIcon } from "../shell/icons";

export type Tone = "good" | "bad" | "busy" | "idle";

export interface State {
  tone: Tone;
  text: string;
}

const states: Record<string, State> = {
  RUNNING: { tone: "busy", text: "Running" },
  STARTING: { tone: "busy", text: "Starting" },
  STOPPING: { tone: "busy", text: "Stopping" },
  CANCELLING: { tone: "busy", text: "Stopping" },
  WAITING: { tone: "busy", text: "Waiting for room" },
  SUCCEEDED: { tone: "good", text: "Succeeded" },
  COMPLETED: { tone: "good", text: "Succeeded" },
  FAILED: { tone: "bad", text: "Failed" },
  ERROR: { tone: "bad", text: "Error" },
  TIMEOUT: { tone: "bad", text: "Timed out" },
  EXPIRED: { tone: "bad", text: "Expired" },
  STOPPED: { tone: "idle", text: "Stopped" },
  CANCELLED: { tone: "idle", text: "Stopped" },
};

export const notStarted: State = { tone: "idle", text: "Not started" };

export function stateOf(code: string | undefined): State {
  if (code === undefined) return notStarted;
  return states[code] ?? { tone: "idle", text: code };
}

export function StateMark({ state, iconOnly = false, testid }: { state: State; iconOnly?: boolean; testid?: string }): ReactElement {
  const icon = { good: <GoodIcon />, bad: <BadIcon />, busy: <BusyIcon />, idle: state.text === "Stopped" ? <StoppedIcon /> : <IdleIcon /> }[state.tone];
  return (
    <span className={`state ${state.tone}`} title={iconOnly ? state.text : undefined} data-testid={testid} data-state={state.text}>
      {icon}
      {iconOnly ? <span className="vh">{state.text}</span> : state.text}
    </span>
  );
}
