import asyncio

import pytest

from dlp_gateway.delivery.resolver import Exchange, Resolver
from dlp_gateway.delivery.result import DeliveryError
from dlp_gateway.delivery.settings import ResolverSettings
from dlp_gateway.store.values import State
from tests.unit.delivery.memory_queue import Clock
from tests.unit.delivery.nameserver import NameServer

OWN = {"own_names": frozenset({"gateway.westendonsixth.com"}), "own_addresses": frozenset({"198.51.100.9"})}
HOSTS = {
    "mx1.ext.example": {"A": ["192.0.2.1"]},
    "mx2.ext.example": {"A": ["192.0.2.2"]},
    "mx6.ext.example": {"A": ["192.0.2.6"], "AAAA": ["2001:db8::6"]},
    "six.ext.example": {"AAAA": ["2001:db8::7"]},
    "alias.ext.example": {"CNAME": ["mx1.ext.example."]},
    "dangling.ext.example": {"CNAME": ["gone.ext.example."]},
    "loop.ext.example": {"CNAME": ["loop.ext.example."]},
    "bare.ext.example": {"TXT": ['"nothing else"']},
    "local.ext.example": {"A": ["127.0.0.1"]},
    "mapped.ext.example": {"AAAA": ["::ffff:127.0.0.1"]},
    "ourselves.ext.example": {"A": ["198.51.100.9"]},
    "gateway.westendonsixth.com": {"A": ["198.51.100.8"]},
}


def resolver(server, clock=None, **more):
    settings = ResolverSettings(nameservers=(server.address,), seconds=2.0, **{**OWN, **more})
    return Resolver(settings, clock or Clock())


def mx(*records):
    return {"MX": [f"{preference} {host}." for preference, host in records]}


FOUND = {
    "by preference": (
        mx((20, "mx2.ext.example"), (10, "mx1.ext.example")),
        [(10, "mx1.ext.example", "192.0.2.1"), (20, "mx2.ext.example", "192.0.2.2")],
    ),
    "addresses of both families in turn": (
        mx((10, "mx6.ext.example")),
        [(10, "mx6.ext.example", "2001:db8::6"), (10, "mx6.ext.example", "192.0.2.6")],
    ),
    "IPv6 only": (mx((10, "six.ext.example")), [(10, "six.ext.example", "2001:db8::7")]),
    "no MX: the address itself": ({"A": ["192.0.2.5"]}, [(0, "ext.example", "192.0.2.5")]),
    "no MX: the IPv6 address itself": ({"AAAA": ["2001:db8::5"]}, [(0, "ext.example", "2001:db8::5")]),
    "an alias of the domain": ({"CNAME": ["real.ext.example."]}, [(10, "mx1.ext.example", "192.0.2.1")]),
    "an alias of the host": (mx((10, "alias.ext.example")), [(10, "alias.ext.example", "192.0.2.1")]),
    "a dead host beside a living one": (
        mx((10, "dangling.ext.example"), (20, "mx1.ext.example")),
        [(20, "mx1.ext.example", "192.0.2.1")],
    ),
    "a failing host beside a living one": (
        mx((10, "servfail.ext.example"), (20, "mx1.ext.example")),
        [(20, "mx1.ext.example", "192.0.2.1")],
    ),
    "a null MX among others": (mx((0, ""), (10, "mx1.ext.example")), [(10, "mx1.ext.example", "192.0.2.1")]),
    "hosts before us": (
        mx(
            (10, "mx1.ext.example"),
            (20, "gateway.westendonsixth.com"),
            (20, "mx2.ext.example"),
            (30, "mx6.ext.example"),
        ),
        [(10, "mx1.ext.example", "192.0.2.1")],
    ),
    "hosts before our address": (
        mx((10, "mx1.ext.example"), (20, "ourselves.ext.example"), (30, "mx2.ext.example")),
        [(10, "mx1.ext.example", "192.0.2.1")],
    ),
    "names in any case": (mx((10, "MX1.Ext.Example")), [(10, "mx1.ext.example", "192.0.2.1")]),
    "a host on our machine is left out": (
        mx((10, "local.ext.example"), (20, "mx1.ext.example")),
        [(20, "mx1.ext.example", "192.0.2.1")],
    ),
}


