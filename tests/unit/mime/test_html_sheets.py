"""What style sheets say of elements: cascade, media, selectors, generated text."""

import os
import subprocess
import sys

import pytest

from dlp_gateway.mime.html import read_html
from dlp_gateway.mime.html_sheets import StyleSheet, stray, strings
from tests.unit.mime.reading import alarm


@pytest.mark.parametrize(
    ("rules", "element", "hides"),
    [
        (".k{display:none} .v{display:inline}", "class='v k'", False),
        (".v{display:inline} .k{display:none}", "class='v k'", True),
        ("#a{display:none} .k{display:inline}", "id=a class=k", True),
        (".k.l{display:none} .k{display:inline}", "class='k l'", True),
        ("i.k{display:none} .k{display:inline}", "class=k", True),
        ("*{display:none} i{display:inline}", "", False),
        (".k{display:none!important} #a{display:inline}", "id=a class=k", True),
        (".k{display:none}", "class=k style='display:inline'", False),
        (".k{display:none !important}", "class=k style='display:inline'", True),
        (".k{display:inline!important}", "class=k style='display:none!important'", True),
        (".k{display:none;display:nonsense}", "class=k", True),
        ("html body .k{display:none}", "class=k", True),
        ("@import url(x); .k{display:none}", "class=k", True),
        ("<!-- .k{display:none} -->", "class=k", True),
        ("@media screen{.j{color:red} .k{display:none}}", "class=k", True),
        ("@media print{.j{color:red} .k{display:none}}", "class=k", False),
        ("@media not all{.k{display:none}}", "class=k", False),
        ("@font-face{k:v} .k{display:none}", "class=k", True),
        (".k:hover{display:none}", "class=k", False),
        (".k{display:none", "class=k", True),
        ("\\2e k{}.\\6b{display:none}", "class=k", True),
    ],
)
def test_rules_apply_in_the_order_of_the_cascade(rules, element, hides):
    page = f"<style>{rules}</style>45<i {element}>17</i> 9"

    assert read_html(page).visible == ("45 9" if hides else "4517 9")


@pytest.mark.parametrize(
    "style",
    [
        "<style media=print>.k{display:none}</style>",
        "<!-- <style>.k{display:none}</style> -->",
        "<!--[if mso]><style>.k{display:none}</style><![endif]-->",
        "<textarea hidden><style>.k{display:none}</style></textarea>",
        "<a title='<style>.k{display:none}</style>'></a>",
    ],
)
def test_styles_that_do_not_apply_hide_nothing(style):
    assert read_html(f"{style}ep<i class=k>il</i><i hidden>qq</i>epsy").visible == "epilepsy"


@pytest.mark.parametrize("seed", ["1", "2", "3", "4"])
def test_the_same_page_reads_the_same_in_every_process(seed):
    page = "<style>.k{display:none} .v{display:inline}</style>459<i class='k v'>17</i>"
    program = f"from dlp_gateway.mime.html import read_html; print(read_html({page!r}).visible)"

    run = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONHASHSEED": seed},
        check=True,
        capture_output=True,
        text=True,
    )

    assert run.stdout.strip() == "45917"


@pytest.mark.parametrize(
    ("rules", "element"),
    [
        ("p .k{display:none}", "class=k"),
        ("p > i{display:none}", ""),
        ("i[class]{display:none}", "class=k"),
        ("i[class='k']{display:none}", "class=k"),
        ("[data-x='a b']{visibility:hidden}", "data-x='a b'"),
        ("i:not(.j){font-size:0}", ""),
        (".k:checked{display:none}", "class=k"),
        (".j + .k:first-child{opacity:0}", "class=k"),
    ],
)
@pytest.mark.parametrize("space", ["", " "])
def test_what_a_rule_that_is_not_understood_may_hide_is_read_in_both_ways(rules, element, space):
    page = f"<style>{rules}</style><p>459{space}<i {element}>17</i>{space}599 230</p>"

    readings = read_html(page)

    assert readings.visible == f"459{space}17{space}599 230"
    assert "459 599 230" in readings.everything.replace("  ", " ") or "459599 230" in readings.everything


