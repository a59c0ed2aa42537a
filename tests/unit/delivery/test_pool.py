import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
import trustme

from dlp_gateway.delivery.pool import Pool
from dlp_gateway.delivery.result import DeliveryError
from dlp_gateway.delivery.settings import ConnectionSettings
from dlp_gateway.delivery.tls import TlsPolicy
from dlp_gateway.model import TlsMode
from tests.unit.delivery.examples import HOSTNAME, PATIENT, mail
from tests.unit.delivery.memory_queue import Clock
from tests.unit.delivery.peer import Peer, Turn, in_turn
from tests.unit.delivery.sessions import endpoint, send

SETTINGS = ConnectionSettings(connections=3, messages=100, idle=600, patience=20, pause=5, longest_pause=60)


@asynccontextmanager
async def pool_of(clock=None, **more):
    pool = Pool(HOSTNAME, replace(SETTINGS, **more), PATIENT, clock or asyncio.get_running_loop().time)
    try:
        yield pool
    finally:
        await pool.close()


async def started(coroutine):
    task = asyncio.create_task(coroutine)
    await asyncio.sleep(0)
    return task


async def unusable(session):
    """Wait until the loop has seen what the server did."""
    async with asyncio.timeout(20):
        while session.usable:  # noqa: ASYNC110 - there is nothing else to wait on
            await asyncio.sleep(0)


async def test_a_session_is_used_again():
    async with Peer() as peer, pool_of() as pool:
        for _ in range(5):
            session = await pool.acquire(endpoint(peer))
            await send(session, mail())
            pool.release(session)

    assert peer.connections == 1
    assert len(peer.taken) == 5
    assert "NOOP" not in peer.commands
    assert peer.commands[-1] == "QUIT"


async def test_a_session_carries_no_more_messages_than_set():
    async with Peer() as peer, pool_of(messages=2) as pool:
        for _ in range(5):
            session = await pool.acquire(endpoint(peer))
            await send(session, mail())
            pool.release(session)

        assert peer.connections == 3


async def test_other_servers_and_other_policies_have_sessions_of_their_own(certificates):
    async with Peer(tls=certificates.server) as one, Peer() as two, pool_of() as pool:
        for wanted in (endpoint(one), endpoint(two), endpoint(one, TlsPolicy(TlsMode.REQUIRED)), endpoint(one)):
            pool.release(await pool.acquire(wanted))

        assert (one.connections, two.connections) == (2, 1)


async def test_no_more_connections_than_set():
    async with Peer() as peer, pool_of() as pool:
        held = [await pool.acquire(endpoint(peer)) for _ in range(3)]
        waiting = await started(pool.acquire(endpoint(peer)))
        assert not waiting.done()

        pool.release(held.pop())
        held.append(await waiting)
        for session in held:
            pool.release(session)

    assert peer.most_at_once == 3


async def test_who_waits_first_is_served_first():
    async with Peer() as peer, pool_of(connections=1) as pool:
        held = await pool.acquire(endpoint(peer))
        order = []

        async def wait(number):
            session = await pool.acquire(endpoint(peer))
            order.append(number)
            pool.release(session)

        waiting = [await started(wait(number)) for number in range(5)]
        pool.release(held)
        await asyncio.gather(*waiting)

    assert order == [0, 1, 2, 3, 4]


async def test_a_broken_session_makes_room_for_who_waits():
    async with Peer() as peer, pool_of(connections=1) as pool:
        held = await pool.acquire(endpoint(peer))
        waiting = await started(pool.acquire(endpoint(peer)))
        held.broken = True
        pool.release(held)
        pool.release(await waiting)

        assert peer.connections == 2


async def test_who_waits_too_long_goes_back_to_the_queue():
    async with Peer() as peer, pool_of(connections=1, patience=0.01) as pool:
        held = await pool.acquire(endpoint(peer))
        with pytest.raises(DeliveryError) as caught:
            await pool.acquire(endpoint(peer))
        pool.release(held)

    assert (caught.value.result.code, caught.value.result.enhanced) == (451, "4.4.5")


