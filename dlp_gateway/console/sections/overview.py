"""The first page: what was decided, what waits, how the gateway is."""

from __future__ import annotations

from typing import Any

from django.shortcuts import render

from dlp_gateway.console.pages import Page
from dlp_gateway.console.roles import Right
from dlp_gateway.store import counters


def overview(request: Any) -> Any:
    """Figures of now."""
    return render(request, "console/overview.html", {"counts": counters.counts(request.services.clock())})


PAGES = (Page("overview", "", overview, Right.SEE_FIGURES, label="Overview", key="o"),)
