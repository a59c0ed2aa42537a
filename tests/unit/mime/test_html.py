"""What an HTML page says: seen, hidden, in attributes (trap E4)."""

import subprocess
import sys

import pytest

from dlp_gateway.mime import html, html_attributes, html_page
from dlp_gateway.mime.html import read_html


@pytest.mark.parametrize(
    ("source", "visible"),
    [
        ("<p>4111 11<b>11</b> 11<!-- x -->11 <wbr>1111</p>", "4111 1111 1111 1111"),
        ("4111<span></span>1111<i/>1111<font>1111</font>", "4111111111111111"),
        ("one<br>two<p>three<div>four</div>five", "one\ntwo\nthree\nfour\nfive"),
        ("a &lt; b &amp; c &#52;&#x31; &nbsp;d", "a < b & c 41 \xa0d"),
        ("a < b and c > d", "a < b and c > d"),
        ("<pre>a  b\n  c</pre>", "a  b\n  c"),
        ("<ul><li>a<li>b</ul>", "a\nb"),
        ("<html><body>first</body></html><html><body>second</body></html>", "first\nsecond"),
        ("<textarea>typed <b>here</textarea>", "typed <b>here"),
        ("<DIV>unclosed <b>bold <i>x", "unclosed bold x"),
        ("text</nothing>more", "textmore"),
        ("x<\u200bb>y", "x<\u200bb>y"),
    ],
)
def test_visible_text_joins_where_a_reader_sees_it_joined(source, visible):
    assert read_html(source).visible == visible


HIDING = [
    'style="display:none"',
    'style="display: NONE !important"',
    'style="visibility:hidden"',
    'style="opacity:0"',
    'style="font-size:0"',
    'style="font-size:1px"',
    'style="font-size:0.1em"',
    'style="color:#fff"',
    'style="color:white;background-color:#ffffff"',
    'style="background:#222;color:rgb(34, 34, 34)"',
    'style="color:transparent"',
    'style="color:rgba(0,0,0,0)"',
    'style="position:absolute;left:-9999px"',
    'style="text-indent:-9999px"',
    'style="margin-left:-2000px"',
    'style="height:0;overflow:hidden"',
    'style="max-height:0px;overflow:hidden"',
    'style="clip:rect(0,0,0,0)"',
    'style="clip-path:inset(100%)"',
    'style="mso-hide:all"',
    "hidden",
    'class="h"',
    'id="gone"',
]


@pytest.mark.parametrize("hiding", HIDING)
def test_e04_a_hidden_decoy_neither_splits_a_number_nor_escapes(hiding):
    page = f"<style>.h{{display:none}} span#gone{{font-size:0}}</style>41<span {hiding}>99</span>11 2222"

    readings = read_html(page)

    assert readings.visible == "4111 2222"
    assert "99" in readings.hidden
    assert readings.everything == "419911 2222"


@pytest.mark.parametrize(
    "shown",
    [
        'style="color:#333"',
        'style="font-size:9px"',
        'style="opacity:.8"',
        'style="overflow:hidden;height:20px"',
        'style="background:#000;color:#fff"',
        'style="margin-left:-10px"',
        'bgcolor="#000000" style="color:white"',
    ],
)
def test_ordinary_styles_hide_nothing(shown):
    assert read_html(f"a<div {shown}>b</div>c").visible == "a\nb\nc"


def test_hidden_is_inherited_and_ends_with_its_element():
    readings = read_html("<div style='display:none'><p>a<b>b</b></p></div><p>c</p>")

    assert readings.visible == "c"
    assert readings.hidden == "ab"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("<!-- TFN 123 -->", "TFN 123"),
        ("<!-- TFN 123", "TFN 123"),
        ("<!--[if mso]><p>TFN 123</p><![endif]-->", "TFN 123"),
        ("<![CDATA[TFN 123]]>", "TFN 123"),
        ("<script>var a = 'TFN 123'</script>", "TFN 123"),
        ("<script>TFN 123", "TFN 123"),
        ("<style>p::before{content:'TFN 123'}</style>", "TFN 123"),
        ("<template>TFN 123</template>", "TFN 123"),
        ("<object data=x>TFN 123</object>", "TFN 123"),
        ("<title>TFN 123</title>", "TFN 123"),
        ("<?xml TFN 123?>", "TFN 123"),
    ],
)
def test_e04_text_that_is_not_on_the_page_is_read_too(source, found):
    readings = read_html(f"<p>seen</p>{source}")

    assert found in readings.hidden
    assert found not in readings.visible


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('<img alt="TFN 123">', "TFN 123"),
        ("<img alt=TFN123>", "TFN123"),
        ("<a title='TFN 123' href=x>", "TFN 123"),
        ('<input value="TFN &#49;23">', "TFN 123"),
        ('<a href="mailto:a@b.example?subject=TFN%20123">', "TFN 123"),
        ('<div data-note="TFN 123" aria-label="x">', "TFN 123"),
        ('<meta name="description" content="TFN 123">', "TFN 123"),
        ('<a title="TFN 123', "TFN 123"),
        ('<a title="a" title="TFN 123">', "TFN 123"),
    ],
)
def test_e04_attributes_are_read(source, found):
    assert found in read_html(source).attributes


