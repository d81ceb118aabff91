"""Arguments of a job."""

from __future__ import annotations

import sys


class GlueArgumentError(Exception):
    """A job argument is missing or malformed."""


# Options that belong to Job.init and come back whether or not a script asks for them.
_RESERVED = ("job-bookmark-option", "job-bookmark-from", "job-bookmark-to", "JOB_ID", "JOB_RUN_ID")


def parse_arguments(argv: list[str]) -> dict[str, str]:
    """Reads `--name value` and `--name=value`; the last one of a name wins, a name alone is an empty string."""
    found: dict[str, str] = {}
    rest = list(argv[1:])
    while rest:
        word = rest.pop(0)
        if not word.startswith("--") or word == "--":
            continue
        name, equals, value = word[2:].partition("=")
        if not equals:
            # A value that begins with dashes is taken for the next name, as argparse does.
            value = rest.pop(0) if rest and not rest[0].startswith("--") else ""
        found[name] = value
    return found


def getResolvedOptions(args: list[str], options: list[str]) -> dict[str, str]:
    """The named job arguments as strings. Other arguments are ignored; a missing one is an error that names it."""
    given = parse_arguments(args)
    by_underscore = {name.replace("-", "_"): value for name, value in given.items()}
    resolved: dict[str, str] = {}
    missing = []
    for option in options:
        name = option[2:] if option.startswith("--") else option
        if name in given:
            resolved[name] = given[name]
        elif name.replace("-", "_") in by_underscore:
            resolved[name] = by_underscore[name.replace("-", "_")]
        else:
            missing.append("--" + name)
    if missing:
        raise GlueArgumentError(
            f"the following arguments are required: {', '.join(missing)} (given: {', '.join('--' + n for n in sorted(given)) or 'none'})"
        )
    for name in _RESERVED:
        if name in given:
            resolved.setdefault(name.replace("-", "_"), given[name])
    return resolved


def bookmark_bound(args: dict[str, str] | None, end: str) -> str:
    """The run that --job-bookmark-from or --job-bookmark-to names; empty where it is not given."""
    return (args or {}).get(f"job_bookmark_{end}") or parse_arguments(sys.argv).get(f"job-bookmark-{end}", "")


def bookmark_option(args: dict[str, str] | None) -> str:
    """enable, pause or disable: from a job's resolved arguments, otherwise from the command line."""
    value = (args or {}).get("job_bookmark_option") or parse_arguments(sys.argv).get("job-bookmark-option", "")
    value = value.removeprefix("job-bookmark-") or "disable"
    if value not in ("enable", "pause", "disable"):
        raise GlueArgumentError(f"--job-bookmark-option is job-bookmark-enable, job-bookmark-pause or job-bookmark-disable, not {value!r}")
    return value
