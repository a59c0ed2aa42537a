"""Attachments: text and children out of every format, and how well each is protected.

``read.read_parts`` is the way in. Formats are told by content (``sniff``), one
family a module reads them, ``protection`` names and grades encryption, and
``passwords`` finds those that travel with the message.
"""