@pytest.mark.parametrize(
    ("uri", "part"),
    [
        ("data:text/plain;base64,SGVsbG8=", ("text/plain", b"Hello")),
        ("data:;base64,SGVsbG8", ("text/plain", b"Hello")),
        ("data:text/csv,a%2Cb", ("text/csv", b"a,b")),
        ("DATA:image/svg+xml;charset=utf-8;BASE64,PHN2Zy8+", ("image/svg+xml", b"<svg/>")),
    ],
)
def test_m20_data_uris_are_parts(uri, part):
    assert read_html(f'<img src="{uri}">').data_uris == (part,)


@pytest.mark.parametrize(
    ("rows", "visible"),
    [
        (
            "<tr><th>Name</th><th>TFN</th></tr><tr><td>Ann Lee</td><td>123 456 782</td></tr>",
            "Name | TFN\nName: Ann Lee | TFN: 123 456 782",
        ),
        (
            "<tr><td>Name</td><td>TFN</td></tr><tr><td>Ann Lee</td><td>123 456 782</td></tr>",
            "Name | TFN\nName: Ann Lee | TFN: 123 456 782",
        ),
        ("<tr><td>4</td><td>1</td><td>1</td></tr>", "4 | 1 | 1"),
        ("<tr><td>TFN</td><td>123 456 782</td></tr>", "TFN | 123 456 782"),
        ("<tr><td>left column</td></tr><tr><td>below</td></tr>", "left column\nbelow"),
        ("<tr><td><table><tr><td>A</td><td>B</td></tr></table></td></tr>", "A | B"),
        ("<tr><td>a</td><td>b", "a | b"),
    ],
)
def test_tables_keep_headers_by_their_cells(rows, visible):
    assert read_html(f"<table>{rows}</table>").visible == visible


def test_the_budget_truncates_and_says_so():
    readings = read_html("<p>word</p>" * 1000, budget_chars=100)

    assert readings.truncated
    assert len(readings.visible) < 200


@pytest.mark.parametrize(
    ("module", "limit", "source"),
    [
        (html_page, "_MOST_MARKS", "<p>word" * 5),
        (html_page, "_MOST_MARKS", "<p a b>word</p><p>"),
        (html, "_MOST_MARKS_AGAIN", "epi<i class=a>qq</i>lepsy<p>a<p>b"),
        (html, "_MOST_MARKS_AGAIN", "<p>TFN <p>459 <!--[if mso]>599<![endif]--><p>a<p>b<p>c"),
        (html_attributes, "_MOST_DATA_URIS", "".join(f"<img src='data:,{n}'>" for n in range(5))),
    ],
)
def test_more_than_is_looked_at_is_told(monkeypatch, module, limit, source):
    assert not read_html(source).truncated

    monkeypatch.setattr(module, limit, 4)

    assert read_html(source).truncated


@pytest.mark.parametrize(
    "style",
    [
        "color:rgba(0,0,0,1.2.3)",
        "color:rgb(" + "9" * 5000 + ",0,0)",
        "opacity:1.2.3",
        "font-size:" + "9" * 5000 + "px",
        "color:;background:",
        "color:#",
        ":;:;",
        ";" * 1000,
    ],
)
def test_odd_styles_hide_nothing(style):
    assert read_html(f'<p style="{style}">text</p>').visible == "text"


def test_tables_within_tables_keep_their_text_in_order():
    depth = 100
    page = "".join(f"<table><tr><td>{n}" for n in range(depth)) + "</table>after" * depth + "<table><td>a<td>b"

    lines = read_html(page).visible.split("\n")

    assert [int(line) for line in lines if line.isdigit()] == list(range(depth))
    assert sum(line.count("after") for line in lines) == depth
    assert lines[-1] == "a | b"


