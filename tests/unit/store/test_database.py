import re
import sqlite3
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest
from django.core.management import call_command

from dlp_gateway.store import database
from dlp_gateway.store.errors import StoreError, StoreUnavailableError
from tests.unit.store.make_release import RELEASES


@pytest.fixture
def prepared(path):
    database.prepare(f"sqlite:///{path}")
    yield path
    database.close()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://u:p%40ss@db.example:5433/mail", ("mail", "u", "p@ss", "db.example", "5433", {})),
        (
            "postgresql://u@db.example/mail?sslmode=verify-full",
            ("mail", "u", "", "db.example", "", {"sslmode": "verify-full"}),
        ),
        ("postgresql:///mail?host=/run/postgresql", ("mail", "", "", "/run/postgresql", "", {})),
        ("postgres://db.example/mail", ("mail", "", "", "db.example", "", {})),
    ],
)
def test_urls_of_postgresql(url, expected):
    settings = database._database(url)

    name, user, password, host, port, options = expected
    assert (settings["NAME"], settings["USER"], settings["PASSWORD"]) == (name, user, password)
    assert (settings["HOST"], settings["PORT"]) == (host, port)
    assert settings["OPTIONS"].items() >= options.items()


def test_urls_of_sqlite(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert database._database(f"sqlite:///{tmp_path}/a%20b/c.db")["NAME"] == f"{tmp_path}/a b/c.db"
    assert database._database("sqlite:///var/c.db")["NAME"] == f"{tmp_path}/var/c.db"


@pytest.mark.parametrize("url", ["mysql://h/d", "sqlite://", "sqlite:///", "var/x.db", "", "postgresql://host"])
def test_other_urls_are_refused(url):
    with pytest.raises(StoreError, match=r"store\.url"):
        database.configure(url)


def test_a_password_in_a_url_is_not_repeated():
    with pytest.raises(StoreError) as raised:
        database.configure("mysql://user:geheim@host/database")

    assert "geheim" not in str(raised.value)


def test_a_database_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreUnavailableError, match="cannot be opened"):
        database.configure(f"sqlite:///{tmp_path}/file/x.db")


def test_the_database_is_private_durable_and_forgets(prepared):
    with database.cursor() as cursor:
        settings = {}
        for name in ("journal_mode", "synchronous", "secure_delete", "foreign_keys"):
            cursor.execute(f"PRAGMA {name}")
            settings[name] = cursor.fetchone()[0]

    assert settings == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1, "foreign_keys": 1}
    assert {file.stat().st_mode & 0o777 for file in prepared.parent.glob("gateway.db*")} == {0o600}


def test_every_change_of_the_models_has_its_migration(prepared):
    call_command("makemigrations", "store", check=True, dry_run=True, verbosity=0)


def test_a_database_of_a_newer_release_is_left_alone(prepared):
    with sqlite3.connect(prepared) as raw:
        raw.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('store', '9999_later', '2030-01-01')")
    raw.close()

    with pytest.raises(StoreError, match=r"newer release.*9999_later"):
        database.prepare(f"sqlite:///{prepared}")


def test_several_processes_may_start_at_once(path):
    url = f"sqlite:///{path}"
    with ProcessPoolExecutor(3, mp_context=get_context("forkserver")) as pool:
        list(pool.map(database.prepare, [url] * 3))

    with sqlite3.connect(path) as raw:
        assert raw.execute("SELECT COUNT(*) FROM dlp_audit_head").fetchone() == (1,)
    raw.close()


def test_a_change_inside_a_failed_transaction_is_undone(prepared):
    def half():
        with database.transact(), database.cursor() as cursor:
            cursor.execute("UPDATE dlp_audit_head SET seq = 7")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()

    with database.cursor() as cursor:
        cursor.execute("SELECT seq FROM dlp_audit_head")
        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize(("folder", "file"), [(0o700, 0o600), (0o755, 0o600), (0o770, 0o600), (0o2770, 0o660)])
def test_only_a_folder_made_to_be_shared_has_a_shared_database(tmp_path, folder, file):
    place = tmp_path / "var"
    place.mkdir()
    place.chmod(folder)

    database.prepare(f"sqlite:///{place}/gateway.db")
    database.cursor().execute("SELECT 1")

    assert {path.stat().st_mode & 0o777 for path in place.glob("gateway.db*")} == {file}
    database.close()


@pytest.fixture
def old(path):
    """A database as the first release left it."""
    with sqlite3.connect(path) as raw:
        raw.executescript((RELEASES / "0001" / "gateway.sql").read_text(encoding="utf-8"))
    raw.close()
    yield path
    database.close()


def migrations(path):
    with sqlite3.connect(path) as raw:
        found = raw.execute("SELECT COUNT(*) FROM django_migrations WHERE app = 'store'").fetchone()[0]
    raw.close()
    return found


def start(url):
    with database.occupy(url):
        pass


@pytest.mark.parametrize("begin", [start, database.prepare], ids=["gateway", "command"])
def test_a_database_is_not_changed_under_the_gateway_that_uses_it(old, begin):
    database.configure(f"sqlite:///{old}")
    with database.claim(), pytest.raises(StoreUnavailableError, match=f"another gateway uses {re.escape(str(old))}"):
        begin(f"sqlite:///{old}")
    assert migrations(old) == 1

    begin(f"sqlite:///{old}")
    assert migrations(old) > 1


def test_a_database_that_is_up_to_date_is_opened_beside_its_gateway(prepared):
    with database.claim():
        database.prepare(f"sqlite:///{prepared}")
        database.migrate(everything=True)


def test_a_lock_that_this_account_may_not_open_is_named(old):
    (old.parent / "gateway.db.lock").mkdir()

    with pytest.raises(StoreUnavailableError, match=r"gateway\.db\.lock cannot be opened"):
        database.prepare(f"sqlite:///{old}")


@pytest.mark.parametrize("mode", [0o600, 0o660])
def test_whoever_may_open_the_database_may_open_its_lock(prepared, mode):
    prepared.chmod(mode)

    with database.claim():
        assert (prepared.parent / "gateway.db.lock").stat().st_mode & 0o777 == mode
