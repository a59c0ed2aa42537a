"""The first schema. Released migrations are never changed: the next change is the next file."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q


def start_chain(apps, schema_editor):  # noqa: ARG001  # Django's signature
    """The record begins with number 0 and a hash of zeros."""
    apps.get_model("store", "AuditHead").objects.create(id=1, seq=0, hash=bytes(32))


def message(related_name, **options):
    return models.ForeignKey(
        on_delete=django.db.models.deletion.CASCADE, related_name=related_name, to="store.message", **options
    )


class Migration(migrations.Migration):
    initial = True
    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Message",
            fields=[
                ("id", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=16)),
                ("about", models.CharField(db_default="", max_length=64)),
                ("at", models.FloatField()),
                ("sender_literal", models.TextField(db_default="")),
                ("sender_local", models.TextField(db_default="")),
                ("sender_domain", models.TextField(db_default="")),
                ("client_host", models.TextField(db_default="")),
                ("client_user", models.TextField(db_default="")),
                ("eight_bit", models.BooleanField()),
                ("smtputf8", models.BooleanField()),
                ("ret", models.TextField(null=True)),
                ("envid", models.TextField(null=True)),
                ("size", models.BigIntegerField()),
                ("digest", models.CharField(db_default="", max_length=128)),
                ("policy", models.CharField(db_default="", max_length=128)),
                ("facts", models.TextField(db_default="")),
                ("content_size", models.BigIntegerField(db_default=0)),
                ("content_digest", models.CharField(db_default="", max_length=64)),
            ],
            options={
                "db_table": "dlp_message",
                "indexes": [
                    models.Index(fields=["at"], name="dlp_message_at"),
                    models.Index(condition=~Q(about=""), fields=["about"], name="dlp_message_about"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Recipient",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("message", message("recipients")),
                ("literal", models.TextField()),
                ("local", models.TextField()),
                ("domain", models.TextField()),
                ("notify", models.TextField(db_default="")),
                ("orcpt", models.TextField(null=True)),
                ("zone", models.CharField(max_length=16)),
                ("action", models.CharField(max_length=16)),
                ("hits", models.TextField(db_default="[]")),
                ("approvals", models.SmallIntegerField(db_default=1)),
                ("state", models.CharField(max_length=16)),
                ("queued_at", models.FloatField(null=True)),
                ("due", models.FloatField(null=True)),
                ("leased_by", models.TextField(db_default="")),
                ("lost", models.IntegerField(db_default=0)),
                ("attempts", models.IntegerField(db_default=0)),
                ("code", models.IntegerField(db_default=0)),
                ("enhanced", models.TextField(db_default="")),
                ("text", models.TextField(db_default="")),
                ("host", models.TextField(db_default="")),
                ("tls", models.TextField(db_default="")),
                ("released_at", models.FloatField(null=True)),
                ("settled_at", models.FloatField(null=True)),
            ],
            options={
                "db_table": "dlp_recipient",
                "indexes": [
                    models.Index(
                        condition=Q(state="queued"), fields=["due", "message", "zone"], name="dlp_recipient_queued"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=~Q(state__in=("queued", "delivered", "failed", "dropped"))
                        | Q(action="deliver")
                        | Q(released_at__isnull=False),
                        name="dlp_recipient_decided_or_released",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Hold",
            fields=[
                (
                    "message",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="hold",
                        serialize=False,
                        to="store.message",
                    ),
                ),
                ("held_at", models.FloatField()),
                ("expires_at", models.FloatField()),
                ("restricted_at", models.FloatField(null=True)),
                ("closed_at", models.FloatField(null=True)),
            ],
            options={
                "db_table": "dlp_hold",
                "indexes": [
                    models.Index(condition=Q(closed_at__isnull=True), fields=["expires_at"], name="dlp_hold_open")
                ],
            },
        ),
        migrations.CreateModel(
            name="Approval",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "recipient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="approved_by", to="store.recipient"
                    ),
                ),
                ("reviewer", models.TextField()),
                ("at", models.FloatField()),
            ],
            options={
                "db_table": "dlp_approval",
                "constraints": [models.UniqueConstraint(fields=("recipient", "reviewer"), name="dlp_approval_once")],
            },
        ),
        migrations.CreateModel(
            name="Wrap",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "message", "holder", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("message", message("wraps", db_index=False)),
                ("holder", models.CharField(max_length=16)),
                ("key_id", models.CharField(max_length=32)),
                ("wrapped", models.BinaryField()),
            ],
            options={"db_table": "dlp_wrap"},
        ),
        migrations.CreateModel(
            name="Chunk",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "message", "part", "n", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("message", message("chunks", db_index=False)),
                ("part", models.SmallIntegerField()),
                ("n", models.IntegerField()),
                ("body", models.BinaryField()),
            ],
            options={"db_table": "dlp_chunk"},
        ),
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                ("seq", models.BigIntegerField(primary_key=True, serialize=False)),
                ("at", models.FloatField()),
                ("kind", models.CharField(max_length=16)),
                ("actor", models.TextField()),
                ("subject", models.TextField()),
                ("details", models.TextField()),
                ("tokens", models.TextField()),
                ("previous", models.BinaryField()),
                ("hash", models.BinaryField()),
            ],
            options={
                "db_table": "dlp_audit_entry",
                "indexes": [models.Index(fields=["subject"], name="dlp_audit_entry_subject")],
            },
        ),
        migrations.CreateModel(
            name="AuditHead",
            fields=[
                ("id", models.SmallIntegerField(primary_key=True, serialize=False)),
                ("seq", models.BigIntegerField()),
                ("hash", models.BinaryField()),
                ("checkpoint", models.BigIntegerField(db_default=0)),
            ],
            options={"db_table": "dlp_audit_head"},
        ),
        migrations.CreateModel(
            name="AuditText",
            fields=[
                ("token", models.CharField(max_length=43, primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=16)),
                ("salt", models.BinaryField()),
                ("text", models.TextField()),
            ],
            options={
                "db_table": "dlp_audit_text",
                "indexes": [models.Index(condition=Q(kind="address"), fields=["text"], name="dlp_audit_text_address")],
            },
        ),
        migrations.RunPython(start_chain, migrations.RunPython.noop),
    ]
