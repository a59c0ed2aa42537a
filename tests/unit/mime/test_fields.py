"""Header fields as text: what travels is read, what machines write for machines is not."""

import pytest

from dlp_gateway.mime import fields
from dlp_gateway.model import Role
from tests.unit.mime.reading import CARD, SECRET, at, everything, message, of_role, read

NOISE = [
    b"Date: Tue, 04 Mar 2025 09:00:00 +1000",
    b"Date: Tue, 4 Mar 2025 09:00:00 +1000 (AEST)",
    b"Date: 4 Mar 2025 09:00 GMT",
    b"MIME-Version: 1.0",
    b"MIME-Version: 1.0 (Mac OS X Mail 16.0)",
    b"Content-Type: text/plain; charset=utf-8",
    b"Content-Transfer-Encoding: 7bit",
    b"Return-Path: <alice@westendonsixth.com>",
    b"DKIM-Signature: v=1; a=rsa-sha256; d=x.example; s=sel; h=from:to; bh=47DEQpj8HBSa+/TImW=; b=AbCd",
    b"ARC-Seal: i=1; a=rsa-sha256; t=1741042800; cv=none; d=x.example; s=arc; b=abc4111111111111111def",
    b"Authentication-Results: mx.x.example; dkim=pass header.i=@x.example; spf=pass smtp.mailfrom=a@x.example",
    b"X-MS-Exchange-CrossTenant-Id: 84df9e7f-e9f6-40af-b435-aaaaaaaaaaaa",
    b"X-Gm-Message-State: AOJu0Yx4111111111111111",
    b"Thread-Index: AQHbjL9WZ4111111111111111==",
    b"X-Priority: 3 (Normal)",
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.0",
    b"X-Mailer: Microsoft Outlook 16.0",
    b"Received: from mail.x.example (mail.x.example [192.0.2.7]) (using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 "
    b"(256/256 bits)) (No client certificate requested) by mx (Postfix) with ESMTPS id 4ZabcD; Tue, 4 Mar 2025 09:00",
    b"Received: from [192.168.1.5] (unknown [1.2.3.4]) (Authenticated sender: alice) by mail (Postfix)",
    b"Auto-Submitted: auto-generated",
    b"X-Spam-Status: No, score=-1.9 required=5.0 tests=BAYES_00,HTML_MESSAGE",
]
CARRIERS = [
    b"Comments: %s",
    b"Keywords: %s",
    b"Thread-Topic: %s",
    b"Content-Description: %s",
    b"Organization: %s",
    b"X-Protective-Marking: %s",
    b"X-Classification: %s",
    b"Sensitivity: %s",
    b"MSIP_Labels: %s",
    b"X-Anything: %s",
    b"Anything: %s",
    b"List-Id: %s <x.example>",
    b"List-Unsubscribe: <https://x.example/?%s>",
    b"List-Help: %s",
    b"Message-ID: <%s@x.example>",
    b"In-Reply-To: <%s>",
    b"References: <a@b> <%s>",
    b"Content-ID: <%s>",
    b"Content-Location: %s",
    b'From: "%s" <a@b.example>',
    b'To: "%s" <a@b.example>',
    b"Cc: a@b.example (%s)",
    b'Bcc: "%s" <a@b.example>',
    b"Reply-To: %s <a@b.example>",
    b"Sender: %s <a@b.example>",
    b"Resent-From: %s <a@b.example>",
    b"Disposition-Notification-To: %s <a@b.example>",
    b"To: %s: a@b.example;",
    b"Resent-Subject: %s",
    b"X-Subject: %s",
    b"Received: from x (%s) by y",
    b"Received: from x (a (%s) b) by y",
    b"X-Mailer: %s",
    b"X-Priority: %s",
    b"Date: %s",
    b"MIME-Version: 1.0 (%s)",
    b"Content-Language: %s",
    b"DKIM-Signature: Jane Doe pays with %s",
    b"Authentication-Results: he has the %s",
    b'Content-Type: text/plain; note="%s"',
    b'Content-Disposition: inline; x-note="%s"',
    b'Content-Type: multipart/mixed; boundary="%s"',
    b"Content-Type: Jane Doe pays with %s",
    b"X-MS-Exchange-Organization-Note: Jane Doe pays with %s",
]


