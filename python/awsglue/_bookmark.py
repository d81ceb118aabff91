"""Job bookmarks: what a job has read, and what it is about to publish.

One object holds a job's state, `s3://BUCKET/.tarn/bookmarks/JOB.json`; every write of it is conditional on the version that
was read (If-Match, If-None-Match), so of two runs only one advances. The address comes in TARN_BOOKMARK.

    {"JobName", "Version", "Run", "RunId", "PreviousRunId", "Elements": {ctx: {folder: mark}},
     "History": [{"RunId", "Elements"}, …], "Pending": {…} | absent}

A mark is {"high": ms, "seen": {key: etag}}: the newest modification time taken in a folder, and the objects within
BAND of it by name, because several objects can carry the same second and listings elsewhere may lag.

Commit (see _publish): 1. the state gets Pending, the list of staged files with their final names; this write is the decision.
2. files are copied, 3. the catalog is told, 4. the state gets the new Elements without Pending. Each step can be repeated, so
the next Job.init finishes whatever a killed run left.
"""

from __future__ import annotations

import json
import os

from botocore.exceptions import ClientError

from awsglue import _aws

BAND_MS = 900_000
_HISTORY = 20


class BookmarkError(Exception):
    """The bookmark cannot be read or moved."""


class Bookmark:
    """A job's bookmark during one run."""

    def __init__(self, job: str, run_id: str, address: str, option: str):
        self.job, self.run_id, self.option = job, run_id, option
        self.bucket, self.key = _aws.split(address)
        self.state: dict = {}
        self._etag: str | None = None
        self._taken: dict[str, dict[str, dict]] = {}
        self._from: dict | None = None
        self._until: dict | None = None
        self.used: set[str] = set()

    @property
    def reads(self) -> bool:
        return self.option in ("enable", "pause")

    @property
    def saves(self) -> bool:
        return self.option == "enable"

    def load(self) -> None:
        try:
            answer = _aws.client("s3").get_object(Bucket=self.bucket, Key=self.key)
        except ClientError as err:
            code = err.response["Error"]["Code"]
            if code in ("NoSuchKey", "404"):
                self.state, self._etag = {"JobName": self.job, "Version": 0, "Run": 0, "Elements": {}}, None
                return
            raise BookmarkError(
                f"the bookmark of job {self.job} at s3://{self.bucket}/{self.key} cannot be read: {code}."
                " The job's role needs s3:GetObject and s3:PutObject there"
            ) from err
        self.state = json.loads(answer["Body"].read())
        self._etag = answer["ETag"]

    def between(self, first: str, last: str) -> None:
        """Reads again what came after the run first, up to and with the run last; the bookmark itself does not move."""
        if self.option != "pause" or not (first and last):
            raise BookmarkError(
                "--job-bookmark-from and --job-bookmark-to go together, and with --job-bookmark-option job-bookmark-pause"
            )
        self._from, self._until = self._after(first), self._after(last)

    def _after(self, run: str) -> dict:
        """The elements as they were after a run."""
        past = [{"RunId": self.state.get("RunId"), "Elements": self.state.get("Elements", {})}, *self.state.get("History", [])]
        for entry in past:
            if entry["RunId"] == run:
                return entry["Elements"]
        known = ", ".join(e["RunId"] for e in past if e["RunId"]) or "none"
        raise BookmarkError(f"the bookmark of job {self.job} has no state after run {run}; it keeps those of the last runs: {known}")

    def save(self, state: dict) -> None:
        condition = {"IfMatch": self._etag} if self._etag else {"IfNoneMatch": "*"}
        body = json.dumps(state, separators=(",", ":")).encode()
        try:
            answer = _aws.client("s3").put_object(Bucket=self.bucket, Key=self.key, Body=body, ContentType="application/json", **condition)
        except ClientError as err:
            if err.response["Error"]["Code"] in ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"):
                raise BookmarkError(
                    f"bookmark version mismatch: another run of job {self.job} moved it since this run began"
                    f" (version {self.state.get('Version', 0)}). Nothing of this run was published;"
                    " keep MaxConcurrentRuns at 1 for a job with bookmarks"
                ) from err
            raise
        self.state, self._etag = state, answer["ETag"]

    def take(self, ctx: str, folders: dict[str, list[_aws.Object]], bounds: dict | None = None) -> list[_aws.Object]:
        """Of a source's objects, those that no earlier run has taken. Each folder has its own mark, so partitions
        that a predicate hides do not move on."""
        if ctx in self.used:
            raise BookmarkError(f"two sources use transformation_ctx {ctx!r}: each needs its own, it is the bookmark's key")
        self.used.add(ctx)
        marks = (self.state.get("Elements", {}) if self._from is None else self._from).get(ctx, {})
        fresh = [(o, folder) for folder, objects in folders.items() for o in objects if _is_new(marks.get(folder), o)]
        if self._until is not None:
            last = self._until.get(ctx, {})
            fresh = [(o, folder) for o, folder in fresh if not _is_new(last.get(folder), o)]
        fresh.sort(key=lambda pair: (pair[0].modified_ms, pair[0].key))
        fresh = _bounded(fresh, bounds or {})
        moved = dict(marks)
        by_folder: dict[str, list[_aws.Object]] = {}
        for item, folder in fresh:
            by_folder.setdefault(folder, []).append(item)
        for folder, objects in by_folder.items():
            moved[folder] = _advance(marks.get(folder), objects)
        self._taken[ctx] = moved
        return [o for o, _ in fresh]

    def advanced(self) -> dict:
        """The state after this run, without anything pending."""
        before = self.state
        history = [{"RunId": before["RunId"], "Elements": before["Elements"]}] if before.get("RunId") else []
        state = {
            "JobName": self.job,
            "Version": before.get("Version", 0) + 1,
            "Run": before.get("Run", 0) + 1,
            "Attempt": 0,
            "RunId": self.run_id,
            "Elements": {**before.get("Elements", {}), **self._taken},
            "History": (history + before.get("History", []))[:_HISTORY],
        }
        if before.get("RunId"):
            state["PreviousRunId"] = before["RunId"]
        return state


