"""Prometheus metrics: counts, ages and times; labels are rules, actions and states only."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from dlp_gateway.model import Decision

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """Every metric of one gateway, on a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        self.accepted = Counter("dlp_messages_accepted", "Messages answered 250", registry=registry)
        self.refused = Counter("dlp_messages_refused", "Messages answered 550 by policy", registry=registry)
        self.failed = Counter("dlp_messages_failed", "Messages answered 4xx for our own fault", registry=registry)
        self.decided = Counter(
            "dlp_recipients_decided", "Recipients by action and zone", ["action", "zone"], registry=registry
        )
        self.rules = Counter(
            "dlp_rules_hit", "Recipients stopped or monitored, by rule", ["rule", "mode"], registry=registry
        )
        self.inspection = Histogram(
            "dlp_inspection_seconds", "Time in the worker per message", ["scope"], buckets=_SECONDS, registry=registry
        )
        self.intake = Histogram(
            "dlp_intake_seconds", "Time from end of data to the reply", buckets=_SECONDS, registry=registry
        )
        self.workers_ended = Counter("dlp_workers_ended", "Workers replaced after a failure", registry=registry)
        self.limits = Counter("dlp_limits_hit", "Limits hit by clients, by limit", ["limit"], registry=registry)
        self.connections = Counter("dlp_connections", "Connections taken", registry=registry)
        self.attempts = Counter(
            "dlp_delivery_attempts", "Attempts per recipient by state", ["state"], registry=registry
        )
        self.queue_depth = Gauge("dlp_queue_depth", "Recipients waiting for delivery", registry=registry)
        self.queue_age = Gauge("dlp_queue_oldest_seconds", "Age of the oldest waiting delivery", registry=registry)
        self.held = Gauge("dlp_held_messages", "Messages waiting for review", registry=registry)
        self.held_age = Gauge("dlp_held_oldest_seconds", "Age of the oldest held message", registry=registry)
        self.loop_lag = Gauge("dlp_loop_lag_seconds", "Largest delay of the event loop lately", registry=registry)
        self.certificate = Gauge(
            "dlp_certificate_expires_seconds", "Seconds until the certificate expires", registry=registry
        )

    def record(self, decision: Decision, intake_seconds: float) -> None:
        """Count one decision."""
        for verdict in decision.verdicts:
            self.decided.labels(verdict.action.value, verdict.zone.value).inc()
            for hit in verdict.hits:
                self.rules.labels(hit.rule, "monitor" if hit.monitored else "enforce").inc()
        self.inspection.labels(decision.inspection.scope).observe(decision.inspection.milliseconds / 1000)
        self.intake.observe(intake_seconds)

    def worker_ended(self, why: str) -> None:
        """Count a replaced worker; ``why`` is for logs, as a label it would grow without end."""
        del why
        self.workers_ended.inc()

    def names(self) -> Iterable[str]:
        """Names of all metrics, for the documentation's test."""
        return sorted(family.name for family in self.registry.collect())
