"""What every template knows: the menu of the account that is signed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings

from dlp_gateway.console.pages import Page


@dataclass(frozen=True, slots=True)
class Item:
    """A section in the menu; ``key`` goes there after g, ``here`` says that the present page belongs to it."""

    name: str
    label: str
    key: str
    here: bool


def menu(request: Any) -> dict[str, Any]:
    """The sections that the account may see."""
    user: Any = getattr(request, "user", None)
    match = request.resolver_match
    present = match.url_name if match else ""
    present_page = next((page for page in settings.CONSOLE_PAGES if page.name == present), None)
    section = _section(present_page) if present_page else None
    # Whoever has to change their first password can go nowhere else.
    ready = user is not None and user.is_authenticated and not user.first_password
    items = [
        Item(page.name, page.label, page.key, _section(page) == section)
        for page in settings.CONSOLE_PAGES
        if page.label and page.right is not None and ready and user.may(page.right)
    ]
    return {"menu": items}


def _section(page: Page) -> str:
    """What the addresses of a section have in common: their first part."""
    return page.route.partition("/")[0]
