import pytest

from dlp_gateway.delivery.resolver import Resolver
from dlp_gateway.delivery.result import DeliveryError
from dlp_gateway.delivery.routing import Destination, Hop, Router, literal_address
from dlp_gateway.delivery.settings import ResolverSettings, Routes, RouteSettings
from dlp_gateway.model import Zone
from tests.unit.delivery.memory_queue import Clock
from tests.unit.delivery.nameserver import NameServer

INSIDE = RouteSettings(hosts=("secure.westendonsixth.com:25",))
OUTSIDE = RouteSettings(mx=True)
PARTNER = RouteSettings(hosts=("relay.partner.example:25", "[2001:db8::1]:2525"))
ONE = RouteSettings(hosts=("one.example:25",))
CHILDREN = RouteSettings(hosts=("children.example:25",))
ROUTES = Routes(
    {Zone.INTERNAL: INSIDE, Zone.PARTNER: PARTNER, Zone.EXTERNAL: OUTSIDE},
    {"one.example": ONE, ".one.example": CHILDREN, "deep.sub.one.example": ONE},
)


def router(routes=ROUTES, server=None, shuffle=lambda _: None, **more):
    settings = ResolverSettings(nameservers=(server.address,) if server else ("192.0.2.53",), **more)
    return Router(routes, Resolver(settings, Clock()), shuffle)


@pytest.mark.parametrize(
    ("zone", "domain", "expected"),
    [
        (Zone.INTERNAL, "westendonsixth.com", Destination(INSIDE)),
        (Zone.PARTNER, "partner.example", Destination(PARTNER)),
        (Zone.EXTERNAL, "ext.example", Destination(OUTSIDE, "ext.example")),
        (Zone.EXTERNAL, "one.example", Destination(ONE)),
        (Zone.PARTNER, "one.example", Destination(ONE)),
        (Zone.EXTERNAL, "a.one.example", Destination(CHILDREN)),
        (Zone.EXTERNAL, "a.b.one.example", Destination(CHILDREN)),
        (Zone.EXTERNAL, "deep.sub.one.example", Destination(ONE)),
        (Zone.EXTERNAL, "notone.example", Destination(OUTSIDE, "notone.example")),
        (Zone.EXTERNAL, "[192.0.2.1]", Destination(OUTSIDE, "[192.0.2.1]")),
    ],
)
def test_the_destination_follows_zone_and_domain(zone, domain, expected):
    assert router().destination(zone, domain) == expected


async def test_smart_hosts_are_asked_in_the_order_given():
    assert await router().hops(Destination(PARTNER)) == (Hop("relay.partner.example", 25), Hop("2001:db8::1", 2525))


async def test_exchangers_become_hops_with_their_addresses():
    zones = {
        "ext.example": {"MX": ["10 a.example.", "5 b.example."]},
        "a.example": {"A": ["192.0.2.1"], "AAAA": ["2001:db8::1"]},
        "b.example": {"A": ["192.0.2.3"]},
    }
    async with NameServer(zones) as server:
        hops = await router(server=server).hops(Destination(OUTSIDE, "ext.example"))

    assert hops == (
        Hop("b.example", 25, "192.0.2.3"),
        Hop("a.example", 25, "2001:db8::1"),
        Hop("a.example", 25, "192.0.2.1"),
    )


async def test_hosts_of_one_preference_come_in_random_order_and_no_others():
    zones = {f"h{n}.example": {"A": [f"192.0.2.{n}"]} for n in range(1, 4)}
    zones["ext.example"] = {"MX": ["10 h1.example.", "10 h2.example.", "20 h3.example."]}
    async with NameServer(zones) as server:
        mixer = router(server=server, shuffle=lambda hosts: hosts.reverse())
        hops = await mixer.hops(Destination(OUTSIDE, "ext.example"))
        again = await mixer.hops(Destination(OUTSIDE, "ext.example"))

    assert [hop.name for hop in hops] == ["h2.example", "h1.example", "h3.example"]
    assert again == hops


@pytest.mark.parametrize(
    ("domain", "address"),
    [("[192.0.2.1]", "192.0.2.1"), ("[IPv6:2001:DB8::1]", "2001:db8::1"), ("[ipv6:2001:db8::1]", "2001:db8::1")],
)
async def test_an_address_literal_is_gone_to(domain, address):
    assert await router().hops(Destination(OUTSIDE, domain)) == (Hop(address, 25, address),)


@pytest.mark.parametrize(
    "domain", ["[192.0.2]", "[2001:db8::1]", "[IPv6:192.0.2.1]", "[]", "[x]", "[192.0.2.1", "[IPv6:]"]
)
def test_a_literal_that_is_no_address_fails(domain):
    if domain == "[192.0.2.1":
        assert literal_address(domain) == "192.0.2.1"
        return
    with pytest.raises(DeliveryError) as caught:
        literal_address(domain)
    assert caught.value.result.enhanced == "5.1.2"


@pytest.mark.parametrize(
    ("domain", "enhanced"),
    [
        ("[127.0.0.1]", "5.4.4"),
        ("[IPv6:::1]", "5.4.4"),
        ("[0.0.0.0]", "5.4.4"),
        ("[169.254.169.254]", "5.4.4"),
        ("[IPv6:::ffff:127.0.0.1]", "5.4.4"),
        ("[198.51.100.9]", "5.4.6"),
    ],
)
async def test_a_literal_may_not_lead_to_our_own_machine(domain, enhanced):
    with pytest.raises(DeliveryError) as caught:
        await router(own_addresses=frozenset({"198.51.100.9"})).hops(Destination(OUTSIDE, domain))
    assert caught.value.result.enhanced == enhanced
