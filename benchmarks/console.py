"""How fast the console's pages are over three months of mail.

    python -m benchmarks.console [--decisions 100000] [--held 5000] [--keep DIR] [--only overview,held]

Makes a gateway's folder with a database (``console_data``), then asks for every GET page of the console through
Django's test client, as a role that may see it: once to load the templates, then five times. With ``--keep`` the
folder is used again if it is there. Streams are timed to their first piece. Writes benchmarks/results/console.md.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from benchmarks.console_data import DAY, LINK, fill
from dlp_gateway.console.pages import Page
from dlp_gateway.console.roles import RIGHTS, Role
from dlp_gateway.console.services import Services
from dlp_gateway.settings import default_config_dir
from dlp_gateway.store import database, keys, versions

ROOT = Path(__file__).parents[1]
GOAL = 300.0
TIMES = 5

# Filters and searches beside the plain page, by the page's name.
QUERIES: Mapping[str, tuple[Mapping[str, str], ...]] = {
    "decisions": (
        {"sender": "user17@westendonsixth.com"},
        {"sender": "westendonsixth.com"},
        {"recipient": "person77@client7.example"},
        {"recipient": "mail.example"},
        {"recipient": "nobody@nowhere.example"},
        {"action": "hold"},
        {"action": "refuse"},
        {"action": "return"},
        {"rule": "external"},
        {"rule": "transfer"},
        {"zone": "external", "rule": "bulk"},
        {"zone": "partner"},
        {"entity": "AU_TFN"},
        {"entity": "NOTHING_SUCH"},
        {"policy": "000000000000"},
        {"action": "hold", "rule": "high-risk", "entity": "HEALTH"},
    ),
    "record": ({"kind": "release"}, {"kind": "prune"}, {"actor": "anna"}, {"kind": "checkpoint"}, {"kind": "hold"}),
    "detectors": ({"tier": "high_risk"}, {"sort": "wrong"}),
    "queue": ({"zone": "external"}, {"age": "24"}),
    "whatif": ({"entity": "AU_TFN"},),
    "reports": ({"month": time.strftime("%Y-%m", time.gmtime(time.time() - 32 * DAY))},),
    "held": (
        {"sender": "user17"},
        {"recipient": "client7"},
        {"rule": "high-risk"},
        {"risk": "high"},
        {"order": "risk"},
        {"kind": "AU_TFN"},
    ),
}


@dataclass(frozen=True, slots=True)
class Measured:
    """One address and its times in milliseconds, sorted: by the clock, and of this process's processor."""

    name: str
    address: str
    status: int
    times: list[float]
    processor: list[float]
    size: int

    @property
    def median(self) -> float:
        """Milliseconds."""
        return statistics.median(self.times)


def visits(pages: Iterable[Page], examples: Mapping[str, Any]) -> Iterator[tuple[Page, str]]:
    """Every page that answers GET with the addresses to ask for; a page without an example gives none."""
    from django.urls import reverse

    for page in pages:
        if "GET" not in page.methods:
            continue
        if any(examples.get(kind) is None for _, kind in page.example):
            print(f"left out, there is no example: {page.name}", file=sys.stderr)
            continue
        address = reverse(page.name, kwargs={name: examples[kind] for name, kind in page.example})
        yield page, address
        for query in QUERIES.get(page.name, ()):
            yield page, f"{address}?{urlencode(query)}"


def examples(now: float) -> dict[str, Any]:
    """One value of each kind of parameter."""
    from django.contrib.auth import get_user_model

    def first(model: str, name: str, **conditions: Any) -> Any:
        return database.rows(model).filter(**conditions).order_by("-pk").values_list(name, flat=True).first()

    held = first("Hold", "message_id", closed_at__isnull=True)
    return {
        "held": held,
        "decision": first("Message", "id", kind="mail"),
        "account": get_user_model().objects.values_list("pk", flat=True).first(),
        "request": first("PersonRequest", "id"),
        "entity": "AU_TFN",
        "format": "json",
        "entry": first("AuditEntry", "seq"),
        "policy_version": first("PolicyVersion", "id"),
        "link": LINK,
        "page": "0",
        "month": time.strftime("%Y-%m", time.gmtime(now - 20 * DAY)),
    }


def measure(client: Any, name: str, address: str) -> Measured:
    """Ask for an address; its slowest time is kept too."""
    times, processor, status, size = [], [], 0, 0
    for n in range(TIMES + 1):
        started, cpu = time.perf_counter(), time.process_time()
        response = client.get(address)
        size = len(next(iter(response.streaming_content), b"") if response.streaming else response.content)
        if n:
            times.append(1000 * (time.perf_counter() - started))
            processor.append(1000 * (time.process_time() - cpu))
        status = response.status_code
        response.close()
    return Measured(name, address, status, sorted(times), sorted(processor), size)


