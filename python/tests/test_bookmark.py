import datetime
import random

import pytest

from awsglue import _aws, _bookmark, _publish
from awsglue.job import Job

DAY = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)


def item(key, seconds, etag="e", size=10):
    return _aws.Object("lake", key, size, etag, DAY + datetime.timedelta(seconds=seconds))


def taken(mark, ctx, objects, **bounds):
    return [o.key for o in mark.take(ctx, {"s3://lake/raw/": objects}, bounds)]


def fresh(state=None):
    mark = _bookmark.Bookmark("j", "jr_1", "s3://lake/.tarn/bookmarks/j.json", "enable")
    mark.state = state or {"Version": 0, "Elements": {}}
    return mark


def test_takes_each_version_of_an_object_once():
    objects = [item("a", 0), item("b", 1)]
    first = fresh()
    assert taken(first, "raw", objects) == ["a", "b"]
    second = fresh(first.advanced())
    # The same second as the newest, a rewritten one, and one that is later.
    more = [item("a", 0), item("b", 1), item("c", 1), item("a", 1, "new"), item("d", 5)]
    assert taken(second, "raw", more) == ["a", "c", "d"]
    assert taken(fresh(second.advanced()), "raw", [item("a", 1, "new"), item("b", 1), item("c", 1), item("d", 5)]) == []


def test_forgets_names_outside_the_band():
    first = fresh()
    taken(first, "raw", [item("old", 0), item("new", 3600)])
    mark = first.advanced()["Elements"]["raw"]["s3://lake/raw/"]
    assert list(mark["seen"]) == ["new"]


def test_bounds_leave_the_rest():
    objects = [item(k, n) for n, k in enumerate("abcd")]
    first = fresh()
    assert taken(first, "raw", objects, boundedFiles="3") == ["a", "b", "c"]
    assert taken(fresh(first.advanced()), "raw", objects) == ["d"]
    assert taken(fresh(), "raw", objects, boundedSize="25") == ["a", "b"]


def test_hidden_partitions_do_not_move():
    first = fresh()
    first.take("raw", {"s3://lake/p=1/": [item("p=1/a", 100)]})
    second = fresh(first.advanced())
    got = second.take("raw", {"s3://lake/p=1/": [item("p=1/a", 100)], "s3://lake/p=2/": [item("p=2/a", 1)]})
    assert [o.key for o in got] == ["p=2/a"]


def test_one_ctx_one_source():
    mark = fresh()
    taken(mark, "raw", [])
    with pytest.raises(_bookmark.BookmarkError, match="raw"):
        taken(mark, "raw", [])


class Killed(BaseException):
    """The process is gone: nothing after this call happened."""


class Context:
    """What Job needs of a GlueContext."""

    def __init__(self, run):
        self._job_name, self._run_id = "j", run
        self._bookmark, self._pending = None, _publish.new_plan()

    def _log(self, text):
        pass


ADDRESS = "s3://lake/.tarn/bookmarks/j.json"
TABLE = {
    "Name": "t", "TableType": "EXTERNAL_TABLE", "Parameters": {}, "PartitionKeys": [{"Name": "p", "Type": "string"}],
    "StorageDescriptor": {"Columns": [{"Name": "a", "Type": "int"}], "Location": "s3://lake/out/"},
}  # fmt: skip


def one_run(s3, run, monkeypatch):
    """A job that copies each new raw file to the output: read, stage, publish with the bookmark."""
    monkeypatch.setenv("TARN_BOOKMARK", ADDRESS)
    context = Context(run)
    job = Job(context)
    job.init("j", {"job_bookmark_option": "job-bookmark-enable"})
    new = context._bookmark.take("raw", {"s3://lake/raw/": _aws.data_objects("s3://lake/raw/")})
    staging = f"s3://lake/.tarn/staging/j/{run}/1/"
    for n, o in enumerate(new):
        body = s3.get_object(Bucket="lake", Key=o.key)["Body"].read()
        s3.put_object(Bucket="lake", Key=f".tarn/staging/j/{run}/1/p=1/{n}", Body=body)
    if new:
        plan = context._pending
        plan["staging"].append(staging)
        plan["copies"] += [[f"{staging}p=1/{n}", f"s3://lake/out/p=1/run-{run}-{n}"] for n in range(len(new))]
        plan["catalog"].append(
            {"database": "d", "table": "t", "behavior": "UPDATE_IN_DATABASE", "partitions": [[["1"], "s3://lake/out/p=1/"]], "input": TABLE}
        )
    job.commit()


def contents(s3):
    listed = s3.list_objects_v2(Bucket="lake", Prefix="out/").get("Contents", [])
    return sorted(s3.get_object(Bucket="lake", Key=o["Key"])["Body"].read() for o in listed)


def kill_at(monkeypatch, n):
    """The n-th call to AWS from here on does not return: even ones are lost before, odd ones after they took effect."""
    real = _aws.client
    calls = iter(range(10_000))

    class Dying:
        def __init__(self, client):
            self._client = client

        def __getattr__(self, name):
            found = getattr(self._client, name)
            if not callable(found) or name in ("get_paginator",) or name.startswith("_"):
                return found

            def call(*args, **kwargs):
                turn = next(calls)
                if turn == n and n % 2 == 0:
                    raise Killed
                answer = found(*args, **kwargs)
                if turn == n:
                    raise Killed
                return answer

            return call

    monkeypatch.setattr(_aws, "client", lambda service: Dying(real(service)))


