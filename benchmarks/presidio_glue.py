"""What one would write in an afternoon, for comparison: not part of the gateway.

aiosmtpd takes a message, presidio-analyzer looks at its text parts with its
default pattern recognisers (no language model), and the message is passed on
before the reply. Nothing is durable, nothing is isolated.
"""

from __future__ import annotations

import asyncio
import email
import email.policy
import sys
from email.message import EmailMessage
from typing import Any

import aiosmtplib
import tldextract
from aiosmtpd.smtp import SMTP
from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import NlpEngineProvider


def analyzer() -> AnalyzerEngine:
    """Presidio's engine with its default recognisers and its own engine for doing without a language model."""
    # Its e-mail recogniser would fetch the public suffix list; the snapshot in the package does.
    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    tldextract.extract = tldextract.tldextract.TLD_EXTRACTOR.__call__  # type: ignore[assignment]
    nothing = {"nlp_engine_name": "no_op", "models": [{"lang_code": "en", "model_name": "no_op"}]}
    return AnalyzerEngine(nlp_engine=NlpEngineProvider(nlp_configuration=nothing).create_engine())


class Handler:
    """Inspects and relays."""

    def __init__(self, sink: int) -> None:
        self._engine = analyzer()
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
    handler = Handler(int(sys.argv[2]))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(handler, hostname="glue", data_size_limit=None), "127.0.0.1", int(sys.argv[1])
    )
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
