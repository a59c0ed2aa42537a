"""Accounts of the console."""

# ruff: noqa: D106  # Meta is Django's word for a table's options

from __future__ import annotations

from collections.abc import Iterator

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.crypto import salted_hmac

from dlp_gateway.console.roles import Right, may


class Account(AbstractUser):  # type: ignore[misc]  # Django carries no types
    """Somebody who signs in. ``email`` is their mail address: nobody releases what they sent themselves.

    ``first_password`` says that the password was made for them and is to be
    changed before anything else. Sessions belong to one ``generation`` of the
    account: counting it up ends them all. ``enabled_at`` is when an
    administrator last let them in again, from which on the clock of unused
    accounts counts. While ``away_until`` is not over, digests and escalations
    go to ``deputy``.
    """

    role = models.CharField(max_length=16, blank=True)
    first_password = models.BooleanField(default=False)
    generation = models.IntegerField(default=0)
    disabled_at = models.FloatField(null=True, blank=True)
    enabled_at = models.DateTimeField(null=True, blank=True)
    deputy = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="stands_in_for")
    away_until = models.DateField(null=True, blank=True)
    digest = models.BooleanField(default=True)

    class Meta:
        db_table = "dlp_account"

    def may(self, right: Right) -> bool:
        """Whether this account has a right."""
        return bool(self.is_active) and may(self.role, right)

    def get_session_auth_hash(self) -> str:
        """What a session must match to go on: it ends with a new password and with the account's next generation."""
        digest: str = salted_hmac(
            "dlp-gateway session", f"{self.generation} {self.password}", algorithm="sha256"
        ).hexdigest()
        return digest

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        """No other hash is taken."""
        return iter(())
