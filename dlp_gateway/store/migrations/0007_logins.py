"""Indexes with which a person is found by login, and reviewers' words by name."""

import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("store", "0006_rounds"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="audittext",
            index=models.Index(condition=models.Q(("kind", "reason")), fields=["token"], name="dlp_audit_text_reason"),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                django.db.models.functions.text.Lower("client_user"),
                models.F("at"),
                condition=models.Q(("client_user", ""), _negated=True),
                name="dlp_message_user",
            ),
        ),
    ]
