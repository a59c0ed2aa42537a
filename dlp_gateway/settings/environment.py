"""Environment variables that override ``gateway.yaml``: ``DLP_GATEWAY__SMTP__MAX_MESSAGE_BYTES=1000000``."""

from __future__ import annotations

from collections.abc import Mapping

from dlp_gateway.configfile import ConfigError, Problem, Source, parse

PREFIX = "DLP_GATEWAY__"


def override(source: Source, environment: Mapping[str, str]) -> None:
    """Put the values of all such variables into ``source``; values are YAML (or JSON).

    Raises:
        ConfigError: a value that is not YAML; names the variable, not the value.
    """
    for name in sorted(environment):
        if not name.startswith(PREFIX):
            continue
        try:
            value = parse(f"value: {environment[name]}", name).data["value"]
        except ConfigError:
            raise ConfigError([Problem(name, 0, "is not a YAML value; put text in quotes")]) from None
        source.put(tuple(name.removeprefix(PREFIX).lower().split("__")), value, name)