def test_rules_for_other_elements_give_no_doubt():
    rules = "*[class=hide]{display:none!important} u + .body .gone{display:none} a[href^=x]{color:red}"
    page = f"<style>{rules}</style><p>see <span class=k>Monday</span> or <a href=x>here</a></p>"

    assert read_html(page).everything == ""


def test_text_that_no_rule_hides_after_all_is_read_between_what_is_hidden():
    page = "<style>@media (min-width:9999px){.k{display:none}}</style>ep<i class=k>il</i><i hidden>qq</i>epsy"

    assert "epilepsy" in read_html(page).everything.split("\n")


@pytest.mark.parametrize(
    "condition",
    [
        "<style>@media (max-width:9px){.k{display:none}}</style>",
        "<style>@media screen{@media (max-width:9px){.k{display:none}}}</style>",
        "<style>@supports (x:y){.k{display:none}}</style>",
        "<style>@container (width > 9000px){.k{display:none}}</style>",
        "<style>.k{mso-hide:all}</style>",
        "<style type='text/x-none'>.k{display:none}</style>",
        "<style media='(max-width:9px)'>.k{display:none}</style>",
    ],
)
def test_text_that_a_condition_hides_is_read_between_what_other_rules_hide(condition):
    page = f"{condition}<style>.d{{display:none}}</style>ep<i class=k>il</i><i class=d>qq</i>epsy"

    assert "epilepsy" in read_html(page).everything.split("\n")


def test_text_that_an_element_hides_in_outlook_is_read_between_what_rules_hide():
    page = "<style>.d{display:none}</style>ep<i style='mso-hide:all'>il</i><i class=d>qq</i>epsy"

    assert "epilepsy" in read_html(page).everything.split("\n")


@pytest.mark.parametrize("head", ["", "<style media=screen type='text/css'>@media screen{.x{display:none}}</style>"])
def test_what_no_condition_hides_is_read_in_one_way(head):
    page = f"{head}<style>.d{{display:none}}</style>ep<i class=d>qq</i>il<i class=d>qq</i>epsy"

    assert "epilepsy" in read_html(page).visible
    assert len(read_html(page).everything.split("\n")) == 1


def test_text_that_only_outlook_hides_is_read_between_what_is_hidden():
    page = "ep<i style='mso-hide:all'>il</i><i hidden>qq</i>epsy"

    assert "epilepsy" in read_html(page).everything.split("\n")


@pytest.mark.parametrize(
    ("rules", "element", "said"),
    [
        (".x:after{content:'459 599 230'}", "<i class=x></i>", "TFN 459 599 230"),
        (".x::before{content:\"459 599\" ' 230'}", "<i class=x></i>", "TFN 459 599 230"),
        ("i:after{content:attr(data-n)}", "<i data-n='459 599 230'></i>", "TFN 459 599 230"),
        ("p i::after{content:'230'}", "<i>459 599 </i>", "TFN 459 599 230"),
        (".x:after{content:'\\34 59 599 230'}", "<i class=x></i>", "TFN 459 599 230"),
    ],
)
def test_generated_text_is_read_in_its_place(rules, element, said):
    assert said in read_html(f"<style>{rules}</style><p>TFN {element}</p>").everything


def test_marks_without_words_are_not_generated_text():
    page = "<style>.clear:after{content:'';display:table} .dot:before{content:'.'}</style><p class='clear dot'>a</p>"

    assert read_html(page).everything == ""


def test_strings_of_content_are_found():
    assert strings('a{content:\'x;y\'} b{content:"p" "q"} c{content:none}') == ["x;y", "pq"]


@pytest.mark.parametrize(
    ("rules", "found"),
    [
        (":root{--a:'TFN 459'} p::before{content:var(--a)}", ["TFN 459"]),
        ("li{list-style:'TFN 459' inside}", ["TFN 459"]),
        ("q{quotes:'TFN 459' ''}", ["TFN 459"]),
        ("@counter-style z{system:cyclic;symbols:'TFN 459';suffix:' '}", ["TFN 459", " "]),
        ("p{counter-reset:n 459599230} p::before{content:counter(n)}", ["459599230"]),
        ("p{font-family:'Open Sans','Segoe UI',Arial;font:12px 'Open Sans'}", []),
        ("@font-face{font-family:'A B';src:local('A B'),url('a.woff') format('woff')}", []),
        ("p{background:url('a b.png')} a[href='x y']{color:red} @import 'x y';", []),
        ("ol{counter-reset:item 1} p{filter:progid:DXImageTransform.Microsoft.gradient(a='#fff')}", []),
    ],
)
def test_strings_of_all_declarations_are_read(rules, found):
    assert strings(rules) == found
    assert all(said in read_html(f"<style>{rules}</style><p>a").hidden for said in found)


