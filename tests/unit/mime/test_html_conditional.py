"""What Outlook shows and others do not, and the other way round."""

import pytest

from dlp_gateway.mime.html import read_html


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("TFN <!--[if mso]>459 599 230<![endif]-->", "TFN 459 599 230"),
        ("TFN 459 <!--[if gte mso 9]><b>599</b><![endif]--> 230", "TFN 459 599 230"),
        ("has <!--[if mso | IE]>epi<b></b>lepsy<![endif]-->.", "has epilepsy."),
        ("epi<!--[if !mso]><!-->qq<!--<![endif]-->lepsy", "epilepsy"),
        ("epi<!--[if !mso]><!-- -->qq<!--<![endif]-->lepsy", "epilepsy"),
        ("epi<![if !mso]>qq<![endif]>lepsy", "epilepsy"),
        ("ha<![IF !MSO]>qq<![ENDIF]>s epilepsy", "has epilepsy"),
        ("<!--[if mso]>epi<i hidden>qq</i>lepsy<![endif]-->", "epilepsy"),
        ("<!--[if mso]><v:textpath string='TFN 459'><![endif]-->599", "TFN 459599"),
        (
            "<table><tr><td>TFN</td><!--[if mso]><td>459 599 230</td><![endif]--></tr></table>",
            "TFN | 459 599 230",
        ),
    ],
)
def test_a_page_is_also_read_as_outlook_shows_it(source, said):
    readings = read_html(f"<p>Dear Omar</p><div>{source}</div>")

    assert said not in readings.visible
    assert said in readings.everything


@pytest.mark.parametrize(
    "source",
    [
        "<!--[if mso]><table><tr><td width=300><![endif]--><div>a</div><!--[if mso]></td></tr></table><![endif]-->",
        "<!--[if gte mso 9]><xml><o:PixelsPerInch>96</o:PixelsPerInch></xml><![endif]--><p>a</p>",
        "<!--[if mso]><style>td{font-family:Arial}</style><![endif]--><p>a</p>",
        "<!--[if mso]><v:roundrect href='https://a.example'><center>Read more</center></v:roundrect><![endif]-->"
        "<!--[if !mso]><!--><a href='https://a.example'>Read more</a><!--<![endif]-->",
        "<p><![if !supportLists]><span>1.<span>&nbsp;&nbsp;</span></span><![endif]>First</p>",
        "<p><!--[if !supportLists]-->1. <!--[endif]-->First</p>",
    ],
)
def test_conditions_of_ordinary_mail_give_no_other_reading(source):
    assert read_html(source).everything == ""


def test_attributes_and_files_that_only_outlook_reads_are_read():
    readings = read_html("<!--[if mso]><img src='data:text/plain,hello' alt='a chart'><![endif]-->")

    assert "a chart" in readings.attributes
    assert readings.data_uris == (("text/plain", b"hello"),)
