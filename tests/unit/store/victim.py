"""A gateway's store under load in a process of its own, to be killed at any moment."""

import asyncio
import os
import random
from pathlib import Path

from dlp_gateway.model import Action
from dlp_gateway.store import keys
from dlp_gateway.store.store import Options, Store
from tests.unit.store.examples import NOW, delivered, intake, outgoing, verdict

VERDICTS = (
    (verdict("ann@example.net", Action.DELIVER),),
    (verdict("bob@example.org", Action.HOLD),),
    (verdict("ann@example.net", Action.DELIVER), verdict("bob@example.org", Action.HOLD)),
    (verdict("cat@example.org", Action.REFUSE),),
)


def content_of(message_id: str) -> bytes:
    """What message was committed under an identifier; a few are of more than one chunk."""
    numbers = random.Random(message_id)
    return numbers.randbytes(600_000 if numbers.random() < 0.02 else numbers.randrange(4000))


def run(folder: str, report: int, seed: int) -> None:
    """Commit and deliver for ever; write a line to ``report`` for each thing that is said to be true."""
    asyncio.run(_run(Path(folder), report, seed))


async def _run(folder: Path, report: int, seed: int) -> None:
    options = Options(reserve=0, checkpoint_entries=50)
    store = await Store.open(f"sqlite:///{folder}/gateway.db", keys.load_gateway(folder / "keys"), options)

    async def client(name: str) -> None:
        numbers = random.Random(name)
        n = 0
        while True:
            n += 1
            message_id = f"{name}-{n}"
            mails = (outgoing(),) if numbers.random() < 0.2 else ()
            verdicts = numbers.choice(VERDICTS)
            await store.commit(intake(*verdicts, message_id=message_id, content=content_of(message_id), outgoing=mails))
            os.write(report, f"commit {message_id}\n".encode())

    async def worker() -> None:
        while True:
            due = await store.lease("worker", 10, NOW, 1e9)
            for d in due:
                await store.content(d.message_id)
            if due:
                await store.settle([delivered(d.delivery_id) for d in due], NOW)
                for d in due:
                    os.write(report, f"delivered {d.delivery_id}\n".encode())
            else:
                await store.wait(0.01)

    await asyncio.gather(*(client(f"{seed}-{n}") for n in range(8)), worker())
