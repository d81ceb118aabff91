import { useEffect, useRef, useState } from "react";
import { ApiError, asApiError } from "../api/client";
import { followLog, type LogLine } from "../api/logs";
import { download } from "../shell/download";
import { DownloadIcon } from "../shell/icons";
import { lineTone } from "./log";

const most = 5000;

interface Source {
  name: string;
  group: string;
}

/** A log as it is written, in a window that stays at its end until the reader scrolls up. */
export function Log({ sources, stream, live }: { sources: readonly Source[]; stream: string; live: boolean }) {
  const [chosen, setChosen] = useState(0);
  const source = sources[chosen] ?? sources[0];
  const [find, setFind] = useState("");
  if (!source) return null;
  return (
    <div className="log" data-testid="log">
      <Lines key={`${source.group} ${stream}`} group={source.group} stream={stream} live={live} find={find}>
        {sources.length > 1 && (
          <div className="tabs" role="group" aria-label="Log">
            {sources.map((s, i) => <button key={s.group} type="button" aria-pressed={i === chosen} onClick={() => setChosen(i)}>{s.name}</button>)}
          </div>
        )}
        <input type="search" placeholder="Find in the log" aria-label="Find in the log" value={find} onChange={(e) => setFind(e.target.value)} />
      </Lines>
    </div>
  );
}

function Lines({ group, stream, live, find, children }: { group: string; stream: string; live: boolean; find: string; children: React.ReactNode }) {
  const [lines, setLines] = useState<LogLine[]>([]);
  const [state, setState] = useState<"following" | "ended" | ApiError>("following");
  const [attempt, setAttempt] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);

  useEffect(() => {
    const stop = new AbortController();
    let fresh = true; // the first lines of each attempt replace what was there: a log is read from its start
    let again: ReturnType<typeof setTimeout> | undefined;
    followLog(
      group,
      stream,
      (more) => {
        const first = fresh;
        fresh = false;
        setState("following");
        setLines((old) => (first ? more : [...old, ...more]).slice(-most));
      },
      stop.signal,
    ).then(
      () => setState("ended"),
      (error: unknown) => {
        if (stop.signal.aborted) return;
        setState(asApiError(error));
        // A run that has just begun has no log yet.
        if (live) again = setTimeout(() => setAttempt((n) => n + 1), 1500);
      },
    );
    return () => {
      stop.abort();
      clearTimeout(again);
    };
  }, [group, stream, live, attempt]);

  useEffect(() => {
    const element = box.current;
    if (element && atEnd.current) element.scrollTop = element.scrollHeight;
  }, [lines]);

  const needle = find.toLowerCase();
  const shown = needle === "" ? lines : lines.filter((l) => l.message.toLowerCase().includes(needle));
  return (
    <>
      <div className="log-bar">
        {children}
        <span className="secondary" role="status">
          {state === "following" && live ? "Following live" : ""}
          {needle !== "" && ` ${shown.length} of ${lines.length} lines`}
          {lines.length >= most && ` The last ${most.toLocaleString("en")} lines`}
        </span>
        <span style={{ flex: 1 }} />
        {lines.length > 0 && (
          <button type="button" className="icon-button" title="Download the log" aria-label="Download the log" onClick={() => download(`${stream}.log`, "text/plain", lines.map((l) => `${new Date(l.time).toISOString()} ${l.message}\n`).join(""))}>
            <DownloadIcon />
          </button>
        )}
      </div>
      <div
        className="log-lines"
        ref={box}
        tabIndex={0}
        role="log"
        aria-label="Log"
        data-testid="log-lines"
        onScroll={(e) => {
          const { scrollTop, scrollHeight, clientHeight } = e.currentTarget;
          atEnd.current = scrollTop + clientHeight > scrollHeight - 24;
        }}
      >
        {shown.map((l, i) => (
          <div key={i} className={`log-line ${lineTone(l.message) ?? ""}`}>
            <time dateTime={new Date(l.time).toISOString()}>{clock(l.time)}</time>
            <span>{l.message}</span>
          </div>
        ))}
        {state instanceof ApiError && !live && <div className="log-wait">{missing(state) ? "This run wrote nothing here." : `The log can't be read: ${state.message}`}</div>}
        {state instanceof ApiError && live && <div className="log-wait">{missing(state) ? "Waiting for the first line" : `${state.message} Trying again.`}</div>}
        {state === "ended" && lines.length === 0 && <div className="log-wait">This run wrote nothing here.</div>}
        {state === "following" && lines.length === 0 && <div className="log-wait">Waiting for the first line</div>}
      </div>
    </>
  );
}

const missing = (error: ApiError): boolean => error.code === "ResourceNotFoundException" || error.status === 404;

function clock(ms: number): string {
  const d = new Date(ms);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}.${String(d.getMilliseconds()).padStart(3, "0")}`;
}