@pytest.mark.parametrize("n", range(26))
def test_killed_anywhere_nothing_is_lost_or_doubled(aws, monkeypatch, n):
    s3, glue = aws.client("s3"), aws.client("glue")
    glue.create_database(DatabaseInput={"Name": "d"})
    for k in ("a", "b", "c"):
        s3.put_object(Bucket="lake", Key=f"raw/{k}", Body=k.encode())
    died = False
    with monkeypatch.context() as m:
        kill_at(m, n)
        try:
            one_run(s3, "r1", m)
        except Killed:
            died = True
    s3.put_object(Bucket="lake", Key="raw/d", Body=b"d")
    one_run(s3, "r2", monkeypatch)
    assert contents(s3) == [b"a", b"b", b"c", b"d"], f"killed at call {n}: {died}"
    one_run(s3, "r3", monkeypatch)
    assert contents(s3) == [b"a", b"b", b"c", b"d"]
    assert len(glue.get_partitions(DatabaseName="d", TableName="t")["Partitions"]) == 1


def test_second_of_two_runs_publishes_nothing(aws, monkeypatch):
    s3 = aws.client("s3")
    aws.client("glue").create_database(DatabaseInput={"Name": "d"})
    s3.put_object(Bucket="lake", Key="raw/a", Body=b"a")
    monkeypatch.setenv("TARN_BOOKMARK", ADDRESS)
    slow = Context("slow")
    job = Job(slow)
    job.init("j", {"job_bookmark_option": "job-bookmark-enable"})
    slow._bookmark.take("raw", {"s3://lake/raw/": _aws.data_objects("s3://lake/raw/")})
    s3.put_object(Bucket="lake", Key=".tarn/staging/j/slow/1/x", Body=b"a")
    slow._pending["copies"].append(["s3://lake/.tarn/staging/j/slow/1/x", "s3://lake/out/slow"])
    one_run(s3, "quick", monkeypatch)
    with pytest.raises(_bookmark.BookmarkError, match="version mismatch"):
        job.commit()
    assert contents(s3) == [b"a"]


def test_pause_reads_but_does_not_move(aws, monkeypatch):
    s3 = aws.client("s3")
    aws.client("glue").create_database(DatabaseInput={"Name": "d"})
    s3.put_object(Bucket="lake", Key="raw/a", Body=b"a")
    one_run(s3, "r1", monkeypatch)
    s3.put_object(Bucket="lake", Key="raw/b", Body=b"b")
    for _ in range(2):
        context = Context("p")
        job = Job(context)
        job.init("j", {"job_bookmark_option": "job-bookmark-pause"})
        new = context._bookmark.take("raw", {"s3://lake/raw/": _aws.data_objects("s3://lake/raw/")})
        assert [o.key for o in new] == ["raw/b"]
        job.commit()


def test_address_needs_a_place(monkeypatch):
    monkeypatch.delenv("TARN_BOOKMARK", raising=False)
    monkeypatch.delenv("TARN_TEMP_DIR", raising=False)
    with pytest.raises(_bookmark.BookmarkError, match="--TempDir"):
        _bookmark.address("j", {})
    assert _bookmark.address("j", {"TempDir": "s3://b/t/"}) == "s3://b/.tarn/bookmarks/j.json"


def test_pause_between_two_runs(aws, monkeypatch):
    s3 = aws.client("s3")
    aws.client("glue").create_database(DatabaseInput={"Name": "d"})
    for run in ("r1", "r2", "r3", "r4"):
        s3.put_object(Bucket="lake", Key=f"raw/{run}", Body=run.encode())
        one_run(s3, run, monkeypatch)

    def between(**bounds):
        context = Context("p")
        Job(context).init("j", {"job_bookmark_option": "job-bookmark-pause", **bounds})
        new = context._bookmark.take("raw", {"s3://lake/raw/": _aws.data_objects("s3://lake/raw/")})
        return [o.key for o in new]

    assert between() == []
    assert between(job_bookmark_from="r1", job_bookmark_to="r3") == ["raw/r2", "raw/r3"]
    with pytest.raises(_bookmark.BookmarkError, match="go together"):
        between(job_bookmark_from="r1")
    with pytest.raises(_bookmark.BookmarkError, match="no state after run r9; .*: r4, r3, r2, r1"):
        between(job_bookmark_from="r1", job_bookmark_to="r9")


@pytest.mark.parametrize("seed", range(4))
def test_random_histories(aws, monkeypatch, seed):
    """Uploads, overwrites, runs that fail before their commit, and kills at any call: in the end each version of an object that was there
    when a run read it has been published once, and no object's last version is missing."""
    s3, glue = aws.client("s3"), aws.client("glue")
    glue.create_database(DatabaseInput={"Name": "d"})
    chance = random.Random(seed)
    last: dict[str, bytes] = {}
    written: set[bytes] = set()
    for step in range(14):
        for _ in range(chance.randint(0, 3)):
            key = f"raw/{chance.choice('abcdef')}"
            last[key] = f"{key} {len(written)}".encode()
            written.add(last[key])
            s3.put_object(Bucket="lake", Key=key, Body=last[key])
        with monkeypatch.context() as m:
            what = chance.choice(("run", "run", "kill", "kill", "fail"))
            if what == "kill":
                kill_at(m, chance.randrange(40))
            elif what == "fail":
                m.setattr(Job, "commit", lambda self: None)
            try:
                one_run(s3, f"r{step}", m)
            except Killed:
                pass
    one_run(s3, "last", monkeypatch)
    got = contents(s3)
    assert len(got) == len(set(got)), "doubled"
    assert set(got) <= written
    assert set(last.values()) <= set(got), "lost"
