// What the console reads from Glue: the few members it shows, named as in AWS's model.

import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { call } from "./client";

/** Seconds since 1970, as AWS's JSON protocols send a time. */
export type Timestamp = number;

export type WorkflowRunStatus = "RUNNING" | "COMPLETED" | "STOPPING" | "STOPPED" | "ERROR";
export type JobRunState =
  | "STARTING" | "RUNNING" | "STOPPING" | "STOPPED" | "SUCCEEDED" | "FAILED" | "TIMEOUT" | "ERROR" | "WAITING" | "EXPIRED";
export type CrawlState = "RUNNING" | "CANCELLING" | "CANCELLED" | "SUCCEEDED" | "FAILED" | "ERROR";

export interface JobRun {
  Id?: string;
  Attempt?: number;
  PreviousRunId?: string;
  TriggerName?: string;
  JobName?: string;
  StartedOn?: Timestamp;
  LastModifiedOn?: Timestamp;
  CompletedOn?: Timestamp;
  JobRunState?: JobRunState;
  Arguments?: Record<string, string>;
  ErrorMessage?: string;
  ExecutionTime?: number;
  Timeout?: number;
  WorkerType?: string;
  NumberOfWorkers?: number;
  LogGroupName?: string;
  GlueVersion?: string;
  DPUSeconds?: number;
  ExecutionClass?: string;
  StateDetail?: string;
}

export interface Crawl {
  State?: CrawlState;
  StartedOn?: Timestamp;
  CompletedOn?: Timestamp;
  ErrorMessage?: string;
  LogGroup?: string;
  LogStream?: string;
}

export interface Trigger {
  Name?: string;
  Type?: "SCHEDULED" | "CONDITIONAL" | "ON_DEMAND" | "EVENT";
  State?: string;
  Schedule?: string;
  Predicate?: { Logical?: "AND" | "ANY"; Conditions?: { State?: string; CrawlState?: string; JobName?: string; CrawlerName?: string }[] };
  Actions?: { JobName?: string; CrawlerName?: string }[];
}

export interface GraphNode {
  Type?: "CRAWLER" | "JOB" | "TRIGGER";
  Name?: string;
  UniqueId?: string;
  TriggerDetails?: { Trigger?: Trigger };
  JobDetails?: { JobRuns?: JobRun[] };
  CrawlerDetails?: { Crawls?: Crawl[] };
}

export interface WorkflowGraph {
  Nodes?: GraphNode[];
  Edges?: { SourceId?: string; DestinationId?: string }[];
}

export interface WorkflowRun {
  Name?: string;
  WorkflowRunId?: string;
  PreviousRunId?: string;
  WorkflowRunProperties?: Record<string, string>;
  StartedOn?: Timestamp;
  CompletedOn?: Timestamp;
  Status?: WorkflowRunStatus;
  ErrorMessage?: string;
  Statistics?: Partial<
    Record<"TotalActions" | "TimeoutActions" | "FailedActions" | "StoppedActions" | "SucceededActions" | "RunningActions" | "ErroredActions" | "WaitingActions", number>
  >;
  Graph?: WorkflowGraph;
}

export interface Workflow {
  Name?: string;
  Description?: string;
  CreatedOn?: Timestamp;
  LastModifiedOn?: Timestamp;
  LastRun?: WorkflowRun;
  Graph?: WorkflowGraph;
}

export interface Column {
  Name: string;
  Type?: string;
  Comment?: string;
}

export interface Table {
  Name: string;
  DatabaseName?: string;
  Description?: string;
  Owner?: string;
  CreateTime?: Timestamp;
  UpdateTime?: Timestamp;
  StorageDescriptor?: {
    Columns?: Column[];
    Location?: string;
    InputFormat?: string;
    OutputFormat?: string;
    SerdeInfo?: { SerializationLibrary?: string; Parameters?: Record<string, string> };
    Parameters?: Record<string, string>;
  };
  PartitionKeys?: Column[];
  TableType?: string;
  Parameters?: Record<string, string>;
  CreatedBy?: string;
  VersionId?: string;
}

export interface Database {
  Name: string;
  Description?: string;
  LocationUri?: string;
  CreateTime?: Timestamp;
}

export interface Partition {
  Values?: string[];
  CreationTime?: Timestamp;
  StorageDescriptor?: { Location?: string };
  Parameters?: Record<string, string>;
}

export interface Job {
  Name?: string;
  Role?: string;
  Command?: { Name?: string; ScriptLocation?: string; PythonVersion?: string };
  DefaultArguments?: Record<string, string>;
  GlueVersion?: string;
}

const runKinds = ["glue.workflow", "glue.trigger", "glue.job", "glue.crawler", "glue.crawl"] as const;
const catalogKinds = ["glue.database", "glue.table", "glue.partition"] as const;

