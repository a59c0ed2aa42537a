import asyncio
import threading

import argon2
import pytest

from dlp_gateway.model import Address
from dlp_gateway.smtp import authentication
from dlp_gateway.smtp.authentication import (
    Authenticator,
    User,
    UsersFileError,
    check_organisation_senders,
    hash_password,
    load_users,
    user_line,
)
from dlp_gateway.smtp.replies import RefusedError

QUICK = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
# The same in every process: it stands in the names of tests.
HASH = QUICK.hash("secret", salt=b"sixteen bytes 16")


@pytest.fixture
def authenticator():
    made = Authenticator({"anna": User("anna", HASH), "jürgen": User("jürgen", QUICK.hash("pä"))}, waiting=4)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("name", "password", "right"),
    [
        ("anna", "secret", True),
        ("anna", "Secret", False),
        ("anna", "", False),
        ("nobody", "secret", False),
        ("", "", False),
        ("ju\u0308rgen", "pa\u0308", True),
        ("Anna", "secret", False),
    ],
)
async def test_verify(authenticator, name, password, right):
    user = await authenticator.verify(name, password)
    assert (user is not None) is right


async def test_unknown_users_cost_the_same_work(authenticator, monkeypatch):
    hashes = []

    def matches(password_hash, password):
        hashes.append(argon2.extract_parameters(password_hash))
        return True  # even then an unknown user is nobody

    monkeypatch.setattr(authentication, "_matches", matches)
    assert await authenticator.verify("nobody", "x") is None
    assert len(hashes) == 1
    assert await authenticator.verify("anna", "x") is not None
    assert hashes[0] == hashes[1]


async def test_the_answer_about_an_unknown_user_comes_when_the_work_is_done(authenticator, monkeypatch):
    release = threading.Event()
    monkeypatch.setattr(authentication, "_matches", lambda *_: release.wait(20))
    task = asyncio.create_task(authenticator.verify("nobody", "x"))
    for _ in range(10):
        await asyncio.sleep(0)
    assert not task.done()
    release.set()
    assert await task is None


async def test_passwords_that_wait_are_limited(authenticator, monkeypatch):
    started = asyncio.Event()
    loop = asyncio.get_running_loop()
    release = asyncio.Event()

    def matches(password_hash, password):
        loop.call_soon_threadsafe(started.set)
        asyncio.run_coroutine_threadsafe(release.wait(), loop).result()
        return True

    monkeypatch.setattr(authentication, "_matches", matches)
    tasks = [asyncio.create_task(authenticator.verify("anna", "x")) for _ in range(4)]
    await started.wait()
    with pytest.raises(RefusedError) as caught:
        await authenticator.verify("anna", "x")
    tasks[0].cancel()  # a client that goes away does not make room: its password is still being verified
    await asyncio.gather(tasks[0], return_exceptions=True)
    with pytest.raises(RefusedError):
        await authenticator.verify("anna", "x")
    release.set()
    await asyncio.gather(*tasks[1:])

    assert (caught.value.reply.code, caught.value.limit) == (454, "authentications_waiting")
    assert await authenticator.verify("anna", "x") is not None


@pytest.mark.parametrize("users", [{}, {"anna": User("anna", HASH)}])
async def test_the_decoy_is_a_hash_like_the_others(users, monkeypatch):
    """Not one that cannot be read: that would be refused without any work."""
    authenticator = Authenticator(users, waiting=1)
    hashes = []
    monkeypatch.setattr(authentication, "_matches", lambda password_hash, _: hashes.append(password_hash))
    await authenticator.verify("nobody", "x")
    authenticator.close()

    expected = argon2.extract_parameters(HASH if users else hash_password("x"))
    assert argon2.extract_parameters(hashes[0]) == expected
    with pytest.raises(argon2.exceptions.VerifyMismatchError):
        argon2.PasswordHasher().verify(hashes[0], "x")


def test_hash_password_is_argon2id_and_salted():
    first, second = hash_password("x"), hash_password("x")
    assert first != second
    assert first.startswith("$argon2id$")


def test_load_users(users_file):
    users = load_users(users_file)

    assert set(users) == {"anna", "printer"}
    assert users["anna"].senders == {"anna@example.org", "@sales.example.org"}
    assert users["printer"].senders == frozenset()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("anna", "name:argon2-hash"),
        (":x", "name:argon2-hash"),
        ("anna:secret", "not an argon2 hash"),
        (f"anna:{HASH}:no address", "not an address"),
        (f"anna:{HASH}:@-", "not an address"),
        (f"anna:{HASH}:,<>,", "not an address"),
        (f"ok:{HASH}\nok:{HASH}", "line 2: this user stands in the file twice"),
        (f"a\x01b:{HASH}", "name:argon2-hash"),
    ],
)
def test_users_file_errors_name_the_line_not_the_hash(tmp_path, line, reason):
    path = tmp_path / "users"
    path.write_text(line)
    with pytest.raises(UsersFileError, match=reason) as caught:
        load_users(path)
    assert "line " in str(caught.value)
    assert HASH not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_user_line_is_what_load_users_reads(tmp_path):
    path = tmp_path / "users"
    path.write_text(user_line("anna", HASH, ("Anna@Example.ORG",)))
    assert load_users(path)["anna"] == User("anna", HASH, frozenset({"anna@example.org"}))
    with pytest.raises(UsersFileError, match="the new user"):
        user_line("a:b", HASH)


@pytest.mark.parametrize(
    ("senders", "address", "may"),
    [
        ((), "bob@example.org", True),
        (("anna@example.org",), "Anna@example.org", True),
        (("anna@example.org",), "bob@example.org", False),
        (("@example.org",), "bob@example.org", True),
        (("@example.org",), "bob@sub.example.org", False),
    ],
)
def test_may_send_as(senders, address, may):
    local, _, domain = address.partition("@")
    assert User("x", HASH, frozenset(senders)).may_send_as(Address(local, domain, address)) is may


def test_allowed_senders_are_of_the_organisation():
    check_organisation_senders({"a": User("a", HASH, frozenset({"@sub.example.org"}))}, ("example.org",))
    with pytest.raises(UsersFileError, match="user a"):
        check_organisation_senders({"a": User("a", HASH, frozenset({"a@evil.net"}))}, ("example.org",))


def test_no_hash_in_representations():
    assert HASH not in repr(User("a", HASH))
