"""``dlp-gateway console``: Django behind gunicorn, one process with threads."""

from __future__ import annotations

import gc
import socket
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from dlp_gateway.console.configuration import applications, django_settings
from dlp_gateway.console.sections import all_pages
from dlp_gateway.console.services import Services
from dlp_gateway.monitoring import logs
from dlp_gateway.settings import Settings
from dlp_gateway.settings.values import Endpoint
from dlp_gateway.store import database


def prepare(services: Services) -> None:
    """Set Django up for the console and bring the schema up to date. Raises ConfigError, StoreError."""
    settings = services.settings
    database.configure(
        settings.store.url, applications=applications(settings), **django_settings(services, all_pages())
    )
    database.migrate(everything=True)
    database.close()


def serve(folder: Path) -> None:
    """Serve pages until SIGTERM or SIGINT. Raises ConfigError, KeysError, StoreError, OSError."""
    services = Services(folder)
    settings = services.settings
    logs.configure(settings.logging.level)
    services.desk()  # a console that cannot open what is held should say so now
    services.looking()  # reading the packs takes most of a second, for which no page should wait
    prepare(services)
    _try_to_listen(settings.console.listen)
    # The worker has to be the process that made the services: gunicorn forks it, so it starts what it needs itself.
    _Server(services).run()


def _try_to_listen(endpoint: Endpoint) -> None:
    """Gunicorn would try for seconds and then end with a status only."""
    family = socket.AF_INET6 if ":" in endpoint.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((endpoint.host, endpoint.port))
        except OSError as error:
            raise OSError(f"console.listen: {endpoint} cannot be used: {error.strerror}") from None


class _Log(Logger):  # type: ignore[misc]  # gunicorn carries no types
    """Gunicorn's own messages go where everything else does: by type and place, without their text."""

    def setup(self, cfg: Any) -> None:
        """Leave the handlers to the root."""
        super().setup(cfg)
        for log in (self.error_log, self.access_log):
            log.handlers[:] = []
        self.error_log.propagate = True


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn carries no types
    """Gunicorn with the settings of ``gateway.yaml`` in place of a file of its own."""

    def __init__(self, services: Services) -> None:
        self._settings: Settings = services.settings
        self._services = services
        super().__init__()

    def load_config(self) -> None:
        """Take the settings."""
        console = self._settings.console
        options: dict[str, Any] = {
            "bind": str(console.listen),
            "workers": 1,
            "worker_class": "gthread",
            "threads": console.threads,
            "timeout": 120,
            "graceful_timeout": 20,
            "limit_request_line": 8190,
            "proc_name": "dlp-gateway console",
            # What was loaded by then stays: looking through it for garbage again and again makes pages wait.
            "post_worker_init": lambda _worker: gc.freeze(),
            "worker_exit": lambda _server, _worker: self._services.close(),
            "accesslog": None,
            "loglevel": "warning",
            "logger_class": _Log,
            "worker_tmp_dir": "/dev/shm" if Path("/dev/shm").is_dir() else None,  # noqa: S108  # gunicorn's heartbeat
            "forwarded_allow_ips": "127.0.0.1,::1",
        }
        if console.tls is not None:
            options |= {"certfile": str(console.tls.certificate), "keyfile": str(console.tls.key)}
        if "control_socket_disable" in self.cfg.settings:  # since gunicorn 25.1
            options["control_socket_disable"] = True
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Return the application."""
        from django.core.handlers.wsgi import WSGIHandler

        return WSGIHandler()
