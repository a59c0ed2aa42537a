import pytest
from typer.testing import CliRunner

from dlp_gateway.cli import app

RUN = CliRunner()


def test_every_detector_is_listed():
    done = RUN.invoke(app, ["detectors", "list"])

    assert done.exit_code == 0, done.output
    assert "au_tfn" in done.output
    assert "high_risk" in done.output


@pytest.mark.parametrize("name", ["au_tfn", "cards"])
def test_examples_of_a_detector_or_a_pack_are_run(name):
    done = RUN.invoke(app, ["detectors", "test", name])

    assert done.exit_code == 0, done.output
    assert "examples pass" in done.output


def test_an_unknown_name_is_an_error():
    done = RUN.invoke(app, ["detectors", "test", "nothing"])

    assert done.exit_code == 2
