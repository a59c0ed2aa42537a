"""What the gateway signed last, remembered where whoever can write the database cannot: beside the signing key.

A chain can be made anew without the key; the next signature would vouch for
it. With this the gateway signs only what goes on from its last signature, and
``audit verify`` on its machine has a checkpoint that was kept elsewhere.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from dlp_gateway import durable
from dlp_gateway.audit.chain import Checkpoint

NAME = "audit-signed.json"


class WitnessError(Exception):
    """What was signed last cannot be read or kept; says which file and what to do."""


@dataclass(frozen=True, slots=True)
class Witness:
    """The file of the checkpoint that was signed last."""

    path: Path

    @classmethod
    def beside(cls, keys: Path) -> Witness:
        """The one in the folder of the keys."""
        return cls(keys / NAME)

    def read(self) -> Checkpoint | None:
        """The checkpoint that was signed last; None when none was yet. Raises WitnessError."""
        try:
            found = json.loads(self.path.read_text(encoding="ascii"))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise WitnessError(f"{self.path} cannot be read: {error.strerror}") from None
        except (ValueError, RecursionError):
            found = None
        try:
            return Checkpoint.parse(found if isinstance(found, dict) else {})
        except ValueError:
            raise WitnessError(
                f"{self.path} is damaged; compare the record with checkpoints kept elsewhere, then remove the file"
            ) from None

    def keep(self, checkpoint: Checkpoint) -> None:
        """Remember a checkpoint in place of the one before, in one step and durably. Raises WitnessError."""
        try:
            durable.replace(self.path, json.dumps(checkpoint.details()) + "\n")
        except OSError as error:
            raise WitnessError(f"{self.path} cannot be written: {error.strerror}") from None
