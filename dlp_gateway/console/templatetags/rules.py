"""What templates about detectors and rules need: names of tiers, shares, hosts, links to decisions."""

from __future__ import annotations

import datetime as dt
from urllib.parse import urlsplit

from django import template
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from dlp_gateway.model import Action
from dlp_gateway.policy.explain import OUTCOMES

register = template.Library()


@register.filter  # type: ignore[untyped-decorator]  # Django carries no types
def tier_name(tier: str) -> str:
    """A tier as people write it: ``high-risk``."""
    return str(tier).replace("_", "-")


@register.filter  # type: ignore[untyped-decorator]
def outcome(action: str) -> str:
    """What an action does to a message."""
    return OUTCOMES[Action(action)]


@register.filter  # type: ignore[untyped-decorator]
def percent(share: float) -> str:
    """A share (0 to 1) in per cent; what is little is not nothing."""
    return "<1 %" if 0 < share < 0.01 else f"{share * 100:.0f} %"


@register.filter  # type: ignore[untyped-decorator]
def score(number: float) -> str:
    """A score or threshold without needless digits: ``0.8``."""
    return f"{number:g}"


@register.filter  # type: ignore[untyped-decorator]
def day(seconds: float) -> str:
    """Seconds since the epoch as a plain text, where no markup may stand; UTC."""
    return f"{dt.datetime.fromtimestamp(seconds, dt.UTC):%d %b %Y %H:%M}"


@register.filter  # type: ignore[untyped-decorator]
def times(whole: int, part: int) -> str:
    """How many times the part goes into the whole: ``2.5``, ``12``."""
    ratio = whole / part if part else 0.0
    return f"{ratio:.1f}" if ratio < 10 else f"{ratio:.0f}"


@register.filter  # type: ignore[untyped-decorator]
def host(address: str) -> str:
    """The host of a web address, without ``www``."""
    return (urlsplit(address).hostname or address).removeprefix("www.")


@register.simple_tag  # type: ignore[untyped-decorator]
def decision_link(identifier: str, may_see: bool) -> SafeString | str:  # noqa: FBT001  # templates pass by position
    """A decision's identifier, as a link for those who may see decisions."""
    if not may_see:
        return identifier
    try:
        return format_html('<a data-row href="{}">{}</a>', reverse("decision", args=[identifier]), identifier)
    except NoReverseMatch:  # an identifier from a database of somebody else's making
        return identifier
