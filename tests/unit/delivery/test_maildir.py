import stat

import pytest

from dlp_gateway.delivery import maildir

CONTENT = b"Subject: x\r\n\r\n.odd \0\xff\r\n"


def test_a_message_is_stored_with_its_envelope_in_front(tmp_path):
    maildir.store(tmp_path / "out" / "box", "100.m1-1.gateway", CONTENT, "ann@x", ["bob@y", "jürgen@z"])

    [path] = (tmp_path / "out" / "box" / "new").iterdir()
    assert path.name == "100.m1-1.gateway"
    assert (
        path.read_bytes()
        == "Return-Path: <ann@x>\r\nDelivered-To: bob@y\r\nDelivered-To: jürgen@z\r\n".encode() + CONTENT
    )
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list((tmp_path / "out" / "box" / "tmp").iterdir()) == []


def test_d02_a_second_attempt_replaces_the_first(tmp_path):
    maildir.store(tmp_path, "n", CONTENT, "", ["bob@y"])
    maildir.store(tmp_path, "n", CONTENT, "", ["bob@y"])

    assert len(list((tmp_path / "new").iterdir())) == 1


def test_a_name_cannot_leave_the_folder(tmp_path):
    maildir.store(tmp_path / "box", "../../evil/\0name", CONTENT, "", ["bob@y"])

    assert [path.name for path in (tmp_path / "box" / "new").iterdir()] == [".._.._evil__name"]


def test_d02_a_write_that_fails_leaves_nothing_to_be_read(tmp_path):
    (tmp_path / "new").mkdir(parents=True)
    (tmp_path / "new" / "n").mkdir()
    (tmp_path / "new" / "n" / "in the way").touch()

    with pytest.raises(IsADirectoryError):
        maildir.store(tmp_path, "n", CONTENT, "", ["bob@y"])
    assert list((tmp_path / "tmp").iterdir()) == []