async def test_a_server_that_came_back_is_busy_not_dead():
    clock = Clock(0.0)
    async with (
        Peer({"CONNECT": in_turn(b"421 4.3.2 down\r\n", b"220 up\r\n")}) as peer,
        pool_of(clock, connections=1, patience=0.01) as pool,
    ):
        with pytest.raises(DeliveryError):
            await pool.acquire(endpoint(peer))
        clock.now += 5
        held = await pool.acquire(endpoint(peer))
        with pytest.raises(DeliveryError) as caught:
            await pool.acquire(endpoint(peer))
        pool.release(held)

    assert caught.value.result.enhanced == "4.4.5"


async def test_who_stops_waiting_leaves_the_session_to_the_next():
    async with Peer() as peer, pool_of(connections=1) as pool:
        held = await pool.acquire(endpoint(peer))
        first, second = await started(pool.acquire(endpoint(peer))), await started(pool.acquire(endpoint(peer)))
        pool.release(held)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        pool.release(await second)

        assert peer.connections == 1


async def test_a_session_that_the_server_closed_is_not_given_out():
    async with Peer() as peer, pool_of() as pool:
        session = await pool.acquire(endpoint(peer))
        pool.release(session)
        for task in peer._tasks:
            task.cancel()
        await peer.until(lambda: peer.at_once == 0)
        await unusable(session)
        again = await pool.acquire(endpoint(peer))
        await send(again, mail())
        pool.release(again)

    assert peer.connections == 2
    assert len(peer.taken) == 1


async def test_a_session_that_the_server_spoke_on_is_not_given_out():
    async with Peer({"CONTENT": b"250 ok\r\n421 4.4.2 idle too long\r\n"}) as peer, pool_of() as pool:
        for _ in range(2):
            session = await pool.acquire(endpoint(peer))
            await send(session, mail())
            await unusable(session)
            pool.release(session)

    assert peer.connections == 2


async def test_a_fresh_session_drops_the_kept_ones():
    async with Peer() as peer, pool_of() as pool:
        held = [await pool.acquire(endpoint(peer)) for _ in range(3)]
        for session in held:
            pool.release(session)
        fresh = await pool.acquire(endpoint(peer), fresh=True)

        assert fresh not in held
        pool.release(fresh)
        await peer.until(lambda: peer.at_once == 1)


async def test_idle_sessions_are_closed_in_time():
    async with Peer() as peer, pool_of(idle=0.05) as pool:
        session = await pool.acquire(endpoint(peer))
        pool.release(session)
        await peer.until(lambda: peer.at_once == 0)

        assert peer.commands == [f"EHLO {HOSTNAME}", "QUIT"]


async def test_a_server_that_does_not_say_goodbye_is_not_waited_for():
    async with Peer({"QUIT": Turn.STALL}) as peer:
        async with pool_of() as pool:
            pool.release(await pool.acquire(endpoint(peer)))

        assert peer.commands[-1] == "QUIT"


async def test_a_dead_server_is_left_alone_for_a_while_and_for_longer_each_time():
    clock = Clock(0.0)
    async with Peer() as peer:
        pass
    async with pool_of(clock) as pool:
        for failures, pause in enumerate([5, 10, 20, 40, 60, 60]):
            with pytest.raises(DeliveryError) as caught:
                await pool.acquire(endpoint(peer))
            assert caught.value.result.enhanced == "4.4.1"
            server = pool._servers[endpoint(peer)]
            assert (server._failures, server._shut_until) == (failures + 1, clock.now + pause)
            clock.now += pause - 1
            with pytest.raises(DeliveryError):
                await pool.acquire(endpoint(peer))
            assert server._failures == failures + 1
            clock.now += 1


