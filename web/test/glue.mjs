// A made-up workflow in each of its states, and a catalog, as Glue would describe them.

const start = Date.now() / 1000;
const ago = (minutes) => start - minutes * 60;

const jobRun = (name, state, from, seconds, more = {}) => ({
  Id: `jr_${state.toLowerCase()}_${name}`, JobName: `flights-${name}`, Attempt: 0, JobRunState: state, StartedOn: from, LogGroupName: "/aws-glue/jobs", GlueVersion: "5.0", WorkerType: "G.1X", NumberOfWorkers: 2,
  Arguments: { "--JOB_NAME": `flights-${name}`, "--bucket": "flights-000000000000-us-east-1", "--env": "dev" },
  ...(seconds === undefined ? {} : { CompletedOn: from + seconds, ExecutionTime: Math.round(seconds) }), ...more,
});
const trigger = (id, Name, Type, more = {}) => ({ Type: "TRIGGER", Name, UniqueId: id, TriggerDetails: { Trigger: { Name, Type, State: "ACTIVATED", ...more } } });
const job = (id, name, runs) => ({ Type: "JOB", Name: `flights-${name}`, UniqueId: id, JobDetails: { JobRuns: runs } });
const crawler = (id, Name, crawls) => ({ Type: "CRAWLER", Name, UniqueId: id, CrawlerDetails: { Crawls: crawls } });
const and = { Predicate: { Logical: "AND", Conditions: [] } };

const edges = [["t0", "pull"], ["t0", "ops"], ["pull", "t1"], ["ops", "t1"], ["t1", "crawl"], ["crawl", "t2"], ["t2", "clean"], ["t2", "weather"], ["clean", "t3"], ["weather", "t3"], ["t3", "delays"], ["delays", "t4"], ["t4", "load"]]
  .map(([SourceId, DestinationId]) => ({ SourceId, DestinationId }));

function graph(kind, from) {
  const done = (name, at, seconds, more) => [jobRun(name, "SUCCEEDED", from + at, seconds, more)];
  const failed = jobRun("clean_flights", "FAILED", from + 14, 21.4, {
    ErrorMessage: 's3://flights-000000000000-us-east-1/raw/flights/flights-07.csv.gz, line 18,204, column dep_time: "24:7O" is not a number (clean_flights.py, line 12). Resume the run after fixing the row.',
  });
  const nodes = {
    design: [[], [], [], [], [], [], []],
    done: [done("pull-ops", 0.2, 1.7), done("pull-weather", 0.2, 6.1), [{ State: "SUCCEEDED", StartedOn: from + 6.4, CompletedOn: from + 13.8, LogGroup: "/aws-glue/crawlers", LogStream: "flights" }], done("clean_flights", 14, 19.2), done("weather_daily", 14, 4.8), done("delays", 33.4, 2.1), done("load-delays", 35.6, 3.3)],
    failed: [done("pull-ops", 0.2, 1.7), done("pull-weather", 0.2, 6.1), [{ State: "SUCCEEDED", StartedOn: from + 6.4, CompletedOn: from + 13.8 }], [failed], done("weather_daily", 14, 4.8), [], []],
    running: [done("pull-ops", 0.2, 1.7), done("pull-weather", 0.2, 6.1), [{ State: "SUCCEEDED", StartedOn: from + 6.4, CompletedOn: from + 13.8 }], [jobRun("clean_flights", "RUNNING", from + 14)], done("weather_daily", 14, 4.8), [], []],
  }[kind];
  return {
    Nodes: [
      trigger("t0", "flights-start", "ON_DEMAND"), trigger("t1", "flights-crawl", "CONDITIONAL", and), trigger("t2", "flights-jobs-1", "CONDITIONAL", and), trigger("t3", "flights-jobs-2", "CONDITIONAL", and), trigger("t4", "flights-load", "CONDITIONAL", and),
      job("ops", "pull-ops", nodes[0]), job("pull", "pull-weather", nodes[1]), crawler("crawl", "flights", nodes[2]), job("clean", "clean_flights", nodes[3]), job("weather", "weather_daily", nodes[4]), job("delays", "delays", nodes[5]), job("load", "load-delays", nodes[6]),
    ],
    Edges: edges,
  };
}

const run = (id, kind, minutes, seconds) => ({
  Name: "flights", WorkflowRunId: `wr_${id}`, StartedOn: ago(minutes), WorkflowRunProperties: { start: "2013-01-01", end: "2014-01-01" },
  Status: kind === "running" ? "RUNNING" : "COMPLETED", ...(kind === "running" ? {} : { CompletedOn: ago(minutes) + seconds }),
  Statistics: { TotalActions: 7, SucceededActions: kind === "done" ? 7 : 4, FailedActions: kind === "failed" ? 1 : 0, RunningActions: kind === "running" ? 1 : 0, StoppedActions: 0, TimeoutActions: 0, ErroredActions: 0, WaitingActions: 0 },
  kind,
});
const runs = [run("running", "running", 0.6), run("failed", "failed", 62, 36), ...Array.from({ length: 11 }, (_, i) => run(`done${i}`, i === 6 ? "failed" : "done", 1440 * (i + 1), 34 + ((i * 7) % 11)))];
const shown = ({ kind, ...r }, withGraph) => (withGraph ? { ...r, Graph: graph(kind, r.StartedOn) } : r);

