"""Requests of persons: their clocks, what was found inside held messages for them, what is kept for them."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("store", "0002_console"),
    ]

    operations = [
        migrations.AddField(
            model_name="personrequest",
            name="answer",
            field=models.TextField(db_default=""),
        ),
        migrations.AddField(
            model_name="personrequest",
            name="erased_at",
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name="personrequest",
            name="erasing_at",
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name="personrequest",
            name="extended_at",
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name="personrequest",
            name="extension",
            field=models.TextField(db_default=""),
        ),
        migrations.AddField(
            model_name="personrequest",
            name="opened",
            field=models.IntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name="personrequest",
            name="outcome",
            field=models.CharField(db_default="", max_length=16),
        ),
        migrations.AddField(
            model_name="personrequest",
            name="searched",
            field=models.CharField(db_default="", max_length=64),
        ),
        migrations.CreateModel(
            name="PersonMatch",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("at", models.FloatField()),
                ("places", models.TextField()),
                (
                    "message",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="person_matches", to="store.message"
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="matches", to="store.personrequest"
                    ),
                ),
            ],
            options={
                "db_table": "dlp_person_match",
                "abstract": False,
                "constraints": [models.UniqueConstraint(fields=("request", "message"), name="dlp_person_match_once")],
            },
        ),
        migrations.CreateModel(
            name="Restriction",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("at", models.FloatField()),
                (
                    "message",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="restrictions", to="store.message"
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="restrictions",
                        to="store.personrequest",
                    ),
                ),
            ],
            options={
                "db_table": "dlp_restriction",
                "abstract": False,
                "constraints": [models.UniqueConstraint(fields=("request", "message"), name="dlp_restriction_once")],
            },
        ),
    ]