async def test_a_server_that_comes_back_is_tried_by_one_and_then_by_all():
    clock = Clock(0.0)
    async with Peer({"CONNECT": in_turn(b"421 4.3.2 down\r\n", b"220 up\r\n")}) as peer, pool_of(clock) as pool:
        with pytest.raises(DeliveryError):
            await pool.acquire(endpoint(peer))
        clock.now += 5
        sessions = await asyncio.gather(*(pool.acquire(endpoint(peer)) for _ in range(3)))
        for session in sessions:
            pool.release(session)

        assert peer.connections == 4


async def test_who_waits_for_a_server_that_turns_out_dead_is_told_at_once():
    async with Peer({"EHLO": (Turn.STALL, b"421 4.3.2 down\r\n")}) as peer, pool_of(connections=1) as pool:
        waiting = [await started(pool.acquire(endpoint(peer))) for _ in range(5)]
        await peer.until(lambda: bool(peer.commands))
        peer.release()
        found = await asyncio.gather(*waiting, return_exceptions=True)

    assert [error.result.enhanced for error in found] == ["4.3.2"] * 5
    assert peer.connections == 1


async def test_a_server_that_takes_fewer_connections_keeps_those_it_has():
    on = {"CONNECT": in_turn(b"220 hello\r\n", b"421 4.7.0 too many connections\r\n")}
    async with Peer(on) as peer, pool_of() as pool:

        async def visit():
            pool.release(await pool.acquire(endpoint(peer)))

        held = await pool.acquire(endpoint(peer))
        waiting = [await started(visit()) for _ in range(4)]
        await peer.until(lambda: peer.connections >= 3 and peer.at_once == 1)
        pool.release(held)
        await asyncio.gather(*waiting)
        assert await pool.acquire(endpoint(peer)) is held
        pool.release(held)


async def test_openings_under_way_do_not_show_that_a_server_serves_anybody():
    clock = Clock(0.0)
    on = {"EHLO": (Turn.STALL, b"421 4.3.2 stopping\r\n")}
    async with pool_of(clock) as pool, Peer(on) as peer:
        down = [await started(pool.acquire(endpoint(peer))) for _ in range(3)]
        await peer.until(lambda: len(peer.commands) == 3)
        peer.release()
        found = await asyncio.gather(*down, return_exceptions=True)
        assert [error.result.enhanced for error in found] == ["4.3.2"] * 3

        clock.now += 5
        del on["EHLO"]
        sessions = await asyncio.gather(*(pool.acquire(endpoint(peer)) for _ in range(3)))
        for session in sessions:
            pool.release(session)

    assert len(set(map(id, sessions))) == 3


async def test_who_was_refused_while_others_were_let_in_tries_again():
    on = {"EHLO": in_turn((Turn.STALL, b"250 peer.example\r\n"), b"421 4.3.2 not yet\r\n", b"250 peer.example\r\n")}
    async with pool_of() as pool, Peer(on) as peer:
        first = await started(pool.acquire(endpoint(peer)))
        await peer.until(lambda: len(peer.commands) == 1)
        second = await started(pool.acquire(endpoint(peer)))
        await peer.until(lambda: len(peer.commands) == 2 and peer.at_once == 1)
        assert not second.done()
        peer.release()
        for session in await asyncio.gather(first, second):
            pool.release(session)

    assert peer.connections == 3


async def test_a_ceiling_does_not_outlast_an_outage():
    clock = Clock(0.0)
    on = {"CONNECT": in_turn(b"220 up\r\n", b"421 4.7.0 too many\r\n", b"421 4.3.2 down\r\n", b"220 up\r\n")}
    async with pool_of(clock, patience=0.05) as pool, Peer(on) as peer:
        held = await pool.acquire(endpoint(peer))
        with pytest.raises(DeliveryError):
            await pool.acquire(endpoint(peer))
        held.broken = True
        pool.release(held)
        with pytest.raises(DeliveryError):
            await pool.acquire(endpoint(peer))
        clock.now += 5
        sessions = await asyncio.gather(*(pool.acquire(endpoint(peer)) for _ in range(3)))
        for session in sessions:
            pool.release(session)

    assert len(set(map(id, sessions))) == 3


