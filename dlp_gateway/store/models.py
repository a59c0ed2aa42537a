"""The schema: what a message was decided to be, what becomes of it for each recipient, and the record.

Times are seconds since the epoch (UTC). No column holds content: the Subject,
the names of attachments and what was found are inside the sealed chunks only.
The mail path writes and reads these tables with statements of its own
(``intake``, ``queue``, ``record``); everything else may use the models.
"""

# ruff: noqa: D106  # Meta is Django's word for a table's options

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from dlp_gateway.store.values import EVERYDAY

# Entries that people look for by kind or actor; the mail path writes the others and pays for no index.
_RARE = ~Q(kind__in=EVERYDAY)


class Row(models.Model):  # type: ignore[misc]  # Django carries no types
    """What all tables have in common: nothing but living in this application."""

    class Meta:
        abstract = True
        app_label = "store"


class Message(Row):
    """A message that was decided on, or one of our own making (notice, bounce)."""

    id = models.CharField(primary_key=True, max_length=64)
    kind = models.CharField(max_length=16)
    about = models.CharField(max_length=64, db_default="")
    at = models.FloatField()
    sender_literal = models.TextField(db_default="")
    sender_local = models.TextField(db_default="")
    sender_domain = models.TextField(db_default="")
    client_host = models.TextField(db_default="")
    client_user = models.TextField(db_default="")
    eight_bit = models.BooleanField()
    smtputf8 = models.BooleanField()
    ret = models.TextField(null=True)
    envid = models.TextField(null=True)
    # What was inspected and decided on.
    size = models.BigIntegerField()
    digest = models.CharField(max_length=128, db_default="")
    policy = models.CharField(max_length=128, db_default="")
    facts = models.TextField(db_default="")
    # What is stored and sent: the same with trace headers in front; size 0 when nothing is.
    content_size = models.BigIntegerField(db_default=0)
    content_digest = models.CharField(max_length=64, db_default="")

    class Meta(Row.Meta):
        db_table = "dlp_message"
        indexes = (
            models.Index(fields=["at"], name="dlp_message_at"),
            models.Index(fields=["about"], name="dlp_message_about", condition=~Q(about="")),
            models.Index("sender_domain", Lower("sender_local"), "at", name="dlp_message_sender"),
            models.Index(Lower("client_user"), "at", name="dlp_message_user", condition=~Q(client_user="")),
        )


class Recipient(Row):
    """One recipient of a message: the verdict, and where it stands now.

    ``due`` is when the next attempt may start; while leased, it is when the
    lease ends. ``lost`` counts the leases in a row that ended with the worker
    gone (-1: it was renewed, so that its end will not count).
    """

    id = models.BigAutoField(primary_key=True)
    message = models.ForeignKey(Message, models.CASCADE, related_name="recipients")
    literal = models.TextField()
    local = models.TextField()
    domain = models.TextField()
    notify = models.TextField(db_default="")
    orcpt = models.TextField(null=True)
    zone = models.CharField(max_length=16)
    action = models.CharField(max_length=16)
    hits = models.TextField(db_default="[]")
    approvals = models.SmallIntegerField(db_default=1)
    state = models.CharField(max_length=16)
    queued_at = models.FloatField(null=True)
    due = models.FloatField(null=True)
    leased_by = models.TextField(db_default="")
    lost = models.IntegerField(db_default=0)
    attempts = models.IntegerField(db_default=0)
    code = models.IntegerField(db_default=0)
    enhanced = models.TextField(db_default="")
    text = models.TextField(db_default="")
    host = models.TextField(db_default="")
    tls = models.TextField(db_default="")
    released_at = models.FloatField(null=True)
    settled_at = models.FloatField(null=True)

    class Meta(Row.Meta):
        db_table = "dlp_recipient"
        indexes = (
            models.Index(fields=["due", "message", "zone"], name="dlp_recipient_queued", condition=Q(state="queued")),
            models.Index("domain", Lower("local"), name="dlp_recipient_address"),
            models.Index(fields=["action", "message"], name="dlp_recipient_spoken", condition=~Q(hits="[]")),
        )
        constraints = (
            models.CheckConstraint(
                name="dlp_recipient_decided_or_released",
                condition=~Q(state__in=("queued", "delivered", "failed", "dropped"))
                | Q(action="deliver")
                | Q(released_at__isnull=False),
            ),
        )


