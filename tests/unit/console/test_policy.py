"""The rules in force as people read them, and their versions."""

import datetime as dt
import re
import time

import pytest

from dlp_gateway.console.difference import difference
from dlp_gateway.console.readable import readable
from dlp_gateway.console.roles import Role
from dlp_gateway.policy.rules import RuleName
from dlp_gateway.store import versions
from dlp_gateway.store.versions import Version, enter
from tests.unit.policy.examples import TODAY, exception, partner
from tests.unit.policy.examples import policy as policy_of

DETECTION = "allow:\n  - {entity: TFN, value: '123 456 782', owner: a@b.example, reason: x, until: 2030-01-01}\n"


def words(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


@pytest.fixture
def shipped(console):
    return (console.gateway.config / "policy.yaml").read_text(), (console.gateway.config / "detection.yaml").read_text()


@pytest.fixture
def three(console, shipped):
    """Three versions: the shipped one, a weaker one, and one with another value on the allow-list."""
    policy, _ = shipped
    weak = policy.replace("    people: 50", "    people: 500")
    for n, texts in enumerate([(policy, DETECTION), (weak, DETECTION), (weak, DETECTION.replace("782", "783"))]):
        enter(Version(0, time.time() - 1000 + n, "gateway", f"{n}" * 64, *texts), "/etc/dlp")
    return sorted(version.id for version in versions.versions())


@pytest.mark.parametrize("role", list(Role))
def test_everybody_reads_the_rules(console, role):
    response = console.client(role).get("/policy/")

    said = words(response)
    assert response.status_code == 200
    assert "No personal information may stand in the Subject of an email" in said
    assert "clause 5.14(c) enforced" in said
    assert "2 different reviewers have to agree to a release." in said
    assert "The gateway has not run yet" in said


def test_what_runs_is_told_from_what_stands_in_the_files(console, three):
    said = words(console.client("dpo").get("/policy/"))

    assert "The limit is 500 people." in said
    assert "The files say something else." in said
    assert "in force" in said
    assert said.count("people: 500") == 0


def test_files_that_are_weaker_than_what_runs(console, shipped):
    policy, detection = shipped
    strict = policy.replace("    people: 50", "    people: 20")
    enter(Version(0, time.time(), "gateway", "f", strict, detection), "/etc/dlp")

    assert "rules.bulk.people: 50 instead of 20" in words(console.client("auditor").get("/policy/"))


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("policy.yaml", "rules: {bulk: {people: many}}\n", "rules.bulk.people"),
        ("detection.yaml", "thresold: 1\n", "detection.yaml:1: thresold: there is no such setting"),
        ("detection.yaml", "detectors: {NOTHING: {}}\n", "no recogniser and no entity is called"),
    ],
)
def test_files_that_cannot_be_used_are_told_and_the_console_goes_on(console, three, file, text, said):
    client = console.client("dpo")
    client.get("/policy/")
    (console.gateway.config / file).write_text(text)

    response = client.get("/policy/")

    assert response.status_code == 200
    assert "The files cannot be used as they are." in words(response)
    assert said in words(response)
    assert [client.get(path).status_code for path in ("/", "/detectors/", "/whatif/")] == [200, 200, 200]


def test_what_ends_soon_or_has_ended_is_flagged(console):
    today = dt.datetime.now(dt.UTC).date()
    path = console.gateway.config / "policy.yaml"
    between = "sender: pay@westendonsixth.com, recipient: {}.example"
    text = path.read_text().replace(
        "exceptions: []",
        "exceptions:\n"
        + "".join(
            f"  - {{id: {name}, owner: o@x.example, reason: why {name}, until: {today + dt.timedelta(days)},"
            f" rules: [bulk], {between.format(name)}}}\n"
            for name, days in (("census", 5), ("old", -3), ("long", 200))
        ),
    )
    path.write_text(text)

    said = words(console.client("dpo").get("/policy/"))

    flagged = said[said.index("Has ended or ends soon") : said.index("Warnings about it")]
    assert "ends in 5 days" in flagged
    assert ("old" in flagged, "ended" in flagged, "long" in flagged) == (True, True, False)
    assert "why long" in said
    assert "from pay@westendonsixth.com to census.example" in said


def test_a_version_says_what_it_changed_and_that_it_is_weaker(console, three):
    page = console.client("auditor").get(f"/policy/{three[1]}/").content.decode()
    said = " ".join(re.sub(r"<[^>]+>", " ", page).split())

    assert "rules.bulk.people: 500 instead of 50" in said
    assert re.search(r'<tr class="removed">.*?people: 50</td>', page)
    assert re.search(r'<tr class="added">.*?people: 500</td>', page)
    assert "removed" in said
    assert versions.find(three[1]).digest in said


def test_the_oldest_version_changed_nothing(console, three):
    assert "It is the oldest that is kept." in words(console.client("dpo").get(f"/policy/{three[0]}/"))


@pytest.mark.parametrize("path", ["/policy/", "/policy/{2}/", "/policy/compare/?old={0}&new={2}"])
def test_values_of_the_allow_list_are_shown_nowhere(console, three, path):
    page = console.client("dpo").get(path.format(*three)).content.decode()

    assert "123 456" not in page
    assert "a@b.example" in page


