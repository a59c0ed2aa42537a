"""What one would write in an afternoon, for comparison: not part of the gateway.

aiosmtpd takes a message, presidio-analyzer looks at its text parts with the
recognisers that its default configuration switches on for English, without a
language model, and the message is passed on before the reply. Nothing is
durable, nothing is isolated.

``python -m benchmarks.presidio_glue PORT SINK CONTEXT``: with ``plain`` spaCy's
blank English pipeline as it comes, which cuts words but knows no lemmas, so
that context raises no score; with ``context`` the words are taken for lemmas,
and it does.
"""

from __future__ import annotations

import asyncio
import email
import email.policy
import sys
from email.message import EmailMessage
from typing import Any

import aiosmtplib
import spacy
import tldextract
from aiosmtpd.smtp import SMTP
from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import SpacyNlpEngine
from spacy.language import Language


def analyzer(context: str) -> AnalyzerEngine:
    """Presidio's engine with its default recognisers."""
    # Its e-mail recogniser would fetch the public suffix list; the snapshot in the package does.
    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    tldextract.extract = tldextract.tldextract.TLD_EXTRACTOR.__call__  # type: ignore[assignment]
    pipeline = spacy.blank("en")
    if context == "context":
        pipeline.add_pipe("words_as_lemmas")
    engine = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": "blank"}])
    engine.nlp = {"en": pipeline}  # type: ignore[assignment]
    return AnalyzerEngine(nlp_engine=engine)


@Language.component("words_as_lemmas")
def _words_as_lemmas(doc: spacy.tokens.Doc) -> spacy.tokens.Doc:
    for token in doc:
        token.lemma_ = token.lower_
    return doc


class Handler:
    """Inspects and relays."""

    def __init__(self, sink: int, context: str) -> None:
        self._engine = analyzer(context)
        self._idle: list[aiosmtplib.SMTP] = []
        self._sink = sink

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Look at every text part, then send it on."""
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        for part in message.walk():
            if isinstance(part, EmailMessage) and part.get_content_maintype() == "text":
                self._engine.analyze(part.get_content(), language="en")
        client = self._idle.pop() if self._idle else await self._connect()
        await client.sendmail(envelope.mail_from, envelope.rcpt_tos, envelope.content)
        self._idle.append(client)
        return "250 2.0.0 passed on"

    async def _connect(self) -> aiosmtplib.SMTP:
        client = aiosmtplib.SMTP(hostname="127.0.0.1", port=self._sink, start_tls=False)
        await client.connect()
        return client


async def main() -> None:
    """Listen until told to end."""
    handler = Handler(int(sys.argv[2]), sys.argv[3])
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(handler, hostname="glue", data_size_limit=None), "127.0.0.1", int(sys.argv[1])
    )
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