const columns = [["hour", "int"], ["carrier", "string"], ["airline", "string"], ["origin", "string"], ["dest", "string"], ["lat", "double"], ["lon", "double"], ["manufacturer", "string"], ["arr_delay", "int", "Minutes late at the destination; negative is early"], ["dep_delay", "int"]]
  .map(([Name, Type, Comment]) => ({ Name, Type, ...(Comment ? { Comment } : {}) }));
const tables = {
  flights: [
    { Name: "delays", DatabaseName: "flights", TableType: "EXTERNAL_TABLE", CreateTime: ago(9000), UpdateTime: ago(62), VersionId: "7", PartitionKeys: [], StorageDescriptor: { Columns: [{ Name: "flight_date", Type: "date" }, ...columns], Location: "s3://flights-000000000000-us-east-1/curated/delays" }, Parameters: { table_type: "ICEBERG", metadata_location: "s3://flights-000000000000-us-east-1/curated/delays/metadata/00007.metadata.json", recordCount: "327346" } },
    { Name: "clean_flights", DatabaseName: "flights", TableType: "EXTERNAL_TABLE", CreateTime: ago(9000), UpdateTime: ago(62), VersionId: "2", PartitionKeys: [{ Name: "month", Type: "int" }], StorageDescriptor: { Columns: columns, Location: "s3://flights-000000000000-us-east-1/curated/clean_flights/", SerdeInfo: { SerializationLibrary: "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe" } }, Parameters: { classification: "parquet" } },
  ],
  flights_raw: ["airlines", "airports", "broken", "flights", "planes", "weather"].map((Name) => ({ Name, DatabaseName: "flights_raw", TableType: "EXTERNAL_TABLE", UpdateTime: ago(70), StorageDescriptor: { Columns: columns, Location: `s3://flights-000000000000-us-east-1/raw/${Name}/`, SerdeInfo: { SerializationLibrary: "org.apache.hadoop.hive.serde2.OpenCSVSerde", Parameters: { separatorChar: "," } } }, Parameters: { classification: "csv", "skip.header.line.count": "1" } })),
  sandbox: [],
};

export function glue(empty) {
  return {
    ListWorkflows: () => ({ Workflows: empty ? [] : ["flights"] }),
    GetWorkflow: () => ({ Workflow: { Name: "flights", Description: "New York flights 2013", CreatedOn: ago(20000), Graph: graph("design", 0), LastRun: shown(runs[0], false) } }),
    GetWorkflowRuns: ({ MaxResults }) => ({ Runs: runs.slice(0, MaxResults).map((r) => shown(r, false)) }),
    GetWorkflowRun: ({ RunId }, fail) => {
      const found = runs.find((r) => r.WorkflowRunId === RunId);
      return found ? { Run: shown(found, true) } : fail(400, "EntityNotFoundException", `Run ${RunId} of workflow flights does not exist.`);
    },
    GetJob: ({ JobName }) => ({ Job: { Name: JobName, Role: "arn:aws:iam::000000000000:role/flights", Command: { Name: "glueetl", ScriptLocation: "s3://flights-000000000000-us-east-1/.tarn/scripts/clean_flights-3f2a.py", PythonVersion: "3" }, GlueVersion: "5.0" } }),
    StartWorkflowRun: () => ({ RunId: "wr_running" }),
    StopWorkflowRun: () => ({}),
    ResumeWorkflowRun: () => ({ RunId: "wr_running", NodeIds: ["clean"] }),
    GetDatabases: () => ({ DatabaseList: empty ? [] : Object.keys(tables).map((Name) => ({ Name })) }),
    GetTables: ({ DatabaseName }) => ({ TableList: tables[DatabaseName] ?? [] }),
    GetTable: ({ DatabaseName, Name }, fail) => ({ Table: tables[DatabaseName]?.find((t) => t.Name === Name) ?? fail(400, "EntityNotFoundException", `Table ${Name} not found.`) }),
    GetPartitions: () => ({ Partitions: Array.from({ length: 12 }, (_, i) => ({ Values: [String(i + 1)], CreationTime: ago(62), StorageDescriptor: { Location: `s3://flights-000000000000-us-east-1/curated/clean_flights/month=${i + 1}/` }, Parameters: { recordCount: String(25000 + i * 311) } })) }),
  };
}

export function* logLines(stream) {
  const t = Date.now() - 30_000;
  yield { time: t, message: `Preparing ${stream}` };
  yield { time: t + 40, message: "Spark Connect session ready in 0.31 s" };
  for (let i = 1; i <= 12; i++) yield { time: t + 400 * i, message: `flights-${String(i).padStart(2, "0")}.csv.gz: ${(24000 + i * 341).toLocaleString("en")} rows read, none seen before` };
  yield { time: t + 6000, message: "WARN clean_flights: 9,430 rows have no arr_delay and are left out" };
  if (stream.includes("failed")) {
    yield { time: t + 7000, message: "Traceback (most recent call last):" };
    yield { time: t + 7000, message: '  File "clean_flights.py", line 12, in <module>' };
    yield { time: t + 7000, message: '    .withColumn("dep_time", F.col("dep_time").cast("int"))' };
    yield { time: t + 7001, message: "ValueError: '24:7O' is not a number" };
  } else yield { time: t + 7000, message: "clean_flights: 327,346 rows written to curated/clean_flights in 12 partitions" };
}
