"""The record: a chain of entries that cannot be changed unseen, and what is made of it."""
