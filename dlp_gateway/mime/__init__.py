"""Bytes of a message to texts and parts, in every plausible reading, within a budget."""

from dlp_gateway.mime.budget import ReadingBudget
from dlp_gateway.mime.reader import read, read_subject

__all__ = ["ReadingBudget", "read", "read_subject"]
