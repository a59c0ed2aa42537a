"""The smaller sections of ``gateway.yaml``."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AnyHttpUrl, Field, field_validator, model_validator

from dlp_gateway.settings.values import (
    AnyEndpoint,
    Bytes,
    Count,
    Days,
    Endpoint,
    FilePath,
    Hours,
    Line,
    Seconds,
    Section,
    TimeZone,
    store_url,
)


class ReadingLimits(Section):
    """What the mail reader may use for one message; what lies beyond counts as not scanned."""

    bytes: Bytes = Field(
        default=268_435_456,
        description="Decoded octets over all readings: five times a large mail, since a part may have several"
        " readings.",
    )
    parts: Count = Field(
        default=5_000,
        description="Parts, all readings; people send tens, digests hundreds, and rspamd stops at 10,000.",
    )
    depth: Count = Field(
        default=100, description="Parts inside one another; ordinary mail has five, and Postfix stops at 100."
    )
    header_bytes: Bytes = Field(
        default=262_144,
        description="One header block; long chains of Received and ARC reach 60,000, and Postfix takes 102,400 of a"
        " field.",
    )
    header_fields: Count = Field(default=5_000, description="Fields of a header block; ordinary mail has 20 to 100.")
    addresses: Count = Field(
        default=5_000, description="Addresses taken from To, Cc and Bcc, beyond any threshold of a policy."
    )
    characters: Count = Field(
        default=100_000_000, description="Text over all readings: 50 MiB of plain text in two readings."
    )
    readings: Count = Field(default=12, description="Different readings of one part; honest mail has one or two.")
    seconds: Seconds = Field(
        default=20,
        description="Wall time; leaves time for documents and detection before a client has waited ten minutes (RFC"
        " 5321, 4.5.3.2.6).",
    )


class PartAmounts(Section):
    """What the readers of documents may use for one attachment with all that is inside it."""

    bytes: Bytes = Field(default=201_326_592, description="Unpacked octets: eight times a large mail.")
    entries: Count = Field(
        default=2_000,
        description="Entries of archives and packages: like the next two, beyond what people send by mail.",
    )
    pages: Count = Field(default=5_000, description="Pages and slides.")
    cells: Count = Field(default=3_000_000, description="Cells of tables.")
    characters: Count = Field(default=50_000_000, description="Characters of text.")
    pixels: Count = Field(default=100_000_000, description="Pixels that decoding and character recognition may touch.")
    seconds: Seconds = Field(default=20, description="Processor time: a busy machine makes nothing unreadable.")


class MessageAmounts(Section):
    """What they may use for all attachments of a message, so that many parts just under a limit do not add up."""

    bytes: Bytes = Field(default=402_653_184, description="Unpacked octets.")
    entries: Count = Field(default=5_000, description="Entries of archives and packages.")
    pages: Count = Field(default=10_000, description="Pages and slides.")
    cells: Count = Field(default=6_000_000, description="Cells of tables.")
    characters: Count = Field(default=100_000_000, description="Characters of text.")
    pixels: Count = Field(default=200_000_000, description="Pixels that decoding and character recognition may touch.")
    seconds: Seconds = Field(default=40, description="Processor time.")


class DocumentLimits(Section):
    """What the readers of attachments may use for one message; what lies beyond counts as not scanned."""

    part: PartAmounts = Field(default=PartAmounts(), description="For one attachment with all that is inside it.")
    message: MessageAmounts = Field(default=MessageAmounts(), description="For all attachments of a message together.")
    depth: Count = Field(
        default=8,
        description="Containers inside one another; ordinary mail has four (mail, archive, document, workbook).",
    )
    ratio: Count = Field(
        default=250,
        description="Unpacked to packed size; Office files reach 30, logs and sparse tables 150, bombs 1,000.",
    )
    ratio_floor: Bytes = Field(
        default=4_194_304, description="The ratio is looked at beyond this many unpacked octets."
    )
    xml_depth: Count = Field(
        default=512, description="Elements inside one another in XML; Office documents stay under 100."
    )
    kdf_rounds: Count = Field(
        default=1_100_000,
        description="Highest cost of a password check that is run (Office writes 100,000, 7-Zip 2^19): a hostile file"
        " could ask for minutes.",
    )
    password_tries: Count = Field(default=400, description="Passwords of the message tried on each locked attachment.")
    costly_rounds: Count = Field(
        default=20_000, description="A password check of more rounds is a costly one: a tenth of a second."
    )
    costly_tries: Count = Field(default=10, description="Passwords tried where the check is costly: the likeliest.")
    password_seconds: Seconds = Field(default=1.5, description="Processor time for these tries.")
    password_seconds_message: Seconds = Field(default=5, description="The same for all attachments of a message.")
    least_tries: Count = Field(default=3, description="Tries that every locked attachment gets beyond that time,")
    least_seconds: Seconds = Field(default=12, description="until this is over: then it counts as not scanned.")
    legible_side: Count = Field(
        default=24, description="Pictures with a shorter side than this (spacers, icons) hold no words: not read,"
    )
    legible_area: Count = Field(default=4_000, description="nor those with fewer pixels than this.")


class Inspection(Section):
    """The confined processes that read messages."""

    workers: Annotated[int, Field(ge=0)] = Field(default=0, description="Worker processes; 0: one for each core.")
    seconds: Seconds = Field(
        default=60, description="Wall time for one message; then its worker is killed and replaced."
    )
    wait_seconds: Seconds = Field(
        default=240,
        description="Longest wait for a free worker; with `seconds` below the ten minutes that a client waits"
        " (RFC 5321 section 4.5.3.2.6).",
    )
    recycle_after: Count = Field(
        default=5_000, description="Messages after which a worker is replaced, so leaks cannot add up."
    )
    large_bytes: Bytes = Field(
        default=1_048_576,
        description="From this size on a message is read by one more worker, of lower priority: none waits behind it.",
    )
    memory_bytes: Bytes = Field(
        default=1_073_741_824, description="What one worker may use beyond what it starts with."
    )
    cpu_seconds: Count = Field(default=60, description="Processor time for one message.")
    open_files: Annotated[int, Field(ge=16)] = Field(
        default=64, description="Open files of a worker; no reader needs as many."
    )
    required_layers: tuple[Literal["seccomp", "namespace", "landlock"], ...] = Field(
        default=("seccomp",),
        description="Layers of confinement without which the gateway does not start; the others if there.",
    )
    reading: ReadingLimits = Field(default=ReadingLimits(), description="What the mail reader may use.")
    documents: DocumentLimits = Field(default=DocumentLimits(), description="What the readers of attachments may use.")


class Store(Section):
    """The database of queue, held messages and record."""

    url: Annotated[str, AfterValidator(store_url)] = Field(
        default="sqlite:///var/dlp-gateway.db",
        repr=False,
        validate_default=True,
        description="`sqlite:///path` (one node) or `postgresql://user:password@host/name` (several).",
    )
    reserve_bytes: Bytes = Field(
        default=67_108_864, description="Room on the disk that new mail may not use up; then 452."
    )
    group: Count = Field(default=256, description="Most work that shares one transaction.")
    recent_bytes: Annotated[int, Field(ge=0)] = Field(
        default=33_554_432, description="Content kept in memory from its commit to its delivery."
    )


class Keys(Section):
    """The gateway's keys."""

    directory: FilePath = Field(
        default="var/keys", validate_default=True, description="Folder made by `dlp-gateway keys init`; back it up."
    )


