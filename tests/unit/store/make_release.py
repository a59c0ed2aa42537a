"""Keeps what a release left behind, for the releases after it to open.

    python -m tests.unit.store.make_release 0001

writes ``releases/0001/``: a dump of a database with mail in every state, and
the keys to it (made for this purpose, good for nothing else). Run it once
when a release with a new migration goes out, and never change what it wrote.
"""

import asyncio
import shutil
import sqlite3
import sys
import tempfile
from pathlib import Path

from dlp_gateway.model import Action
from dlp_gateway.store import keys
from dlp_gateway.store.store import Options, Store
from tests.unit.store.examples import NOW, deferred, delivered, intake, outgoing, verdict

RELEASES = Path(__file__).parent / "releases"


async def fill(url: str, directory: Path) -> None:
    deliver = verdict("ann@example.net", Action.DELIVER)
    hold = verdict("bob@example.org", Action.HOLD)
    store = await Store.open(url, keys.load_gateway(directory), Options(reserve=0), lambda: NOW)
    await store.commit(intake(deliver, message_id="delivered"))
    (due,) = await store.lease("worker", 10, NOW, 60)
    await store.settle([delivered(due.delivery_id)], NOW + 1)
    await store.commit(intake(deliver, message_id="deferred", at=NOW + 2))
    (due,) = await store.lease("worker", 10, NOW + 2, 60)
    await store.settle([deferred(due.delivery_id, NOW + 300)], NOW + 3)
    await store.commit(intake(deliver, message_id="leased", at=NOW + 4))
    await store.lease("worker", 10, NOW + 4, 60)
    await store.commit(intake(deliver, hold, message_id="mixed", at=NOW + 5))
    await store.commit(intake(verdict("eve@example.org", Action.HOLD, approvals=2), message_id="held", at=NOW + 6))
    await store.commit(intake(verdict("cat@example.org", Action.REFUSE), message_id="refused", at=NOW + 7))
    await store.commit(intake(hold, message_id="noticed", at=NOW + 8, outgoing=(outgoing(),)))
    await store.close()


def main(name: str) -> None:
    target = RELEASES / name
    target.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder:
        keys.init(Path(folder) / "keys")
        asyncio.run(fill(f"sqlite:///{folder}/gateway.db", Path(folder) / "keys"))
        shutil.copytree(Path(folder) / "keys", target / "keys")
        with sqlite3.connect(Path(folder) / "gateway.db") as raw:
            (target / "gateway.sql").write_text("\n".join(raw.iterdump()) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
