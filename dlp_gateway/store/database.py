"""The one place where Django is set up: connections, transactions, migrations, and what failures mean.

Everything in the package goes through Django's connection of its own thread.
SQLite (WAL, ``synchronous=FULL``) is the default; on PostgreSQL several
gateways may share the database.
"""

from __future__ import annotations

import fcntl
import os
import re
import stat
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import django
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import (
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    ProgrammingError,
    connections,
    transaction,
)
from django.db.migrations.executor import MigrationExecutor

from dlp_gateway.store.errors import StoreError, StoreFullError, StoreInvalidError, StoreUnavailableError

APPLICATION = "dlp_gateway.store"

# secure_delete: what is deleted is overwritten with zeros, so that a destroyed key is gone from the file.
# cache_size is in KiB when negative; the write-ahead log is cut back to journal_size_limit bytes after a checkpoint.
_SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA cache_size=-16000;"
    "PRAGMA wal_autocheckpoint=4000; PRAGMA journal_size_limit=67108864; PRAGMA temp_store=MEMORY"
)
_BUSY_SECONDS = 30
# A server that is gone, or a process that hangs in a transaction, fails the commit rather than holding it for ever.
_POSTGRESQL_OPTIONS = {
    "connect_timeout": 5,
    "tcp_user_timeout": 15_000,
    "options": f"-c lock_timeout={_BUSY_SECONDS}s -c idle_in_transaction_session_timeout={2 * _BUSY_SECONDS}s",
}
_SHARED = stat.S_ISGID | stat.S_IWGRP
_MIGRATION_LOCK = 0x646C7067
_configuring = threading.Lock()


def configure(url: str, *, applications: tuple[str, ...] = (), **more: Any) -> None:
    """Set Django up for the database at ``url``; neither connects nor migrates.

    ``sqlite:///relative.db``, ``sqlite:////absolute.db`` or
    ``postgresql://user:password@host:port/name?sslmode=verify-full``.
    ``applications`` and ``more`` are further Django settings (the console's).
    Calling it again moves the process to another database; all stores must be
    closed by then, and ``more`` has no effect any more.

    Raises:
        StoreError: the URL names no database that is supported.
    """
    database = _database(url)
    with _configuring:
        if not settings.configured:
            settings.configure(
                DATABASES={"default": database},
                INSTALLED_APPS=[APPLICATION, *applications],
                USE_TZ=True,
                DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
                LOGGING_CONFIG=None,
                **more,
            )
            django.setup()
            return
        close()
        prepared: dict[str, Any] = connections.configure_settings({"default": database})
        connections.settings["default"] = prepared["default"]
        if hasattr(connections._connections, "default"):
            del connections["default"]


def migrate(*, everything: bool = False) -> None:
    """Bring the schema up to date; several processes may do so at once, one of them will.

    ``everything``: also the tables of further applications (the console's).
    The store's own tables are never changed under a gateway that is using
    them (``claim``): it could not be started again.

    Raises:
        StoreError: the database cannot be reached, was made by a newer
            release, or is to be changed while a gateway uses it.
    """
    with failures("the database cannot be brought up to date"), _migration_lock():
        outdated = _outdated(None if everything else "store")
        if outdated:
            with claim() if "store" in outdated else nullcontext():
                _migrate(everything=everything)


def prepare(url: str) -> None:
    """Set up the database at ``url`` and bring it up to date; leaves no connection open. Raises StoreError."""
    configure(url)
    try:
        migrate()
    finally:
        close()


def absent(url: str) -> Path | None:
    """The file of the database at ``url`` where it is one and is not there."""
    parts = urlsplit(url)
    if parts.scheme != "sqlite":
        return None
    path = _file(parts.path)
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return path
    except OSError:
        pass  # it cannot be seen: opening it says why
    return None


@contextmanager
def occupy(url: str) -> Iterator[None]:
    """Prepare the database at ``url`` and claim it, but first see that nobody else uses it. Raises StoreError."""
    configure(url)
    with ExitStack() as stack:
        try:
            # Whoever brings it up to date just now is waited for.
            with failures("the database cannot be brought up to date"), _migration_lock():
                stack.enter_context(claim())
                if _outdated("store"):
                    _migrate(everything=False)
        finally:
            close()
        yield


def _outdated(application: str | None) -> set[str]:
    """The applications whose tables are to be changed, of one or of all; raises StoreError when ours are newer."""
    executor = MigrationExecutor(connections["default"])
    known = set(executor.loader.disk_migrations)
    applied = executor.loader.applied_migrations
    newer = sorted(name for app, name in applied if app == "store" and (app, name) not in known)
    if newer:
        raise StoreError(
            f"the database was made by a newer release (it has {newer[-1]}); run that release, or restore a backup"
        )
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes(application))
    return {migration.app_label for migration, _ in plan}


def _migrate(*, everything: bool) -> None:
    call_command("migrate", *(() if everything else ("store",)), verbosity=0, interactive=False)


@contextmanager
def claim() -> Iterator[None]:
    """Be the only gateway on this SQLite database; on PostgreSQL there may be several.

    Raises:
        StoreUnavailableError: another gateway has it, or this account may not ask.
    """
    path = sqlite_path()
    if path is None:
        yield
        return
    lock = path.with_name(f"{path.name}.lock")
    try:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StoreUnavailableError(f"{lock} cannot be opened: {error.strerror}") from None
    try:
        _share(handle, path)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreUnavailableError(
                f"another gateway uses {path}; stop it first, or let several gateways share a PostgreSQL"
            ) from None
        yield
    finally:
        os.close(handle)


