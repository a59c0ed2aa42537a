"""Accounts of the console: made, changed, shut and reset by administrators, each act on record.

The record names accounts by their names and says what was changed, never to
which address or password.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from dlp_gateway.audit.chain import EntryKind, Note
from dlp_gateway.console.roles import Role
from dlp_gateway.quarantine.reviewers import mailbox
from dlp_gateway.store.change import change

# Characters beside letters and digits that the name of an account may hold.
_NAME_MARKS = frozenset("@.+-_")
_LONGEST_NAME = 60


class AccountError(Exception):
    """An account cannot be made or changed like this; says why and what to do."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account as lists and forms show it.

    ``second_factors`` are their kinds (``totp``, ``webauthn``), ``deputy`` the
    name of the account that stands in until ``away_until``, ``last_sign_in``
    seconds since the epoch.
    """

    id: int
    name: str
    person: str
    address: str
    role: str
    active: bool
    second_factors: tuple[str, ...]
    first_password: bool
    deputy: str
    deputy_id: int | None
    away_until: dt.date | None
    last_sign_in: float | None


@dataclass(frozen=True, slots=True)
class Person:
    """What an administrator says of an account: who it is for, and in which role."""

    person: str
    address: str
    role: Role


def listed() -> tuple[Account, ...]:
    """Every account, by name; those that are shut last."""
    rows = _rows().order_by("-is_active", "username").select_related("deputy")
    kinds = _second_factors()
    return tuple(_account(row, kinds.get(row.pk, ())) for row in rows)


def find(account: int) -> Account | None:
    """One account; None when there is none."""
    row = _rows().filter(pk=account).select_related("deputy").first()
    return None if row is None else _account(row, _second_factors(account).get(account, ()))


def named(name: str) -> Account:
    """The account of a name, whatever its case; raises AccountError."""
    row = _rows().filter(username__iexact=name).first()
    found = None if row is None else find(row.pk)
    if found is None:
        raise AccountError("there is no such account; 'accounts list' shows all")
    return found


def candidates(account: int) -> tuple[Account, ...]:
    """Who may stand in for an account: active ones of the same role."""
    mine = find(account)
    if mine is None:
        return ()
    return tuple(a for a in listed() if a.active and a.role == mine.role and a.id != account)


def add(name: str, given: Person, actor: str, now: float) -> str:
    """Make an account; returns its first password, which is shown once and has to be changed at the first sign-in.

    Raises:
        AccountError: the name or address is taken or cannot be used.
    """
    name = name.strip().lower()
    if not name or len(name) > _LONGEST_NAME or not all(c.isalnum() or c in _NAME_MARKS for c in name):
        raise AccountError(f"the name should be of letters, digits and @ . + - _, {_LONGEST_NAME} at most")
    _check(given)
    password = _password()
    with change() as made:
        if _rows().filter(username__iexact=name).exists():
            raise AccountError("there is an account of that name already")
        _address_is_free(given.address, None)
        get_user_model().objects.create_user(
            name,
            email=given.address,
            password=password,
            role=given.role.value,
            first_name=given.person,
            first_password=True,
        )
        made.rows.notes.append(_note("made", name, actor, now, role=given.role.value))
    return password


def change_person(account: int, given: Person, actor: str, now: float) -> tuple[str, ...]:
    """Change whom an account is for and its role; returns what changed.

    Raises:
        AccountError: there is no such account, the address is another
            account's, or somebody would change their own role.
    """
    _check(given)
    with _changing(account) as (row, made):
        if row.role != given.role.value and row.username == actor:
            raise AccountError("nobody changes their own role; ask another administrator")
        if mailbox(given.address) != mailbox(row.email):
            _address_is_free(given.address, account)
        before = {"name": row.first_name, "address": row.email, "role": row.role}
        after = {"name": given.person, "address": given.address, "role": given.role.value}
        changed = tuple(key for key in after if before[key] != after[key])
        if changed:
            row.first_name, row.last_name, row.email, row.role = given.person, "", given.address, given.role.value
            if "role" in changed:
                _drop_deputies(row)
            row.save()
            made.rows.notes.append(
                _note("changed", row.username, actor, now, changed=list(changed), role=given.role.value)
            )
    return changed


def disable(account: int, actor: str, now: float) -> None:
    """Let an account sign in no more and end its sessions; raises AccountError for one's own."""
    with _changing(account) as (row, made):
        if row.username == actor:
            raise AccountError("nobody disables themselves; ask another administrator")
        if not row.is_active:
            return
        row.is_active = False
        row.disabled_at = now
        row.generation += 1
        _drop_deputies(row)
        row.save()
        made.rows.notes.append(_note("disabled", row.username, actor, now))


