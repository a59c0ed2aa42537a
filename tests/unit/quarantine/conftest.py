from tests.unit.store.conftest import (  # noqa: F401  # the same store
    clock,
    gateway_keys,
    key_directory,
    options,
    path,
    review_keys,
    store,
)