def _share(handle: int, path: Path) -> None:
    """Let whoever may open the database open its lock too, as far as this account may decide that."""
    with suppress(OSError):
        status = path.stat()
        if os.geteuid() == 0:
            os.fchown(handle, status.st_uid, status.st_gid)
        os.fchmod(handle, stat.S_IMODE(status.st_mode))


def connection() -> Any:
    """Django's connection of this thread."""
    return connections["default"]


def rows(model: str) -> Any:
    """All rows of a model of ``models``, by its name: Django lets models be imported only after ``configure``."""
    return apps.get_model("store", model).objects.all()


def cursor() -> Any:
    """A cursor of this thread's connection; statements use ``%s``."""
    return connections["default"].cursor()


def marks(values: Collection[Any]) -> str:
    """As many placeholders as there are values, for a list in a statement."""
    return ", ".join("%s" for _ in values)


def literally(text: str) -> str:
    """What ``LIKE ... ESCAPE '!'`` takes for exactly this text."""
    return re.sub(r"([!%_])", r"!\1", text)


def close() -> None:
    """Close this thread's connection."""
    connections["default"].close()


def is_postgresql() -> bool:
    """Whether several processes may write at once, so that rows must be locked."""
    return bool(connections["default"].vendor == "postgresql")


def transact() -> AbstractContextManager[None]:
    """One transaction that may write: on SQLite it holds the write lock from its start on."""
    manager: AbstractContextManager[None] = transaction.atomic()
    return manager


@contextmanager
def failures(what: str) -> Iterator[None]:
    """Turn the database's exceptions into ours; ``what`` says what did not happen."""
    try:
        yield
    except (DatabaseError, InterfaceError) as error:
        # Not "from error": PostgreSQL's messages repeat the row that was to be written.
        raise failure(error, what) from None


def failure(error: Exception, what: str) -> StoreError:
    """What a failed statement means. The text repeats nothing of the values that were to be written."""
    cause = error.__cause__
    name = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None) or type(cause or error).__name__
    if name.startswith("SQLITE_FULL") or name in {"53100", "53200"}:
        return StoreFullError(f"{what}: the disk is full")
    if isinstance(error, IntegrityError):
        return StoreInvalidError(f"{what}: it contradicts what is stored ({name})")
    if isinstance(error, (DataError, ProgrammingError)):
        return StoreInvalidError(f"{what}: the database does not take such a value or statement ({name})")
    if name.startswith(("SQLITE_READONLY", "25006")):
        return StoreUnavailableError(f"{what}: the database is read-only ({name})")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StoreUnavailableError(f"{what}: another process holds the database for more than {_BUSY_SECONDS} s")
    return StoreUnavailableError(f"{what}: {name}")


def free_bytes() -> int | None:
    """Room left where the database is; None when that cannot be told (PostgreSQL)."""
    path = sqlite_path()
    if path is None:
        return None
    try:
        status = os.statvfs(path.parent)
    except OSError:
        return None
    return status.f_bavail * status.f_frsize


def sqlite_path() -> Path | None:
    """The database file; None on PostgreSQL."""
    wrapper = connections["default"]
    return Path(wrapper.settings_dict["NAME"]) if wrapper.vendor == "sqlite" else None


def checkpoint() -> bool:
    """Move the write-ahead log into the database and cut it off, so that nothing erased remains in it.

    False when another process is reading just now: try again later. On
    PostgreSQL there is nothing to do; its VACUUM and log recycling decide.
    """
    if is_postgresql():
        return True
    with cursor() as statement:
        # Waiting for readers here would hold up all writers.
        statement.execute("PRAGMA busy_timeout = 0")
        try:
            statement.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            busy, _, _ = statement.fetchone()
        finally:
            statement.execute(f"PRAGMA busy_timeout = {int(_BUSY_SECONDS * 1000)}")
    return not busy


def _database(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    if parts.scheme == "sqlite" and not parts.netloc and len(parts.path) > 1:
        path = _file(parts.path)
        _create(path)
        options: Mapping[str, Any] = {
            "transaction_mode": "IMMEDIATE",
            "init_command": _SQLITE_PRAGMAS,
            "timeout": _BUSY_SECONDS,
        }
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path), "OPTIONS": options}
    if parts.scheme in {"postgresql", "postgres"} and len(parts.path) > 1:
        options = {**_POSTGRESQL_OPTIONS, **dict(parse_qsl(parts.query)), "server_side_binding": True}
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path[1:]),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": options.pop("host", parts.hostname or ""),
            "PORT": str(options.pop("port", parts.port or "")),
            "OPTIONS": options,
        }
    raise StoreError(
        f"store.url starts with '{parts.scheme}:'; use sqlite:///PATH, or postgresql://USER:PASSWORD@HOST/DATABASE"
    )


def _file(path: str) -> Path:
    """The file that the path of ``sqlite:///`` names."""
    return Path(unquote(path[1:])).absolute()


def _create(path: Path) -> None:
    """Make the file before SQLite does, which would let others read it; its log files get the same mode.

    A folder that its group may write and hands its group on (mode 2770) is
    shared on purpose, with the account of the console: then so is the file.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            shared = path.parent.stat().st_mode & _SHARED == _SHARED
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                os.fchmod(handle, 0o660 if shared else 0o600)
            finally:
                os.close(handle)
    except OSError as error:
        raise StoreUnavailableError(f"the database {path} cannot be opened: {error.strerror}") from None


@contextmanager
def _migration_lock() -> Iterator[None]:
    path = sqlite_path()
    if path is None:
        with cursor() as statement:
            statement.execute("SELECT pg_advisory_lock(%s)", (_MIGRATION_LOCK,))
            try:
                yield
            finally:
                statement.execute("SELECT pg_advisory_unlock(%s)", (_MIGRATION_LOCK,))
        return
    # The folder, because closing another handle of the file itself would drop SQLite's own locks on it.
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
