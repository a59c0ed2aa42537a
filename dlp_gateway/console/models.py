"""Accounts of the console."""

# ruff: noqa: D106  # Meta is Django's word for a table's options

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models

from dlp_gateway.console.roles import Right, may


class Account(AbstractUser):  # type: ignore[misc]  # Django carries no types
    """Somebody who signs in. ``email`` is their mail address: nobody releases what they sent themselves.

    While ``away_until`` is in the future, digests and escalations go to ``deputy``.
    """

    role = models.CharField(max_length=16, blank=True)
    deputy = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="stands_in_for")
    away_until = models.DateField(null=True, blank=True)
    digest = models.BooleanField(default=True)

    class Meta:
        db_table = "dlp_account"

    def may(self, right: Right) -> bool:
        """Whether this account has a right."""
        return bool(self.is_active) and may(self.role, right)
