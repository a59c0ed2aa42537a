"""Any order of commits, leases, settlements, reviews, deaths and restarts: nothing lost, nothing undecided sent."""

import asyncio
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from dlp_gateway.audit.check import check
from dlp_gateway.model import Action
from dlp_gateway.quarantine import held
from dlp_gateway.quarantine.review import Desk
from dlp_gateway.quarantine.rules import Reviewer
from dlp_gateway.store import keys, retention
from dlp_gateway.store.store import Options, Store
from dlp_gateway.store.values import Outcome, State
from tests.unit.store.conftest import Clock
from tests.unit.store.contract import rows
from tests.unit.store.examples import intake, outgoing, verdict

LEASE = 60.0
ACTIONS = st.lists(
    st.sampled_from([Action.DELIVER, Action.DELIVER, Action.HOLD, Action.REFUSE]), min_size=1, max_size=4
)
DPO = Reviewer("dpo", "dpo@westendonsixth.com")


@dataclass
class Expected:
    """What must be true of one recipient."""

    message_id: str
    state: str
    sendable: bool
    leased_until: float = 0.0
    due: float = 0.0
    delivery_id: int | None = None


@dataclass
class Model:
    recipients: dict[tuple[str, str], Expected] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)

    def due(self, now):
        return {key for key, r in self.recipients.items() if r.state == "queued" and r.due <= now}


class Interleaving(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
        keys.init(self.folder / "keys")
        self.loop = asyncio.new_event_loop()
        self.clock = Clock()
        self.model = Model()
        self.leased = {}
        self.in_hand = set()
        self.number = 0

    def run(self, awaitable):
        return self.loop.run_until_complete(awaitable)

    @initialize()
    def start(self):
        self.gateway = keys.load_gateway(self.folder / "keys")
        self.desk = Desk(keys.load_review(self.folder / "keys"), self.clock)
        url = f"sqlite:///{self.folder}/gateway.db"
        options = Options(reserve=0, checkpoint_entries=7)
        self.store = self.run(Store.open(url, self.gateway, options, self.clock))

    @rule()
    def restart(self):
        self.run(self.store.close())
        self.start()
        for key in self.in_hand:  # what the gateway that was had in hand is due at once
            self.model.recipients[key].due = min(self.model.recipients[key].due, self.clock.now)
        self.in_hand.clear()

    @rule(messages=st.lists(ACTIONS, min_size=1, max_size=4), notice=st.booleans())
    def commit_at_once(self, messages, notice):
        intakes = []
        for actions in messages:
            self.number += 1
            message_id, content = f"m{self.number:03}", f"content {self.number}".encode()
            verdicts = [verdict(f"r{n}@example.net", action) for n, action in enumerate(actions)]
            mails = (outgoing(),) if notice else ()
            intakes.append(intake(*verdicts, message_id=message_id, content=content, at=self.clock.now, outgoing=mails))
            self.model.contents[message_id] = content
            states = {Action.DELIVER: "queued", Action.HOLD: "held", Action.REFUSE: "refused"}
            for v in verdicts:
                key = (message_id, v.recipient.address.literal)
                self.model.recipients[key] = Expected(
                    message_id, states[v.action], v.action is Action.DELIVER, due=self.clock.now
                )
        self.run(self._gather([self.store.commit(i) for i in intakes]))

    async def _gather(self, awaitables):
        await asyncio.gather(*awaitables)

    @rule(limit=st.integers(1, 6))
    def lease(self, limit):
        due = self.run(self.store.lease("worker", limit, self.clock.now, LEASE))
        mail = [d for d in due if d.kind == "mail"]
        for d in mail:
            expected = self.model.recipients[d.message_id, d.recipient.address.literal]
            assert expected.state == "queued"
            assert expected.sendable
            assert expected.due <= self.clock.now
            expected.due = self.clock.now + LEASE
            self.leased[d.delivery_id] = (d.message_id, d.recipient.address.literal)
            self.in_hand.add(self.leased[d.delivery_id])
            assert self.run(self.store.content(d.message_id)) == self.model.contents[d.message_id]
        if len(due) < limit and len(due) == len(mail):
            assert not self.model.due(self.clock.now) or due  # only a cut message may be left for the next lease

    @precondition(lambda self: self.leased)
    @rule(data=st.data())
    def settle_even_late_or_twice(self, data):
        chosen = data.draw(st.lists(st.sampled_from(sorted(self.leased)), unique=True, min_size=1))
        outcomes = []
        for delivery_id in chosen:
            state = data.draw(st.sampled_from(list(State)))
            again = self.clock.now + 30 if state in (State.DEFERRED, State.UNCERTAIN) else None
            bounce = outgoing() if state is State.FAILED else None
            outcomes.append(Outcome(delivery_id, state, 250, next_attempt=again, bounce=bounce))
            expected = self.model.recipients[self.leased[delivery_id]]
            self.in_hand.discard(self.leased[delivery_id])
            if expected.state == "queued":
                expected.state = state.value if again is None else "queued"
                expected.due = again or 0.0
        self.run(self.store.settle(outcomes, self.clock.now))

    @rule()
    def a_worker_dies_and_time_passes(self):
        self.clock.now += LEASE

    @rule(data=st.data())
    def review(self, data):
        waiting = sorted({r.message_id for r in self.model.recipients.values() if r.state == "held"})
        if not waiting:
            return
        message_id = data.draw(st.sampled_from(waiting))
        message = self.run(self.store.read(lambda: held.find(message_id)))
        chosen = data.draw(st.lists(st.sampled_from([r.id for r in message.waiting]), unique=True, min_size=1))
        act, state = data.draw(
            st.sampled_from(
                [(self.desk.release, "queued"), (self.desk.give_back, "returned"), (self.desk.delete, "deleted")]
            )
        )
        self.run(self.store.write(lambda: act(message_id, chosen, DPO, "reason")))
        for recipient in message.waiting:
            if recipient.id in chosen:
                expected = self.model.recipients[message_id, recipient.address.literal]
                expected.state, expected.due = state, self.clock.now
                expected.sendable = expected.sendable or state == "queued"

    @invariant()
    def the_store_says_the_same(self):
        if not hasattr(self, "store"):
            return
        found = self.run(rows(self.store, "SELECT message_id, literal, state FROM dlp_recipient"))
        states = {(m, literal): state for m, literal, state in found if m in self.model.contents}
        assert states == {key: r.state for key, r in self.model.recipients.items()}
        needed = {(r.message_id, "delivery") for r in self.model.recipients.values() if r.state == "queued"}
        needed |= {(r.message_id, "reviewers") for r in self.model.recipients.values() if r.state == "held"}
        wraps = self.run(rows(self.store, "SELECT message_id, holder FROM dlp_wrap"))
        assert {wrap for wrap in wraps if wrap[0] in self.model.contents} == needed
        chunks = self.run(rows(self.store, "SELECT DISTINCT message_id FROM dlp_chunk"))
        assert {row[0] for row in chunks if row[0] in self.model.contents} == {wrap[0] for wrap in needed}

    def teardown(self):
        if hasattr(self, "store"):
            assert self.run(self.store.write(retention.sweep)) == 0
            report = self.run(self.store.read(lambda: check(keys.load_audit(self.folder / "keys"))))
            assert report.sound, report.broken
            self.run(self.store.close())
        self.run(self.loop.shutdown_default_executor())
        self.loop.close()
        shutil.rmtree(self.folder)


TestInterleaving = Interleaving.TestCase
TestInterleaving.settings = settings(
    max_examples=30, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
