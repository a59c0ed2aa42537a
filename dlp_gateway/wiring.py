"""From the settings of a configuration to what each part of the gateway wants to be told."""

from __future__ import annotations

import datetime as dt
import json
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

from dlp_gateway.audit.chain import Checkpoint
from dlp_gateway.audit.witness import Witness
from dlp_gateway.configfile import ConfigError, Problem
from dlp_gateway.delivery import settings as delivery
from dlp_gateway.delivery.schedule import Schedule
from dlp_gateway.delivery.tls import TlsPolicy
from dlp_gateway.inspection.confinement import ProcessLimits
from dlp_gateway.inspection.pool import PoolSettings
from dlp_gateway.model import DAY, Address, Zone
from dlp_gateway.policy.definition import Policy
from dlp_gateway.quarantine.notices import Letterhead
from dlp_gateway.quarantine.review import Desk
from dlp_gateway.settings import Configuration, Settings, detectors_dir
from dlp_gateway.settings.delivery import Route
from dlp_gateway.smtp import configuration as smtp
from dlp_gateway.smtp.limits import ReceivingLimits
from dlp_gateway.store.keys import GatewayKeys, KeysError, SealingKeys, load_review
from dlp_gateway.store.spool import Reports
from dlp_gateway.store.store import Options

# What cannot change while the gateway runs. The policy, the detectors, smtp and inspection are swapped in by a reload.
_FIXED = (
    "hostname",
    "store",
    "keys",
    "delivery",
    "quarantine",
    "retention",
    "audit",
    "logging",
    "monitoring",
    "state_directory",
)


def receiving_settings(config: Configuration) -> smtp.ReceivingSettings:
    """For the SMTP server."""
    given = config.settings.smtp
    listeners = [smtp.Listener(at.host, at.port) for at in given.listen]
    listeners += [smtp.Listener(at.host, at.port, implicit_tls=True) for at in given.implicit_tls_listen]
    tls = None
    if given.tls.certificate is not None and given.tls.key is not None:
        tls = smtp.TLSSettings(given.tls.certificate, given.tls.key, required=given.tls.required)
    return smtp.ReceivingSettings(
        hostname=config.settings.hostname,
        organisation_domains=config.policy.organisation.domains,
        listeners=tuple(listeners),
        relay_networks=given.relay_networks,
        normalise_networks=given.normalise_networks,
        proxy_networks=given.proxy_networks,
        tls=tls,
        users=given.users,
        limits=ReceivingLimits(message_bytes=given.max_message_bytes, **given.limits.model_dump()),
    )


def detectors(config: Configuration) -> Path:
    """The folder of the packs: beside the configuration's, else the shipped one."""
    return detectors_dir(config.directory)


def pool_settings(config: Configuration) -> PoolSettings:
    """For the inspection workers."""
    given = config.settings.inspection
    return PoolSettings(
        factory="dlp_gateway.inspection.inspector:serve",
        arguments={
            "config": str(config.directory.resolve()),
            "detectors": str(detectors(config).resolve()),
            "reading": given.reading.model_dump(),
            "documents": given.documents.model_dump(),
            "pictures": config.policy.pictures.held_from,
        },
        readable=(config.directory.resolve(), detectors(config).resolve(), Path(__file__).parents[1]),
        workers=given.workers,
        seconds=given.seconds,
        wait_seconds=given.wait_seconds,
        recycle_after=given.recycle_after,
        large_bytes=given.large_bytes,
        limits=ProcessLimits(given.memory_bytes, given.cpu_seconds, given.open_files),
        required_layers=given.required_layers,
    )


def store_options(settings: Settings) -> Options:
    """For the store."""
    audit = settings.audit
    return Options(
        pseudonyms=audit.pseudonyms,
        hold_seconds=settings.quarantine.retention_days * DAY,
        reserve=settings.store.reserve_bytes,
        group=settings.store.group,
        recent=settings.store.recent_bytes,
        checkpoint_entries=audit.checkpoint_entries,
        checkpoint_seconds=audit.checkpoint_seconds,
        checkpoint_to=_appending(audit.checkpoint_file) if audit.checkpoint_file else None,
        witness=Witness.beside(settings.keys.directory),
    )


def routes(settings: Settings) -> delivery.Routes:
    """For the delivery workers: where mail goes; raises ConfigError for a file of credentials that cannot be used."""
    given = settings.delivery
    zones = {
        Zone.INTERNAL: _route(given.internal),
        Zone.PARTNER: _route(given.partner_route),
        Zone.EXTERNAL: _route(given.external),
    }
    return delivery.Routes(zones, {domain: _route(route) for domain, route in given.domains.items()})


