"""Plain files in any usual character set; tables, records, calendars and cards keep what belongs together."""

from __future__ import annotations

import base64

import pytest

from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.read import Documents, read_parts
from dlp_gateway.model import Part, Unscanned
from tests.unit.documents import makers

PLANTED = "Zarquon Beeblebrox 5412880145605040"
ENCODED = base64.b64encode(PLANTED.encode()).decode()


def read(content: bytes | str) -> Documents:
    data = content.encode() if isinstance(content, str) else content
    return read_parts([Part("attachment 1", data)], budget=DocumentBudget())


def texts(content: bytes | str) -> str:
    return "\n".join(t.text for t in read(content).texts)


@pytest.mark.parametrize(
    ("said", "encoding"),
    [
        ("Zoë Hallström, geboren in Köln", "utf-8"),
        ("Zoë Hallström, geboren in Köln", "utf-8-sig"),
        ("Zoë Hallström, geboren in Köln", "cp1252"),
        ("Zoë Hallström, geboren in Köln", "utf-16"),
        ("Zoë Hallström, geboren in Köln", "utf-16-le"),
        ("Zoë Hallström, geboren in Köln", "utf-16-be"),
        ("Zoë Hallström, geboren in Köln", "utf-32"),
        ("Иван Петров родился в Москве, паспорт 4509 123456, диагноз диабет, живёт на улице Ленина", "cp1251"),
        ("Иван Петров родился в Москве, паспорт 4509 123456, диагноз диабет, живёт на улице Ленина", "koi8-r"),
        ("Γιώργος Παπαδόπουλος, γεννήθηκε στην Αθήνα και εργάζεται στο νοσοκομείο της πόλης", "cp1253"),
        ("田中太郎は東京で生まれ、病院で糖尿病の治療を受けています。電話番号は変わりません。", "shift_jis"),
        ("张伟出生于北京，患有糖尿病，目前在医院接受治疗，电话号码没有变化。", "gb18030"),
    ],
)
def test_character_sets(said: str, encoding: str) -> None:
    assert said in texts(said.encode(encoding))


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("Name,TFN\nHugh,735278579\n", "Name: Hugh | TFN: 735278579"),
        ("Name;TFN\nHugh;735278579\n", "Name: Hugh | TFN: 735278579"),
        ("Name\tTFN\nHugh\t735278579\n", "Name: Hugh | TFN: 735278579"),
        ("Name|TFN\nHugh|735278579\n", "Name: Hugh | TFN: 735278579"),
        ('Name,Note\n"Hugh, P","two\nlines"\n', "Name: Hugh, P | Note: two\nlines"),
        ('{"name": "Hugh", "tfn": 735278579}', "name: Hugh | tfn: 735278579"),
        ('{"name": "Hugh", "tfn": "\\u0037352"}', "name: Hugh | tfn: 7352"),
        ('[{"name": "Hugh", "tfn": 1}, {"name": "Ann", "tfn": 2}]', "name: Ann | tfn: 2"),
        ('{"name": "Hugh"}\n{"name": "Ann", "tfn": 2}\n', "name: Ann | tfn: 2"),
        ('{"person": {"name": "Hugh", "born": "1990-01-01"}}', "name: Hugh | born: 1990-01-01"),
        ('[["Name", "TFN"], ["Hugh", "735278579"]]', "Name: Hugh | TFN: 735278579"),
        ('{"id": 412345678901234567890}', "id: 412345678901234567890"),
        ('{"a": 1, "a": 2}', "a: 1 | a: 2"),
        ("<r><p><name>Hugh</name><tfn>735</tfn></p></r>", "name: Hugh | tfn: 735"),
        ('<r><p name="Hugh" tfn="735"/></r>', "name: Hugh | tfn: 735"),
        ("<r><!-- Hugh 735 --><p/></r>", "Hugh 735"),
        ('<svg xmlns="http://www.w3.org/2000/svg"><text>4111<tspan>1111</tspan></text></svg>', "41111111"),
        ("<note>a &amp; b &#52;1</note>", "note: a & b 41"),
        ("key: value\nother: words", "key: value\nother: words"),
        ("INSERT INTO t (a) VALUES ('Hugh')", "INSERT INTO t (a) VALUES ('Hugh')"),
    ],
)
def test_what_belongs_together_stays_together(content: str, line: str) -> None:
    assert line in texts(content)


def test_cells_of_a_table_have_places() -> None:
    text = read("Name,TFN\nHugh,735278579\n").texts[0]
    assert [p.where for p in text.places] == ["A1", "B1", "A2", "B2"]


