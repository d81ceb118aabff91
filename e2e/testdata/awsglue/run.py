"""Runs a job and prints its state and its output. Arguments: the job, then its own arguments."""

import sys
import time

import boto3

glue, logs = boto3.client("glue"), boto3.client("logs")
name, own = sys.argv[1], sys.argv[2:]
run = glue.start_job_run(JobName=name, Arguments=dict(zip(own[::2], own[1::2], strict=True)))["JobRunId"]
while (r := glue.get_job_run(JobName=name, RunId=run)["JobRun"])["JobRunState"] in ("STARTING", "RUNNING", "STOPPING", "WAITING"):
    time.sleep(0.1)
print("STATE", r["JobRunState"], r.get("ErrorMessage", ""))
for kind in ("output", "error"):
    try:
        events = logs.get_log_events(logGroupName=f"{r['LogGroupName']}/{kind}", logStreamName=run, startFromHead=True)["events"]
    except logs.exceptions.ResourceNotFoundException:
        continue
    print(f"--- {kind}")
    print("\n".join(e["message"] for e in events))
