"""Encoded words in every shape that mail programs show."""

import base64

import pytest

from dlp_gateway.mime import encoded_words
from tests.unit.mime.reading import alarm, message, read, subjects

NAME = "Jane Doe"
TWELVE_WAYS = [
    "Jane Doe",
    "=?utf-8?q?Jane_Doe?=",
    "=?UTF-8?Q?Jane=20Doe?=",
    "=?utf-8?b?SmFuZSBEb2U=?=",
    "=?utf-8?B?SmFuZSBEb2U?=",
    "=?iso-8859-1*en?q?Jane_Doe?=",
    "=?utf-8?q?Jane_?= =?utf-8?q?Doe?=",
    "=?utf-8?q?Jane_?=\r\n =?utf-8?b?RG9l?=",
    "=?utf-8?q?Jane?= Doe",
    "=?utf-8?q?Jane?= =?utf-8?q?Doe?=",
    "re:=?utf-8?q?Jane_Doe?=x",
    '"=?utf-8?q?Jane_Doe?="',
    "=?utf-8?q?Jane Doe?=",
    "=?utf-8?q?Jane_Doe",
    "=?foo?q?Jane_Doe?=",
    "=?punycode?q?Jane_Doe?=",
    "=??q?Jane_Doe?=",
    "=?utf-7?q?Jane_Doe?=",
    "=?utf-16?b?" + base64.b64encode("Jane Doe".encode("utf-16")).decode() + "?=",
    "=?utf-16?b?" + base64.b64encode("Jane Doe".encode("utf-16-le")).decode() + "?=",
    "=?utf-8?b?SmFu ZSBE b2U=?=",
    "=?utf-8?b?SmFu!ZSBEb2U=?=",
    "=?utf-8?q?=3D=3Futf-8=3Fq=3FJane=5FDoe=3F=3D?=",
    "=?utf-8?q?J?==?utf-8?q?ane_Doe?=",
    "=?iso-8859-1?q?=FF=FEJane_Doe?=",
    "=?utf-8?q?=FE=FFJane_?= =?utf-8?q?Doe?=",
    "=?utf-8?q?=FF?= =?utf-8?q?=FEJane_Doe?=",
    "=?utf-16?q?Jane_Doe?=",
    "=?ibm037?q?Jane_Doe?=",
    "=?utf-8?q?=3D=3Futf-8=3Fq=3F=FF=FEJane=5FDoe=3F=3D?=",
]


@pytest.mark.parametrize("value", TWELVE_WAYS)
def test_m10_a_name_in_the_subject_is_read_however_it_is_written(value):
    raw = b"Subject: " + value.encode() + b"\r\nFrom: a@b.example\r\n\r\nhi\r\n"

    assert any(NAME in text for text in subjects(raw))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", ("plain",)),
        ("=?utf-8?q?4111?= =?utf-8?q?1111?=", ("41111111", "4111 1111")),
        ("=?utf-8?q?4111?=\r\n\t=?utf-8?q?1111?=", ("41111111", "4111 1111")),
        ("=?utf-8?q?4111?==?utf-8?q?1111?=", ("41111111",)),
        ("=?utf-8?q?" + "x" * 50 + "?= =?utf-8?q?y?=", ("x" * 50 + "y",)),
        ("=?utf-8?b?w6k=?=", ("é",)),
        ("=?utf-8?b?ww==?= =?utf-8?b?qQ==?=", ("é",)),
        ("=?utf-8?q?=C3?= =?UTF-8?q?=A9?=", ("é",)),
        ("=?iso-2022-jp?b?GyRCOzNFRBsoQg==?=", ("山田",)),
        ("=?us-ascii?q?caf=C3=A9?=", ("café",)),
        ("=?iso-8859-1?q?=80_9?=", ("€ 9",)),
        ("a =?utf-8?q?b?= c", ("a b c",)),
        ("=?utf-8?x?b?=", ("=?utf-8?x?b?=",)),
        ("=?", ("=?",)),
        ("=?utf-8?q?a=ZZ?=", ("a=ZZ",)),
        ("=?utf-8?q?a=0AX-Evil:_b?=", ("a\nX-Evil: b",)),
        ("=?utf-8?b?*?=", ("",)),
        ("=?utf-8?q??=", ("",)),
    ],
)
def test_m10_readings_of_encoded_words(value, expected):
    assert encoded_words.readings(value) == expected


def test_long_subjects_that_programs_split_have_one_reading():
    value = (
        "=?utf-8?q?Quarterly_figures_of_the_departments_of_Melbourne_and_Par?=\r\n =?utf-8?q?ramatta=E2=80=93final?="
    )

    assert encoded_words.readings(value) == ("Quarterly figures of the departments of Melbourne and Parramatta–final",)


@pytest.mark.parametrize(
    "value",
    [
        "=?utf-8?q?" * 25_000,
        "=?" * 100_000,
        "=?a?q?b?= " * 25_000,
        "=?a?q?b?=" * 25_000,
        "=?utf-8?q?=3D=3F" * 16_000,
        "?=" * 100_000,
        "=?utf-8?b?" + "A" * 250_000,
        "=?" + "a" * 250_000 + "?q?b?=",
    ],
)
def test_hostile_words_are_read_in_linear_time(value):
    with alarm():
        assert sum(map(len, encoded_words.readings(value))) <= 5 * len(value)


def test_encoded_words_in_other_fields_are_read_as_well():
    reading = read(message(b"hi", b"Comments: =?utf-8?q?Jane_Doe?=", b"X-Odd: =?utf-8?b?SmFuZSBEb2U=?="))

    assert sum(NAME in text.text for text in reading.texts) == 2