def clients() -> dict[Role, Any]:
    """A browser for each role, signed in with a second factor."""
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
    from django.contrib.auth import get_user_model
    from django.test import Client

    found = {}
    for role in Role:
        account, made = get_user_model().objects.get_or_create(
            username=role.value, defaults={"role": role.value, "email": f"{role.value}@westendonsixth.com"}
        )
        if made:
            TOTP.activate(account, generate_totp_secret())
        found[role] = Client(SERVER_NAME="localhost", SERVER_PORT="8080", raise_request_exception=False)
        found[role].force_login(account)
    return found


def fitting(page: Page) -> Role:
    """The role that has the page's right, the DPO if there is a choice."""
    order = (Role.DPO, Role.SECURITY, Role.ADMIN, Role.AUDITOR)
    return next((role for role in order if page.right in RIGHTS[role]), Role.DPO)


def table(measured: Iterable[Measured]) -> str:
    """Markdown."""
    lines = ["| page | address | status | p50 ms | max ms | CPU p50 ms | KB |", "|---|---|---:|---:|---:|---:|---:|"]
    for one in measured:
        address = one.address.replace("|", "%7C")
        times = (one.median, one.times[-1], statistics.median(one.processor))
        cells = (one.name, f"`{address}`", one.status, *(f"{ms:.0f}" for ms in times), one.size // 1024)
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def start(folder: Path, arguments: argparse.Namespace) -> Services:
    """The folder of a gateway, made if it is not there, and Django set up for it."""
    from dlp_gateway.console.server import prepare

    fresh = not (folder / "config").exists()
    if fresh:
        shutil.copytree(default_config_dir(), folder / "config")
        keys.init(folder / "var" / "keys")
    services = Services(folder / "config", {"DLP_GATEWAY__CONSOLE__URL": '"http://localhost:8080"'})
    prepare(services)
    if fresh:
        started = time.perf_counter()
        gateway = keys.load_gateway(folder / "var" / "keys")
        fill(gateway, services.clock(), decisions=arguments.decisions, held=arguments.held)
        _enter_rules(services)
        print(f"{arguments.decisions} decisions made in {time.perf_counter() - started:.0f} s", file=sys.stderr)
    return services


def _enter_rules(services: Services) -> None:
    """Two versions of the rules, the second of them running."""
    policy, detection = ((services.folder / name).read_text("utf-8") for name in ("policy.yaml", "detection.yaml"))
    fingerprint = services.configuration().policy.fingerprint
    for n, text in enumerate((policy + "\n# the first version\n", policy)):
        at = services.clock() - (30 - n) * DAY
        versions.enter(versions.Version(0, at, "gateway", fingerprint, text, detection), str(services.folder))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--decisions", type=int, default=100_000)
    parser.add_argument("--held", type=int, default=5_000)
    parser.add_argument("--keep", type=Path, help="folder to make, or to use again")
    parser.add_argument("--only", help="names of pages, by commas")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "results" / "console.md")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        services = start(arguments.keep or Path(temporary) / "gateway", arguments)
        from dlp_gateway.console.sections import all_pages

        only = set(arguments.only.split(",")) if arguments.only else None
        browsers, values = clients(), examples(services.clock())
        measured = []
        for page, address in visits(all_pages(), values):
            if only is None or page.name in only:
                measured.append(measure(browsers[fitting(page)], page.name, address))
                print(table(measured[-1:]).splitlines()[-1], file=sys.stderr)
        services.close()
        database.close()
    if only is None:
        arguments.output.write_text(story(measured, arguments), encoding="utf-8")
    slow = [one for one in measured if one.median > GOAL]
    print(f"{len(measured)} addresses, {len(slow)} with a median over {GOAL:.0f} ms")


def story(measured: list[Measured], arguments: argparse.Namespace) -> str:
    slow = sum(one.times[-1] > GOAL for one in measured)
    return (
        "# The console's pages over three months of mail\n\n"
        f"`python -m benchmarks.console`: {arguments.decisions:,} decisions, {arguments.held:,} messages held, SQLite; "
        f"each page asked for {TIMES} times through Django's test client, the slowest time beside the median. "
        f"{len(measured)} addresses, {slow} with a time over {GOAL:.0f} ms.\n\n{table(measured)}\n"
    )


if __name__ == "__main__":
    main()
