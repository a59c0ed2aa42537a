"""What stands in the midst of words and numbers is read with it and without it."""

import pytest

from dlp_gateway.mime.html import read_html


@pytest.mark.parametrize(
    "decoy",
    [
        "<i class=a>qq</i>",
        "<i style='color:oklch(1 0 0)'>qq</i>",
        "<i style='letter-spacing:-1em'>q q</i>",
        "<x-y>qq</x-y>",
        "<i class=a><b class=c>q</b>q</i>",
        "<i class=a>q</i><i class=a>q</i>",
        "<i class=a>.</i><i class=a>.</i><i class=a>q</i>",
    ],
)
@pytest.mark.parametrize(("before", "after"), [("epi", "lepsy"), ("459", "599"), ("459 ", "599")])
def test_text_is_read_without_what_splits_it(decoy, before, after):
    readings = read_html(f"<p>Ann Lee</p><p>{before}{decoy}{after}</p>")

    assert f"{before.strip()}{after}" in readings.everything.replace(" ", "")


def test_marks_that_nobody_sees_do_not_keep_words_apart():
    assert "epi\xad\u200blepsy" in read_html("epi\xad<i class=a>qq</i>\u200blepsy").everything


def test_another_group_of_digits_is_another_number():
    page = "<style>p .k{display:none}</style><p><i class=k>17</i> 459 599 230</p>"

    assert read_html(page).everything == "459 599 230"


@pytest.mark.parametrize("decoy", ["<i class=a> 17</i>", " <i class=a>17</i>", " <i class=a>17</i> "])
def test_a_number_in_groups_is_read_without_another_number_in_it(decoy):
    assert "459599" in read_html(f"<p>459{decoy}599</p>").everything.replace(" ", "")


@pytest.mark.parametrize(
    "source",
    [
        "<p>H<sub>2</sub>O and the 5<sup>th</sup>y</p>",
        "<p>on <span class=a>Monday</span> and <span class=a>T</span>uesday</p>",
        "<p>word<span class=apple-converted-space>&nbsp;</span>word</p>",
        "<p>12 <span class=a>March</span> 2026</p>",
        "<p><a href='https://a.example'>here</a>, <a href='https://b.example'>there</a>.</p>",
        "<p>a<img src=x width=1>b<o:p></o:p>c</p>",
        "<p>a<span class=a><br>b<br></span>c</p>",
        "<div style='display:inline-block'><p>a</p></div><div style='float:left'><p>b</p></div>",
        "<div style='float:left'>a</div> <div style='float:left'>b</div>",
    ],
)
def test_ordinary_pages_are_read_in_one_way(source):
    assert read_html(source).everything == ""


@pytest.mark.parametrize("style", ["display:inline", "display:inline-block", "display:contents", "float:left"])
@pytest.mark.parametrize("page", ["epi<div style='{}'></div>lepsy", "epi<p style='{}'>lep</p>sy"])
def test_blocks_side_by_side_are_read_as_one_line_too(style, page):
    readings = read_html(f"<div>{page.format(style)}</div>")

    assert "epilepsy" in readings.everything
    assert "epilepsy" not in readings.visible


@pytest.mark.parametrize(
    "hiding",
    [
        "style='display:/**/none'",
        "style='display:n\\6fne'",
        "style='font:0/0 a'",
        "style='font:bold 1px/1 Arial'",
        "style='font-size:calc(0px)'",
        "style='color:#fefefe'",
        "style='color:whitesmoke'",
        "style='color:hsl(0,0%,100%)'",
        "style='color:hsla(120deg 50% 50% / 0)'",
        "style='clip-path:circle(0)'",
        "style='visibility:hidden;visibility:x'",
        "style='opacity:0;opacity:much'",
        "style='font-size:0;font-size:x'",
        "style='display:none;display:inline!x'",
        "style='display:none' style=x",
        "style='display:none' STYLE='display:inline'",
        "style='-webkit-text-fill-color:transparent'",
        "style='transform:scale(0)'",
        "style='transform:scale3d(1,0,1)'",
        "style='zoom:0'",
        "style='filter:opacity(0%)'",
        "style='opacity:2%'",
        "style='width:0;overflow:clip'",
        "style='content-visibility:hidden'",
        "popover",
    ],
)
def test_more_ways_in_which_nothing_is_seen(hiding):
    readings = read_html(f"epi <i {hiding}>qq</i> lepsy")

    assert readings.visible == "epi lepsy"
    assert readings.hidden == "qq"


@pytest.mark.parametrize("element", ["rp", "meter", "progress", "canvas", "dialog"])
def test_elements_whose_text_is_not_shown(element):
    assert "qq" not in read_html(f"<p>a<{element}>qq</{element}>b</p>").visible


@pytest.mark.parametrize(
    "style",
    [
        "font:14px/20px Arial",
        "font:bold 11pt Arial",
        "font:700 1em a",
        "transform:scale(.9)",
        "opacity:60%",
        "color:#999",
    ],
)
def test_ordinary_styles_are_seen(style):
    assert read_html(f"<span style='{style}'>text</span>").visible == "text"


@pytest.mark.parametrize(
    "page",
    [
        "<bdo dir=rtl>eeL nnA</bdo>",
        "<bdo style='direction:rtl'>eeL nnA</bdo>",
        "<span dir=rtl><bdo>eeL nnA</bdo></span>",
        "<span dir=rtl style='unicode-bidi:bidi-override'>eeL nnA</span>",
        "<style>.r{direction:rtl;unicode-bidi:isolate-override}</style><i class=r>eeL nnA</i>",
    ],
)
def test_an_override_of_direction_is_marked(page):
    assert read_html(f"<p>{page} came</p>").visible == "\u202eeeL nnA\u202c came"


def test_an_override_of_direction_is_marked_in_every_line():
    assert read_html("<bdo dir=rtl>eeL<br>nnA</bdo>").visible == "\u202eeeL\u202c\n\u202ennA\u202c"


@pytest.mark.parametrize("page", ["<div dir=rtl>a</div>", "<bdo dir=ltr>a</bdo>", "<bdo>a</bdo>"])
def test_direction_alone_is_no_override(page):
    assert read_html(page).visible == "a"
