"""``smtp``: who may hand in mail, and how much of it."""

from __future__ import annotations

import ipaddress
from typing import Self

from pydantic import Field, model_validator

from dlp_gateway.settings.values import (
    AnyEndpoint,
    AnyNetwork,
    Bytes,
    Count,
    Endpoint,
    FilePath,
    Seconds,
    Section,
    TrustedNetwork,
)


class Tls(Section):
    """The certificate that clients see."""

    certificate: FilePath | None = Field(default=None, description="PEM file with the certificate and its chain.")
    key: FilePath | None = Field(default=None, description="PEM file with the private key.")
    required: bool = Field(
        default=False, description="Whether a client must use TLS before anything else (RFC 3207, 4)."
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key go together")
        if self.required and self.certificate is None:
            raise ValueError("required needs a certificate and a key")
        return self


class ReceivingLimits(Section):
    """Limits of a session, a client and the server; the reply at a limit names it."""

    connections: Count = Field(
        default=500,
        description="Sessions at once; each at rest costs about 10 kB, over TLS 280 kB, and a unit has 1024 file"
        " descriptors.",
    )
    connections_per_client: Count = Field(
        default=100,
        description="Sessions at once of one client: mail servers open 20 to 50 to a busy next hop, and none may"
        " take all.",
    )
    messages_per_minute: Count = Field(
        default=60_000,
        description="Messages a minute of one client: a relay hands in the mail of everybody; this stops a runaway"
        " one.",
    )
    messages_per_minute_per_user: Count = Field(
        default=120,
        description="Messages a minute of one login: far above a person, far below a stolen password's use.",
    )
    recipients: Count = Field(
        default=1_000, description="Recipients of a message (RFC 5321, 4.5.3.1.8: at least 100); 1000 is usual."
    )
    commands: Count = Field(
        default=200, description="Commands since the last message, beyond `recipients`: ends an endless NOOP."
    )
    errors: Count = Field(default=20, description="Refused commands since the last message: ends guessing.")
    command_bytes: Bytes = Field(
        default=2_048,
        description="A command line: 512 (RFC 5321, 4.5.3.1.4) and what SIZE, SMTPUTF8, DSN and AUTH add.",
    )
    path_bytes: Bytes = Field(
        default=256,
        description="An address with its brackets (RFC 5321, 4.5.3.1.3); of the part before the @ 64 octets are the"
        " least to be taken (4.5.3.1.1): return paths and calendars have longer ones.",
    )
    authentication_line_bytes: Bytes = Field(default=12_288, description="A line of an AUTH exchange (RFC 4954, 4).")
    discarded_bytes: Bytes = Field(
        default=8_388_608,
        description="Read beyond max_message_bytes, so that a client can be told 552; then it is cut off.",
    )
    header_bytes: Bytes = Field(
        default=262_144,
        description="The header block, as in Exchange (Postfix: 100 KiB a field); parsers may be quadratic in it.",
    )
    line_bytes: Bytes = Field(
        default=1_048_576,
        description="A line of a message: newsletters write 300 kB, and folding them breaks signatures.",
    )
    received_fields: Count = Field(
        default=100, description="Received fields before a loop is assumed (RFC 5321, 6.3: at least 100)."
    )
    own_received_fields: Count = Field(
        default=3, description="Received fields of this host: once is rerouting, thrice a loop."
    )
    data_in_memory_bytes: Bytes = Field(
        default=201_326_592,
        description="Message data over all sessions, being received or inspected; beyond it 452. One client gets three"
        " quarters of it for its large messages.",
    )
    idle_seconds: Seconds = Field(
        default=300, description="Silence of a client, also in DATA (RFC 5321, 4.5.3.2.7: at least five minutes)."
    )
    data_seconds: Seconds = Field(
        default=1_800, description="The whole of DATA: 50 MB at 30 kB/s; who trickles must end."
    )
    session_seconds: Seconds = Field(default=3_600, description="A session; a message on its way is finished first.")
    handler_seconds: Seconds = Field(
        default=300,
        description="From the end of a message to its reply, no less than `inspection.wait_seconds` and"
        " `inspection.seconds` together; clients wait 600 s (RFC 5321, 4.5.3.2.6).",
    )
    handshake_seconds: Seconds = Field(default=30, description="A TLS handshake, and a PROXY header.")
    authentication_failures: Count = Field(
        default=10, description="Wrong passwords of one client within the window below."
    )
    authentication_window_seconds: Seconds = Field(
        default=600, description="After this, wrong passwords are forgotten."
    )
    authentications_waiting: Count = Field(
        default=32,
        description="Passwords waiting to be verified: each costs 64 MiB and a tenth of a second, two at a time.",
    )


class Smtp(Section):
    """Who may hand in mail, and how much of it."""

    listen: tuple[AnyEndpoint, ...] = Field(
        default=(Endpoint("127.0.0.1", 8025),),
        description="Addresses to listen on, with STARTTLS when there is a certificate.",
    )
    implicit_tls_listen: tuple[AnyEndpoint, ...] = Field(
        default=(), description="Addresses where TLS begins with the first byte (RFC 8314, 3.3; usually port 465)."
    )
    tls: Tls = Field(default=Tls(), description="The certificate that clients see.")
    users: FilePath | None = Field(
        default=None, description="File of `dlp-gateway users` for logins (AUTH), over TLS only."
    )
    relay_networks: tuple[TrustedNetwork, ...] = Field(
        default=(ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128")),
        description="Networks that may hand in mail without logging in.",
    )
    normalise_networks: tuple[AnyNetwork, ...] = Field(
        default=(), description="Networks whose bare CR and LF become CRLF before the scan, instead of being refused."
    )
    proxy_networks: tuple[TrustedNetwork, ...] = Field(
        default=(), description="Networks of load balancers, which must send a PROXY header and are believed."
    )
    show_user: bool = Field(
        default=False, description="Whether the Received field names the login: every recipient can read it there."
    )
    max_message_bytes: Bytes = Field(default=52_428_800, description="A message as received; announced as SIZE.")
    limits: ReceivingLimits = Field(
        default=ReceivingLimits(), description="Limits of sessions, clients and the server."
    )

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if not self.listen and not self.implicit_tls_listen:
            raise ValueError("needs at least one address in listen or implicit_tls_listen")
        if self.tls.certificate is None and self.implicit_tls_listen:
            raise ValueError("implicit_tls_listen needs tls.certificate and tls.key")
        if self.tls.certificate is None and self.users is not None:
            raise ValueError("users needs tls.certificate and tls.key: logins are taken over TLS only")
        if self.proxy_networks and self.implicit_tls_listen:
            raise ValueError("proxy_networks cannot be read in front of implicit TLS: use STARTTLS behind a proxy")
        return self
