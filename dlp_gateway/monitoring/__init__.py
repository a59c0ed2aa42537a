"""What operators see of the gateway: logs, metrics, health and readiness. Never personal data."""
