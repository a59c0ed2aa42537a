"""Reports to the senders of mail that an administrator gave up."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import groupby
from operator import attrgetter

from dlp_gateway.delivery.bounces import Action, Origin, Reported, Trace, build, reportable
from dlp_gateway.delivery.carrier import address_of
from dlp_gateway.delivery.result import failed
from dlp_gateway.model import Recipient, Zone
from dlp_gateway.store.spool import Dropped
from dlp_gateway.store.values import Kind, Outgoing


def reports(dropped: Iterable[Dropped], hostname: str, zone_of: Callable[[str], Zone], now: float) -> list[Outgoing]:
    """One delivery status notification a message, to those of the senders who want to hear of failures.

    The reason an administrator gives is not repeated: it is for the record.
    ``zone_of`` tells the zone of a sender's domain.
    """
    result = failed("5.0.0", "an administrator of the gateway gave it up")
    made = []
    for message_id, group in groupby(sorted(dropped, key=attrgetter("message_id")), attrgetter("message_id")):
        told = [one for one in group if reportable(one.kind, one.sender, one.recipient, Action.FAILED)]
        if told:
            origin = Origin(message_id, told[0].sender, told[0].envid, told[0].queued_at)
            reported = [Reported(one.recipient, Action.FAILED, result) for one in told]
            sender = address_of(told[0].sender)
            content = build(hostname, origin, reported, Trace(), now)
            made.append(Outgoing(Kind.BOUNCE, Recipient(sender), zone_of(sender.domain), content, message_id))
    return made