@pytest.mark.parametrize("line", NOISE, ids=lambda line: line[:30].decode())
def test_fields_of_machines_yield_no_text(line):
    raw = b"Subject: s\r\n" + line + b"\r\n\r\nbody"

    assert [text.where for text in read(raw).texts] == ["subject", "body"]


@pytest.mark.parametrize("line", CARRIERS, ids=lambda line: line[:40].decode())
def test_m20_header_fields_that_carry_text_are_read(line):
    reading = read(message(b"hi", line % SECRET))

    assert CARD in everything(reading)


def test_m20_a_number_as_the_boundary_is_read():
    raw = message(b"--4111111111111111--", b"Content-Type: multipart/mixed; boundary=4111111111111111")

    assert "4111111111111111" in of_role(read(raw), Role.METADATA)


@pytest.mark.parametrize(
    "boundary",
    [
        "----=_NextPart_000_0012_01DB8C5A.4F3E2D10",
        "----=_Part_123_987654321.1741042800000",
        "=_a135e38511d974b87b5dd069",
        "Apple-Mail=_4F0B2C60-9D0D-4C6D-8B1E-1234567890AB",
        "000000000000a1b2c3062f7d9e01",
        "--boundary_42_uuid",
        "===============1234567890123456789==",
        "_004_SY4P282MB1234ABCD_",
        "b1_x9y8z7",
        "------------0123456789ABCDEFabcdef",
        "mixed-alt",
        "_----------=_MCPart_123456789",
    ],
)
def test_boundaries_of_programs_are_no_text(boundary):
    raw = message(b"--x--", b'Content-Type: multipart/mixed; boundary="' + boundary.encode() + b'"')

    assert of_role(read(raw), Role.METADATA) == []


@pytest.mark.parametrize(
    ("line", "where", "role"),
    [
        (b"X-Protective-Marking: SEC=OFFICIAL", "header X-Protective-Marking", Role.HEADER),
        (b"x-classification: secret", "header X-Classification", Role.HEADER),
        (b"Sensitivity: Company-Confidential", "header Sensitivity", Role.HEADER),
        (b"msip_labels: MSIP_Label_x_Name=Secret", "header MSIP_Labels", Role.HEADER),
        (b"Keywords: a, b", "header Keywords", Role.HEADER),
        (b"Comments: c", "header Comments", Role.HEADER),
        (b"Message-ID: <x@y>", "header Message-ID", Role.METADATA),
        (b"References: <x@y>", "header References", Role.METADATA),
        (b"In-Reply-To: <x@y>", "header In-Reply-To", Role.METADATA),
        (b"Content-ID: <x@y>", "header Content-ID", Role.METADATA),
        (b"X-Jane-Doe: diabetes", "header (other)", Role.HEADER),
        (b"X-Jane-Doe:", "header (other)", Role.HEADER),
    ],
)
def test_where_and_as_what_a_field_is_read(line, where, role):
    found = [(text.where, text.role) for text in read(message(b"hi", line)).texts]

    assert (where, role) in found


def test_the_name_of_an_unlisted_field_is_text_but_never_a_place():
    reading = read(message(b"hi", b"X-Jane-Doe: diabetes"))

    assert at(reading, "header (other)") == ["x-jane-doe: diabetes"]
    assert not any("jane" in text.where.lower() for text in reading.texts)


@pytest.mark.parametrize(
    "value", [b"J\xc3\xb6rg", "Jörg".encode("cp1252"), b"=?utf-8?q?J=C3=B6rg?=", b"=?iso-8859-1?q?J=F6rg?="]
)
def test_8_bit_and_encoded_values_are_decoded(value):
    assert "Jörg" in fields.readings(value)
