"""A gateway on disk, as the commands find it: a configuration folder, keys, and a store with decisions in it."""

import asyncio
import re
import shutil
import time
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.testing import CliRunner

from dlp_gateway.cli import app
from dlp_gateway.settings import default_config_dir
from dlp_gateway.store import keys
from dlp_gateway.store.store import Options, Store
from tests.unit.store.examples import PLANTED


class Done(NamedTuple):
    status: int
    output: str
    errors: str


class Gateway:
    """A configuration folder with what lies beside it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.config = root / "config"
        self.keys = root / "var" / "keys"
        self.database = root / "var" / "dlp-gateway.db"
        shutil.copytree(default_config_dir(), self.config)
        self.database.parent.mkdir()

    def run(self, *arguments, stdin=None, shows_content=False):
        """Run a command; whatever it says, nothing that is sealed may be in it."""
        given = [str(argument) for argument in arguments]
        result = CliRunner().invoke(app, [*given, "--config", str(self.config)], input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        if not shows_content:
            assert not [word for word in PLANTED if word in result.stdout + result.stderr]
        return Done(result.exit_code, result.stdout, result.stderr)

    def fails(self, *arguments, stdin=None):
        """Run a command that cannot be done; returns what it says on standard error."""
        done = self.run(*arguments, stdin=stdin)
        assert (done.status, done.output) == (2, "")
        return done.errors

    def refused(self, *arguments):
        """Run a command that is not allowed; returns what it says on standard error."""
        done = self.run(*arguments)
        assert (done.status, done.output) == (1, "")
        return done.errors

    def edit(self, old, new):
        path = self.config / "gateway.yaml"
        text = path.read_text()
        assert text.count(old) == 1, old
        path.write_text(text.replace(old, new))

    def commit(self, *intakes, then=None):
        """Put decisions into the store; ``then`` does more with it."""

        async def work():
            if not self.keys.exists():
                keys.init(self.keys)
            store = await Store.open(f"sqlite:///{self.database}", keys.load_gateway(self.keys), Options(reserve=0))
            try:
                for intake in intakes:
                    await store.commit(intake)
                if then is not None:
                    await then(store)
            finally:
                await store.close()

        asyncio.run(work())


@pytest.fixture
def gateway(tmp_path):
    return Gateway(tmp_path)


@pytest.fixture
def now():
    return time.time()


def columns(output):
    """The rows of a table below its head, split where the columns are."""
    return [re.split(r"\s{2,}", line) for line in output.splitlines()[2:]]
