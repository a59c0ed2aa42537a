"""The store on SQLite."""

from tests.unit.store.contract import Contract


class TestSqlite(Contract):
    pass