class Quarantine(Section):
    """Held messages and what senders are told."""

    retention_days: Days = Field(
        default=30, description="A held message that nobody released is erased, and its sender told."
    )
    contact: Line = Field(
        default="your data protection officer",
        description="Whom notices tell the sender to ask: a name, address or page.",
    )
    notice_burst: Count = Field(default=5, description="Notices that one sender gets at once.")
    notice_seconds: Seconds = Field(
        default=600, description="After these, one more; notices left out are counted in the next."
    )
    escalate_after_hours: Hours | None = Field(
        default=24, description="A held message unreviewed for this long is reported once a day; null: never."
    )
    escalate_to: tuple[Line, ...] = Field(
        default=(),
        description="Internal addresses that hear of what waits too long; none: all reviewers of the console.",
    )
    digest_hour: Annotated[int, Field(ge=0, le=23)] | None = Field(
        default=7, description="Hour of the day from which reviewers are mailed figures of what waits; null: never."
    )
    time_zone: TimeZone = Field(
        default="UTC",
        description="Time zone of digest_hour, of days of absence, and of the last days (until) of agreements and"
        " exceptions in policy.yaml, such as `Australia/Sydney`.",
    )


class Retention(Section):
    """How long the gateway keeps what it stores besides held messages (`quarantine.retention_days`)."""

    decisions_days: Days = Field(
        default=365, description="Decisions with their findings (without values): one yearly review."
    )
    notices_days: Days = Field(default=7, description="Finished notices and bounces of the gateway itself.")
    record_days: Days = Field(
        default=1_095, description="Entries of the record: as long as a claim about a message may come."
    )
    links_days: Days = Field(
        default=30, description="Links to senders' pages, used or ended: as long as messages are held, to ask anew."
    )
    appeals_days: Days = Field(
        default=90, description="That a sender asked for release and how it was answered: time to ask back."
    )
    marks_days: Days = Field(
        default=365, description="Findings that reviewers marked as wrong: until detectors were tuned with them."
    )
    requests_days: Days = Field(
        default=1_095, description="Answered requests of persons, to account for them; without the person, see below."
    )
    persons_days: Days = Field(
        default=90, description="Who made an answered request, and its words: time for questions about the answer."
    )
    policies_days: Days = Field(
        default=1_095, description="Versions of the rules that run no more: as long as entries that name them."
    )
    accounts_days: Days = Field(
        default=180, description="An account that nobody signs in to for this long is disabled; see console too."
    )