/** Reads every page of a list. */
async function all<P extends { NextToken?: string }, T>(read: (token: string | undefined) => Promise<P>, items: (page: P) => T[] | undefined): Promise<T[]> {
  const found: T[] = [];
  let token: string | undefined;
  do {
    const page = await read(token);
    found.push(...(items(page) ?? []));
    token = page.NextToken;
  } while (token);
  return found;
}

const next = (token: string | undefined) => (token === undefined ? {} : { NextToken: token });

export const workflowsQuery = queryOptions({
  queryKey: ["glue", "workflows"],
  meta: { watches: ["glue.workflow"] },
  queryFn: ({ signal }) =>
    all(
      (token) => call<{ Workflows?: string[]; NextToken?: string }>("glue", "ListWorkflows", next(token), signal),
      (page) => page.Workflows,
    ),
});

export const workflowQuery = (name: string) =>
  queryOptions({
    queryKey: ["glue", "workflow", name],
    meta: { watches: runKinds },
    queryFn: async ({ signal }) =>
      (await call<{ Workflow?: Workflow }>("glue", "GetWorkflow", { Name: name, IncludeGraph: true }, signal)).Workflow ?? {},
  });

/** The latest runs, newest first. */
export const workflowRunsQuery = (name: string, count: number) =>
  queryOptions({
    queryKey: ["glue", "workflow", name, "runs", count],
    meta: { watches: runKinds },
    queryFn: async ({ signal }) => {
      const page = await call<{ Runs?: WorkflowRun[] }>("glue", "GetWorkflowRuns", { Name: name, MaxResults: count }, signal);
      return (page.Runs ?? []).toSorted((a, b) => (b.StartedOn ?? 0) - (a.StartedOn ?? 0));
    },
  });

export const workflowRunQuery = (name: string, runId: string) =>
  queryOptions({
    queryKey: ["glue", "workflow", name, "run", runId],
    meta: { watches: runKinds },
    queryFn: async ({ signal }) =>
      (await call<{ Run?: WorkflowRun }>("glue", "GetWorkflowRun", { Name: name, RunId: runId, IncludeGraph: true }, signal)).Run ?? {},
  });

export const jobQuery = (name: string) =>
  queryOptions({
    queryKey: ["glue", "job", name],
    meta: { watches: ["glue.job"] },
    queryFn: async ({ signal }) => (await call<{ Job?: Job }>("glue", "GetJob", { JobName: name }, signal)).Job ?? {},
  });

export const startWorkflowRun = (name: string) => call<{ RunId?: string }>("glue", "StartWorkflowRun", { Name: name });
export const stopWorkflowRun = (name: string, runId: string) => call("glue", "StopWorkflowRun", { Name: name, RunId: runId });
export const resumeWorkflowRun = (name: string, runId: string, nodeIds: string[]) =>
  call<{ RunId?: string; NodeIds?: string[] }>("glue", "ResumeWorkflowRun", { Name: name, RunId: runId, NodeIds: nodeIds });

export const databasesQuery = queryOptions({
  queryKey: ["glue", "databases"],
  meta: { watches: ["glue.database"] },
  queryFn: ({ signal }) =>
    all(
      (token) => call<{ DatabaseList?: Database[]; NextToken?: string }>("glue", "GetDatabases", next(token), signal),
      (page) => page.DatabaseList,
    ),
});

export const tablesQuery = (database: string) =>
  queryOptions({
    queryKey: ["glue", "tables", database],
    meta: { watches: ["glue.database", "glue.table"] },
    queryFn: ({ signal }) =>
      all(
        (token) => call<{ TableList?: Table[]; NextToken?: string }>("glue", "GetTables", { DatabaseName: database, ...next(token) }, signal),
        (page) => page.TableList,
      ),
  });

export const tableQuery = (database: string, name: string) =>
  queryOptions({
    queryKey: ["glue", "table", database, name],
    meta: { watches: catalogKinds },
    queryFn: async ({ signal }) =>
      (await call<{ Table?: Table }>("glue", "GetTable", { DatabaseName: database, Name: name }, signal)).Table ?? { Name: name },
  });

/** Partitions a page at a time: there can be a hundred thousand. */
export const partitionsQuery = (database: string, table: string) =>
  infiniteQueryOptions({
    queryKey: ["glue", "partitions", database, table],
    meta: { watches: catalogKinds },
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      call<{ Partitions?: Partition[]; NextToken?: string }>(
        "glue",
        "GetPartitions",
        { DatabaseName: database, TableName: table, ExcludeColumnSchema: true, MaxResults: 200, ...next(pageParam) },
        signal,
      ),
    getNextPageParam: (page) => page.NextToken,
  });
