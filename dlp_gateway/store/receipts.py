"""The receipt of a request: what was done for it, as figures, and what is to be remembered until it is over."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from dlp_gateway.store import database


def read(request_id: int) -> dict[str, Any]:
    """The receipt as it is now, for a transaction that adds to it; nobody else changes it until that ends."""
    rows: Any = database.rows("PersonRequest").filter(pk=request_id).select_for_update()
    text = rows.values_list("receipt", flat=True).get()
    return dict(json.loads(text)) if text else {}


def noting(what: str) -> dict[int, dict[str, Any]]:
    """The receipts that have an item called ``what``, by their requests; as ``read``."""
    rows: Any = database.rows("PersonRequest").filter(receipt__contains=f'"{what}"').select_for_update()
    found = {number: dict(json.loads(text)) for number, text in rows.order_by("id").values_list("id", "receipt")}
    return {number: receipt for number, receipt in found.items() if what in receipt}


def added(receipt: Mapping[str, Any], counts: Mapping[str, int]) -> dict[str, Any]:
    """The receipt with more of what was done."""
    done = dict(receipt.get("done", {}))
    for what, count in counts.items():
        if count:
            done[what] = done.get(what, 0) + count
    return {**receipt, "done": done}


def write(request_id: int, receipt: Mapping[str, Any], **values: Any) -> None:
    """Keep a receipt, and other columns of the request with it."""
    database.rows("PersonRequest").filter(pk=request_id).update(receipt=json.dumps(receipt), **values)