@pytest.mark.parametrize("style", ["list-style:'TFN 459' inside", 'quotes:"TFN 459" ""', "--a:'TFN 459'"])
def test_strings_of_the_style_of_an_element_are_read(style):
    quote = "'" if '"' in style else '"'

    assert "TFN 459" in read_html(f"<li style={quote}{style}{quote}>a").attributes


def test_strings_of_hostile_sheets_are_found_in_time():
    with alarm(60):
        for filler in ("a:", "a:'", "a:\\", "a", '"', "a:b'c'", "a:url('", "-"):
            strings((filler * 500_000)[:500_000])
            stray((filler * 500_000)[:500_000])


@pytest.mark.parametrize(
    ("rules", "truncated"),
    [
        (".a{color:red}" * 9_999 + ".k{display:none}", False),
        (".a{color:red}" * 10_000 + ".k{display:none}", True),
        (".a," * 10_000 + ".k{display:none}", True),
        (f"i::after{{content:'{'ab ' * 1_300}'}}", False),
        (f"i::after{{content:'{'ab ' * 7_000}'}}", True),
    ],
)
def test_rules_past_the_bound_are_told(rules, truncated):
    assert StyleSheet([rules]).truncated is truncated
    assert read_html(f"<style>{rules}</style><p>a<i class=k>b</i>").truncated is truncated


def test_the_same_text_for_many_elements_is_bounded_and_told():
    readings = read_html(f"<style>i::after{{content:'{'ab ' * 1_300}'}}</style>" + "<i></i>" * 4_000)

    assert readings.truncated
    assert len(readings.everything) < 1_000_000


def test_text_for_many_selectors_is_read_once():
    selectors = ",".join(f".a{n}::after" for n in range(5_000))

    with alarm(20):
        read_html(f"<style>{selectors}{{content:'{'ab;' * 100_000}'}}</style><p>a")


@pytest.mark.parametrize(
    "page",
    [
        "<style style='display:block'>TFN 459 599 230</style>",
        "<style>style{{display:block}}</style><style>TFN 459 599 230</style>",
        "<style>p + *{{display:block}}</style><p>a</p><style>TFN 459 599 230</style>",
        "<style>.s{{all:unset}}</style><style class=s>TFN 459 599 230</style>",
    ],
)
def test_a_style_sheet_that_is_shown_is_text(page):
    assert "TFN 459 599 230" in read_html(page.replace("{{", "{").replace("}}", "}")).visible


@pytest.mark.parametrize(
    ("sheet", "found"),
    [
        ("p{color:#000}\nAnn Lee was diagnosed with cancer.", ["Ann Lee was diagnosed with cancer."]),
        ("/* for Ann Lee, who was ill */ p{color:red}", ["/* for Ann Lee, who was ill */ p"]),
        ("p{color:red} 459 599 230 {}", ["459 599 230"]),
        ("p{font-family:Arial, Helvetica, Segoe UI;color:red}", []),
        ("table, td, th{color:red} body table td p span{color:red}", []),
        ("@font-face{font-family:Calibri;panose-1:2 15 5 2 2 2 4 3 2 4;}", []),
        ("@media only screen and (max-width:600px){.a .b{width:100%!important}}", []),
        (".ExternalClass p, .ExternalClass span{line-height:100%} #outlook a{padding:0}", []),
        ("p.MsoNormal, li.MsoNormal, div.MsoNormal\n\t{margin:0cm;\n\tfont-size:11.0pt;}", []),
        ("h1 a:hover, h2 a:visited{color:red!important}a[x-apple-data-detectors]{color:inherit}", []),
    ],
)
def test_words_in_a_style_sheet_that_are_no_rules_are_read(sheet, found):
    assert stray(sheet) == found
    assert all(said in read_html(f"<style>{sheet}</style>").hidden for said in found)
