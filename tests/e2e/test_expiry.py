"""What nobody releases in its time is deleted, never sent, and its sender is told."""

from __future__ import annotations

import json

from tests.e2e.mail import ORDINARY, held
from tests.e2e.trial import Trial


def test_what_nobody_releases_expires(tmp_path):
    trial = Trial(tmp_path)
    trial.settings["QUARANTINE__RETENTION_DAYS"] = "0.00001"
    trial.start()
    number, _ = held(trial, "expiry", ORDINARY)
    assert trial.stop() == 0

    # The clocks are looked at when the gateway starts, and every ten minutes.
    trial.start()
    try:
        trial.awaited("inside", f"has expired [{number}]".encode())
        assert "not held any more" in trial.command(
            "quarantine", "release", number, "--reviewer", "dpo@westendonsixth.com", "--reason", "too late"
        )
        entries = [json.loads(line) for line in trial.command("audit", "export").splitlines()]
        assert [e["kind"] for e in entries if e["subject"] == number][:3] == ["decide", "hold", "expire"]
        assert not any(b"e2e-expiry" in content for content in trial.mail("outside"))
    finally:
        assert trial.stop() == 0
