"""An allowance for some zones survives the way out of the worker."""

from dlp_gateway.inspection.encoding import from_plain, to_plain
from dlp_gateway.model import Finding, Inspection, Role, Tier, Zone


def test_zones_of_an_allowance_go_through_plain_values():
    finding = Finding("TFN", Tier.PERSONAL, "body", 1, 2, 0.8, Role.BODY, "au_tfn", ("check: passed",), (Zone.PARTNER,))
    plain = to_plain(Inspection((finding,)))

    assert plain["findings"][0]["allowed"] == ["partner"]
    assert from_plain(plain).findings == (finding,)


def test_a_record_from_before_there_were_zones_is_read():
    plain = to_plain(Inspection((Finding("TFN", Tier.PERSONAL, "body", 1, 2, 0.8),)))
    del plain["findings"][0]["allowed"]

    assert from_plain(plain).findings[0].allowed == ()
