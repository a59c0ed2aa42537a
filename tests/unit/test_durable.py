"""Files that are replaced in one step keep who may read them."""

import os
import stat

import pytest

from dlp_gateway import durable

OTHER = 65_534
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def owner(path):
    return path.stat().st_uid, path.stat().st_gid


@pytest.mark.parametrize("before", [0o600, 0o640, 0o660, 0o400, 0o644])
def test_the_mode_stays(tmp_path, before):
    path = tmp_path / "users"
    path.write_text("old")
    path.chmod(before)

    durable.replace(path, "new")

    assert path.read_text() == "new"
    assert mode(path) == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_is_its_owners_alone(tmp_path):
    durable.replace(tmp_path / "users", "new")

    assert mode(tmp_path / "users") == 0o600


@only_root
def test_what_an_administrator_replaces_stays_its_owners(tmp_path):
    path = tmp_path / "users"
    path.write_text("old")
    os.chown(path, OTHER, OTHER)
    path.chmod(0o640)

    durable.replace(path, "new")

    assert (owner(path), mode(path)) == ((OTHER, OTHER), 0o640)


@only_root
def test_what_an_administrator_makes_is_the_folders_owners(tmp_path):
    os.chown(tmp_path, OTHER, OTHER)

    durable.replace(tmp_path / "users", "new")

    assert (owner(tmp_path / "users"), mode(tmp_path / "users")) == ((OTHER, OTHER), 0o600)


def test_a_group_that_cannot_be_kept_gets_no_reader(tmp_path, monkeypatch):
    path = tmp_path / "users"
    path.write_text("old")
    path.chmod(0o640)

    def refused(*_):
        raise PermissionError

    monkeypatch.setattr(os, "fchown", refused)
    durable.replace(path, "new")

    assert (path.read_text(), mode(path)) == ("new", 0o600)


def test_nothing_is_left_of_a_file_that_cannot_be_replaced(tmp_path):
    (tmp_path / "users").mkdir()

    with pytest.raises(OSError, match="directory"):
        durable.replace(tmp_path / "users", "new")

    assert [path.name for path in tmp_path.iterdir()] == ["users"]
