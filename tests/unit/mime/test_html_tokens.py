"""Tags, comments and attributes are taken as the HTML standard takes them (section 13.2.5)."""

import pytest

from dlp_gateway.mime.html import read_html


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
