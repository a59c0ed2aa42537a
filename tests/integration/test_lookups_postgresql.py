"""Figures, decisions and the record looked through on a real PostgreSQL."""

import pytest

from tests.integration.test_store_postgresql import server, store, url  # noqa: F401
from tests.unit.store.conftest import clock, gateway_keys, key_directory, options, review_keys  # noqa: F401
from tests.unit.store.lookups import Lookups

pytestmark = pytest.mark.postgresql


class TestPostgresql(Lookups):
    pass
