import { ApiError, readError } from "./client";
import { EventParser } from "./sse";

export interface LogLine {
  time: number;
  message: string;
}

/** Follows a log stream from its start until it ends or the signal aborts. Resolves at the end. */
export async function followLog(group: string, stream: string, onLines: (lines: LogLine[]) => void, signal: AbortSignal): Promise<void> {
  const query = new URLSearchParams({ group, stream });
  const response = await fetch(`/_/logs?${query.toString()}`, { signal, headers: { Accept: "text/event-stream", "X-Tarn": "1" } });
  if (!response.ok) throw readError(await response.text(), response.status, "logs");
  if (!response.body) throw new ApiError("Unexpected", "The log has no content.", 0, "logs");
  const parser = new EventParser();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines: LogLine[] = [];
    let ended = false;
    for (const event of parser.push(value)) {
      if (event.event === "end") ended = true;
      else if (event.event === "error") throw readError(event.data, 0, "logs");
      else lines.push(JSON.parse(event.data) as LogLine);
    }
    if (lines.length > 0) onLines(lines);
    if (ended) {
      await reader.cancel();
      return;
    }
  }
}