async def test_authorities_are_read_again_when_told(certificates, tmp_path):
    file = tmp_path / "authorities.pem"
    file.write_bytes(certificates.authority.read_bytes())
    async with Peer(tls=certificates.server) as peer, pool_of() as pool:
        trusting = endpoint(peer, TlsPolicy(TlsMode.VERIFIED, ca_file=file))
        pool.release(await pool.acquire(trusting))
        trustme.CA().cert_pem.write_to_path(file)
        pool.renew()
        with pytest.raises(DeliveryError) as caught:
            await pool.acquire(trusting)

    assert caught.value.result.enhanced == "4.7.5"


async def test_an_open_that_is_cancelled_makes_room_for_who_waits():
    async with Peer({"EHLO": in_turn(Turn.STALL, b"250 peer.example\r\n")}) as peer, pool_of(connections=1) as pool:
        first = await started(pool.acquire(endpoint(peer)))
        second = await started(pool.acquire(endpoint(peer)))
        await peer.until(lambda: bool(peer.commands))
        first.cancel()
        pool.release(await second)


async def test_servers_are_forgotten_when_there_are_too_many(monkeypatch):
    monkeypatch.setattr("dlp_gateway.delivery.pool.MAX_REMEMBERED", 3)
    clock = Clock(0.0)
    async with Peer() as peer:
        pass
    async with pool_of(clock) as pool:
        for number in range(10):
            clock.now += 1000
            with pytest.raises(DeliveryError):
                await pool.acquire(endpoint(peer, name=f"{number}.example"))

        assert len(pool._servers) <= 3


async def test_authorities_that_cannot_be_read_put_the_mail_off(tmp_path):
    policy = TlsPolicy(TlsMode.VERIFIED, ca_file=tmp_path / "missing.pem")
    async with Peer() as peer, pool_of() as pool:
        with pytest.raises(DeliveryError) as caught:
            await pool.acquire(endpoint(peer, policy))

    assert caught.value.result.enhanced == "4.3.5"
    assert peer.connections == 0


async def test_a_session_that_came_free_while_another_was_refused_is_taken():
    on = {"EHLO": in_turn(b"250 peer.example\r\n", (Turn.STALL, b"421 4.7.0 too many connections\r\n"))}
    async with Peer(on) as peer, pool_of() as pool:
        held = await pool.acquire(endpoint(peer))
        waiting = await started(pool.acquire(endpoint(peer)))
        await peer.until(lambda: len(peer.commands) == 2)
        pool.release(held)
        peer.release()
        async with asyncio.timeout(10):
            assert await waiting is held
        pool.release(held)

    assert peer.connections == 2


async def test_who_has_a_deadline_waits_no_longer():
    clock = asyncio.get_running_loop().time
    async with Peer() as peer, pool_of(connections=1) as pool:
        held = await pool.acquire(endpoint(peer))
        with pytest.raises(DeliveryError) as caught:
            await pool.acquire(endpoint(peer), 1, clock() - 1)
        pool.release(held)

    assert (caught.value.result.enhanced, caught.value.result.untried) == ("4.4.5", True)


async def test_who_is_sent_back_for_want_of_room_asks_no_other_host():
    async with Peer() as peer, pool_of(connections=1) as pool:
        held = await pool.acquire(endpoint(peer))
        waiting = [await started(pool.acquire(endpoint(peer))) for _ in range(3)]
        assert pool.thin(2) == 2
        found = await asyncio.gather(*waiting[1:], return_exceptions=True)
        pool.release(held)
        pool.release(await waiting[0])

    assert [(e.result.enhanced, e.result.untried, e.result.elsewhere) for e in found] == [("4.4.5", True, False)] * 2