class Audit(Section):
    """The record of decisions."""

    addresses: Literal["readable", "pseudonym"] = Field(
        default="readable",
        description="Addresses in the record: as they are, or as keyed hashes that need the key to match.",
    )
    checkpoint_entries: Count = Field(
        default=1_000, description="The head of the record is signed after so many entries,"
    )
    checkpoint_seconds: Seconds = Field(default=60, description="and after this time at the latest.")
    checkpoint_file: FilePath | None = Field(
        default=None, description="Signatures are also appended here; keep the file on another machine."
    )

    @property
    def pseudonyms(self) -> bool:
        """Whether addresses in the record are hashed."""
        return self.addresses == "pseudonym"


class Logging(Section):
    """What operators read."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least level written to stderr."
    )


class Monitoring(Section):
    """Health and metrics over HTTP."""

    listen: AnyEndpoint | None = Field(
        default=Endpoint("127.0.0.1", 8081), description="Address of `/healthz`, `/readyz` and `/metrics`; null: none."
    )


class ConsoleTls(Section):
    """The certificate that browsers see."""

    certificate: FilePath = Field(description="PEM file with the certificate and its chain.")
    key: FilePath = Field(description="PEM file with the private key.")


_LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})


class ConsoleSignIn(Section):
    """The organisation's sign-in by OpenID Connect; accounts are still made by administrators."""

    name: Line = Field(description="What the button says: `Sign in with NAME`.")
    issuer: AnyHttpUrl = Field(description="The provider's address, to which `/.well-known/...` is added.")
    client_id: Line = Field(description="The console's name at the provider.")
    secret_file: FilePath = Field(description="File with the console's secret at the provider, readable for it alone.")
    second_factor: bool = Field(
        default=True, description="The console asks for its own second factor, too; false: the provider sees to that."
    )

    @field_validator("issuer")
    @classmethod
    def _safe(cls, issuer: AnyHttpUrl) -> AnyHttpUrl:
        if issuer.scheme != "https" and issuer.host not in _LOCAL:
            raise ValueError("should begin with https://, since it says who signs in")
        return issuer


class Console(Section):
    """The web console."""

    listen: AnyEndpoint = Field(default=Endpoint("127.0.0.1", 8080), description="Address of `dlp-gateway console`.")
    url: AnyHttpUrl | None = Field(
        default=None,
        description="Its address as people reach it, for links in notices and digests; null: no links.",
    )
    tls: ConsoleTls | None = Field(
        default=None, description="`certificate` and `key`; null: a web server in front of it ends TLS."
    )
    sign_in: ConsoleSignIn | None = Field(
        default=None, description="Sign-in by the organisation's OpenID Connect provider; null: by password alone."
    )
    threads: Count = Field(default=8, description="Pages served at once.")
    idle_minutes: Count = Field(default=30, description="Without a click for this long, people sign in again.")
    session_hours: Count = Field(
        default=12, description="However busy they are: after this long, people sign in again."
    )
    account_days: Days = Field(
        default=365,
        description="An account disabled for this long loses its person's name, address, password and second factors.",
    )
    link_days: Days = Field(default=14, description="The sender's link in a notice works this long, once.")

    @model_validator(mode="after")
    def _safe(self) -> Self:
        if self.url is not None and self.url.scheme != "https" and self.url.host not in _LOCAL:
            raise ValueError("url should begin with https://, since people sign in there")
        if self.tls is None and self.listen.host not in _LOCAL:
            raise ValueError("listen on 127.0.0.1 behind a web server with TLS, or give tls: people sign in there")
        return self
