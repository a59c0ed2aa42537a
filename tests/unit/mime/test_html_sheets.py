"""What style sheets say of elements: cascade, media, selectors, generated text."""

import os
import subprocess
import sys

import pytest

from dlp_gateway.mime.html import read_html
from dlp_gateway.mime.html_sheets import StyleSheet, contents


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
    assert contents('a{content:\'x;y\'} b{content:"p" "q"} c{content:none}') == ["x;y", "pq"]


def test_rules_past_the_bound_are_left_out():
    sheet = StyleSheet([".a{color:red}" * 3000 + ".k{display:none}"])

    assert not sheet.of("i", {"class": "k"}).hides
