"""``dlp-gateway serve``: the gateway itself."""

from __future__ import annotations

import asyncio
import sys

import typer

from dlp_gateway.cli.context import FAILED, ConfigOption, deployed, settings
from dlp_gateway.configfile import ConfigError
from dlp_gateway.inspection.pool import PoolError
from dlp_gateway.monitoring import logs
from dlp_gateway.smtp.authentication import UsersFileError
from dlp_gateway.smtp.tls import CertificateError
from dlp_gateway.store.errors import StoreError
from dlp_gateway.store.keys import KeysError

# The writer's thread asks for the interpreter after every statement; at the default of 5 ms a busy event loop makes
# one transaction wait a tenth of a second for it.
SWITCH_SECONDS = 0.0005

# What can be wrong with what an administrator gave; each says what to do.
REFUSALS = (ConfigError, KeysError, StoreError, PoolError, CertificateError, UsersFileError, OSError)


def serve(config: ConfigOption = None) -> None:
    """Receive, inspect, decide, deliver, until SIGTERM; SIGHUP reloads the configuration."""
    from dlp_gateway import app

    logs.configure(settings(config).logging.level)
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        asyncio.run(app.serve(deployed(config)))
    except REFUSALS as error:
        print(f"dlp-gateway cannot start: {error}", file=sys.stderr)
        raise typer.Exit(FAILED) from error
