import pytest

from dlp_gateway.delivery.allowance import Allowance
from dlp_gateway.delivery.consignment import Cargo, Consignment, ContentError, CrowdedError, ErasedError, group
from dlp_gateway.delivery.resolver import Resolver
from dlp_gateway.delivery.routing import Destination, Router
from dlp_gateway.delivery.settings import ResolverSettings, Routes, RouteSettings
from dlp_gateway.model import Zone
from tests.unit.delivery.examples import CONTENT, due
from tests.unit.delivery.memory_queue import Clock, MemoryQueue

INSIDE, OUTSIDE, PARTNER = (RouteSettings(hosts=(f"{name}.example:25",)) for name in ("in", "out", "partner"))
SMART = Routes({Zone.INTERNAL: INSIDE, Zone.PARTNER: OUTSIDE, Zone.EXTERNAL: OUTSIDE}, {"partner.example": PARTNER})
BY_MX = Routes({zone: RouteSettings(mx=True) for zone in Zone})


def grouped(dues, routes=SMART, most=100):
    router = Router(routes, Resolver(ResolverSettings(), Clock()))
    return [[each.delivery_id for each in consignment.dues] for consignment in group(dues, router, most)]


def test_recipients_of_one_message_that_go_one_way_go_together():
    dues = [
        due(1, "a@ext.example", "m1"),
        due(2, "b@other.example", "m1"),
        due(3, "c@partner.example", "m1"),
        due(4, "d@westendonsixth.com", "m1", zone=Zone.INTERNAL),
        due(5, "e@trusted.example", "m1", zone=Zone.PARTNER),
        due(6, "f@ext.example", "m2"),
    ]

    assert grouped(dues) == [[1, 2, 5], [3], [4], [6]]


def test_by_mx_each_domain_is_a_way_of_its_own():
    dues = [due(1, "a@ext.example"), due(2, "b@other.example"), due(3, "c@ext.example")]

    assert grouped(dues, BY_MX) == [[1, 3], [2]]


def test_a_transaction_has_no_more_recipients_than_set():
    assert grouped([due(number) for number in range(7)], most=3) == [[0, 1, 2], [3, 4, 5], [6]]


def consignment(**more):
    return Consignment(Destination(OUTSIDE), (due(1, **more), due(2, "eve@ext.example", **more)))


async def test_content_is_fetched_once_and_let_go():
    queue, allowance = MemoryQueue(Clock()), Allowance(len(CONTENT))
    queue.put(CONTENT, due())
    cargo = Cargo(queue, allowance, consignment(eight_bit=True, ret="HDRS", envid="x", sender=""))
    assert queue.reads == 0

    mail = await cargo.mail(consignment().recipients[:1])
    await cargo.content()
    cargo.unload()

    assert queue.reads == 1
    assert (mail.content, mail.sender, len(mail.recipients), mail.eight_bit, mail.ret, mail.envid) == (
        CONTENT,
        "",
        1,
        True,
        "HDRS",
        "x",
    )
    assert allowance.take_at_once(len(CONTENT), "another")


class BrokenQueue(MemoryQueue):
    async def content(self, message_id):
        raise OSError("no key")


@pytest.mark.parametrize(("queue", "error"), [(MemoryQueue, ErasedError), (BrokenQueue, ContentError)])
async def test_content_that_cannot_be_had_takes_no_room(queue, error):
    allowance = Allowance(len(CONTENT))
    cargo = Cargo(queue(Clock()), allowance, consignment())
    for _ in range(2):
        with pytest.raises(error):
            await cargo.content()
    assert not allowance.take_at_once(len(CONTENT), "another")
    cargo.unload()

    assert allowance.take_at_once(len(CONTENT), "another")


async def test_content_waits_for_room_in_memory_no_longer_than_its_patience():
    queue, allowance = MemoryQueue(Clock()), Allowance(len(CONTENT))
    queue.put(CONTENT, due())
    await allowance.take(len(CONTENT), "another")
    cargo = Cargo(queue, allowance, consignment(), patience=0.01)

    assert not cargo.reserve_at_once()
    with pytest.raises(CrowdedError):
        await cargo.content()
    allowance.give(len(CONTENT), "another")
    assert cargo.reserve_at_once()
    assert await cargo.content() == CONTENT
    assert queue.reads == 1