def test_many_rules_for_many_elements_still_read():
    rules = "".join(f".a.b{n}{{color:red}}" for n in range(1000))
    page = f"<style>{rules}</style>" + "".join(f"<i class='a c{n}'>x</i>" for n in range(1000))

    assert read_html(page).visible == "x" * 1000


HOSTILE = [
    "'<!--' * n",
    "'<![' * n",
    "'<div>' * n",
    "'</x>' * n",
    "'<a b=\"' * n",
    "'<style>' * n",
    "'<style>a{' * n",
    "'<script>' * n",
    "'<' * n",
    "'<table><tr><td>' * n",
    "'&#' * n",
    "'<a ' + 'x ' * n",
    "'<style>' + '.a{x:y}' * n",
    "'<style ' * n",
    "'<style>' + '.a' * n + '{x:y}' + '}' * n",
    "'<a ' + 'x=y ' * n",
    "'<a x=\"' + '<a y=\"z\" ' * n",
    "'<table><td>x' * n",
    "'<p style=' + ';' * n + '>x'",
    "'<style>' + ''.join(f'.a.b{k}{{x:y}}' for k in range(2000)) + '</style>' + "
    "''.join(f'<p class=\"a c{k}\">' for k in range(n))",
]


@pytest.mark.parametrize("source", HOSTILE)
def test_e04_hostile_pages_do_not_hang(source):
    program = f"from dlp_gateway.mime.html import read_html; n = 100_000; read_html({source})"

    # Quadratic readers take minutes for these; the bound only has to tell that from seconds.
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("TFN <img src='cid:none' alt='459 599 230'>", "TFN 459 599 230"),
        ("459 <img alt=599> 230", "459 599 230"),
        ("459<img alt=599>230", "459599230"),
        ("<img alt='459 599 230'> is the TFN", "459 599 230 is the TFN"),
        ("<table><tr><td>TFN</td><td><img alt='459 599 230'></td></tr></table>", "TFN | 459 599 230"),
        ("<table><tr><td><img alt='459 599 230'></td><td>is the TFN</td></tr></table>", "459 599 230 is the TFN"),
        ("has <input value='epilepsy.'>", "has epilepsy."),
        ("has <input placeholder='epilepsy.'>", "has epilepsy."),
        ("has <select><option label='epilepsy'></select>", "has \nepilepsy"),
        ("TFN<ol start='459599230'><li>from March</ol>", "TFN\n459599230."),
        ("TFN<ol><li value='459599230'>from March</ol>", "TFN\n459599230. from March"),
        ("<p>TFN</p><p><img alt='459 599 230'></p>", "TFN\n459 599 230"),
        ("has <noembed>epilepsy</noembed>", "has epilepsy"),
        ("has <noframes>epilepsy</noframes>", "has epilepsy"),
    ],
)
def test_what_is_shown_in_the_midst_of_text_is_read_there(source, said):
    assert said in read_html(f"<p>Ann Lee</p><div>{source}</div>").everything


@pytest.mark.parametrize(
    ("source", "visible"),
    [
        ("TFN <xmp>459 <b>599</xmp>", "TFN \n459 <b>599"),
        ("has <plaintext>epilepsy</plaintext>", "has \nepilepsy</plaintext>"),
    ],
)
def test_text_that_is_no_markup_is_seen(source, visible):
    assert read_html(source).visible == visible


@pytest.mark.parametrize(
    "source",
    [
        "<table><tr><td><img src='cid:logo' alt='Logo'></td><td>Ann Lee<br>Tel: 02 5550 1234</td></tr></table>",
        "<p>text</p><p><img alt='Picture 1'></p><p>text</p>",
        "<p>text</p><!-- a comment --><ol start=3><li value=4>text</ol>",
        "<img src='https://t.example/o.gif' width=1 height=1 alt=''>",
    ],
)
def test_pictures_beside_text_give_no_other_reading(source):
    assert read_html(source).everything == ""


def test_another_reading_is_given_with_the_lines_around_it_only():
    lines = "".join(f"<p>line {n}</p>" for n in range(100))
    page = f"{lines}<p>TFN <img alt='459 599 230'></p>{lines}"

    assert read_html(page).everything.split("\n") == [
        *(f"line {n}" for n in range(96, 100)),
        "TFN 459 599 230",
        *(f"line {n}" for n in range(4)),
    ]
