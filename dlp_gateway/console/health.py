"""How the gateway is, as far as the console can see it: from the database, certificates, and its own health page."""

from __future__ import annotations

import datetime as dt
import http.client
import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from dlp_gateway.audit.chain import EntryKind
from dlp_gateway.model import DAY
from dlp_gateway.settings import Settings
from dlp_gateway.store import counters, database, history

_SECONDS = 0.2  # for an answer over loopback
_LATE_QUEUE = 3600.0
_LATE_CHECKPOINT = 7200.0


@dataclass(frozen=True, slots=True)
class Sign:
    """One sign of health: ``word`` is what it is (good, check, bad, unknown), ``remark`` the reason in words."""

    name: str
    word: str
    remark: str

    @property
    def badge(self) -> str:
        """The class of its badge."""
        return {"good": "good", "check": "warn", "bad": "bad"}.get(self.word, "")


def signs(settings: Settings, counts: counters.Counts, now: float) -> list[Sign]:
    """What there is to see; raises StoreError when the database does not answer."""
    return [
        _gateway(settings),
        _queue(counts),
        _last_decision(now),
        _checkpoint(now),
        _room(),
        *_certificates(settings, now),
    ]


def _gateway(settings: Settings) -> Sign:
    """What ``/readyz`` says, when it listens on this machine."""
    name, listen = "Gateway", settings.monitoring.listen
    if listen is None:
        return Sign(name, "unknown", "monitoring.listen is not set: its state is not asked for")
    try:
        local = listen.host == "localhost" or ipaddress.ip_address(listen.host).is_loopback
    except ValueError:
        local = False
    if not local:
        return Sign(name, "unknown", "its health page is not on this machine: look there")
    connection = http.client.HTTPConnection(listen.host, listen.port, timeout=_SECONDS)
    try:
        connection.request("GET", "/readyz")
        response = connection.getresponse()
        failing = [line.partition(":")[0] for line in response.read(4096).decode().splitlines() if "failing" in line]
    except (OSError, http.client.HTTPException, UnicodeDecodeError):
        return Sign(name, "bad", f"nothing answers on {listen}: is the gateway running?")
    finally:
        connection.close()
    if response.status == 200:
        return Sign(name, "good", "takes mail")
    return Sign(name, "bad", f"does not take mail now: {', '.join(failing) or f'HTTP {response.status}'}")


def _queue(counts: counters.Counts) -> Sign:
    waiting = sum(counts.queued.values())
    if not waiting:
        return Sign("Queue", "good", "nothing waits for delivery")
    late = counts.queued_oldest > _LATE_QUEUE
    hours = counts.queued_oldest / 3600
    oldest = f"{hours:.1f} hours" if hours >= 1 else f"{hours * 60:.0f} minutes"
    return Sign("Queue", "check" if late else "good", f"{waiting:,} recipients wait, the oldest for {oldest}")


def _last_decision(now: float) -> Sign:
    at = counters.last_decision()
    if at is None:
        return Sign("Last decision", "unknown", "no message was decided on yet")
    return Sign("Last decision", "good", _ago(now - at))


def _checkpoint(now: float) -> Sign:
    found = history.newest(history.Wanted(kind=EntryKind.CHECKPOINT), limit=1)
    head = history.head()
    if not found:
        return Sign("Record", "check" if head.seq else "good", f"{head.seq:,} entries, none signed yet")
    behind, late = head.seq - found[0].seq, now - found[0].at > _LATE_CHECKPOINT
    remark = f"signed up to entry {found[0].seq - 1:,} {_ago(now - found[0].at)}, {behind:,} entries since"
    return Sign("Record", "check" if behind and late else "good", remark)


def _room() -> Sign:
    free = database.free_bytes()
    if free is None:
        return Sign("Room for the database", "unknown", "the database is on a server of its own")
    return Sign("Room for the database", "good" if free > 1 << 30 else "bad", f"{free / (1 << 30):,.1f} GiB free")


def _certificates(settings: Settings, now: float) -> Iterator[Sign]:
    tls = settings.console.tls
    paths = (("for mail", settings.smtp.tls.certificate), ("for this console", tls.certificate if tls else None))
    for purpose, path in paths:
        if path is not None:
            yield _certificate(f"Certificate {purpose}", Path(path), now)


def _certificate(name: str, path: Path, now: float) -> Sign:
    try:
        certificate = x509.load_pem_x509_certificates(path.read_bytes())[0]
    except (OSError, ValueError, IndexError):
        return Sign(name, "unknown", "the file cannot be read by the console")
    until = certificate.not_valid_after_utc
    days = (until - dt.datetime.fromtimestamp(now, dt.UTC)).total_seconds() / DAY
    word = "bad" if days < 0 else "check" if days < 21 else "good"
    return Sign(name, word, f"{'expired' if days < 0 else 'valid until'} {until:%d %b %Y}")


def _ago(seconds: float) -> str:
    minutes = max(0.0, seconds) / 60
    if minutes < 120:
        return f"{minutes:.0f} minutes ago"
    return f"{minutes / 60:.0f} hours ago" if minutes < 2880 else f"{minutes / 1440:.0f} days ago"
