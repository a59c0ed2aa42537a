"""The composition root: settings in, parts wired, started and stopped in order.

Order matters: nothing is accepted before it can be inspected, stored and
delivered, and on the way down intake ends before delivery does.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog

from dlp_gateway import wiring
from dlp_gateway.configfile import ConfigError, Problem
from dlp_gateway.delivery.worker import DeliveryService
from dlp_gateway.housekeeping import Housekeeping
from dlp_gateway.inspection.pool import PoolError, WorkerPool
from dlp_gateway.model import Zone
from dlp_gateway.monitoring.health import HealthServer
from dlp_gateway.monitoring.logs import watch_loop
from dlp_gateway.monitoring.metrics import Metrics
from dlp_gateway.monitoring.notify import Notifier
from dlp_gateway.pipeline import Pipeline, Running
from dlp_gateway.policy.weakening import refusals
from dlp_gateway.quarantine.notices import NoticeLimiter
from dlp_gateway.settings import (
    Configuration,
    Settings,
    day,
    detection_text,
    note_running,
    read_configuration,
    running_policy,
)
from dlp_gateway.signins import SignIns
from dlp_gateway.smtp.server import SmtpServer
from dlp_gateway.store import keys, versions
from dlp_gateway.store.errors import StoreError
from dlp_gateway.store.store import Store
from dlp_gateway.store.values import ACTOR
from dlp_gateway.store.versions import Version

log = structlog.get_logger()

# Within these seconds the loop has to come round for /healthz to call the process healthy.
_STUCK_SECONDS = 10.0
_BEAT_SECONDS = 1.0
# Sessions get this long to finish the message they are at.
_DRAIN_SECONDS = 60.0


class ReloadRefusedError(Exception):
    """The new configuration is not taken; the text says why, and the running one stays."""


@dataclass(slots=True)
class _Parts:
    """What runs, in the order in which it was started."""

    store: Store
    pool: WorkerPool
    pipeline: Pipeline
    server: SmtpServer
    sign_ins: SignIns
    delivery: DeliveryService
    delivering: asyncio.Task[None]
    housekeeping: Housekeeping
    tidying: asyncio.Task[None]
    health: HealthServer | None


class Gateway:
    """One running gateway.

    ``load`` reads the configuration anew for each reload; it raises
    ConfigError with file, line and reason.
    """

    def __init__(self, config: Configuration, load: Callable[[], Configuration] | None = None) -> None:
        self._config = config
        self._load = load
        self.metrics = Metrics()
        self._notifier = Notifier()
        self._parts: _Parts | None = None
        self._beat = time.monotonic()
        self._draining = False
        self._reloading = asyncio.Lock()
        self._reloads: set[asyncio.Task[None]] = set()
        self._retiring: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self._config.settings

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports that mail is taken on."""
        return self._parts.server.ports if self._parts else ()

    @property
    def store(self) -> Store:
        """The open store."""
        if self._parts is None:
            raise RuntimeError("the gateway has not been started")
        return self._parts.store

    async def start(self) -> None:
        """Start everything; returns when mail is taken.

        Raises ConfigError, KeysError, StoreError, PoolError, CertificateError,
        UsersFileError or OSError; what was started by then is stopped again.
        """
        watch_loop(asyncio.get_running_loop())
        self._listen_to_signals()
        async with contextlib.AsyncExitStack() as undo:
            config = self._config
            _refuse_weaker(config)
            gateway_keys = keys.load_gateway(config.settings.keys.directory)
            store = await Store.open(config.settings.store.url, gateway_keys, wiring.store_options(config.settings))
            undo.push_async_callback(store.close)
            pool = WorkerPool(wiring.pool_settings(config), self.metrics)
            undo.push_async_callback(pool.stop)
            await pool.start()
            pipeline = Pipeline(self._running(config, pool), store, self.metrics, self._limiter(config.settings))
            delivery = DeliveryService(
                store,
                wiring.routes(config.settings),
                wiring.delivery_settings(config.settings),
                observer=self.metrics,
                zone_of=self._zone_of,
            )
            housekeeping = Housekeeping(store, gateway_keys, config.settings, self.metrics, self._zone_of)
            sign_ins = SignIns(self.metrics, store.record, time.time)
            server = SmtpServer(wiring.receiving_settings(config), pipeline, observer=sign_ins)
            await _enter(store, config, _version(config))
            note_running(config.settings, config.policy)
            health = self._serve_health(config.settings)
            if health is not None:
                undo.push_async_callback(asyncio.to_thread, health.stop)
            await server.start()
            undo.push_async_callback(server.stop)
            undo.pop_all()
        self._parts = _Parts(
            store=store,
            pool=pool,
            pipeline=pipeline,
            server=server,
            sign_ins=sign_ins,
            delivery=delivery,
            delivering=asyncio.create_task(delivery.run()),
            housekeeping=housekeeping,
            tidying=asyncio.create_task(housekeeping.run()),
            health=health,
        )
        log.info("started", ports=self.ports, layers=pool.layers, workers=pool.count, policy=config.policy.fingerprint)
        self._notifier.ready()

    async def run(self) -> None:
        """Serve until told to stop: by SIGTERM, SIGINT or ``request_stop``. SIGHUP reloads."""
        beating = asyncio.create_task(self._keep_beating())
        try:
            await self._stopping.wait()
        finally:
            beating.cancel()

    def request_stop(self) -> None:
        """Let ``run`` return."""
        self._stopping.set()

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        loop.add_signal_handler(signal.SIGHUP, self._reload_on_signal)

    def _reload_on_signal(self) -> None:
        task = asyncio.get_running_loop().create_task(self._try_reload())
        self._reloads.add(task)
        task.add_done_callback(self._reloads.discard)

    async def stop(self) -> None:
        """Drain: take nothing new, finish what was begun, then end."""
        parts, self._parts = self._parts, None
        if parts is None:
            return
        self._draining = True
        # A drain may last longer than a process may stand still before it is taken for stuck.
        beating = asyncio.create_task(self._keep_beating())
        self._notifier.stopping()
        seconds = _DRAIN_SECONDS
        log.info("draining", seconds=seconds)
        await parts.server.drain(seconds)
        await parts.server.stop()
        await parts.sign_ins.finish()
        await parts.delivery.drain()
        parts.tidying.cancel()
        await asyncio.gather(parts.delivering, parts.tidying, return_exceptions=True)
        await parts.pool.stop()
        await asyncio.gather(*self._retiring, return_exceptions=True)
        await parts.store.close()
        if parts.health is not None:
            await asyncio.to_thread(parts.health.stop)
        beating.cancel()
        log.info("stopped")

    async def reload(self) -> None:
        """Read the configuration anew and swap it in, without dropping a session.

        Raises ReloadRefusedError with the reason; then nothing has changed.
        Returns before the messages that the old workers have are answered.
        """
        async with self._reloading:
            parts = self._parts
            if parts is None or self._load is None:
                raise ReloadRefusedError("the gateway is not running, or was started without a configuration to reload")
            try:
                config = await asyncio.to_thread(self._load)
                version = _version(config)
                self._refuse(config)
                old = await self._swap_in(parts, config, version)
            except (ConfigError, PoolError, keys.KeysError, StoreError, ValueError, OSError) as error:
                raise ReloadRefusedError(str(error)) from error
        retiring = asyncio.create_task(old.retire())
        self._retiring.add(retiring)
        retiring.add_done_callback(self._retiring.discard)

    def _refuse(self, config: Configuration) -> None:
        """Raise ReloadRefusedError where the configuration may not replace the one that runs."""
        if problems := refusals(self._config.policy, config.loaded):
            raise ReloadRefusedError("; ".join(str(problem) for problem in problems))
        if reason := wiring.needs_restart(self._config.settings, config.settings):
            raise ReloadRefusedError(f"{reason} cannot change without a restart")

    async def _swap_in(self, parts: _Parts, config: Configuration, version: Version) -> WorkerPool:
        """Let ``config`` decide from now on; returns the workers of the one before.

        All that can fail comes before the swap, and is undone when what follows it fails.
        """
        before = self._config
        async with contextlib.AsyncExitStack() as undo:
            rotated = keys.load_gateway(config.settings.keys.directory)
            routes = wiring.routes(config.settings)
            pool = WorkerPool(wiring.pool_settings(config), self.metrics)
            undo.push_async_callback(pool.stop)
            await pool.start()
            parts.server.reload(wiring.receiving_settings(config))
            undo.callback(_undone, lambda: parts.server.reload(wiring.receiving_settings(before)))
            undo.callback(_undone, lambda: note_running(before.settings, before.policy))
            note_running(config.settings, config.policy)
            await _enter(parts.store, config, version)
            if self._parts is not parts:
                raise ReloadRefusedError("the gateway is stopping")
            undo.pop_all()
        parts.store.use_keys(rotated)
        old, parts.pool = parts.pool, pool
        parts.pipeline.running = self._running(config, pool)
        parts.delivery.use(routes)
        parts.housekeeping.use(rotated, config.settings)
        self._config = config
        return old

    async def _try_reload(self) -> None:
        self._notifier.reloading()
        try:
            await self.reload()
            log.info("reloaded", policy=self._config.policy.fingerprint)
        except ReloadRefusedError as error:
            # The reason names files, lines and settings: an admin has to be able to read it.
            log.error("reload refused", reason=str(error))  # noqa: TRY400 - the text is ours
        except Exception as error:
            log.exception("reload refused", reason=f"it failed ({type(error).__name__})")
        finally:
            self._notifier.ready()

    def _limiter(self, settings: Settings) -> NoticeLimiter:
        return NoticeLimiter(time.monotonic, settings.quarantine.notice_burst, settings.quarantine.notice_seconds)

    def _running(self, config: Configuration, pool: WorkerPool) -> Running:
        return Running(
            policy=config.policy,
            pool=pool,
            letterhead=wiring.letterhead(config.settings),
            day=config.settings.day,
            show_user=config.settings.smtp.show_user,
        )

    def _zone_of(self, domain: str) -> Zone:
        """The zone of a domain by the policy that runs now, also after a reload."""
        return wiring.zone_of(self._config.policy, lambda: self._config.settings.day(time.time()))(domain)

    def _serve_health(self, settings: Settings) -> HealthServer | None:
        if settings.monitoring.listen is None:
            return None
        host, port = settings.monitoring.listen.host, settings.monitoring.listen.port
        server = HealthServer(host, port, self.metrics.registry, self.healthy, self.ready)
        server.start()
        return server

    def healthy(self) -> dict[str, bool]:
        """Whether the process works at all; called from another thread."""
        return {"loop": time.monotonic() - self._beat < _STUCK_SECONDS}

    def ready(self) -> dict[str, bool]:
        """Whether a message would be taken now; called from another thread."""
        parts = self._parts
        if parts is None:
            return {"started": False}
        writer = parts.store.health()
        return {
            **self.healthy(),
            "workers": parts.pool.alive,
            "store": writer.alive and writer.failed is None,
            "delivery": not parts.delivering.done(),
            "accepting": not self._draining,
        }

    async def _keep_beating(self) -> None:
        """Measure the loop's lag, and tell systemd's watchdog that it turns."""
        while True:
            due = time.monotonic() + _BEAT_SECONDS
            await asyncio.sleep(_BEAT_SECONDS)
            self._beat = time.monotonic()
            self.metrics.loop_lag.set(self._beat - due)
            self._notifier.watchdog()
            if self._parts is not None and (expires := self._parts.server.certificate_expires_at) is not None:
                self.metrics.certificate.set(expires - time.time())


