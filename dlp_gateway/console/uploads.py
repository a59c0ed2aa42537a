"""What is uploaded stays in memory: a message to try may be full of personal data, and no file of it is made."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import MemoryFileUploadHandler


class InMemory(MemoryFileUploadHandler):  # type: ignore[misc]  # Django carries no types
    """Takes uploads up to ``FILE_UPLOAD_MAX_MEMORY_SIZE`` and refuses larger ones; Django's own would use a file."""

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,  # noqa: N803  # Django's name
        content_length: int,
        boundary: bytes,
        encoding: str | None = None,
    ) -> None:
        """Look at the size before anything is read. Raises RequestDataTooBig."""
        super().handle_raw_input(input_data, META, content_length, boundary, encoding)
        if not self.activated:
            raise RequestDataTooBig("The upload is larger than the largest message the gateway takes.")
