"""Searches on SQLite."""

from tests.unit.store.searches import Searches


class TestSqlite(Searches):
    pass
