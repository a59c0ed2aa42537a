from dlp_gateway.store.recent import Recent


def test_content_is_handed_out_once():
    recent = Recent(1000)
    recent.put("a", b"content")

    assert recent.get("a") == b"content"
    assert recent.get("a") is None
    assert recent.get("b") is None


def test_the_oldest_goes_when_it_is_too_much():
    recent = Recent(80)
    for name in "abcdefghijk":
        recent.put(name, b"x" * 10)

    assert [name for name in "abcdefghijk" if recent.get(name)] == list("defghijk")


def test_what_is_large_is_not_kept():
    recent = Recent(80)
    recent.put("a", b"x" * 11)

    assert recent.get("a") is None


def test_room_is_given_back():
    recent = Recent(80)
    for _ in range(100):
        recent.put("a", b"x" * 10)
        recent.get("a")
    for name in "bcdefghi":
        recent.put(name, b"x" * 10)

    assert all(recent.get(name) for name in "bcdefghi")


def test_nothing_is_kept_for_long():
    recent = Recent(1000, seconds=0)
    recent.put("a", b"content")
    recent.put("b", b"content")

    assert recent.get("a") is None
