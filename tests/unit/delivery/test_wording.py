import pytest

from dlp_gateway.delivery.wording import MAX_TEXT, clean


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("user unknown", "user unknown"),
        (
            "<jane.roe@ext.example>: Recipient address rejected: User unknown in virtual mailbox table",
            "... Recipient address rejected User unknown in virtual mailbox table",
        ),
        ("No such user jane here", "No such user ... here"),
        ("mailbox of Jane Roe, born 1961-02-03, is full", "mailbox of ... is full"),
        ('rejected: Subject "Biopsy result of Jane Roe" is spam', "rejected ... of ... is spam"),
        ("over quota (4096 of 2048 used)", "over quota ... of ... used"),
        ("blocked, see https://example.net/?ip=192.0.2.1&rcpt=jane", "blocked ..."),
        ("relay/access denied", "relay/access denied"),
        ("mailbox user-jane or full/jane is full", "mailbox ... or ... is full"),
        ("5.7.1 not permitted", "5.7.1 not permitted"),
        ("user=jane unknown:jane", "..."),
        ("unbekannter Empfänger Müller", "..."),
        ("ok\r\n250 injected\x00\x1b[31m", "ok ..."),
        ("ｕｓｅｒ unknown", "... unknown"),
        ("", ""),
    ],
)
def test_only_the_vocabulary_stays(said, kept):
    assert clean([said], keep_queue_id=False) == kept


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Ok: queued as 4F1C2A3B4D", "Ok queued as 4F1C2A3B4D"),
        ("OK id=1sVvKX-0003hA-2f", "OK id=1sVvKX-0003hA-2f"),
        ("queued as jane@ext.example", "queued as ..."),
    ],
)
def test_the_queue_id_of_an_accepted_message_stays(said, kept):
    assert clean([said], keep_queue_id=True) == kept


def test_the_queue_id_of_a_refusal_does_not_stay():
    assert clean(["rejected as queued as 4F1C2A3B4D"], keep_queue_id=False) == "rejected as queued as ..."


def test_the_text_is_one_bounded_line_of_printable_ascii():
    text = clean(["mailbox full " * 1000, "x" * 100_000, "mailbox\n"], keep_queue_id=True)

    assert len(text) <= MAX_TEXT
    assert text.isascii()
    assert text.isprintable()
