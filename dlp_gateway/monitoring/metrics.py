"""Prometheus metrics: counts, ages and times; labels are rules, actions and states only."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from dlp_gateway.model import Action, Decision, Zone
from dlp_gateway.store.counters import Counts
from dlp_gateway.store.values import State

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """Every metric of one gateway, on a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        self.accepted = Counter("dlp_messages_accepted", "Messages answered 250", registry=registry)
        self.refused = Counter("dlp_messages_refused", "Messages answered 550 by policy", registry=registry)
        self.failed = Counter("dlp_messages_failed", "Messages answered 4xx for our own fault", registry=registry)
        self.replies = Counter("dlp_replies", "Replies to messages by class", ["class"], registry=registry)
        self.recipients = Counter(
            "dlp_recipients", "Recipients by action and zone", ["action", "zone"], registry=registry
        )
        self.rules = Counter(
            "dlp_rules_hit",
            "Rules hit, per recipient: enforced, monitored or excepted",
            ["rule", "mode"],
            registry=registry,
        )
        self.inspection = Histogram(
            "dlp_inspection_seconds", "Time in the worker", ["scope"], buckets=_SECONDS, registry=registry
        )
        self.intake = Histogram(
            "dlp_intake_seconds", "Time from the end of data to the commit", buckets=_SECONDS, registry=registry
        )
        self.workers_ended = Counter("dlp_workers_ended", "Workers replaced after a failure", registry=registry)
        self.connections = Counter("dlp_connections", "Sessions begun", registry=registry)
        self.sessions = Gauge("dlp_sessions", "Sessions now", registry=registry)
        self.logins = Counter("dlp_logins", "Passwords verified", ["result"], registry=registry)
        self.limits = Counter("dlp_limits_hit", "Limits reached by clients", ["limit"], registry=registry)
        self.attempts = Counter(
            "dlp_delivery_attempts", "Ends of attempts, per recipient", ["state", "zone"], registry=registry
        )
        self.delivery = Histogram(
            "dlp_delivery_seconds", "Time of one attempt", ["zone"], buckets=_SECONDS, registry=registry
        )
        self.queue_depth = Gauge("dlp_queue_depth", "Recipients waiting for delivery", registry=registry)
        self.queue_age = Gauge("dlp_queue_oldest_seconds", "Age of the oldest waiting delivery", registry=registry)
        self.held = Gauge("dlp_held_messages", "Messages waiting for review", registry=registry)
        self.held_age = Gauge("dlp_held_oldest_seconds", "Age of the oldest held message", registry=registry)
        self.record_altered = Gauge(
            "dlp_record_altered", "1 while nothing is signed because the record was altered", registry=registry
        )
        self.loop_lag = Gauge("dlp_loop_lag_seconds", "Delay of the event loop, last seen", registry=registry)
        self.certificate = Gauge(
            "dlp_certificate_expires_seconds", "Seconds until the certificate expires", registry=registry
        )

    def decided(self, decision: Decision, seconds: float) -> None:
        """Count one decision; ``seconds`` is the time from the end of the data to the commit."""
        for verdict in decision.verdicts:
            self.recipients.labels(verdict.action.value, verdict.zone.value).inc()
            for hit in verdict.hits:
                self.rules.labels(hit.rule, hit.mode).inc()
        refused = all(verdict.action is Action.REFUSE for verdict in decision.verdicts)
        (self.refused if refused else self.accepted).inc()
        self.inspection.labels(decision.inspection.scope).observe(decision.inspection.milliseconds / 1000)
        self.intake.observe(seconds)

    def undecided(self) -> None:
        """Count a message that was answered 4xx for a fault of ours."""
        self.failed.inc()

    def worker_ended(self) -> None:
        """Count a replaced worker."""
        self.workers_ended.inc()

    def connected(self) -> None:
        """Count a session that began."""
        self.connections.inc()
        self.sessions.inc()

    def disconnected(self) -> None:
        """Count a session that ended."""
        self.sessions.dec()

    def rejected(self, limit: str) -> None:
        """Count a limit that a client reached."""
        self.limits.labels(limit).inc()

    def authenticated(self, *, success: bool, user: str, client: str) -> None:
        """Count a login."""
        del user, client
        self.logins.labels("success" if success else "failure").inc()

    def answered(self, code: int, size: int, seconds: float) -> None:
        """Count a reply to a message by its class."""
        del size, seconds
        self.replies.labels(f"{code // 100}xx").inc()

    def settled(self, zone: Zone, state: State) -> None:
        """Count the end of an attempt for one recipient."""
        self.attempts.labels(state.value, zone.value).inc()

    def attempted(self, zone: Zone, seconds: float) -> None:
        """Observe how long one message took at one destination."""
        self.delivery.labels(zone.value).observe(seconds)

    def record(self, *, altered: bool) -> None:
        """Show whether the record was altered, so that nothing is signed."""
        self.record_altered.set(altered)

    def waiting(self, counts: Counts) -> None:
        """Show what waits in the store."""
        self.queue_depth.set(sum(counts.queued.values()))
        self.queue_age.set(counts.queued_oldest)
        self.held.set(counts.held)
        self.held_age.set(counts.held_oldest)
