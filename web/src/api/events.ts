// Live pages without polling: the server says what changed, and the queries that show it are read
// again. A query names the kinds of documents it shows in `meta.watches`.

import type { QueryClient } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";

declare module "@tanstack/react-query" {
  interface Register {
    queryMeta: { watches?: readonly string[] };
  }
}

export interface Change {
  kind: string;
  key?: string[];
  deleted?: boolean;
  dropped?: boolean;
}

/** Whether a change of this kind can alter what a query shows: "glue.workflow" covers "glue.workflow.run". */
export function concerns(watches: readonly string[] | undefined, kind: string): boolean {
  return (watches ?? []).some((watch) => watch === kind || kind.startsWith(`${watch}.`));
}

export type Liveness = "connecting" | "live" | "lost";

const coalesce = 150; // ms: a run changes several documents at once

export class EventFeed {
  #client: QueryClient;
  #source: EventSource | undefined;
  #liveness: Liveness = "connecting";
  #listeners = new Set<() => void>();
  #pending = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #connectedBefore = false;

  constructor(client: QueryClient) {
    this.#client = client;
  }

  start(): void {
    if (this.#source) return;
    const source = new EventSource("/_/events");
    this.#source = source;
    source.onopen = () => {
      // Whatever changed while the line was down was not heard.
      if (this.#connectedBefore) void this.#client.invalidateQueries({ predicate: (query) => query.meta?.watches !== undefined });
      this.#connectedBefore = true;
      this.#set("live");
    };
    source.onerror = () => this.#set("lost");
    source.onmessage = (event: MessageEvent<string>) => this.#take(JSON.parse(event.data) as Change);
  }

  stop(): void {
    this.#source?.close();
    this.#source = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#pending.clear();
  }

  #take(change: Change): void {
    this.#pending.add(change.dropped ? "*" : change.kind);
    this.#timer ??= setTimeout(() => this.#flush(), coalesce);
  }

  #flush(): void {
    const kinds = [...this.#pending];
    this.#pending.clear();
    this.#timer = undefined;
    void this.#client.invalidateQueries({
      predicate: (query) => {
        const watches = query.meta?.watches;
        return watches !== undefined && kinds.some((kind) => kind === "*" || concerns(watches, kind));
      },
    });
  }

  #set(liveness: Liveness): void {
    this.#liveness = liveness;
    for (const listener of this.#listeners) listener();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  liveness = (): Liveness => this.#liveness;
}

export function useLiveness(feed: EventFeed): Liveness {
  return useSyncExternalStore(feed.subscribe, feed.liveness);
}
