"""Files that are replaced in one step: a reader finds the old one or the new one, after a power loss too."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def replace(path: Path, text: str) -> None:
    """Write a file in place of the one at ``path``; durable on return. Raises OSError.

    It keeps the mode of the old one, and its owner and group as far as this
    account may give files away: what an administrator writes stays readable
    for the account that it is for. Where there was none, only its owner may
    read it.
    """
    # Another process may write the same file at the same time: each has a name of its own.
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    new = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            _as_before(descriptor, path)
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    sync(path.parent)


def give(descriptor: int, like: os.stat_result) -> bool:
    """Give a file of ours the owner and group of another; False where this account may not."""
    try:
        os.fchown(descriptor, like.st_uid if os.geteuid() == 0 else -1, like.st_gid)
    except PermissionError:
        return False
    return True


def give_to_folder(descriptor: int, folder: Path) -> None:
    """Give a new file that an administrator made to the account whose folder it is in. Raises OSError."""
    if os.geteuid() == 0:
        give(descriptor, folder.stat())


def _as_before(descriptor: int, path: Path) -> None:
    try:
        old = path.stat()
    except FileNotFoundError:
        give_to_folder(descriptor, path.parent)
        return
    # Another group than the old one's is not let in by the old one's mode.
    os.fchmod(descriptor, old.st_mode & (0o777 if give(descriptor, old) else 0o700))


def sync(directory: Path) -> None:
    """Make what was renamed in a directory durable. Raises OSError."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
