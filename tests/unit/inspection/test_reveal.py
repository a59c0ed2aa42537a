"""What a reviewer is shown of an opened message: texts with what was found in them, and HTML that can do nothing."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlp_gateway import mime
from dlp_gateway.inspection import frames, reveal
from dlp_gateway.model import Finding, Place, Role, Text, Tier

HOSTILE = {
    "script": "<script>alert(1)</script>ok",
    "script in pieces": "<scr<script>ipt>alert(1)</scr</script>ipt>ok",
    "event": "<img src=x onerror=alert(1)><p onclick='alert(1)'>ok</p>",
    "javascript link": "<a href='javascript:alert(1)'>ok</a>",
    "broken javascript link": "<a href='jav&#x0A;ascript:alert(1)'>ok</a>",
    "data link": "<a href='data:text/html,<script>alert(1)</script>'>ok</a>",
    "refresh": "<meta http-equiv=refresh content='0;url=//evil.example'>ok",
    "form": "<form action=//evil.example><input name=a><button>b</button></form>ok",
    "style": "<style>@import '//evil.example'; p{background:url(//evil.example)}</style>ok",
    "style of an element": "<p style='background:url(//evil.example)'>ok",
    "remote picture": "<img src=//evil.example/p.gif><picture><source srcset=//evil.example></picture>ok",
    "background": "<table background=//evil.example/p.gif><tr><td>ok</td></tr></table>",
    "frame": "<iframe src=//evil.example></iframe><object data=//evil.example></object><embed src=x>ok",
    "srcdoc": "<iframe srcdoc='<script>alert(1)</script>'></iframe>ok",
    "svg": "<svg onload=alert(1)><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>ok",
    "math": "<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>ok",
    "base": "<base href=//evil.example><a href=login>ok</a>",
    "link": "<link rel=stylesheet href=//evil.example><link rel=dns-prefetch href=//evil.example>ok",
    "comment": "<!--[if IE]><script>alert(1)</script><![endif]-->ok",
    "template": "<template><script>alert(1)</script></template>ok",
    "video": "<video src=//evil.example poster=//evil.example></video>ok",
    "end of the frame's page": "</body></html><script>alert(1)</script>ok",
    "unclosed": "ok<div><b><script>alert(1)",
    "textarea": "<textarea><img src=x onerror=alert(1)></textarea>ok",
    "title and language": "<p title='alert(1)' lang=de>ok</p>",
    "id and class": "<p id=content class=panel>ok</p>",
}


def html(source, charset="utf-8", encoding="8bit"):
    content = source if isinstance(source, bytes) else source.encode("utf-8")
    return b"MIME-Version: 1.0\r\nContent-Type: text/html; charset=%s\r\nContent-Transfer-Encoding: %s\r\n\r\n%s" % (
        charset.encode(),
        encoding.encode(),
        content,
    )


class Elements(HTMLParser):
    """What an HTML text consists of, as another parser sees it."""

    def __init__(self, text):
        super().__init__()
        self.names = set()
        self.attributes = set()
        self.other = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.names.add(tag)
        self.attributes.update((tag, name) for name, _ in attributes)

    def unknown_decl(self, data):
        self.other.append(data)

    handle_comment = handle_decl = handle_pi = unknown_decl


def inert(shown):
    """Nothing is left but elements of text: nothing to load, to run, to send or to go to."""
    found = Elements(shown)
    allowed = {(tag, name) for tag, names in reveal._SPANS.items() for name in names}
    return found.names <= reveal._MARKUP and found.attributes <= allowed and not found.other


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE)
def test_html_is_inert(source):
    shown = reveal.page(html(source), 0)

    assert inert(shown)
    assert "ok" in shown


_TOKENS = (
    "<script>,</script>,<svg,<math>,<style>,</style>,<td colspan=',<a href=\"javascript:,<img src=x ,onerror=a,<!--,"
    "-->,<![CDATA[,]]>,<title>,</title>,<textarea>,<noscript>,<template>,<iframe srcdoc=',<p ,>,',\",<,/,=, ,x,&lt;,"
    "&#60;,\0,<plaintext>,<select>,<table>,<form>,<base href=x>,<p title=,<mglyph>,<foreignObject>,"
    "<annotation-xml encoding=text/html>"
).split(",")


@given(st.lists(st.sampled_from(_TOKENS), max_size=30))
def test_html_of_any_pieces_is_inert(tokens):
    assert inert(reveal.page(html("".join(tokens)), 0))


@given(st.binary(max_size=300))
def test_any_bytes_can_be_shown(content):
    assert inert(reveal.page(html(content), 0))
    assert inert(reveal.page(content, 0))
    reply = reveal.shown(NoEngine(), [], [], content, mime.ReadingBudget())
    assert frames.unpack(frames.pack(reply)[frames.HEADER.size :]) is not None


BROKEN = [
    html(b"<p>ok \xff\xfe\x00<script>alert(1)</script>"),
    html("<p>ok</p>", "no-such-charset"),
    html("+ADw-script+AD4-alert(1)+ADw-/script+AD4-ok", "utf-7"),
    html("<p>ok<script>alert(1)</script>".encode("utf-16"), "utf-16"),
    html(b"PHA+b2s8c2NyaXB0PmFsZXJ0KDEpPC9zY3JpcHQ+", "utf-8", "base64"),
    html(b"=3Cp>ok=3Cscript>alert(1)=3C/script>", "utf-8", "quoted-printable"),
    html("<p>ok</p>", "utf-8", "no-such-encoding"),
]


@pytest.mark.parametrize("raw", BROKEN)
def test_html_in_broken_encodings_is_inert(raw):
    shown = reveal.page(raw, 0)

    assert "ok" in shown
    assert inert(shown)


@pytest.mark.parametrize(
    "raw", [b"", b"\r\n\r\n", html("x")[:40], b"Content-Type: multipart/mixed\r\n\r\n--", b"\xff" * 99]
)
def test_no_html_is_no_page(raw):
    assert reveal.page(raw, 7) == ""


class NoEngine:
    """Finds again what it is told."""

    def __init__(self, **found):
        self.found = found

    def scan(self, texts):
        class Detection:
            findings = self.found.get(texts[0].text.split()[0], ())

        return Detection


def finding(entity, start, end, where="body", role=Role.BODY):
    return Finding(entity, Tier.PERSONAL, where, start, end, 0.9, role)


def runs(texts, findings, engine=None):
    reply = reveal.shown(engine or NoEngine(), texts, findings, b"", mime.ReadingBudget())
    return [text["runs"] for text in reply["texts"]]


def test_findings_are_marked_where_they_stand():
    texts = [Text("body", "a TFN b", Role.BODY), Text("subject", "a TFN b", Role.SUBJECT)]

    assert runs(texts, [finding("TFN", 2, 5)]) == [[("a ", ()), ("TFN", ("TFN",)), (" b", ())], [("a TFN b", ())]]


def test_overlapping_findings_share_a_stretch():
    found = [finding("A", 0, 4), finding("B", 2, 6), finding("A", 2, 6)]

    assert runs([Text("body", "abcdefg", Role.BODY)], found) == [
        [("ab", ("A",)), ("cd", ("A", "B")), ("ef", ("B", "A")), ("g", ())]
    ]


def test_a_finding_in_a_cell_or_in_encoded_text_is_marked_in_its_sheet():
    sheet = Text("attachment 1 > Sheet1", "x\tTFN", Role.DOCUMENT, places=(Place(2, "B1"),))
    body = Text("body", "TFN", Role.BODY)
    found = [
        finding("TFN", 2, 5, "attachment 1 > Sheet1 > B1", Role.DOCUMENT),
        finding("CARD", 0, 3, "body > base64 > hex"),
    ]

    assert runs([sheet, body], found) == [[("x\t", ()), ("TFN", ("TFN",))], [("TFN", ("CARD",))]]


def test_of_texts_at_one_place_only_the_one_where_it_is_found_again_is_marked():
    one, other = Text("body", "one 123", Role.BODY), Text("body", "other 5", Role.BODY)
    found = [finding("TFN", 4, 7)]

    assert runs([one, other], found, NoEngine(one=found)) == [[("one ", ()), ("123", ("TFN",))], [("other 5", ())]]
    # Never found again (its context was another text): better marked twice than not at all.
    assert runs([one, other], found) == [[("one ", ()), ("123", ("TFN",))], [("othe", ()), ("r 5", ("TFN",))]]


def test_of_a_long_text_the_beginning_and_what_surrounds_findings_is_shown():
    text = "a" * 200_000 + "TFN" + "b" * 200_000
    (shown,) = runs([Text("body", text, Role.BODY)], [finding("TFN", 200_000, 200_003)])

    assert ("TFN", ("TFN",)) in shown
    assert None in shown
    assert sum(len(run[0]) for run in shown if run) < 70_000


def test_halves_of_characters_can_be_sent():
    (shown,) = runs([Text("body", "a\ud800b", Role.BODY)], [])

    assert shown == [("a?b", ())]


def test_the_headers_that_matter_are_read():
    raw = b"X-Other: 1\r\nFrom: =?utf-8?q?J=C3=B6?= <jo@a.example>\r\nTo: b@b.example\r\nSubject: s\r\n\r\nx"

    reply = reveal.shown(NoEngine(), [], [], raw, mime.ReadingBudget())

    assert reply["headers"] == [("from", "Jö <jo@a.example>"), ("to", "b@b.example"), ("subject", "s")]


def test_files_are_handed_out_in_pieces(monkeypatch):
    monkeypatch.setattr(reveal, "_PIECE", 4)
    raw = (
        b"MIME-Version: 1.0\r\nContent-Type: application/octet-stream; name=a.bin\r\n"
        b"Content-Disposition: attachment\r\n\r\nabcdef"
    )
    reading = mime.read(raw, mime.ReadingBudget())

    assert reveal.part(reading, 0, 0) == {"found": True, "name": "a.bin", "content": b"abcd", "more": True}
    assert reveal.part(reading, 0, 4) == {"found": True, "name": "a.bin", "content": b"ef", "more": False}
    assert reveal.part(reading, 1, 0) == {"found": False}
