from pathlib import Path

from dlp_gateway.settings.load import section_of, settings_by_location
from dlp_gateway.settings.reference import reference

PAGE = Path(__file__).parents[3] / "docs" / "settings.md"


def test_the_page_is_the_one_that_the_settings_write():
    assert PAGE.read_text("utf-8") == reference(), "run: dlp-gateway config reference > docs/settings.md"


def test_every_setting_stands_on_the_page_with_its_reason():
    page = reference()
    rows = {line.split("`")[1] for line in page.split("\n") if line.startswith("| `")}
    repeated = ("delivery.external", "delivery.partner", "delivery.domains.NAME")
    for location, field in settings_by_location():
        name = ".".join(map(str, location))
        assert field.description, name
        assert field.description.endswith((".", ",")), name
        for other in repeated:
            name = name.replace(f"{other}.", "delivery.internal.")
        assert name in rows


def test_sections_are_found_behind_every_kind_of_field():
    names = {".".join(map(str, location)) for location, _ in settings_by_location()}

    assert {"smtp.limits.recipients", "delivery.partner.tls.mode", "delivery.domains.NAME.host"} <= names
    assert section_of(int) is None
