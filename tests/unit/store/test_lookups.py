"""Figures, decisions and the record looked through on SQLite, and by which indexes."""

import pytest

from dlp_gateway.store import decision_log, history
from dlp_gateway.store.decision_log import Wanted
from dlp_gateway.store.history import Wanted as Entries
from tests.unit.store.contract import rows
from tests.unit.store.lookups import Lookups, filled


class TestSqlite(Lookups):
    pass


@pytest.mark.parametrize(
    ("look", "index"),
    [
        (lambda: decision_log.search(Wanted(recipient="bo@example.org")), "dlp_recipient_address"),
        (lambda: decision_log.search(Wanted(sender="jo@westendonsixth.com")), "dlp_message_sender"),
        (lambda: decision_log.search(Wanted(entity="au_tfn")), "dlp_hit_"),
        (lambda: decision_log.search(Wanted()), "dlp_message_at"),
        (lambda: history.newest(Entries(kind="release")), "dlp_audit_entry_kind"),
        (lambda: history.newest(Entries(actor="anna")), "dlp_audit_entry_actor"),
        (lambda: history.newest(Entries(subject="m1")), "dlp_audit_entry_subject"),
    ],
)
async def test_what_is_looked_for_is_found_by_an_index(store, look, index):
    from django.db import connections

    await filled(store)

    def sent():
        statements = []
        with connections["default"].execute_wrapper(
            lambda run, sql, values, many, context: (
                statements.append((sql, values)),
                run(sql, values, many, context),
            )[1]
        ):
            look()
        return statements

    plans = [
        [row[-1] for row in await rows(store, f"EXPLAIN QUERY PLAN {sql}", *values)]
        for sql, values in await store.read(sent)
    ]

    assert any(index in step for plan in plans for step in plan)
    assert not [step for plan in plans for step in plan if step.startswith("SCAN") and " USING " not in step]


async def test_actions_are_found_by_an_index(store):
    """The planner takes it once there are many rows: that it may is what the condition has to allow."""
    statement = (
        "SELECT DISTINCT r.message_id FROM dlp_recipient r INDEXED BY dlp_recipient_spoken"
        " WHERE r.action = %s AND NOT (r.hits = '[]') LIMIT %s"
    )

    plan = [row[-1] for row in await rows(store, f"EXPLAIN QUERY PLAN {statement}", "hold", 10)]

    assert "dlp_recipient_spoken (action=?)" in plan[0]
