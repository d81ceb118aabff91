"""The warm process: it imports what jobs import, forks a child a job, and does nothing else.

It has no session, computes nothing and starts no threads, because a child gets a copy of whatever it holds.

Protocol, on a Unix socket, a connection a job: the client sends one JSON line with two file descriptors (the child's stdout
and stderr):
    {"run", "script", "argv", "env", "cwd", "mode": "spark"|"python"|"release"}
and reads JSON lines: {"pid", "started"} once it runs, {"error": {…}} from a script that raised, {"exit": code, "signal": n} at
the end. It may send {"signal": "TERM"|"KILL"}; closing the connection kills the job. End of stdin kills all jobs and the
process: children never outlive the service that started it.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import selectors
import signal
import socket
import sys

_PRELOAD = {
    "spark": ("grpc", "pandas", "pyarrow", "boto3", "http.server", "pyspark.sql.connect.session", "pyspark.sql.connect.functions",
              "pyspark.sql", "pyspark.sql.types", "pyspark.sql.functions", "pyspark.sql.window", "awsglue.context", "awsglue.job",
              "awsglue.transforms", "awsglue.utils", "botocore.session", "s3transfer", "tarn_runner.child"),
    "python": ("pandas", "pyarrow", "awswrangler", "boto3", "botocore.session", "s3transfer", "awsglue.utils", "tarn_runner.child"),
}  # fmt: skip
_LINE_LIMIT = 1 << 20


class _Job:
    """A running child and the connection that asked for it."""

    def __init__(self, connection: socket.socket):
        self.connection = connection
        self.pid = 0
        self.received = b""


class Parent:
    def __init__(self, listener: socket.socket):
        self._listener = listener
        self._selector = selectors.DefaultSelector()
        self._jobs: dict[int, _Job] = {}
        # SIGCHLD wakes the selector through this pipe.
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)

    def serve(self) -> None:
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: self._end())
        register = self._selector.register
        register(self._listener, selectors.EVENT_READ, self._accept)
        register(self._wake_read, selectors.EVENT_READ, self._reap)
        register(sys.stdin.fileno(), selectors.EVENT_READ, self._lifeline)
        print("ready", flush=True)
        while True:
            for key, _ in self._selector.select():
                key.data(key.fileobj)

    def _lifeline(self, _fd) -> None:
        if not os.read(sys.stdin.fileno(), 4096):
            self._end()

    def _end(self) -> None:
        for pid in self._jobs:
            _kill(pid, signal.SIGKILL)
        # A service that was killed does not remove the folder it made for the socket.
        try:
            path = self._listener.getsockname()
            os.unlink(path)
            os.rmdir(os.path.dirname(path))
        except OSError:
            pass
        os._exit(0)

    def _accept(self, listener: socket.socket) -> None:
        connection, _ = listener.accept()
        job = _Job(connection)
        self._selector.register(connection, selectors.EVENT_READ, lambda _: self._read(job))

    def _read(self, job: _Job) -> None:
        try:
            data, fds, _, _ = socket.recv_fds(job.connection, 65536, 4)
        except OSError:
            data, fds = b"", []
        if job.pid == 0:
            job_fds = getattr(job, "fds", [])
            job.fds = job_fds + fds
        if not data or len(job.received) > _LINE_LIMIT:
            self._drop(job)
            return
        job.received += data
        while b"\n" in job.received:
            line, job.received = job.received.split(b"\n", 1)
            self._message(job, json.loads(line))

    def _message(self, job: _Job, message: dict) -> None:
        if job.pid == 0:
            self._start(job, message)
        elif message.get("signal") in ("TERM", "KILL"):
            _kill(job.pid, signal.SIGTERM if message["signal"] == "TERM" else signal.SIGKILL)

    def _start(self, job: _Job, request: dict) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            self._child(job, request)
        for fd in job.fds:
            os.close(fd)
        job.fds, job.pid = [], pid
        self._jobs[pid] = job
        self._send(job, {"pid": pid, "started": started(pid)})

    def _child(self, job: _Job, request: dict) -> None:
        from tarn_runner import child

        code = 1
        try:
            os.setsid()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            self._selector.close()
            self._listener.close()
            for other in self._jobs.values():
                other.connection.close()
            os.close(self._wake_read)
            os.close(self._wake_write)
            null = os.open(os.devnull, os.O_RDONLY)
            os.dup2(null, 0)
            for target, fd in enumerate(job.fds[:2], start=1):
                os.dup2(fd, target)
            for fd in job.fds:
                os.close(fd)
            if request.get("fresh"):
                child.anew(request, job.connection)
            code = child.run(request, job.connection)
        finally:
            os._exit(code)

    def _reap(self, fd) -> None:
        try:
            while os.read(fd, 4096):
                pass
        except BlockingIOError:
            pass
        while self._jobs:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            job = self._jobs.pop(pid, None)
            if job is None:
                continue
            # What the script left running in its process group ends with it.
            _kill(pid, signal.SIGKILL)
            ended = {"exit": os.waitstatus_to_exitcode(status)} if os.WIFEXITED(status) else {"exit": 1, "signal": os.WTERMSIG(status)}
            self._send(job, ended)
            self._forget(job)

    def _send(self, job: _Job, message: dict) -> None:
        try:
            job.connection.sendall(json.dumps(message).encode() + b"\n")
        except OSError:
            # The client is gone; reading from its connection will say so.
            pass

    def _drop(self, job: _Job) -> None:
        if job.pid in self._jobs:
            _kill(job.pid, signal.SIGKILL)
            self._selector.unregister(job.connection)
            return
        for fd in getattr(job, "fds", []):
            os.close(fd)
        self._forget(job)

    def _forget(self, job: _Job) -> None:
        try:
            self._selector.unregister(job.connection)
        except (KeyError, ValueError):
            pass
        job.connection.close()


def _kill(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        # Already gone, or not yet the leader of its group.
        try:
            os.kill(group, number)
        except ProcessLookupError:
            pass


def started(pid: int) -> str:
    """When a process began, as the kernel counts it: with the id it names one process for good. Empty where unknown."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rpartition(")")[2].split()[19]
    except OSError:
        return ""


def main() -> None:
    parser = argparse.ArgumentParser(prog="tarn_runner")
    parser.add_argument("--socket", required=True)
    parser.add_argument("--kind", choices=sorted(_PRELOAD), required=True)
    options = parser.parse_args()
    # The modules that ask whether this is a Spark Connect client are imported as such.
    if options.kind == "spark":
        os.environ["SPARK_CONNECT_MODE_ENABLED"] = "1"
    for name in _PRELOAD[options.kind]:
        importlib.import_module(name)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(options.socket)
    os.chmod(options.socket, 0o600)
    listener.listen(64)
    Parent(listener).serve()
