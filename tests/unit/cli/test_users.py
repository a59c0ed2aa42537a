import stat

import pytest

from dlp_gateway.smtp.authentication import load_users
from tests.unit.smtp.conftest import QUICK


@pytest.fixture
def users(gateway):
    """The path of a users file that the settings name and that is not there yet."""
    gateway.edit("smtp:\n", "smtp:\n  users: var/users\n")
    gateway.edit("certificate: null, key: null", "certificate: var/tls.crt, key: var/tls.key")
    return gateway.root / "var" / "users"


def add(gateway, name, *more, password="one two three"):
    return gateway.run("users", "add", name, *more, stdin=f"{password}\n{password}\n")


def test_a_login_is_added_listed_and_removed(gateway, users):
    added = add(gateway, "printer", "--sender", "scan@westendonsixth.com", "--sender", "@shop.westendonsixth.com")
    add(gateway, "alice")

    assert added.status == 0
    assert "one two three" not in added.output + users.read_text()
    assert stat.S_IMODE(users.stat().st_mode) == 0o600
    assert load_users(users)["printer"].senders == {"scan@westendonsixth.com", "@shop.westendonsixth.com"}
    assert gateway.run("users", "list") == (
        0,
        "printer\t@shop.westendonsixth.com, scan@westendonsixth.com\nalice\tany sender of the organisation\n",
        "",
    )

    assert gateway.run("users", "remove", "printer").status == 0
    assert list(load_users(users)) == ["alice"]


def test_comments_of_the_file_stay(gateway, users):
    users.write_text("# who may hand in mail\n\n")

    add(gateway, "alice")

    assert users.read_text().startswith("# who may hand in mail\n\nalice:")


HASH = QUICK.hash("secret", salt=b"sixteen bytes 16")
LINES = [
    ("bob:{}", "bob"),
    ("  bob:{}", "bob"),
    ("\tbob:{}:@westendonsixth.com ", "bob"),
    ("jose\u0301:{}", "jos\u00e9"),
    ("jose\u0301:{}", "jose\u0301"),
    ("jos\u00e9:{}", "jose\u0301"),
]


@pytest.mark.parametrize(("line", "name"), LINES)
def test_a_login_is_removed_however_its_line_is_written(gateway, users, line, name):
    kept = f"# bob: left on Monday\u2028 jos\u00e9: too\nbobby:{HASH}\n\n  alice:{HASH}\n"
    users.write_text(f"{line.format(HASH)}\n{kept}")

    done = gateway.run("users", "remove", name)

    assert (done.status, done.errors) == (0, "")
    assert "removed; reload the gateway" in done.output
    assert users.read_text() == kept
    assert gateway.run("users", "remove", name).status == 2


@pytest.mark.parametrize(("line", "name"), LINES)
def test_no_login_is_added_twice(gateway, users, line, name):
    users.write_text(before := f"{line.format(HASH)}\n")

    done = add(gateway, name)

    assert (done.status, users.read_text()) == (2, before)
    assert "has a login of that name already" in done.errors


@pytest.mark.parametrize("mode", [0o600, 0o640])
def test_who_may_read_the_file_stays(gateway, users, mode):
    users.write_text(f"bob:{HASH}\nalice:{HASH}\n")
    users.chmod(mode)

    gateway.run("users", "remove", "bob")

    assert stat.S_IMODE(users.stat().st_mode) == mode


@pytest.mark.parametrize("arguments", [("list",), ("add", "alice"), ("remove", "jos\u00e9")])
def test_a_file_that_is_no_text_is_told(gateway, users, arguments):
    users.write_bytes(f"jos\u00e9:{HASH}\n".encode("latin-1"))

    assert f"{users}: is not UTF-8 text (octet 3)" in gateway.fails("users", *arguments)


def test_a_file_that_cannot_be_read_is_told(gateway, users):
    users.mkdir()

    assert f"{users} cannot be read: Is a directory" in gateway.fails("users", "list")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "alice"), "has a login of that name already"),
        (("add", "a:b"), "the new user"),
        (("add", "#alice"), "the new user"),
        (("add", "bob", "--sender", "no address"), "the new user"),
        (("remove", "bob"), "has no login of that name"),
    ],
)
def test_what_cannot_be_done_is_told_and_changes_nothing(gateway, users, arguments, said):
    add(gateway, "alice")
    before = users.read_bytes()

    done = gateway.run("users", *arguments, stdin="secret words\nsecret words\n")

    assert done.status == 2
    assert said in done.errors
    assert "secret words" not in done.output + done.errors
    assert users.read_bytes() == before


@pytest.mark.parametrize("command", [("list",), ("add", "alice"), ("remove", "alice")])
def test_without_a_users_file_in_the_settings_there_is_nothing_to_edit(gateway, command):
    assert "smtp.users in gateway.yaml names no users file" in gateway.fails("users", *command)


def test_a_malformed_file_is_named_with_its_line(gateway, users):
    users.write_text("# fine\nalice:not-a-hash\n")

    errors = gateway.fails("users", "list")

    assert f"{users}, line 2: " in errors
    assert "not-a-hash" not in errors
