"""Detection of personal data in text: patterns, checks, context, people, statements.

Knows text, not mail: ``Text`` in, findings with offsets out. The way in is
``load_engine`` and ``Engine.scan`` of :mod:`dlp_gateway.detection.engine`.
"""
