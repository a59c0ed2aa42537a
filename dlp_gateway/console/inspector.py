"""Inspection for the console: one confined worker, asked from the threads that serve pages."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, TypeVar

from dlp_gateway.inspection.pool import WorkerPool
from dlp_gateway.settings import Configuration
from dlp_gateway.wiring import pool_settings

T = TypeVar("T")


class Inspector:
    """A pool of one worker with an event loop of its own.

    Raises:
        PoolError: the worker cannot be started.
    """

    def __init__(self, configuration: Configuration) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="inspector", daemon=True)
        self._thread.start()
        try:
            self._pool = self.run(_started(replace(pool_settings(configuration), workers=1)))
        except BaseException:
            self._end()
            raise

    @property
    def pool(self) -> WorkerPool:
        """For what asks the pool itself (``views.reveal``), within ``run``."""
        return self._pool

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run something on the inspector's loop and wait for it; raises what it raises."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def stop(self) -> None:
        """Stop the worker and the loop."""
        try:
            self.run(self._pool.stop())
        finally:
            self._end()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _started(settings: Any) -> WorkerPool:
    pool = WorkerPool(settings)
    await pool.start()
    return pool
