"""One module for each section of the console: its pages, their views and forms."""

from __future__ import annotations

from dlp_gateway.console.pages import Page


def all_pages() -> tuple[Page, ...]:
    """Every page, in the order of the menu; call it after Django was told its settings, or for their names alone."""
    from dlp_gateway.console.sections import (
        absence,
        bench,
        decisions,
        detectors,
        held,
        message,
        overview,
        policy,
        queue,
        record,
        reports,
        rights,
        sender,
        users,
        whatif,
    )

    return (
        *overview.PAGES,
        *held.PAGES,
        *message.PAGES,
        *decisions.PAGES,
        *record.PAGES,
        *detectors.PAGES,
        *bench.PAGES,
        *whatif.PAGES,
        *policy.PAGES,
        *queue.PAGES,
        *rights.PAGES,
        *reports.PAGES,
        *users.PAGES,
        *absence.PAGES,
        *sender.PAGES,
    )
