"""Tags, comments and attributes are taken as the HTML standard takes them (section 13.2.5)."""

import pytest

from dlp_gateway.mime.html import read_html
from tests.unit.mime.reading import alarm


@pytest.mark.parametrize(
    "between",
    ["</17>", "</ 17>", "</!17>", "</?17>", "</>", "<!17>", "<?17>", "<!---->", "<!-->", "<!--->", "<!-- 17 --!>"],
)
def test_what_is_a_comment_for_browsers_does_not_split_a_number(between):
    assert read_html(f"<p>459{between}599{between}230</p>").visible == "459599230"


@pytest.mark.parametrize(
    ("source", "visible"),
    [
        ('459<b = c=">x"></b>599', "459599"),
        ("459<b =>599</b>", "459599"),
        ("459<b ==x =y>599</b>", "459599"),
        ("459<b a=\"x>y\" = c='>'>599</b>", "459599"),
        ("a < b </ ", "a < b"),
        ("a </", "a </"),
        ("1 < 2 > 0", "1 < 2 > 0"),
        ("<![CDATA[a]]>b", "b"),
        ("<![CDATA[a>b", "b"),
        ("<textarea>a &amp; b&shy;c</textarea>", "a & b\xadc"),
        ("<textarea>a</textareas>b</textarea>c", "a</textareas>bc"),
    ],
)
def test_marks_end_where_they_end_for_browsers(source, visible):
    assert read_html(source).visible == visible


def test_what_vanishes_is_read_as_hidden():
    assert "note 123" in read_html("seen</ note 123>").hidden


@pytest.mark.parametrize(
    ("source", "visible"),
    [
        ("<p>Hi</p><style\xa0x>TFN 459</style>", "Hi\nTFN 459"),
        ("<p>Hi</p><style\x0bx>TFN 459</style>", "Hi\nTFN 459"),
        ("45<style></style\xa0>7 q</style>9", "459"),
        ("45<\u017ftyle></\u017ftyle>9", "45<\u017ftyle>9"),
        ("45<style></\u017ftyle>7</style>9", "459"),
        ("<i\xa0hidden>45</i>9", "459"),
        ("<i title=a\xa0hidden>45</i>9", "459"),
        ("45<bloc\u212aquote>9", "459"),
    ],
)
def test_blanks_and_letters_are_those_of_html(source, visible):
    assert read_html(source).visible == visible


@pytest.mark.parametrize(
    ("source", "visible"),
    [
        ("<svg width=1><style><p>TFN 459</p></style></svg>", "TFN 459"),
        ("<math><style><p>TFN 459</p></style></math>", "TFN 459"),
        ("<svg><style>.a{fill:red}</style><text>b</text></svg>", "b"),
        ("<svg><style>x</svg>45<i hidden>7</i>9</style>", "459"),
        ("<svg><text>TFN 45<![CDATA[9 5]]>99 2<![CDATA[3>0]]></text></svg>", "TFN 459 599 23>0"),
        ("<svg><text>a<![CDATA[b", "ab"),
        ("<svg/>45<style><p>7</p></style>9", "459"),
        ("<svg a=b/>45<style><p>7</p></style>9", "45\n7\n9"),
        ('<svg a="b/"/>45<style><p>7</p></style>9', "459"),
        ("<svg><foreignObject><style><p>7</p></style>a</foreignObject></svg>", "a"),
        ("<svg><font><style><p>7</p></style></svg>", "7"),
        ("<svg><font color=red><style><p>7</p></style></svg>a", "a"),
        ("<svg><p><style><p>7</p></style></p></svg>a", "a"),
        ("<p>45<svg><script>7</script></svg>9</p>", "459"),
    ],
)
def test_elements_of_svg_and_mathml_are_no_raw_text(source, visible):
    assert read_html(source).visible == visible


def test_many_elements_of_svg_are_read_in_time():
    with alarm(60):
        read_html("<svg><style>" * 50_000 + "<p>" * 50_000)
        read_html("<svg>" * 50_000 + "<![CDATA[" * 50_000)
        read_html("<p>" + "<span>" * 49 + "<div></div>" * 100_000)
        read_html("<li>" + "<b>" * 50_000 + "<li>" * 50_000)


@pytest.mark.parametrize(
    ("source", "visible"),
    [
        ("<html><head><title>Hi</title><body><p>45<i hidden>7</i>9</p>", "459"),
        ("<html><head><title>Hi</title><p>45<i hidden>7</i>9</p>", "459"),
        ("<html><head>45<i hidden>7</i>9", "459"),
        ("<head><noscript><p>45<i hidden>7</i>9</p></noscript>", "459"),
        ("<head><template><p>7</p></template></head>459", "459"),
        ("<p>45<head>9</head></p>", "459"),
        ("<p style='display:none'>Preview<p>459", "459"),
        ("<p style='display:none'>Preview<div>459</div>", "459"),
        ("<p style='display:none'>Preview<table><tr><td>a</table></p>459", "459"),
        ("<ul><li hidden>a<ul><li>b</ul><li>459</ul>", "459"),
        ("<dl><dt hidden>a<dd>459</dl>", "459"),
        ("<table><tr><td hidden>a<td>459</table>", "459"),
        ("<table><tr hidden><td>a<tr><td>459</table>", "459"),
        ("<table><tr hidden><td><table><tr><td>a</table></table>459", "459"),
        ("<div hidden><ul><li>a<li>b</ul></div>459", "459"),
        ("<noscript><p>45<i hidden>7</i>9</p></noscript>", "459"),
        ("<object><p>45<i hidden>7</i>9</p></object>", "459"),
        ("<div style='font-size:0'>7<div style='font-size:14px'>459</div></div>", "459"),
        ("<div style='font-size:0'><div style='font-size:medium'>459</div></div>", "459"),
        ("<div style='font-size:0'><div style='font-size:1em'>7</div></div>459", "459"),
        ("<div style='visibility:hidden'>7<div style='visibility:visible'>459</div></div>", "459"),
        ("<div style='display:none'><div style='visibility:visible;font-size:9px'>7</div></div>459", "459"),
        ("<body text=white>7<font color=black>459</font>", "459"),
    ],
)
def test_what_is_hidden_ends_where_it_ends_for_browsers(source, visible):
    assert read_html(source).visible == visible