@pytest.mark.parametrize(("records", "expected"), FOUND.values(), ids=FOUND)
async def test_exchangers_are_found(records, expected):
    zones = {
        **HOSTS,
        "MX1.Ext.Example": HOSTS["mx1.ext.example"],
        "ext.example": records,
        "real.ext.example": mx((10, "mx1.ext.example")),
    }
    async with NameServer(zones, failing={"servfail.ext.example"}) as server:
        found = await resolver(server).exchanges("ext.example")

    assert [(each.preference, each.name, address) for each in found for address in each.addresses] == expected


MISSING = {
    "no such domain": (None, State.FAILED, 550, "5.1.2"),
    "null MX": (mx((0, "")), State.FAILED, 556, "5.1.10"),
    "nothing but text": ({"TXT": ['"x"']}, State.FAILED, 554, "5.4.4"),
    "hosts without addresses": (mx((10, "bare.ext.example"), (20, "dangling.ext.example")), State.FAILED, 554, "5.4.4"),
    "hosts that cannot be looked up": (mx((10, "servfail.ext.example")), State.DEFERRED, 451, "4.4.3"),
    "some gone, some not to be looked up": (
        mx((10, "bare.ext.example"), (20, "servfail.ext.example")),
        State.DEFERRED,
        451,
        "4.4.3",
    ),
    "an endless alias": ({"CNAME": ["loop.ext.example."]}, State.DEFERRED, 451, "4.4.3"),
    "no host names": (
        {"MX": ["10 not\\.a\\032host.ext.example.", "20 " + "\\255" * 63 + ".example."]},
        State.FAILED,
        554,
        "5.4.4",
    ),
    "we alone": (mx((10, "gateway.westendonsixth.com")), State.FAILED, 554, "5.4.6"),
    "we first": (mx((10, "gateway.westendonsixth.com"), (20, "mx1.ext.example")), State.FAILED, 554, "5.4.6"),
    "our address": ({"A": ["198.51.100.9"]}, State.FAILED, 554, "5.4.6"),
    "our own machine": (mx((10, "local.ext.example")), State.FAILED, 554, "5.4.4"),
    "our own machine in disguise": (mx((10, "mapped.ext.example")), State.FAILED, 554, "5.4.4"),
}


@pytest.mark.parametrize(("records", "state", "code", "enhanced"), MISSING.values(), ids=MISSING)
async def test_no_exchanger_has_its_reason(records, state, code, enhanced):
    zones = {**HOSTS, **({"ext.example": records} if records else {})}
    async with NameServer(zones, failing={"servfail.ext.example"}) as server:
        with pytest.raises(DeliveryError) as caught:
            await resolver(server).exchanges("ext.example")

    result = caught.value.result
    assert (result.state, result.code, result.enhanced) == (state, code, enhanced)


@pytest.mark.parametrize("fault", ["failing", "silent"])
async def test_a_name_server_in_trouble_is_a_deferral(fault):
    async with NameServer(HOSTS, **{fault: {"ext.example"}}) as server:
        with pytest.raises(DeliveryError) as caught:
            await Resolver(ResolverSettings(nameservers=(server.address,), seconds=0.2), Clock()).exchanges(
                "ext.example"
            )

    assert (caught.value.result.state, caught.value.result.enhanced) == (State.DEFERRED, "4.4.3")


async def test_no_name_server_at_all_is_a_deferral():
    async with NameServer() as server:
        pass
    with pytest.raises(DeliveryError) as caught:
        await Resolver(ResolverSettings(nameservers=(server.address,), seconds=0.2), Clock()).exchanges("ext.example")

    assert caught.value.result.enhanced == "4.4.3"


async def test_a_truncated_answer_is_fetched_by_tcp():
    zones = {**HOSTS, "ext.example": mx((10, "mx1.ext.example"))}
    async with NameServer(zones, truncated={"ext.example"}) as server:
        found = await resolver(server).exchanges("ext.example")

        assert server.by_tcp == 1
    assert found == (Exchange(10, "mx1.ext.example", ("192.0.2.1",)),)


