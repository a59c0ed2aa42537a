"""Makes the state of a release that later ones must be able to open.

``python -m tests.unit.store.make_released VERSION``, run once for each release,
before its tag; the folder it writes is kept for good.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
from pathlib import Path

from dlp_gateway.model import Action, Zone
from dlp_gateway.store import database, keys
from dlp_gateway.store.store import Options, Store
from tests.unit.store.examples import NOW, intake, verdict

RELEASED = Path(__file__).with_name("released")


async def make(folder: Path) -> None:
    """One queued, one held, one mixed, one refused message, and their record."""
    keys.init(folder / "keys")
    store = await Store.open(
        f"sqlite:///{folder}/store.db", keys.load_gateway(folder / "keys"), Options(reserve=0), lambda: NOW
    )
    held, inside = (
        verdict("ann@example.net", Action.HOLD),
        verdict("bo@westendonsixth.com", Action.DELIVER, zone=Zone.INTERNAL),
    )
    await store.commit(intake(verdict("ann@example.net", Action.DELIVER), message_id="queued-1"))
    await store.commit(intake(held, message_id="held-1"))
    await store.commit(intake(held, inside, message_id="mixed-1"))
    await store.commit(intake(verdict("ann@example.net", Action.REFUSE), content=None, message_id="refused-1"))
    await store.close()


if __name__ == "__main__":
    target = RELEASED / sys.argv[1]
    target.mkdir(parents=True)
    asyncio.run(make(target))
    database.checkpoint()
    database.close()
    for leftover in target.glob("store.db-*"):
        leftover.unlink()
    shutil.rmtree(target / "__pycache__", ignore_errors=True)
