import pytest

from dlp_gateway.model import Action
from tests.unit.store.examples import intake, verdict


def refusal(gateway, *arguments, stdin):
    """What a command that cannot be done says, whatever it has asked before."""
    done = gateway.run(*arguments, stdin=stdin)
    assert done.status == 2
    return done.errors


def test_keys_are_made_once(gateway):
    done = gateway.run("keys", "init")

    assert done.status == 0
    written = set(done.output.split())
    assert {str(gateway.keys / name) for name in ("spool-1.key", "reviewers-1.pub", "review/reviewers-1.key")} < written
    assert "holds keys already" in gateway.fails("keys", "init")


def test_the_reviewers_key_goes_elsewhere(gateway):
    away = gateway.root / "usb"

    gateway.run("keys", "init", "--review-directory", away)
    gateway.run("keys", "rotate", "reviewers", "--review-directory", away)

    assert sorted(path.name for path in away.iterdir()) == ["reviewers-1.key", "reviewers-2.key"]
    assert not (gateway.keys / "review").exists()


def test_a_rotated_key_is_named(gateway):
    gateway.run("keys", "init")

    done = gateway.run("keys", "rotate", "spool")

    assert done == (0, "spool-2 is used from the next start or reload of the gateway on\n", "")


def test_what_is_not_there_cannot_be_rotated(gateway):
    assert "holds no audit key; make the first ones with 'keys init'" in gateway.fails("keys", "rotate", "audit")
    assert gateway.run("keys", "rotate", "door").status == 2


def test_a_passphrase_is_asked_for_and_needed_from_then_on(gateway, monkeypatch):
    made = gateway.run("keys", "init", "--passphrase", stdin="correct horse\ncorrect horse\n")
    gateway.commit(intake(verdict("bob@example.org", Action.HOLD), message_id="one"))
    act = ("quarantine", "release", "one", "--reviewer", "dpo@westendonsixth.com", "--reason", "agreed")

    assert made.status == 0
    assert "correct horse" not in made.output
    assert "reviewers-1.key" in gateway.fails(*act)
    monkeypatch.setenv("DLP_GATEWAY_REVIEW_PASSPHRASE", "wrong")
    assert "reviewers-1.key" in gateway.fails(*act)
    monkeypatch.setenv("DLP_GATEWAY_REVIEW_PASSPHRASE", "correct horse")
    assert gateway.run(*act).status == 0


@pytest.mark.parametrize("given", [(), ("--passphrase",)])
def test_a_rotated_reviewers_key_has_the_passphrase_of_the_others(gateway, monkeypatch, given):
    gateway.run("keys", "init", "--passphrase", stdin="correct horse\ncorrect horse\n")
    gateway.commit(intake(verdict("bob@example.org", Action.HOLD), message_id="one"))

    refused = refusal(gateway, "keys", "rotate", "reviewers", *given, stdin="another\nanother\n")
    assert "reviewers-1.key" in refused
    assert "--passphrase" in refused
    assert not (gateway.keys / "reviewers-2.pub").exists()

    done = gateway.run("keys", "rotate", "reviewers", "--passphrase", stdin="correct horse\ncorrect horse\n")
    assert done.status == 0
    assert "reviewers-2 is used from" in done.output
    gateway.commit(intake(verdict("bob@example.org", Action.HOLD), message_id="two"))
    monkeypatch.setenv("DLP_GATEWAY_REVIEW_PASSPHRASE", "correct horse")
    for message in ("one", "two"):
        act = ("quarantine", "release", message, "--reviewer", "dpo@westendonsixth.com", "--reason", "agreed")
        assert gateway.run(*act).status == 0