def delivery_settings(settings: Settings) -> delivery.DeliverySettings:
    """For the delivery workers: how they work."""
    given = settings.delivery
    resolver = given.resolver.model_dump()
    never = tuple(str(network) for network in resolver.pop("never"))
    own_addresses = frozenset(resolver.pop("own_addresses"))
    return delivery.DeliverySettings(
        hostname=settings.hostname,
        # Names a process, so that a lease tells whose it was.
        worker=f"{socket.gethostname()}:{os.getpid()}",
        schedule=Schedule(**given.schedule.model_dump()),
        timeouts=delivery.Timeouts(**given.timeouts.model_dump()),
        connection=delivery.ConnectionSettings(**given.connection.model_dump()),
        resolver=delivery.ResolverSettings(never=never, own_addresses=own_addresses, **resolver),
        **_same(
            delivery.DeliverySettings, given.model_dump(), without={"schedule", "timeouts", "connection", "resolver"}
        ),
    )


def letterhead(settings: Settings) -> Letterhead:
    """For notices to senders."""
    return Letterhead(
        hostname=settings.hostname,
        contact=settings.quarantine.contact,
        retention_days=settings.quarantine.retention_days,
        console=str(settings.console.url).rstrip("/") if settings.console.url is not None else "",
        link_days=settings.console.link_days,
    )


def zone_of(policy: Policy, clock: Callable[[], dt.date]) -> Callable[[str], Zone]:
    """The zone of a domain by ``policy`` on the day that ``clock`` says."""

    def zone(domain: str) -> Zone:
        return policy.zones.zone(Address("postmaster", domain, f"postmaster@{domain}"), clock())

    return zone


def reports_of_given_up(config: Configuration, keys: GatewayKeys | SealingKeys, now: float) -> Reports:
    """How the senders of mail that an administrator gives up at ``now`` are told of it; ``keys`` seal the reports."""
    from dlp_gateway.delivery import given_up  # with what delivers, which takes commands longer to load

    zones = zone_of(config.policy, lambda: config.settings.day(now))
    return Reports(partial(given_up.reports, hostname=config.settings.hostname, zone_of=zones, now=now), keys)


def pseudonym_key(settings: Settings, keys: GatewayKeys | SealingKeys) -> bytes | None:
    """The key that addresses in the record are hashed with; None when they are kept as they are.

    Raises:
        KeysError: the record keeps pseudonyms, but this process cannot read their key.
    """
    if not settings.audit.pseudonyms:
        return None
    if keys.pseudonym is None:
        reason = "the record keeps pseudonyms, but pseudonym.key cannot be read by this process"
        raise KeysError(f"{settings.keys.directory}: {reason}; let its group read that file")
    return keys.pseudonym


def review_desk(
    settings: Settings,
    clock: Callable[[], float],
    *,
    environment: Mapping[str, str],
    review: Path | None = None,
) -> Desk:
    """The reviewers' desk, with their private key: the file ``review``, or the one in the folder of keys.

    The passphrase of the key comes from ``DLP_GATEWAY_REVIEW_PASSPHRASE`` in the ``environment``.

    Raises:
        KeysError: the key cannot be read or opened.
    """
    passphrase = environment.get("DLP_GATEWAY_REVIEW_PASSPHRASE")
    keys = load_review(settings.keys.directory, review=review, passphrase=passphrase.encode() if passphrase else None)
    return Desk(keys, clock, pseudonyms=settings.audit.pseudonyms)


def needs_restart(old: Settings, new: Settings) -> str | None:
    """The first section that differs and cannot be swapped while running; None when there is none."""
    return next((name for name in _FIXED if getattr(old, name) != getattr(new, name)), None)


def _route(route: Route) -> delivery.RouteSettings:
    tls = route.tls
    return delivery.RouteSettings(
        hosts=tuple(str(host) for host in route.host),
        mx=route.mx,
        maildir=route.maildir,
        tls=TlsPolicy(tls.mode, tls.ca_file, tls.name, tls.pins, tls.implicit),
        credentials=_credentials(route.credentials) if route.credentials else None,
        mx_port=route.mx_port,
    )


def _credentials(path: Path) -> delivery.Credentials:
    try:
        return delivery.Credentials.read(path)
    except OSError as error:
        raise ConfigError([Problem(str(path), 0, f"cannot be read: {error.strerror}")]) from None
    except ValueError:
        raise ConfigError([Problem(str(path), 0, "one line user:password is wanted")]) from None


def _same(kind: type[Any], given: Mapping[str, Any], without: set[str]) -> dict[str, Any]:
    """The values of ``given`` that ``kind`` has fields of the same name for."""
    names = {field.name for field in fields(kind)} - without
    return {name: value for name, value in given.items() if name in names}


def _appending(path: Path) -> Callable[[Checkpoint], None]:
    def append(checkpoint: Checkpoint) -> None:
        with path.open("a", encoding="ascii") as file:
            file.write(json.dumps(checkpoint.details(), sort_keys=True) + "\n")

    return append
