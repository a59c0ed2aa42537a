"""A factory of a worker's function that finds what certain words of a message ask for."""

import os
from typing import Any

from dlp_gateway.inspection.encoding import to_plain
from dlp_gateway.model import Finding, Inspection, Role, Tier

_FOUND = {
    b"TAXNUMBER": Finding("TFN", Tier.PERSONAL, "body", 4, 13, 0.99, Role.BODY),
    b"ILLNESS": Finding("HEALTH", Tier.HIGH_RISK, "body", 4, 11, 0.97, Role.BODY),
}
_IN_SUBJECT = Finding("TFN", Tier.PERSONAL, "subject", 0, 9, 0.99, Role.SUBJECT)


def build() -> Any:
    """Return the function. CRASH ends the worker that reads the body, DEADLY also one that reads the Subject.

    GARBLED makes it answer what is no inspection.
    """

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        raw, scope = request["raw"], request["scope"]
        header, _, body = raw.partition(b"\r\n\r\n")
        if b"DEADLY" in raw or (b"CRASH" in body and scope == "all"):
            os._exit(3)
        if b"GARBLED" in body and scope == "all":
            return {"findings": [{"entity": 7}]}
        findings = [_IN_SUBJECT] if b"TAXNUMBER" in header else []
        if scope == "all":
            findings += [finding for word, finding in _FOUND.items() if word in body]
        return to_plain(Inspection(tuple(findings), scope=scope))

    return answer
