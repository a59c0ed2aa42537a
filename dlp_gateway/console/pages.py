"""What a page of the console is: a route, the view behind it, and who may use it.

Every section lists its pages as a tuple ``PAGES``; ``urls`` joins them and the
gatekeeper lets nobody through to a view that is not listed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dlp_gateway.console.roles import Right

View = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Page:
    """One address of the console.

    ``right`` is what its user must have; None is for everybody, also without
    an account (the sender's page, which has a key of its own in its link).
    ``methods`` are all that it answers. ``label`` puts it into the menu, in
    the order of the sections; g and ``key`` go there. ``example`` pairs the names of its parameters
    with the kind of value they take, for the test that visits every page as
    every role (``decision``, ``held``, ``account`` ...).
    """

    name: str
    route: str
    view: View
    right: Right | None
    methods: tuple[str, ...] = ("GET",)
    label: str = ""
    key: str = ""
    example: tuple[tuple[str, str], ...] = ()