def enable(account: int, actor: str, now: float) -> None:
    """Let an account sign in again, with the password and second factor it had. Raises AccountError.

    The clock of unused accounts counts from now on.
    """
    with _changing(account) as (row, made):
        if row.is_active:
            return
        row.is_active = True
        row.disabled_at = None
        row.enabled_at = _moment(now)
        row.save()
        made.rows.notes.append(_note("enabled", row.username, actor, now))


def reset(account: int, actor: str, now: float) -> str:
    """After a loss: a new first password, no second factor any more, sessions end. Returns the password.

    Both, because whoever found a password could set up a second factor of
    their own. The clock of unused accounts counts from now on. Raises
    AccountError for one's own account.
    """
    from allauth.mfa.models import Authenticator

    password = _password()
    with _changing(account) as (row, made):
        if row.username == actor:
            raise AccountError("nobody resets their own account; ask another administrator, or change the password")
        Authenticator.objects.filter(user=row).delete()
        row.set_password(password)
        row.first_password = True
        row.generation += 1
        row.enabled_at = _moment(now)
        row.save()
        made.rows.notes.append(_note("reset", row.username, actor, now))
    return password


def set_absence(
    account: int, deputy: int | None, until: dt.date | None, actor: str, now: float, *, today: dt.date
) -> None:
    """Say who stands in for an account, and until which day (inclusive); None, None ends it.

    ``today`` is the organisation's calendar day ``now``.

    Raises:
        AccountError: the deputy has another role, is disabled, or is the account itself; or a day without deputy.
    """
    if (deputy is None) != (until is None):
        raise AccountError("an absence needs both: who stands in, and until when")
    if until is not None and until < today:
        raise AccountError("the day is over already; give the last day of the absence")
    with _changing(account) as (row, made):
        substitute = None
        if deputy is not None:
            substitute = _rows().filter(pk=deputy, is_active=True, role=row.role).exclude(pk=account).first()
            if substitute is None:
                raise AccountError("a deputy is another active account of the same role")
        if (row.deputy_id, row.away_until) == (deputy, until):
            return
        row.deputy = substitute
        row.away_until = until
        row.save()
        details = {"deputy": substitute.username, "until": until.isoformat()} if substitute and until else {}
        made.rows.notes.append(_note("absent" if details else "present", row.username, actor, now, **details))


def _moment(now: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(now, dt.UTC)


def _rows() -> Any:
    return get_user_model().objects.all()


@contextmanager
def _changing(account: int) -> Iterator[tuple[Any, Any]]:
    """The row of an account, read in the transaction that changes it."""
    with change() as made:
        row = _rows().select_for_update().filter(pk=account).first()
        if row is None:
            raise AccountError("there is no such account")
        yield row, made


def _second_factors(account: int | None = None) -> dict[int, tuple[str, ...]]:
    from allauth.mfa.models import Authenticator

    kinds: dict[int, tuple[str, ...]] = {}
    rows = Authenticator.objects.exclude(type=Authenticator.Type.RECOVERY_CODES)
    if account is not None:
        rows = rows.filter(user_id=account)
    for owner, kind in rows.order_by("type").values_list("user_id", "type"):
        kinds[owner] = (*kinds.get(owner, ()), str(kind))
    return kinds


def _account(row: Any, second_factors: tuple[str, ...]) -> Account:
    return Account(
        id=row.pk,
        name=row.username,
        person=row.get_full_name(),
        address=row.email,
        role=row.role,
        active=row.is_active,
        second_factors=second_factors,
        first_password=row.first_password,
        deputy=row.deputy.username if row.deputy else "",
        deputy_id=row.deputy_id,
        away_until=row.away_until,
        last_sign_in=row.last_login.timestamp() if row.last_login else None,
    )


def _check(given: Person) -> None:
    """An address and a name that can stand in a mail's header."""
    try:
        validate_email(given.address)
    except ValidationError:
        raise AccountError("the address is not a mail address") from None
    if not given.person.isprintable():
        raise AccountError("the person's name should be one line of text")


def _address_is_free(address: str, account: int | None) -> None:
    """One person, one account: two of them could give both approvals that a high-risk message needs.

    Addresses of one mailbox are one address.
    """
    others = _rows().exclude(pk=account).exclude(email="").values_list("email", flat=True)
    if mailbox(address) in map(mailbox, others):
        raise AccountError("another account has that address already; a person has one account")


def _drop_deputies(row: Any) -> None:
    """Nobody stands in for, or is stood in for by, an account of another role or one that is shut."""
    row.deputy = None
    row.away_until = None
    _rows().filter(deputy=row).update(deputy=None, away_until=None)


def _password() -> str:
    return secrets.token_urlsafe(15)


def _note(act: str, name: str, actor: str, now: float, **more: Any) -> Note:
    return Note(EntryKind.ACCOUNT, now, actor, name, {"act": act, **more})