class Hold(Row):
    """A message that waits for a reviewer; while ``restricted_at`` is set, it neither expires nor is deleted."""

    message = models.OneToOneField(Message, models.CASCADE, primary_key=True, related_name="hold")
    held_at = models.FloatField()
    expires_at = models.FloatField()
    restricted_at = models.FloatField(null=True)
    closed_at = models.FloatField(null=True)

    class Meta(Row.Meta):
        db_table = "dlp_hold"
        indexes = (models.Index(fields=["expires_at"], name="dlp_hold_open", condition=Q(closed_at__isnull=True)),)


class Approval(Row):
    """One reviewer's consent to release a message to one recipient."""

    id = models.BigAutoField(primary_key=True)
    recipient = models.ForeignKey(Recipient, models.CASCADE, related_name="approved_by")
    reviewer = models.TextField()
    at = models.FloatField()

    class Meta(Row.Meta):
        db_table = "dlp_approval"
        constraints = (models.UniqueConstraint(fields=["recipient", "reviewer"], name="dlp_approval_once"),)


class Wrap(Row):
    """A message's content key, wrapped for one holder: ``delivery`` or ``reviewers``."""

    pk = models.CompositePrimaryKey("message", "holder")
    message = models.ForeignKey(Message, models.CASCADE, related_name="wraps", db_index=False)
    holder = models.CharField(max_length=16)
    key_id = models.CharField(max_length=32)
    wrapped = models.BinaryField()

    class Meta(Row.Meta):
        db_table = "dlp_wrap"


class Chunk(Row):
    """A piece of sealed content, of bounded size."""

    pk = models.CompositePrimaryKey("message", "part", "n")
    message = models.ForeignKey(Message, models.CASCADE, related_name="chunks", db_index=False)
    part = models.SmallIntegerField()
    n = models.IntegerField()
    body = models.BinaryField()

    class Meta(Row.Meta):
        db_table = "dlp_chunk"


class AuditEntry(Row):
    """One link of the record's chain (``audit.chain.Entry``)."""

    seq = models.BigIntegerField(primary_key=True)
    at = models.FloatField()
    kind = models.CharField(max_length=16)
    actor = models.TextField()
    subject = models.TextField()
    details = models.TextField()
    tokens = models.TextField()
    previous = models.BinaryField()
    hash = models.BinaryField()

    class Meta(Row.Meta):
        db_table = "dlp_audit_entry"
        indexes = (
            models.Index(fields=["subject"], name="dlp_audit_entry_subject"),
            models.Index(fields=["kind", "seq"], name="dlp_audit_entry_kind", condition=_RARE),
            models.Index(fields=["actor", "seq"], name="dlp_audit_entry_actor", condition=_RARE),
        )


class AuditHead(Row):
    """The end of the chain, one row; whoever appends holds its lock until the transaction ends."""

    id = models.SmallIntegerField(primary_key=True)
    seq = models.BigIntegerField()
    hash = models.BinaryField()
    checkpoint = models.BigIntegerField(db_default=0)

    class Meta(Row.Meta):
        db_table = "dlp_audit_head"


class AuditText(Row):
    """An address or free text of the record, apart from the chain so that it can be erased."""

    token = models.CharField(primary_key=True, max_length=43)
    kind = models.CharField(max_length=16)
    salt = models.BinaryField()
    text = models.TextField()

    class Meta(Row.Meta):
        db_table = "dlp_audit_text"
        indexes = (
            models.Index(fields=["text"], name="dlp_audit_text_address", condition=Q(kind="address")),
            models.Index(fields=["token"], name="dlp_audit_text_reason", condition=Q(kind="reason")),
        )


class Link(Row):
    """The key in a notice's link to the sender's page of one message: its SHA-256, and whether it was used."""

    digest = models.CharField(primary_key=True, max_length=64)
    message = models.ForeignKey(Message, models.CASCADE, related_name="links")
    at = models.FloatField()
    expires_at = models.FloatField()
    used_at = models.FloatField(null=True)

    class Meta(Row.Meta):
        db_table = "dlp_link"


class Appeal(Row):
    """A sender asks for a held message to be released; the justification is sealed to the reviewers.

    ``answer`` is empty until the appeal is answered: refused, or how the message ended (released, returned, deleted,
    expired, withdrawn).
    """

    id = models.BigAutoField(primary_key=True)
    message = models.ForeignKey(Message, models.CASCADE, related_name="appeals")
    at = models.FloatField()
    key_id = models.CharField(max_length=32)
    sealed = models.BinaryField()
    answer = models.CharField(max_length=16, db_default="")
    answered_at = models.FloatField(null=True)
    answered_by = models.TextField(db_default="")

    class Meta(Row.Meta):
        db_table = "dlp_appeal"
        indexes = (models.Index(fields=["at"], name="dlp_appeal_open", condition=Q(answer="")),)


