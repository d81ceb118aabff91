"""One job in an interpreter of its own: what child.anew starts. The request is in TARN_REQUEST, the connection inherited."""

from __future__ import annotations

import json
import os
import socket
import sys

from tarn_runner import child


def main() -> None:
    request = json.loads(os.environ["TARN_REQUEST"])
    connection = socket.socket(fileno=int(sys.argv[1]))
    # As everywhere: the script's own variables are those of the request, set by child.run.
    code = 1
    try:
        code = child.run({**request, "env": {**request["env"], "PYTHONPATH": os.environ["PYTHONPATH"]}}, connection)
    finally:
        os._exit(code)


main()
