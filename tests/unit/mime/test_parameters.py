"""Parameters of Content-Type and Content-Disposition, and the file names in them."""

import pytest

from dlp_gateway.mime import parameters
from dlp_gateway.model import Role
from tests.unit.mime.reading import message, of_role, read

BIDI = "\u202e"
FILE_NAMES = [
    (b'attachment; filename="payslip Jane.pdf"', {"payslip Jane.pdf"}),
    (b"attachment; filename=payslip.pdf", {"payslip.pdf"}),
    (b"attachment; filename=payslip Jane.pdf", {"payslip Jane.pdf"}),
    (b"attachment; filename='payslip.pdf'", {"payslip.pdf"}),
    (b"attachment; FileName = payslip.pdf", {"payslip.pdf"}),
    (b"attachment; filename=a.txt; filename*=utf-8''b.exe", {"a.txt", "b.exe"}),
    (b"attachment; filename=a.txt; filename=b.exe", {"a.txt", "b.exe"}),
    (b"attachment; filename*=utf-8''J%C3%B6rg.pdf", {"J\u00f6rg.pdf"}),
    (b"attachment; filename*=iso-8859-1'de'J%F6rg.pdf", {"J\u00f6rg.pdf"}),
    (b"attachment; filename*=foo''J%C3%B6rg.pdf", {"J\u00f6rg.pdf"}),
    (b"attachment; filename*=iso-8859-1''%FF%FEJane.pdf", {"Jane.pdf"}),
    (b"attachment; filename*0*=iso-8859-1''%FF%FEJa; filename*1=ne.pdf", {"Jane.pdf"}),
    (b"attachment; filename*=punycode''x-y.pdf", {"x-y.pdf"}),
    (b"attachment; filename*=Jane%20Doe.pdf", {"Jane Doe.pdf"}),
    (b"attachment; filename*=\"utf-8''Jane%20Doe.pdf\"", {"Jane Doe.pdf"}),
    (b"attachment; filename*0=pay; filename*1=slip.pdf", {"payslip.pdf"}),
    (b"attachment; filename*1=slip.pdf; filename*0=pay", {"payslip.pdf"}),
    (b"attachment; filename*0=pay; filename*2=slip.pdf", {"payslip.pdf"}),
    (b"attachment; filename*0*=utf-8''J%C3; filename*1*=%B6rg.pdf", {"J\u00f6rg.pdf"}),
    (b"attachment; filename*0*=utf-8''J%C3%B6rg; filename*1=\" x.pdf\"", {"J\u00f6rg x.pdf"}),
    (b'attachment; filename="=?utf-8?q?J=C3=B6rg=2Epdf?="', {"J\u00f6rg.pdf"}),
    (b"attachment; filename==?utf-8?b?SsO2cmcucGRm?=", {"J\u00f6rg.pdf"}),
    (b'attachment; filename="J\xc3\xb6rg.pdf"', {"J\u00f6rg.pdf"}),
    (b'attachment; filename="a\\"b.pdf"', {'a"b.pdf'}),
    (b'attachment; filename="C:\\temp\\x.pdf"', {"C:\\temp\\x.pdf", "C:tempx.pdf"}),
    (b'attachment; filename="a;b.pdf"', {"a;b.pdf"}),
    (b'attachment; filename="open.pdf', {"open.pdf"}),
    (b'attachment; filename="x.pdf" (Jane Doe)', {"x.pdf"}),
    (b"attachment (note); filename=(c)x.pdf", {"x.pdf"}),
    (b"attachment;\r\n filename=x.pdf", {"x.pdf"}),
    (b"attachment; filename=../../etc/x.pdf", {"../../etc/x.pdf"}),
    (b'attachment; filename="x.pdf. . "', {"x.pdf. . "}),
    (b'attachment; filename="a\0b.pdf"', {"a\0b.pdf"}),
    (b'attachment; filename="' + ("a" + BIDI + "fdp.exe").encode() + b'"', {"a" + BIDI + "fdp.exe"}),
    (b'attachment; filename="' + b"n" * 10_000 + b'.pdf"', {"n" * 10_000 + ".pdf"}),
]


@pytest.mark.parametrize(("disposition", "expected"), FILE_NAMES)
def test_m09_every_variant_of_a_file_name_is_text(disposition, expected):
    raw = message(b"%PDF-1.7", b"Content-Type: application/pdf", b"Content-Disposition: " + disposition)

    reading = read(raw)

    assert expected <= set(of_role(reading, Role.FILENAME))
    assert expected <= set(reading.parts[0].names)


def test_m09_names_of_both_fields_and_of_repeated_fields_are_kept():
    reading = read(
        message(
            b"%PDF-1.7",
            b"Content-Type: application/pdf; name=a.pdf",
            b"Content-Type: application/pdf; name=b.pdf",
            b"Content-Disposition: attachment; filename=c.pdf",
            b"Content-Disposition: attachment; filename=d.pdf",
        )
    )

    assert set(reading.parts[0].names) == {"a.pdf", "b.pdf", "c.pdf", "d.pdf"}


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("text/plain", "text/plain"),
        (" Text/HTML ", "text/html"),
        ("text / plain", "text/plain"),
        ("(c) text/plain (d)", "text/plain"),
        ('"text/plain"', "text/plain"),
        ("text", ""),
        ("", ""),
        ("/", ""),
        ("application/pdf, text/plain", "application/pdf"),
        ("x text/plain", "text/plain"),
    ],
)
def test_content_types(token, expected):
    assert parameters.content_type(token) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a (b) c", "a  c"),
        ("a (b (c) d) e", "a  e"),
        ('a "(b)" c', 'a "(b)" c'),
        ("a (b", "a "),
        ("a \\(b", "a \\(b"),
        ("a (\\)) b", "a  b"),
        ("a) b", "a) b"),
    ],
)
def test_comments_are_taken_out(text, expected):
    assert parameters.without_comments(text) == expected


def test_parameters_have_every_plausible_value():
    value = parameters.parse('multipart/mixed; boundary="a;b"; boundary=c; BOUNDARY*0=d; boundary*1=e; x')

    assert value.token == "multipart/mixed"
    assert set(value.get("boundary")) >= {"a;b", "c", "de"}
