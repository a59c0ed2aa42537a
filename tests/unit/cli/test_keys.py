from dlp_gateway.model import Action
from tests.unit.store.examples import intake, verdict


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
    act = ("quarantine", "release", "one", "--reviewer", "dpo", "--reason", "agreed")

    assert made.status == 0
    assert "correct horse" not in made.output
    assert "reviewers-1.key" in gateway.fails(*act)
    monkeypatch.setenv("DLP_GATEWAY_REVIEW_PASSPHRASE", "wrong")
    assert "reviewers-1.key" in gateway.fails(*act)
    monkeypatch.setenv("DLP_GATEWAY_REVIEW_PASSPHRASE", "correct horse")
    assert gateway.run(*act).status == 0
