import re
from pathlib import Path

import pytest

from dlp_gateway.model import Action, Decision, Inspection, RuleHit, Verdict, Zone
from dlp_gateway.monitoring.metrics import Metrics
from tests.unit.policy.examples import envelope, recipient

PAGE = Path(__file__).parents[3] / "docs" / "operations.md"
ROW = re.compile(r"^\| `(dlp_\w+)` \| (.*) \| (.*) \|$", re.MULTILINE)


def hit(rule="bulk", **given):
    return RuleHit(rule, "2.1", Action.HOLD, **given)


@pytest.mark.parametrize(
    ("given", "mode"),
    [
        ({}, "enforced"),
        ({"monitored": True}, "monitored"),
        ({"excepted_by": "e1"}, "excepted"),
        ({"monitored": True, "excepted_by": "e1"}, "excepted"),
    ],
)
def test_rules_are_counted_by_how_they_spoke(given, mode):
    metrics = Metrics()
    to = recipient("bob@client.example")
    verdict = Verdict(to, Zone.EXTERNAL, Action.DELIVER, (hit(**given), hit("exposure")))
    sent = envelope("bob@client.example")

    metrics.decided(Decision("one", 0.0, sent, (verdict,), Inspection(), "policy", 1, "digest"), 0.1)

    counted = {
        (sample.labels["rule"], sample.labels["mode"]): sample.value
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.name == "dlp_rules_hit_total"
    }
    assert counted == {("bulk", mode): 1, ("exposure", "enforced"): 1}


def test_the_page_has_every_metric_as_it_is_told():
    told = [(name, labels, words) for name, labels, words in ROW.findall(PAGE.read_text("utf-8"))]

    assert told == [
        (f"{name}_total" if kind == "counter" else name, labels, words)
        for name, labels, words, kind in registered(Metrics())
    ], "write the names, labels and HELP lines of monitoring/metrics.py into the table"


def registered(metrics):
    """Name, labels, HELP line and kind of every metric, in their order."""
    labels = {
        metric.describe()[0].name: ", ".join(f"`{label}`" for label in metric._labelnames)
        for metric in vars(metrics).values()
        if metric is not metrics.registry
    }
    return [
        (family.name, labels[family.name], family.documentation, family.type) for family in metrics.registry.collect()
    ]