@pytest.mark.parametrize("role", ["admin", "auditor", "security", "dpo"])
def test_no_value_is_shown_to_anybody_however_it_is_written(console, shipped, role):
    policy, _ = shipped
    written = "allow:\n- {{entity: TFN, value: {}, owner: a@b.example, reason: x, until: 2030-01-01}}\n"
    for n, value in enumerate(["'Quill''feather, Jo'", '"Wombat\n  Jo"']):
        enter(Version(0, time.time() - 1000 + n, "gateway", f"{n}" * 64, policy, written.format(value)), "/etc/dlp")
    browser, (old, new) = console.client(role), sorted(version.id for version in versions.versions())

    for path in ("/policy/", f"/policy/{old}/", f"/policy/{new}/", f"/policy/compare/?old={old}&new={new}", "/whatif/"):
        page = browser.get(path).content.decode()
        assert not [word for word in ("Quill", "feather", "Wombat", "Jo<", " Jo") if word in page], path


def test_a_changed_value_shows_as_a_change(console, three):
    page = console.client("dpo").get(f"/policy/{three[2]}/").content.decode()

    assert "(not shown, 2)" in page
    assert 'class="added"' in page


def test_any_two_versions_are_compared(console, three):
    client = console.client("dpo")

    assert "people: 500" in words(client.get(f"/policy/compare/?old={three[0]}&new={three[2]}"))
    assert "The two texts do not differ." in words(client.get(f"/policy/compare/?old={three[0]}&new={three[0]}"))


@pytest.mark.parametrize(
    "query", ["", "old=1", "old=x&new=y", "old=999999&new=1", f"old={'9' * 40}&new=1", "old=²&new=1"]
)
def test_a_comparison_of_what_is_not_there_asks_again(console, query):
    response = console.client("dpo").get(f"/policy/compare/?{query}")

    assert response.status_code == 200
    assert "Choose two versions" in words(response)


def test_a_version_that_is_not_kept_has_no_page(console):
    assert console.client("dpo").get("/policy/4711/").status_code == 404


def test_a_version_that_this_release_does_not_take_shows_its_text(console):
    enter(Version(0, time.time(), "gateway", "f", "unheard: of\n", ""), "/etc/dlp")
    number = versions.versions(1)[0].id

    assert "unheard: of" in words(console.client("dpo").get(f"/policy/{number}/"))
    assert console.client("dpo").get("/policy/").status_code == 200


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"rules": {"bulk": {"mode": "off"}}}, "The rule is off"),
        ({"rules": {"bulk": {"mode": "monitor"}}}, "delivered all the same; enforced, it would be held"),
        ({"rules": {"bulk": {"action": "return"}}}, "returned to the sender"),
        ({"rules": {"subject": {"not_personal": ["JOB_TITLE"]}}}, "These may stand in a Subject: JOB_TITLE."),
        ({"rules": {"high-risk": {"schemes": []}}}, "by how its name begins: none."),
        ({"rules": {"encryption": {"at_least": "strong"}}}, "At least strong encryption"),
        ({"rules": {"exposure": {"recipients": 9, "domains": 2}}}, "9 outsiders of 2 domains"),
    ],
)
def test_rules_in_words(sections, said):
    assert said in " ".join(
        sentence for rule in readable(policy_of(**sections), TODAY).rules for sentence in rule.sentences
    )


def test_every_rule_is_told():
    assert [rule.name for rule in readable(policy_of(), TODAY).rules] == list(RuleName)


@pytest.mark.parametrize(
    ("unread", "said"),
    [("hold-all", "holds the message"), ("hold-large", "below 150 pixels"), ("pass", "not stop")],
)
def test_pictures_in_words(unread, said):
    assert said in readable(policy_of(pictures={"unread": unread, "read": False}), TODAY).pictures[1]


def test_partners_and_countries_in_words():
    told = readable(
        policy_of(
            partners=[partner("pay.example", "personal", "NZ", bulk=True, safeguards="clauses of May")],
            countries={"safeguards": ["NZ"], "generic_domains": ["io"], "unknown": "unsafe"},
            exceptions=[exception()],
        ),
        TODAY,
    )

    assert (
        told.partners[0].allows
        == "personal data, not high-risk in clear text, lists of people, transfers, by clauses of May"
    )
    assert (told.partners[0].about, told.partners[0].standing) == ("in NZ", "holds")
    assert told.countries[-1] == "A country that is not known counts as unsafe."


def test_a_difference_leaves_out_what_is_far_away():
    old = [f"line {n}" for n in range(30)]
    new = [*old[:10], "other", *old[11:], "last"]

    lines = difference("\n".join(old), "\n".join(new))

    assert [(one.how, one.text, one.old, one.new, one.count) for one in lines if one.how != "same"] == [
        ("left-out", "", None, None, 7),
        ("removed", "line 10", 11, None, 0),
        ("added", "other", None, 11, 0),
        ("left-out", "", None, None, 13),
        ("added", "last", None, 31, 0),
    ]
    assert difference("a\nb", "a\nb") == []
    assert sum(one.count or one.old is not None for one in lines) == 30
