"""Which held messages a search for a person opens, and that it opens each."""

from dlp_gateway.quarantine import rights as acts
from dlp_gateway.quarantine.rules import Reviewer
from dlp_gateway.store import database, matches, requests
from dlp_gateway.store.requests import RequestKind
from tests.unit.console.test_rights import HELD, commit, mail, register
from tests.unit.store.examples import intake

DPO = Reviewer("dpo", "dpo@westendonsixth.com")


def test_a_message_that_was_received_earlier_and_held_later_is_searched(console):
    commit(console, mail(console, "m0002", HELD))
    request = register(console, RequestKind.ACCESS, words=("Quillfeather",))
    desk, looked = console.services.desk(), []

    def step():
        return acts.search(desk, lambda content, _: looked.append(content) or [], request.id, DPO, clock=console.clock)

    assert step() == acts.Progress(1, 0, 0)
    commit(console, intake(HELD, message_id="m0001", at=console.clock() - 60))

    assert step() == acts.Progress(1, 0, 0)
    assert step() == acts.Progress(0, 0, 0)
    assert len(looked) == 2
    assert matches.of(requests.find(request.id)) == []

    matches.restart(requests.find(request.id))
    assert step() == acts.Progress(2, 0, 0)


def test_a_message_that_is_over_before_it_is_searched_is_passed(console):
    commit(console, mail(console, "one", HELD), mail(console, "two", HELD))
    request = register(console, RequestKind.ACCESS, words=("Quillfeather",))
    desk = console.services.desk()
    with database.cursor() as cursor:
        cursor.execute("DELETE FROM dlp_wrap WHERE message_id = 'one'")

    assert acts.search(desk, lambda *_: [], request.id, DPO, clock=console.clock) == acts.Progress(1, 0, 0)


def test_after_an_erasure_only_what_is_new_is_left_to_search(console):
    commit(console, mail(console, "one", HELD))
    request = register(console, RequestKind.ERASE, "nobody@example.org", words=("Quillfeather",))
    desk = console.services.desk()
    acts.search(desk, lambda *_: [("body", 0, 1)], request.id, DPO, clock=console.clock)
    acts.erase(desk, request.id, (), DPO, notice=lambda _: (), reasons_by_name=False, now=console.clock())
    request = requests.find(request.id)

    assert (request.erased_at is not None, matches.of(request), matches.left(request)) == (True, [], 0)
    console.clock.now += 60
    commit(console, intake(HELD, message_id="two", at=console.clock()))
    assert matches.following(request, 9) == ["two"]