class Mark(Row):
    """A reviewer says that what a detector found at a place of a message is no such thing."""

    id = models.BigAutoField(primary_key=True)
    message = models.ForeignKey(Message, models.CASCADE, related_name="marks")
    entity = models.CharField(max_length=64)
    detector = models.CharField(max_length=64)
    place = models.TextField()
    reviewer = models.TextField()
    at = models.FloatField()

    class Meta(Row.Meta):
        db_table = "dlp_mark"
        constraints = (
            models.UniqueConstraint(fields=["message", "entity", "detector", "place"], name="dlp_mark_once"),
        )


class Hit(Row):
    """That an entity was found in a message so many times, by which detectors, and whether that stopped it."""

    pk = models.CompositePrimaryKey("message", "entity")
    message = models.ForeignKey(Message, models.CASCADE, related_name="found", db_index=False)
    entity = models.CharField(max_length=64)
    at = models.FloatField()
    findings = models.IntegerField()
    detectors = models.TextField()
    stopped = models.BooleanField()

    class Meta(Row.Meta):
        db_table = "dlp_hit"
        indexes = (
            models.Index(fields=["entity", "at", "stopped"], name="dlp_hit_found"),
            models.Index(fields=["entity", "at", "message"], name="dlp_hit_stopped", condition=Q(stopped=True)),
        )


class PersonRequest(Row):
    """A person's request under their rights, and its clock; ``receipt`` says in figures what was done (JSON).

    ``person`` is who asked (JSON: addresses and names), "" once that is
    erased. ``searched`` is the last held message that was looked into for
    the request, ``opened`` how many were. ``erased_at`` is set when nothing
    is left to be erased.
    """

    id = models.BigAutoField(primary_key=True)
    person = models.TextField()
    kind = models.CharField(max_length=16)
    received_at = models.FloatField()
    due_at = models.FloatField()
    extended_at = models.FloatField(null=True)
    extension = models.TextField(db_default="")
    taken_by = models.TextField()
    searched = models.CharField(max_length=64, db_default="")
    opened = models.IntegerField(db_default=0)
    erasing_at = models.FloatField(null=True)
    erased_at = models.FloatField(null=True)
    done_at = models.FloatField(null=True)
    done_by = models.TextField(db_default="")
    outcome = models.CharField(max_length=16, db_default="")
    answer = models.TextField(db_default="")
    receipt = models.TextField(db_default="")

    class Meta(Row.Meta):
        db_table = "dlp_person_request"
        indexes = (models.Index(fields=["due_at"], name="dlp_person_request_due"),)


class PersonMatch(Row):
    """Words of a request were found inside a held message, at these places; never the words around them."""

    id = models.BigAutoField(primary_key=True)
    request = models.ForeignKey(PersonRequest, models.CASCADE, related_name="matches")
    message = models.ForeignKey(Message, models.CASCADE, related_name="person_matches")
    at = models.FloatField()
    places = models.TextField()

    class Meta(Row.Meta):
        db_table = "dlp_person_match"
        constraints = (models.UniqueConstraint(fields=["request", "message"], name="dlp_person_match_once"),)


class Restriction(Row):
    """A decision is kept as it is for a person's request: no clock erases it, and no erasure either."""

    id = models.BigAutoField(primary_key=True)
    request = models.ForeignKey(PersonRequest, models.CASCADE, related_name="restrictions")
    message = models.ForeignKey(Message, models.CASCADE, related_name="restrictions")
    at = models.FloatField()

    class Meta(Row.Meta):
        db_table = "dlp_restriction"
        constraints = (models.UniqueConstraint(fields=["request", "message"], name="dlp_restriction_once"),)


class PolicyVersion(Row):
    """The rules as they ran from a moment on: the text of the files, and who put them into force."""

    id = models.BigAutoField(primary_key=True)
    fingerprint = models.CharField(max_length=128)
    at = models.FloatField()
    actor = models.TextField()
    policy = models.TextField()
    detection = models.TextField()

    class Meta(Row.Meta):
        db_table = "dlp_policy_version"
        indexes = (models.Index(fields=["at"], name="dlp_policy_version_at"),)


class Hour(Row):
    """The figures of an hour that is over (``figures.Figures`` as JSON); ``start`` in seconds since the epoch."""

    start = models.BigIntegerField(primary_key=True)
    figures = models.TextField()

    class Meta(Row.Meta):
        db_table = "dlp_hour"


class Round(Row):
    """When something that is due now and then was done last, so that one of several gateways does it."""

    name = models.CharField(primary_key=True, max_length=32)
    at = models.FloatField()

    class Meta(Row.Meta):
        db_table = "dlp_round"
