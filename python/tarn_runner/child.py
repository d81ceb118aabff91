"""One job: a forked process that becomes the script's own."""

from __future__ import annotations

import concurrent.futures.thread
import json
import logging
import os
import runpy
import signal
import socket
import sys
import threading

from tarn_runner import errors


class Terminated(BaseException):
    """The job was asked to end."""


def run(request: dict, connection: socket.socket) -> int:
    _become(request)
    signal.signal(signal.SIGTERM, _terminate)
    if request["mode"] == "release":
        from tarn_runner import session

        session.release()
        return 0
    failure = None
    code = 0
    try:
        _prepare(request)
        runpy.run_path(request["script"], run_name="__main__")
    except SystemExit as err:
        code, failure = _exit(err, request)
    except Terminated:
        code = 143
    except BaseException as err:  # noqa: BLE001  the script may raise anything; all of it is reported
        code, failure = 1, _report(err, request)
    if failure:
        connection.sendall(json.dumps({"error": failure}).encode() + b"\n")
    try:
        if code != 143:
            _wait_for_threads()
    except Terminated:
        code = 143
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if request["mode"] == "spark":
        from tarn_runner import session

        session.close()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            pass
    return code


def anew(request: dict, connection: socket.socket) -> None:
    """Becomes a new interpreter, for a job whose own packages must come before those imported here. Does not return."""
    connection.set_inheritable(True)
    # Packages and modules of the job are importable from the start, by it and by what it starts.
    path = os.pathsep.join([*(request.get("paths") or []), request["env"].get("PYTHONPATH", "")])
    env = {**request["env"], "PYTHONPATH": path, "TARN_REQUEST": json.dumps({**request, "fresh": False, "paths": []})}
    os.execve(sys.executable, [sys.executable, "-m", "tarn_runner.once", str(connection.fileno())], env)


def _terminate(*_) -> None:
    raise Terminated


def _become(request: dict) -> None:
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    sys.argv = [request["script"], *request["argv"]]
    sys.path.insert(0, os.path.dirname(request["script"]))
    sys.stdout.reconfigure(line_buffering=True)
    sys.stderr.reconfigure(line_buffering=True)


def _prepare(request: dict) -> None:
    for path in reversed(request.get("paths") or []):
        sys.path.insert(0, path)
    if request["mode"] == "spark":
        from tarn_runner import context, session

        context.install()
        session.install(request)
        # Each error of analysis would stand in the log a second time, as a line of JSON.
        for name in ("DataFrameQueryContextLogger", "SQLQueryContextLogger"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def _exit(err: SystemExit, request: dict) -> tuple[int, dict | None]:
    if err.code is None or err.code == 0:
        return 0, None
    code = err.code if isinstance(err.code, int) else 1
    return code & 0xFF or 1, _report(err, request)


def _report(err: BaseException, request: dict) -> dict:
    sys.stderr.write(errors.log_text(err))
    sys.stderr.flush()
    try:
        return errors.describe(err, request["script"], request.get("name") or os.path.basename(request["script"]))
    except Exception:  # noqa: BLE001  describing must not hide the error itself
        return {"class": type(err).__name__, "message": str(err), "file": "", "line": 0, "text": ""}


def _wait_for_threads() -> None:
    """As the interpreter does at its end: threads of the script that are not daemons finish first. Workers of thread
    pools are left out: pools that a script closes are done, and the engine's client keeps idle ones."""
    pooled = set(concurrent.futures.thread._threads_queues)
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon and thread not in pooled:
            thread.join()
