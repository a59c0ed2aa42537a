"""When an administrator last let an account in again."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("console", "0002_sign_in"),
    ]

    operations = [
        migrations.AddField(
            model_name="account",
            name="enabled_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
