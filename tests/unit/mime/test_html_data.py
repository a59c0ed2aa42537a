"""Files in ``data:`` URIs, wherever a mail program looks for them."""

import pytest

from dlp_gateway.mime.html import read_html

_SVG = ("image/svg+xml", b"<svg/>")
_URI = "data:image/svg+xml;base64,PHN2Zy8+"


@pytest.mark.parametrize(
    "source",
    [
        f"<img src='{_URI}'>",
        f"<img src=' {_URI} '>",
        f"<img src='\x01{_URI}'>",
        f"<img src='da\nta:{_URI[5:]}'>",
        f"<img src='d&#9;ata:{_URI[5:]}'>",
        f"<img src='{_URI.replace('data', 'D&#65;TA')}'>",
        f"<img srcset='{_URI}'>",
        f"<img srcset='{_URI} 1x, b.png 2x'>",
        f"<img srcset='b.png 1x, {_URI} 2x'>",
        f"<div style='background:url({_URI})'>",
        f"<div style=\"background:url( '{_URI}' )\">",
        f"<div style='background:url(\\64 ata:{_URI[5:]})'>",
        f"<style>.p{{background:url({_URI})}}</style>",
        f'<style>.p:after{{content:url("{_URI}")}}</style>',
        f"<svg><image xlink:href='{_URI}'/></svg>",
        f"<object data='{_URI}'></object>",
        f"<meta http-equiv=refresh content='0;url={_URI}'>",
        f"<iframe srcdoc='<img src={_URI}>'></iframe>",
        f"<img src='{_URI}' src='{_URI}'>",
        f"<img src='cid:a' src='{_URI}'>",
    ],
)
def test_m20_a_file_is_found_wherever_it_is_shown_from(source):
    assert {uri for uri in read_html(source).data_uris if uri[0] != "text/html"} == {_SVG}


def test_a_page_within_a_page_is_a_page():
    source = '<iframe srcdoc="<p>45<b>9</b> 5</p>"></iframe><iframe srcdoc="&lt;p&gt;x"></iframe>'

    assert read_html(source).data_uris == (("text/html", b"<p>45<b>9</b> 5</p>"), ("text/html", b"<p>x"))


@pytest.mark.parametrize(
    ("source", "uris"),
    [
        (f"<img srcset='{_URI} 1x, data:text/plain,b 2x'>", {_SVG, ("text/plain", b"b")}),
        (
            "<div style=\"background:url(&quot;data:image/svg+xml,<svg a='b c'>d</svg>&quot;)\">",
            {("image/svg+xml", b"<svg a='b c'>d</svg>")},
        ),
        ("<img src='data:image/svg+xml; base64 ,PHN2Zy8+'>", {_SVG}),
        ("<img src='data:text/plain,see data:that'>", {("text/plain", b"see data:that")}),
    ],
)
def test_addresses_end_where_they_end(source, uris):
    assert set(read_html(source).data_uris) == uris


@pytest.mark.parametrize(
    "source",
    [
        "<img alt='Personal data: name, address'>",
        "<p title='our data:a,b'>",
        "<div style='color:red; background:url(https://a.example/data:x)'>",
        "<a href='https://a.example/?metadata:text/plain,a'>",
        "<p>data:text/plain,a</p>",
        "<div data-note='data: yes, no'>",
    ],
)
def test_words_are_no_files(source):
    assert read_html(source).data_uris == ()
