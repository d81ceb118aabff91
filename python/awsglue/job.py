"""Job: the bracket around a script in which its bookmark is read and moved."""

from __future__ import annotations

from awsglue import _aws, _bookmark, _publish, _sink
from awsglue.utils import bookmark_bound, bookmark_option


class Job:
    """init loads the bookmark and finishes what a killed run had decided to publish; commit publishes and moves it."""

    def __init__(self, glue_context):
        self._glue_context = glue_context
        self._initialized = False

    def isInitialized(self) -> bool:
        return self._initialized

    def init(self, job_name: str, args: dict[str, str] | None = None) -> None:
        args = args or {}
        context = self._glue_context
        context._job_name = job_name or context._job_name
        self._initialized = True
        option = bookmark_option(args)
        if option == "disable":
            return
        mark = _bookmark.Bookmark(context._job_name, context._run_id, _bookmark.address(context._job_name, args), option)
        mark.load()
        if mark.state.get("Pending") and mark.saves:
            self._finish(mark)
        first, last = (bookmark_bound(args, end) for end in ("from", "to"))
        if first or last:
            mark.between(first, last)
        context._bookmark = mark

    def _finish(self, mark: _bookmark.Bookmark) -> None:
        pending = mark.state["Pending"]
        plan = pending["Plan"]
        self._glue_context._log(f"{mark.job}: run {pending['RunId']} ended while publishing; finishing its {len(plan['copies'])} files")
        _publish.carry_out(plan)
        mark.save(pending["State"])
        _publish.discard(plan)

    def commit(self) -> None:
        if not self._initialized:
            raise RuntimeError("Job.commit without Job.init")
        context = self._glue_context
        mark = context._bookmark
        if mark is None or not mark.saves:
            return
        plan, context._pending = context._pending, _publish.new_plan()
        after = mark.advanced()
        if plan["copies"] or plan["catalog"]:
            # From here on the run counts: a kill is finished by the next init.
            mark.save({**mark.state, "Pending": {"RunId": mark.run_id, "Plan": plan, "State": after}})
            _publish.carry_out(plan)
        mark.save(after)
        _publish.discard(plan)
        mark.used.clear()
        mark._taken.clear()
        self._drop_orphans(plan)

    def _drop_orphans(self, plan: dict) -> None:
        """Staged output of earlier runs that never came to commit. Only ended runs: a concurrent one may be writing."""
        context = self._glue_context
        roots = {_sink.staging_root(target) for _, target in plan["copies"]}
        glue = _aws.client("glue")
        for root in roots:
            home = f"{root}{context._job_name}/"
            bucket, prefix = _aws.split(home)
            answer = _aws.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix, Delimiter="/")
            for item in answer.get("CommonPrefixes", ()):
                run = item["Prefix"][len(prefix) :].rstrip("/")
                if run == context._run_id:
                    continue
                try:
                    state = glue.get_job_run(JobName=context._job_name, RunId=run)["JobRun"]["JobRunState"]
                except glue.exceptions.ClientError:
                    # Not known or not allowed: leave it alone.
                    continue
                if state in ("FAILED", "STOPPED", "TIMEOUT", "ERROR", "SUCCEEDED"):
                    _publish.delete_prefix(f"s3://{bucket}/{item['Prefix']}")