@pytest.mark.parametrize(
    "content",
    [
        "BEGIN:VCARD\r\nVERSION:3.0\r\nNOTE:Zarquon Bee\r\n blebrox 5412880145605040\r\nEND:VCARD\r\n",
        "BEGIN:VCARD\nNOTE;ENCODING=QUOTED-PRINTABLE:Zarquon=20Beeblebrox 54128801456=30=35040\nEND:VCARD\n",
        "BEGIN:VCALENDAR\nDESCRIPTION:Zarquon Beeblebrox 5412880145605040\\, ill\nEND:VCALENDAR\n",
        "BEGIN:VCALENDAR\nATTENDEE;CN=Zarquon Beeblebrox 5412880145605040:mailto:z@example.org\nEND:VCALENDAR\n",
        "BEGIN:VCARD\nPHOTO;ENCODING=b;TYPE=PNG:"
        + base64.b64encode(makers.png(9, 9, (b"tEXt", b"Comment\0" + PLANTED.encode()))).decode()
        + "\nEND:VCARD\n",
        "BEGIN:VCALENDAR\nATTACH;ENCODING=BASE64;VALUE=BINARY:"
        + base64.b64encode(PLANTED.encode()).decode()
        + "\nEND:VCALENDAR\n",
        f'<a href="data:text/plain;base64,{base64.b64encode(PLANTED.encode() * 2).decode()}">x</a>',
        f"see data:text/plain;base64,{base64.b64encode(PLANTED.encode() * 2).decode()} here",
        f"<html><body><!-- {PLANTED} --><p>x</p></body></html>",
        f"<html><body><p hidden>{PLANTED}</p></body></html>",
        f'<html><body><img alt="{PLANTED}"></body></html>',
        f"<html><head><meta charset='utf-8'><title>{PLANTED}</title></head></html>",
    ],
)
def test_carriers(content: str) -> None:
    assert PLANTED in texts(content)


@pytest.mark.parametrize(
    "line",
    [
        f'ATTACH;ENCODING="BASE64";VALUE="BINARY":{ENCODED}',
        f'ATTACH;FMTTYPE="text/plain";ENCODING="BASE64":{ENCODED}',
        f"ATTACH; ENCODING = BASE64:{ENCODED}",
        f"ATTACH;BASE64:{ENCODED}",
        f"ATTACH:DATA:text/plain;base64,{ENCODED}",
        f"ATTACH:data:text/plain;charset=utf-8;base64,{ENCODED}",
        f"ATTACH:data:;base64,{ENCODED}",
        "ATTACH:data:text/plain,Zarquon%20Beeblebrox%205412880145605040",
        "ATTACH:data:text/html,Zarquon%20Beeblebrox%20541288%3Cb%20hidden%3E17%3C%2Fb%3E0145605040",
        f'ATTACH;X-FILENAME="{PLANTED}.txt";ENCODING=BASE64:aGVsbG8gd29ybGQsIG5vdGhpbmcgaGVyZQ==',
        f"DESCRIPTION:{ENCODED}",
        f"DESCRIPTION;VALUE=BINARY:{PLANTED}",
        "X-ALT-DESC;FMTTYPE=text/html:<p>Zarquon&nbsp;Beeblebrox 541288<!--17-->0145605040</p>",
        "DESCRIPTION:Zarquon Beeblebrox 541288<b hidden>17</b>0145605040",
        f"DESCRIPTION:data: {PLANTED}\\, ill",
        f"SUMMARY:card of {PLANTED} <https://example.org/a>",
    ],
)
@pytest.mark.parametrize("kind", ["VCALENDAR", "VCARD"])
def test_every_value_of_a_calendar_or_card_is_read(line: str, kind: str) -> None:
    said = texts(f"BEGIN:{kind}\r\n{line}\r\nEND:{kind}\r\n").replace("\xa0", " ")
    assert PLANTED in said


def test_names_and_types_of_files_in_a_calendar_are_handed_on() -> None:
    page = base64.b64encode(b"Zarquon Beeblebrox 541288<b hidden>17</b>0145605040").decode()
    for parameter in ("FMTTYPE=text/html", 'X-FILENAME="a;b.html"'):
        assert PLANTED in texts(f"BEGIN:VCALENDAR\nATTACH;{parameter};ENCODING=BASE64:{page}\nEND:VCALENDAR\n")


