"""What templates need: moments and durations for people, names of tiers and actions, the value of a mapping's key."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.filter  # type: ignore[untyped-decorator]  # Django carries no types
def moment(seconds: float | None) -> SafeString | str:
    """Seconds since the epoch as a ``<time>`` in UTC; "" for none."""
    if seconds is None:
        return ""
    at = dt.datetime.fromtimestamp(seconds, dt.UTC)
    return format_html('<time datetime="{}">{}</time>', at.isoformat(timespec="seconds"), at.strftime("%d %b %Y %H:%M"))


@register.filter  # type: ignore[untyped-decorator]
def day(seconds: float | None) -> SafeString | str:
    """The day (UTC) of a moment as a ``<time>``; "" for none."""
    if seconds is None:
        return ""
    at = dt.datetime.fromtimestamp(seconds, dt.UTC)
    return format_html('<time datetime="{}">{}</time>', at.date().isoformat(), at.strftime("%d %b %Y"))


@register.filter  # type: ignore[untyped-decorator]
def duration(seconds: float | None) -> str:
    """A number of seconds for people: ``3 d 4 h``, ``12 min``."""
    if seconds is None:
        return ""
    minutes = int(abs(seconds) // 60)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


@register.filter  # type: ignore[untyped-decorator]
def entry(mapping: Mapping[Any, Any], key: Any) -> Any:
    """The value of a key, None without one."""
    return mapping.get(key)
