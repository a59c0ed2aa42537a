"""Receiving mail: an SMTP server for the organisation's own mail, strict in what it takes.

``SmtpServer`` (``server``) listens; each connection (``connection``,
``protocol``) reads commands (``lines``, ``addresses``, ``parameters``,
``sasl``) and messages (``data``, ``intake``) within ``limits``, and hands each
message with its envelope to a ``MessageHandler`` (``state``), whose ``Reply``
(``replies``) goes to the client.
"""
