"""A factory of a worker's function that finds one value in any message; see ``inspection.inspector.serve``."""

from typing import Any


def build(*, fails: bool = False) -> Any:
    """Return the function."""

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        if fails or not request["reveal"]:
            raise ValueError("123 456 782")
        text = request["raw"].decode()
        at = text.index("123 456 782")
        subject = text.partition("Subject: ")[2].partition("\r\n")[0]
        return {"subject": subject, "values": [["au_tfn", "body", text[at : at + 11]]]}

    return answer
