"""``/healthz``, ``/readyz`` and ``/metrics`` over HTTP, on a listener of their own.

Healthy: the process answers and its loop is not stuck. Ready: it would take a
message now (workers up, store writable, not draining); the body says what is
missing. Meant for a loopback or management address: there is nothing to sign
in to, and nothing personal to see.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import make_wsgi_app

Check = Callable[[], Mapping[str, bool]]


class HealthServer:
    """Serves the three pages from a thread; ``checks`` are asked for each request.

    Raises OSError, which names the setting and the address, when it cannot be
    listened on.
    """

    def __init__(self, host: str, port: int, registry: CollectorRegistry, healthy: Check, ready: Check) -> None:
        metrics = make_wsgi_app(registry)
        pages = {"/healthz": healthy, "/readyz": ready}

        def application(environ: dict[str, Any], start_response: Any) -> Any:
            path = environ.get("PATH_INFO", "")
            if path == "/metrics":
                return metrics(environ, start_response)
            if path not in pages:
                start_response("404 Not Found", [("Content-Type", "text/plain")])
                return [b"not found\n"]
            state = pages[path]()
            status = "200 OK" if all(state.values()) else "503 Service Unavailable"
            start_response(status, [("Content-Type", "text/plain"), ("Cache-Control", "no-store")])
            return [f"{name}: {'ok' if good else 'failing'}\n".encode() for name, good in state.items()]

        try:
            self._server = make_server(host, port, application, server_class=_Server, handler_class=_Handler)
        except OSError as error:
            where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            raise OSError(error.errno, f"monitoring.listen: {where} cannot be listened on: {error.strerror}") from error
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return self._server.server_port

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def server_bind(self) -> None:
        # WSGIServer would look the host's name up in DNS: nothing here asks a resolver for that.
        self.server_name = str(self.server_address[0])
        self.server_port = int(self.server_address[1])
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_port = int(self.server_address[1])
        self.setup_environ()


class _Handler(WSGIRequestHandler):
    # Nobody may keep a thread by sending nothing.
    timeout = 10

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        del format, args
