"""Who may open a message: its content key, wrapped for the delivery or for the reviewers."""

from __future__ import annotations

from dlp_gateway.store import sealing
from dlp_gateway.store.keys import GatewayKeys, ReviewKeys, SealingKeys, latest

DELIVERY = "delivery"
REVIEWERS = "reviewers"


def for_delivery(keys: GatewayKeys | ReviewKeys | SealingKeys, key: bytes, message_id: str) -> tuple[str, bytes]:
    """The identifier of the wrapping key, and ``key`` wrapped so that the gateway can send the message.

    The gateway wraps with its spool key; processes that have no secret of the
    gateway, to its public key.
    """
    if isinstance(keys, GatewayKeys):
        key_id = latest(keys.spool)
        return key_id, sealing.wrap(keys.spool[key_id], key)
    key_id = latest(keys.release)
    return key_id, sealing.encapsulate(keys.release[key_id], key, message_id, key_id)


def for_reviewers(keys: GatewayKeys, key: bytes, message_id: str) -> tuple[str, bytes]:
    """The identifier of the reviewers' key, and ``key`` so that only they can open the message."""
    key_id = latest(keys.reviewers)
    return key_id, sealing.encapsulate(keys.reviewers[key_id], key, message_id, key_id)


def open_for_delivery(keys: GatewayKeys, key_id: str, wrapped: bytes, message_id: str) -> bytes:
    """The content key of a message to be sent; raises SealError without the right key."""
    if key_id in keys.spool:
        return sealing.unwrap(keys.spool[key_id], wrapped)
    if key_id in keys.release:
        return sealing.decapsulate(keys.release[key_id], wrapped, message_id, key_id)
    raise sealing.SealError(f"message {message_id} needs the key {key_id}, which is not in the key directory")


def open_for_review(keys: ReviewKeys, key_id: str, wrapped: bytes, message_id: str) -> bytes:
    """The content key of a held message; raises SealError without the right key."""
    if key_id not in keys.reviewers:
        raise sealing.SealError(f"message {message_id} needs the key {key_id}, which is not in the review folder")
    return sealing.decapsulate(keys.reviewers[key_id], wrapped, message_id, key_id)
