"""The policy guide says what the code does."""

import re
import textwrap
from pathlib import Path

import pytest

from dlp_gateway.configfile import parse
from dlp_gateway.policy.definition import policy_from
from dlp_gateway.policy.rules import RuleName, Rules
from tests.unit.policy.examples import HOME

GUIDE = (Path(__file__).parents[3] / "docs" / "policy.md").read_text("utf-8")
EXAMPLES = [textwrap.dedent(block) for block in re.findall(r"^ *```yaml\n(.*?)^ *```", GUIDE, re.DOTALL | re.MULTILINE)]


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_are_valid(example):
    data = parse(example, "docs/policy.md").data

    policy_from({"organisation": {"name": "W", "domains": [HOME]}, **data})


def test_there_are_examples():
    assert len(EXAMPLES) == 3


def test_every_rule_stands_in_the_table_with_its_clause_and_action():
    rows = {
        row[0].strip("`"): row
        for row in re.findall(r"^\| (`[a-z-]+`) \| ([^|]+) \|.*\|([^|]*)\|$", GUIDE, re.MULTILINE)
    }

    for name, rule in Rules().stopping():
        _, clause, action = rows[name]
        assert clause.strip() == rule.clause
        assert action.strip().startswith(rule.action.value)
    assert set(rows) == {*RuleName, "internal", "accountability"}
