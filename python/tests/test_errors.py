import pytest

from tarn_runner import errors, refusal

WHO = "arn:aws:sts::000000000000:assumed-role/reader/GlueJobRunnerSession"
DENIED = f"User: {WHO} is not authorized to perform:"


@pytest.mark.parametrize(
    ("text", "want"),
    [
        (
            "(java.nio.file.AccessDeniedException) out/x/_temporary/0: PUT 0-byte object  on out/x/_temporary/0:"
            f" software.amazon.awssdk.services.s3.model.AccessDeniedException: {DENIED} s3:PutObject on resource:"
            " arn:aws:s3:::lake/out/x/_temporary/0/ because no policy allows the s3:PutObject action (Service: S3, Status Code: 403)",
            "role reader is not allowed s3:PutObject on arn:aws:s3:::lake/out/x/_temporary/0/: allow",
        ),
        (
            f"An error occurred (AccessDeniedException) when calling the GetTable operation: {DENIED} glue:GetTable"
            " on resource: arn:aws:glue:us-east-1:000000000000:catalog because no identity-based policy allows the glue:GetTable action",
            "role reader is not allowed glue:GetTable on arn:aws:glue:us-east-1:000000000000:catalog: allow",
        ),
        (
            "(java.nio.file.AccessDeniedException) s3://lake/in/a.json: getFileStatus on s3://lake/in/a.json:"
            " software.amazon.awssdk.services.s3.model.S3Exception: Forbidden (Service: S3, Status Code: 403, Request ID: 1):null",
            "role given is not allowed s3:GetObject on arn:aws:s3:::lake/in/a.json or s3:ListBucket on arn:aws:s3:::lake: allow",
        ),
        ("[DIVIDE_BY_ZERO] Division by zero", ""),
        ("AccessDenied", ""),
    ],
)
def test_refusal(text, want):
    said = refusal.explain(text, "given")
    assert said.startswith(want) and bool(said) == bool(want)


def test_a_missing_table_says_what_the_job_lacks(monkeypatch):
    text = "[TABLE_OR_VIEW_NOT_FOUND] The table or view `lake`.`x` cannot be found. Verify the spelling. SQLSTATE: 42P01; 'Project"
    monkeypatch.setattr("sys.argv", ["job.py"])
    assert "The table or view `lake`.`x` cannot be found. Tables of the Glue catalog need" in errors.missing(text)
    monkeypatch.setattr("sys.argv", ["job.py", "--enable-glue-datacatalog", "true"])
    assert errors.missing(text) == ""
    assert errors.plan_left_out(errors.plain(text)).endswith("SQLSTATE: 42P01")


def test_a_function_in_spark_names_its_own_line():
    text = """
  An exception was thrown from the Python worker. Please see the stack trace below.
Traceback (most recent call last):
  File "/data/run/job.py", line 6, in half
    return 1 / x
           ~~^~~
ZeroDivisionError: division by zero
"""
    assert errors.in_python(text) == "ZeroDivisionError: division by zero (in half of job.py, line 6, called by Spark)"


def test_the_log_holds_no_frames_of_the_jvm():
    cause = "\nCaused by: java.Y: why\n\t... 3 more"
    text = errors.log_text(RuntimeError("[X] no\n\nJVM stacktrace:\norg.X\n\tat a.b(C.scala:1)" + cause + cause))
    assert text.count("Caused by: java.Y: why") == 1 and "\tat" not in text and "JVM stacktrace" not in text


def test_the_failing_line(tmp_path):
    script = tmp_path / "job.py"
    script.write_text("def f(x):\n    return 1 / x\n\n\nf(0)\n")
    try:
        exec(compile(script.read_text(), str(script), "exec"), {})
    except ZeroDivisionError as err:
        got = errors.describe(err, str(script), "job.py")
    assert got == {"class": "ZeroDivisionError", "message": "division by zero", "file": "job.py", "line": 2, "text": "return 1 / x"}


def test_a_full_disk():
    text = (
        "Job aborted due to stage failure: org.apache.hadoop.util.DiskChecker$DiskErrorException: Could not find any valid local directory"
        " for s3ablock-0001- with requested size 67108864 on host vm/127.0.0.1 as the max capacity in any directory"
        " ( /data/tmp/s3a ) is 31367168"
    )
    assert errors.full_disk(text).startswith("the disk is full: 29 MB are free for /data/tmp/s3a, where a block of 64 MB")
    told = errors.full_disk("x\njava.io.IOException: No space left on device\n\tat y")
    assert told.startswith("the disk is full: java.io.IOException: No space left on device. Make room")
    assert errors.full_disk("something else") == ""
