/** What a line of a log is about, so that trouble is seen. */
export function lineTone(message: string): "bad" | "warn" | undefined {
  if (/\b(ERROR|FATAL|CRITICAL)\b|^Traceback \(most recent call last\)|^\s+File ".*", line \d+|^[\w.]*(Error|Exception)\b/.test(message)) return "bad";
  return /\bWARN(ING)?\b/.test(message) ? "warn" : undefined;
}

/** Groups that hold a job run's lines: what its script printed, and what the system says. */
export function logGroups(base: string | undefined): { name: string; group: string }[] {
  const root = (base ?? "/aws-glue/jobs").replace(/\/(output|error|logs-v2)$/, "");
  return [
    { name: "Output", group: `${root}/output` },
    { name: "System", group: `${root}/error` },
  ];
}
