"""A note of the policy that runs, so that a weaker one is noticed after a restart, too."""

from __future__ import annotations

from pydantic import ValidationError

from dlp_gateway import durable
from dlp_gateway.policy.definition import Policy, from_canonical
from dlp_gateway.settings.load import Settings

_NAME = "running-policy.json"


def note_running(settings: Settings, policy: Policy) -> None:
    """Note that ``policy`` runs from now on; durable on return.

    Raises:
        OSError: the state directory cannot be written.
    """
    directory = settings.state_directory
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    durable.replace(directory / _NAME, policy.canonical)


def running_policy(settings: Settings) -> Policy | None:
    """The policy noted last; None when none was.

    Raises:
        OSError: there is a note, but it cannot be read.
        ValueError: the note is damaged, or of another version of the gateway.
    """
    path = settings.state_directory / _NAME
    try:
        text = path.read_text("ascii")
    except FileNotFoundError:
        return None
    try:
        return from_canonical(text)
    except ValidationError:
        message = f"{path} is damaged or was written by another version; remove it to go on without the comparison"
        raise ValueError(message) from None
