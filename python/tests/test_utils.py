import pytest

from awsglue.utils import GlueArgumentError, bookmark_option, getResolvedOptions, parse_arguments


@pytest.mark.parametrize(
    ("argv", "names", "want"),
    [
        (["s.py", "--a", "1", "--b=2"], ["a", "b"], {"a": "1", "b": "2"}),
        (["s.py", "--a", "1", "--a", "2"], ["a"], {"a": "2"}),
        (["s.py", "--flag", "--a", "1"], ["flag", "a"], {"flag": "", "a": "1"}),
        (["s.py", "--my-name", "x"], ["my_name"], {"my_name": "x"}),
        (["s.py", "--a", "x=y"], ["a"], {"a": "x=y"}),
        (["s.py", "--a=x=y"], ["a"], {"a": "x=y"}),
        (
            ["s.py", "--a", "1", "--JOB_RUN_ID", "jr_1", "--job-bookmark-option", "job-bookmark-enable"],
            ["a"],
            {"a": "1", "JOB_RUN_ID": "jr_1", "job_bookmark_option": "job-bookmark-enable"},
        ),
        (["s.py", "stray", "--a", "1"], ["a"], {"a": "1"}),
    ],
)
def test_resolves(argv, names, want):
    assert getResolvedOptions(argv, names) == want


def test_missing_names_all():
    with pytest.raises(GlueArgumentError, match="required: --b, --c") as err:
        getResolvedOptions(["s.py", "--a", "1"], ["a", "b", "c"])
    assert "given: --a" in str(err.value)


def test_no_abbreviations():
    with pytest.raises(GlueArgumentError):
        getResolvedOptions(["s.py", "--bucket", "x"], ["buck"])


def test_bookmark_option():
    assert bookmark_option({"job_bookmark_option": "job-bookmark-pause"}) == "pause"
    assert bookmark_option({}) == "disable"
    with pytest.raises(GlueArgumentError):
        bookmark_option({"job_bookmark_option": "job-bookmark-on"})


def test_parse_is_total():
    assert parse_arguments(["s.py", "--", "-x", "--y"]) == {"y": ""}