async def test_addresses_are_bounded():
    zones = {f"h{n}.ext.example": {"A": [f"192.0.2.{n}"]} for n in range(30)}
    zones["ext.example"] = mx(*((n, f"h{n}.ext.example") for n in range(30)))
    async with NameServer(zones) as server:
        found = await resolver(server, max_addresses=3).exchanges("ext.example")

    assert [each.addresses for each in found] == [("192.0.2.0",), ("192.0.2.1",), ("192.0.2.2",)]


async def test_an_answer_is_kept_for_its_ttl():
    clock = Clock()
    async with NameServer({**HOSTS, "ext.example": mx((10, "mx1.ext.example"))}, ttl=300, negative=300) as server:
        asker = resolver(server, clock)
        for seconds, questions in ((0, 3), (299, 3), (2, 6)):
            clock.now += seconds
            await asker.exchanges("ext.example")
            assert len(server.asked) == questions


async def test_an_answer_is_kept_no_longer_than_set():
    clock = Clock()
    async with NameServer({**HOSTS, "ext.example": mx((10, "mx1.ext.example"))}, ttl=86400, negative=86400) as server:
        asker = resolver(server, clock, longest_cache=600.0)
        await asker.exchanges("ext.example")
        clock.now += 601
        await asker.exchanges("ext.example")

        assert len(server.asked) == 6


async def test_the_absence_of_mx_records_is_kept_as_long_as_the_zone_says():
    clock = Clock()
    async with NameServer({"ext.example": {"A": ["192.0.2.5"]}}, ttl=300, negative=60) as server:
        asker = resolver(server, clock)
        for seconds, questions in ((0, 3), (59, 3), (2, 6)):
            clock.now += seconds
            await asker.exchanges("ext.example")
            assert len(server.asked) == questions


@pytest.mark.parametrize("records", [None, mx((0, ""))])
async def test_a_failure_is_kept_for_a_short_while(records):
    clock = Clock()
    async with NameServer({"ext.example": records} if records else {}) as server:
        asker = resolver(server, clock)
        for seconds, questions in ((0, 1), (29, 1), (2, 2)):
            clock.now += seconds
            with pytest.raises(DeliveryError):
                await asker.exchanges("ext.example")
            assert len(server.asked) == questions


async def test_the_cache_is_bounded():
    zones = {f"d{n}.example": {"A": ["192.0.2.5"]} for n in range(10)}
    async with NameServer(zones) as server:
        asker = resolver(server, cache_entries=3)
        for domain in zones:
            await asker.exchanges(domain)
        before = len(server.asked)
        for domain in list(zones)[-3:]:
            await asker.exchanges(domain)

        assert len(server.asked) == before
        assert len(asker._kept) == 3


async def test_many_questions_at_once_are_one_look_up():
    async with NameServer({**HOSTS, "ext.example": mx((10, "mx1.ext.example"))}) as server:
        asker = resolver(server)
        waiting = [asyncio.create_task(asker.exchanges("ext.example")) for _ in range(20)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        found = await asyncio.gather(*waiting, return_exceptions=True)

        assert isinstance(found[0], asyncio.CancelledError)
        assert set(found[1:]) == {(Exchange(10, "mx1.ext.example", ("192.0.2.1",)),)}
        assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("server", "nameserver", "port"),
    [
        ("192.0.2.53", "192.0.2.53", 53),
        ("2001:db8::53", "2001:db8::53", 53),
        ("192.0.2.53:5353", "192.0.2.53", 5353),
        ("[2001:db8::53]:5353", "2001:db8::53", 5353),
    ],
)
def test_name_servers_are_given_with_or_without_a_port(server, nameserver, port):
    from dlp_gateway.delivery.resolver import _configured

    made = _configured(ResolverSettings(nameservers=(server,)))

    assert list(made.nameservers) == [nameserver]
    assert made.nameserver_ports.get(nameserver, made.port) == port
    assert made.search == []