def _is_new(mark: dict | None, item: _aws.Object) -> bool:
    if mark is None or item.modified_ms > mark["high"]:
        return True
    if item.modified_ms <= mark["high"] - BAND_MS:
        return False
    return mark["seen"].get(item.key) != item.etag


def _advance(mark: dict | None, taken: list[_aws.Object]) -> dict:
    seen = dict(mark["seen"]) if mark else {}
    times = dict(mark.get("times", {})) if mark else {}
    for item in taken:
        seen[item.key] = item.etag
        times[item.key] = item.modified_ms
    high = max([mark["high"] if mark else 0, *(o.modified_ms for o in taken)])
    kept = {key for key, when in times.items() if when > high - BAND_MS}
    return {
        "high": high,
        "seen": {k: e for k, e in seen.items() if k in kept},
        "times": {k: w for k, w in times.items() if k in kept},
    }


def _bounded(fresh: list, bounds: dict) -> list:
    """boundedFiles and boundedSize take the oldest; the rest is for later runs."""
    if files := bounds.get("boundedFiles"):
        return fresh[: int(files)]
    if size := bounds.get("boundedSize"):
        total, taken = 0, []
        for pair in fresh:
            total += pair[0].size
            if taken and total > int(size):
                break
            taken.append(pair)
        return taken
    return fresh


def address(job: str, args: dict[str, str]) -> str:
    """Where a job's bookmark is: given by the service, otherwise beside the job's temporary data."""
    given = os.environ.get("TARN_BOOKMARK")
    if given:
        return given
    temp = args.get("TempDir") or os.environ.get("TARN_TEMP_DIR", "")
    if not temp:
        raise BookmarkError(f"job {job} uses a bookmark but has no place for it: set the job argument --TempDir s3://bucket/temp/")
    return f"s3://{_aws.split(temp)[0]}/.tarn/bookmarks/{job}.json"
