import pytest

from dlp_gateway.store import keys
from dlp_gateway.store.store import Options, Store
from tests.unit.store.examples import NOW


@pytest.fixture(scope="session")
def key_directory(tmp_path_factory):
    directory = tmp_path_factory.mktemp("store") / "keys"
    keys.init(directory)
    return directory


@pytest.fixture(scope="session")
def gateway_keys(key_directory):
    return keys.load_gateway(key_directory)


@pytest.fixture(scope="session")
def review_keys(key_directory):
    return keys.load_review(key_directory)


class Clock:
    def __init__(self, now=NOW):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "gateway.db"


@pytest.fixture
def options():
    return Options(reserve=0)


@pytest.fixture
async def store(path, gateway_keys, options, clock):
    store = await Store.open(f"sqlite:///{path}", gateway_keys, options, clock)
    yield store
    await store.close()
