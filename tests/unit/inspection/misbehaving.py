"""A factory of a worker's function that does what hostile content makes parsers do."""

import ctypes
import os
import signal
import socket
import time
from pathlib import Path
from typing import Any


def build(greeting: str = "hello") -> Any:
    """Return the function; each request names a way to misbehave."""

    def serve(request: dict[str, Any]) -> dict[str, Any]:
        return {"greeting": greeting, "got": _WAYS[request["do"]](request)}

    return serve


def broken() -> Any:
    """Fail to load, as a wrong configuration does."""
    raise ValueError("detectors/au.yaml:12: unknown entity")


def _spin(_: dict[str, Any]) -> None:
    while True:
        pass


def _try_write(request: dict[str, Any]) -> str:
    try:
        Path(request["path"]).write_text("leak")
    except OSError as error:
        return type(error).__name__
    return "written"


def _try_read(request: dict[str, Any]) -> str:
    try:
        return Path(request["path"]).read_text()
    except OSError as error:
        return type(error).__name__


def _try_socket(_: dict[str, Any]) -> str:
    try:
        with socket.socket() as opened:
            opened.connect(("127.0.0.1", 9))
    except OSError as error:
        return type(error).__name__
    return "connected"


def _try_fork(_: dict[str, Any]) -> str:
    try:
        if os.fork() == 0:
            os._exit(0)
    except OSError as error:
        return type(error).__name__
    return "forked"


def _try_kill(_: dict[str, Any]) -> str:
    try:
        os.kill(os.getppid(), signal.SIGSTOP)
    except OSError as error:
        return type(error).__name__
    return "stopped the zygote"


def _print(_: dict[str, Any]) -> str:
    for _index in range(1000):
        os.write(1, b"x" * 1024 * 1024)
    os.write(2, b"printed")
    return "printed"


_WAYS = {
    "echo": lambda request: len(request["raw"]),
    "hang": lambda _: time.sleep(3600),
    "spin": _spin,
    "exit": lambda _: os._exit(3),
    "segfault": lambda _: ctypes.string_at(0),
    "allocate": lambda _: len(bytearray(16 * 1024**3)),
    "raise": lambda request: {}[request["secret"]],
    "flood": lambda _: "x" * (20 * 1024 * 1024),
    "print": _print,
    "half": lambda _: "\ud800.txt",
    "nice": lambda _: os.nice(0),
    "write": _try_write,
    "read": _try_read,
    "socket": _try_socket,
    "fork": _try_fork,
    "kill": _try_kill,
}
