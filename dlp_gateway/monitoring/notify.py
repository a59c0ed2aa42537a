"""Readiness, stopping and watchdog messages to systemd (sd_notify(3)); nothing elsewhere."""

from __future__ import annotations

import os
import socket
from contextlib import suppress


class Notifier:
    """Sends states to the socket systemd named in ``NOTIFY_SOCKET``; silently none without one."""

    def __init__(self, environment: dict[str, str] | None = None) -> None:
        values = dict(os.environ) if environment is None else environment
        self._path = values.get("NOTIFY_SOCKET", "")

    def ready(self) -> None:
        """Say that the service accepts work."""
        self._send("READY=1")

    def reloading(self) -> None:
        """Say that a reload has begun; ``ready`` ends it."""
        self._send("RELOADING=1")

    def stopping(self) -> None:
        """Say that the service drains."""
        self._send("STOPPING=1")

    def watchdog(self) -> None:
        """Say that the event loop is alive."""
        self._send("WATCHDOG=1")

    def _send(self, state: str) -> None:
        if not self._path:
            return
        # A leading @ names an abstract socket.
        address = "\0" + self._path[1:] if self._path.startswith("@") else self._path
        # Nobody listening there (any more) is no reason to stop taking mail.
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
            line.connect(address)
            line.sendall(state.encode("ascii"))
