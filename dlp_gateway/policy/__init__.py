"""Rules: load and lint them, decide by them, explain what was decided. Knows no mail, file or network code."""