async def serve(
    directory: Path,
    environment: Mapping[str, str] | None = None,
    ready: Callable[[Gateway], Awaitable[None]] | None = None,
) -> None:
    """Run the gateway with the configuration in ``directory`` until it is told to stop.

    ``environment`` overrides settings (default: the process's own). ``ready``
    is called once mail is taken.
    """

    def load() -> Configuration:
        return read_configuration(directory, day(directory, time.time(), environment), environment=environment)

    gateway = Gateway(load(), load)
    await gateway.start()
    try:
        if ready is not None:
            await ready(gateway)
        await gateway.run()
    finally:
        await gateway.stop()


def _version(config: Configuration) -> Version:
    """The rules of a configuration, to be put into force now; raises ConfigError."""
    texts = (config.loaded.text, detection_text(config.directory))
    return Version(0, time.time(), ACTOR, config.policy.fingerprint, *texts)


async def _enter(store: Store, config: Configuration, version: Version) -> None:
    """Put on record what decides from now on, with its text when that is another."""
    await store.write(lambda: versions.enter(version, str(config.directory)))


def _undone(step: Callable[[], None]) -> None:
    """Take back a step of a reload that is refused; what cannot be taken back is told, and stops nothing else."""
    try:
        step()
    except Exception:
        log.exception("reload undone in part")


def _refuse_weaker(config: Configuration) -> None:
    """Raise ConfigError when the policy is weaker than the one that ran last, without consent."""
    try:
        before = running_policy(config.settings)
    except ValueError as error:
        raise ConfigError([Problem(str(config.settings.state_directory), 0, str(error))]) from None
    if before is not None and (problems := refusals(before, config.loaded)):
        raise ConfigError(problems)
