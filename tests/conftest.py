"""Settings of the whole test run."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

_QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]

# `dev` while working, `ci` in make test, `long` in make soak (about ten minutes over all fuzz targets).
settings.register_profile("dev", max_examples=50, deadline=None, suppress_health_check=_QUIET)
settings.register_profile("ci", max_examples=200, deadline=None, suppress_health_check=_QUIET, derandomize=True)
settings.register_profile("long", max_examples=20_000, deadline=None, suppress_health_check=_QUIET)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


def pytest_configure(config):
    """Django takes its applications once in a process: all tests have the console's beside the store."""
    from dlp_gateway.console.configuration import APPLICATIONS, django_settings
    from dlp_gateway.console.sections import all_pages
    from dlp_gateway.console.services import Services
    from dlp_gateway.settings import default_config_dir
    from dlp_gateway.store import database

    state = tempfile.TemporaryDirectory(prefix="console-")
    config.add_cleanup(state.cleanup)
    environment = {
        "DLP_GATEWAY__STATE_DIRECTORY": f'"{state.name}"',
        "DLP_GATEWAY__CONSOLE__URL": '"http://localhost:8080"',
    }
    services = Services(Path(default_config_dir()), environment)
    database.configure(
        f"sqlite:///{state.name}/none.db", applications=APPLICATIONS, **django_settings(services, all_pages())
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """In CI a test that is skipped because a package is missing has failed."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true" and "package" in str(report.longrepr):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
    return report
