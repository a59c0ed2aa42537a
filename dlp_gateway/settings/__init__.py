"""Typed settings: what ``gateway.yaml`` and the environment say about how the gateway is wired.

Unknown keys and impossible values are refused with file, line and reason.
Every limit on mail, its reading and its connections is one of these settings;
docs/settings.md lists them all.
"""

from dlp_gateway.settings.directory import (
    Configuration,
    day,
    default_config_dir,
    default_detectors_dir,
    detection_text,
    detectors_dir,
    load_settings,
    machine_config_dir,
    read_configuration,
    read_policy,
)
from dlp_gateway.settings.load import LoadedSettings, Settings, parse_settings
from dlp_gateway.settings.running import note_running, running_policy

__all__ = [
    "Configuration",
    "LoadedSettings",
    "Settings",
    "day",
    "default_config_dir",
    "default_detectors_dir",
    "detection_text",
    "detectors_dir",
    "load_settings",
    "machine_config_dir",
    "note_running",
    "parse_settings",
    "read_configuration",
    "read_policy",
    "running_policy",
]