def test_a_card_with_quoted_printable_keeps_its_photograph() -> None:
    photograph = base64.encodebytes(makers.png(40, 20, (b"tEXt", b"a\0bc"))).decode().strip().replace("\n", "\n ")
    assert photograph.endswith("=")
    card = (
        "BEGIN:VCARD\nVERSION:2.1\nN;ENCODING=QUOTED-PRINTABLE:Zarquon=20Beeble=\nbrox 5412880145605040\n"
        f"PHOTO;ENCODING=BASE64;TYPE=PNG:{photograph}\nTEL:07 5550 1234\nEND:VCARD\n"
    )

    documents = read(card)

    assert documents.unscanned == ()
    assert (
        "Zarquon Beeblebrox 5412880145605040\nPHOTO ENCODING=BASE64 TYPE=PNG:\nTEL: 07 5550" in documents.texts[0].text
    )


def test_more_pages_in_a_calendar_than_are_read_are_reported() -> None:
    calendar = "BEGIN:VCALENDAR\n" + "DESCRIPTION:<b>x</b>\n" * 10_001 + "END:VCALENDAR\n"
    assert read(calendar).unscanned == (Unscanned("attachment 1", "too much text"),)


@pytest.mark.parametrize(
    "content",
    [
        '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>',
        '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY % p SYSTEM "http://example.org/p.dtd"> %p;]><a>x</a>',
        "<doc>" * 600 + "x" + "</doc>" * 600,
    ],
)
def test_hostile_xml_is_reported(content: str) -> None:
    assert read(content).unscanned


@pytest.mark.parametrize(
    "content",
    [
        f"<doc><b>{PLANTED}</doc>",
        f'<?xml version="1.0" encoding="no-such-charset"?><a>{PLANTED}</a>',
        f"<doc>{PLANTED}</doc><doc></doc>",
        f"<doc>{PLANTED} &unknown;</doc>",
    ],
)
def test_broken_xml_is_read_as_it_stands(content: str) -> None:
    documents = read(content)
    assert PLANTED in documents.texts[0].text
    assert documents.unscanned == ()


def test_xml_with_an_external_document_type_is_read() -> None:
    content = '<?xml version="1.0"?><!DOCTYPE svg PUBLIC "x" "http://example.org/x.dtd"><svg><text>Hugh</text></svg>'
    documents = read(content)
    assert documents.unscanned == ()
    assert "Hugh" in documents.texts[0].text


def test_nested_json_is_bounded() -> None:
    content = '{"a":' * 190 + "[" * 100 + "1" + "]" * 100 + "}" * 190
    assert read(content).unscanned == (Unscanned("attachment 1", "JSON is nested too deeply"),)


@pytest.mark.parametrize("root", ["a", "b", "span", "tspan", "i", "em", "p", "title", "text", "record"])
def test_a_file_whose_root_is_text_is_read(root: str) -> None:
    assert "Zarquon" in texts(f"<?xml version='1.0'?><{root}>said by <i>Zarquon</i></{root}>")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('<pay><card id="5412 8801 4560 5040" holder="Zarquon"/></pay>', "id: 5412 8801 4560 5040"),
        ('<staff><note class="Zarquon is ill"/></staff>', "class: Zarquon is ill"),
        ('<staff><note style="Zarquon is ill" d="ill"/></staff>', "style: Zarquon is ill | d: ill"),
        ('<staff><note n="urn:Zarquon is ill"/></staff>', "urn:Zarquon is ill"),
        ('<staff><note n="url(5412880145605040"/></staff>', "5412880145605040"),
        ('<svg xmlns="http://www.w3.org/2000/svg"><g id="Zarquon is ill"/></svg>', "id: Zarquon is ill"),
        ('<svg xmlns="http://www.w3.org/2000/svg"><g class="c5412880145605040"/></svg>', "c5412880145605040"),
    ],
)
def test_attributes_of_any_name_are_read(content: str, said: str) -> None:
    assert said in "\n".join(t.text for t in read(content.encode()).texts)


@pytest.mark.parametrize(
    "content",
    [
        '<svg xmlns="http://www.w3.org/2000/svg"><path id="layer1" class="st0" d="M 10 20 L 100000 200" x="7"/></svg>',
        '<a><note n="urn:oasis:names:tc:opendocument"/><b ref="http://www.w3.org/2001/XMLSchema"/></a>',
    ],
)
def test_what_draws_or_refers_says_nothing(content: str) -> None:
    assert not read(content.encode()).texts
