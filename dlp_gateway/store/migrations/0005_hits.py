"""A row for each entity found in a message, filled from the facts of the decisions that are there."""

import json
from collections import Counter

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

_BATCH = 500


def fill(apps, _schema_editor):
    """Count what was found in the messages decided so far."""
    hit = apps.get_model("store", "Hit")
    recipient = apps.get_model("store", "Recipient")
    message = apps.get_model("store", "Message")
    made = []
    for identifier, at, facts in message.objects.filter(kind="mail").values_list("id", "at", "facts").iterator(_BATCH):
        found = json.loads(facts)["findings"] if facts else []
        if not found:
            continue
        counts = Counter(finding[0] for finding in found)
        stopping = _blamed(recipient.objects.filter(message_id=identifier).exclude(action="deliver"))
        for entity, count in counts.items():
            detectors = ",".join(sorted({finding[7] for finding in found if finding[0] == entity}))
            made.append(
                hit(
                    message_id=identifier,
                    entity=entity,
                    at=at,
                    findings=count,
                    detectors=detectors,
                    stopped=entity in stopping,
                )
            )
        if len(made) >= _BATCH:
            hit.objects.bulk_create(made)
            made = []
    hit.objects.bulk_create(made)


def _blamed(recipients):
    """The names in the reasons of the rules that stopped a message."""
    return {
        reason.partition(" in ")[0]
        for hits in recipients.values_list("hits", flat=True)
        for _rule, _clause, _action, monitored, excepted_by, reasons in json.loads(hits)
        if not monitored and excepted_by is None
        for reason in reasons
    }


class Migration(migrations.Migration):
    dependencies = [("store", "0004_figures")]

    operations = [
        migrations.CreateModel(
            name="Hit",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "message", "entity", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("entity", models.CharField(max_length=64)),
                ("at", models.FloatField()),
                ("findings", models.IntegerField()),
                ("detectors", models.TextField()),
                ("stopped", models.BooleanField()),
                (
                    "message",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="found",
                        to="store.message",
                    ),
                ),
            ],
            options={"db_table": "dlp_hit", "abstract": False},
        ),
        migrations.AddIndex(
            model_name="hit", index=models.Index(fields=["entity", "at", "stopped"], name="dlp_hit_found")
        ),
        migrations.AddIndex(
            model_name="hit",
            index=models.Index(fields=["entity", "at", "message"], name="dlp_hit_stopped", condition=Q(stopped=True)),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
