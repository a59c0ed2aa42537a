"""docs/privacy.md and docs/threat-model.md name tests and settings: both are there, with the values that are told."""

import re
from pathlib import Path

import pytest

from dlp_gateway.console.sections.rights_receipt import SCHEMA as RECEIPT
from dlp_gateway.settings import load_settings
from dlp_gateway.settings.directory import default_config_dir
from dlp_gateway.store.person_export import SCHEMA as EXPORT

ROOT = Path(__file__).parents[2]
PAGES = ("privacy.md", "threat-model.md")


def page(name):
    return (ROOT / "docs" / name).read_text("utf-8")


@pytest.fixture(scope="module")
def tests():
    named = set()
    for path in (ROOT / "tests").rglob("*.py"):
        named |= set(re.findall(r"def (test_\w+)\(", path.read_text("utf-8")))
    return named


@pytest.mark.parametrize("name", PAGES)
def test_every_test_that_is_named_is_there(name, tests):
    named = set(re.findall(r"`(test_\w+)`", page(name)))

    assert len(named) > 20
    assert named - tests == set()


def test_every_module_that_is_named_is_there():
    named = set(re.findall(r"`([a-z_]+/(?:[a-z_]+/)*[a-z_]+\.py)`", page("privacy.md")))

    assert named
    assert {path for path in named if not (ROOT / "dlp_gateway" / path).exists()} == set()


def test_how_long_things_are_kept_is_what_the_settings_say():
    settings = load_settings(default_config_dir())
    told = re.findall(r"^\|.*\| ([^|]+) \| (`[^|]+`) \|$", page("privacy.md"), re.MULTILINE)
    checked = 0
    for words, names in told:
        for section, key in re.findall(r"`(\w+)\.(\w+_(?:days|minutes))`", names):
            value = getattr(getattr(settings, section), key)
            assert f"{value:,g} {key.rpartition('_')[2]}" in words, key
            checked += 1
    assert checked >= 13


def test_the_formats_have_their_names():
    assert f'`"schema": "{EXPORT}"`' in page("privacy.md")
    assert f'`"schema": "{RECEIPT}"`' in page("privacy.md")
