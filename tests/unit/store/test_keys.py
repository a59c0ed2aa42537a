import contextlib
import os
import stat
import subprocess
from pathlib import Path

import pytest

from dlp_gateway.store import keys
from dlp_gateway.store.keys import KeysError, Name


@pytest.fixture
def directory(tmp_path):
    keys.init(tmp_path / "keys")
    return tmp_path / "keys"


def test_init_makes_every_key_for_its_reader_only(tmp_path):
    written = keys.init(tmp_path / "keys")

    assert {str(path.relative_to(tmp_path / "keys")): path.stat().st_mode & 0o777 for path in written} == {
        "pseudonym.key": 0o600,
        "spool-1.key": 0o600,
        "release-1.key": 0o600,
        "release-1.pub": 0o644,
        "reviewers-1.pub": 0o644,
        "review/reviewers-1.key": 0o600,
        "audit-1.key": 0o600,
        "audit-1.pub": 0o644,
    }
    assert (tmp_path / "keys/review").stat().st_mode & 0o777 == 0o700


def test_keys_are_never_overwritten(directory):
    before = {path: path.read_bytes() for path in directory.rglob("*.key")}

    with pytest.raises(KeysError, match="keys rotate"):
        keys.init(directory)

    assert {path: path.read_bytes() for path in directory.rglob("*.key")} == before


def test_the_reviewers_key_can_be_kept_elsewhere_under_a_passphrase(tmp_path):
    keys.init(tmp_path / "keys", review=tmp_path / "safe", passphrase=b"a long one")

    assert not (tmp_path / "keys/review").exists()
    with pytest.raises(KeysError, match="not a usable key"):
        keys.load_review(tmp_path / "keys", review=tmp_path / "safe")
    with pytest.raises(KeysError, match="not a usable key"):
        keys.load_review(tmp_path / "keys", review=tmp_path / "safe", passphrase=b"another")
    loaded = keys.load_review(tmp_path / "keys", review=tmp_path / "safe", passphrase=b"a long one")
    public = keys.load_gateway(tmp_path / "keys").reviewers["reviewers-1"]
    assert loaded.reviewers["reviewers-1"].public_key() == public


@pytest.mark.parametrize(
    ("first", "second", "fits"),
    [
        (None, None, True),
        (None, b"a long one", True),
        (b"a long one", b"a long one", True),
        (b"a long one", None, False),
        (b"a long one", b"another", False),
    ],
)
@pytest.mark.parametrize("elsewhere", [True, False])
def test_after_a_rotation_one_passphrase_opens_all_versions(tmp_path, first, second, fits, elsewhere):
    review = tmp_path / "safe" if elsewhere else None
    keys.init(tmp_path / "keys", review=review, passphrase=first)

    if fits:
        keys.rotate(tmp_path / "keys", Name.REVIEWERS, review=review, passphrase=second)
        loaded = keys.load_review(tmp_path / "keys", review=review, passphrase=second)
        assert set(loaded.reviewers) == {"reviewers-1", "reviewers-2"}
        return
    with pytest.raises(KeysError, match=r"reviewers-1\.key is not a usable key: it is .* passphrase.*--passphrase"):
        keys.rotate(tmp_path / "keys", Name.REVIEWERS, review=review, passphrase=second)
    for name in (Name.AUDIT, Name.SPOOL, Name.RELEASE):
        assert keys.rotate(tmp_path / "keys", name, review=review, passphrase=second) == f"{name}-2"
    assert not (tmp_path / "keys/reviewers-2.pub").exists()
    assert set(keys.load_review(tmp_path / "keys", review=review, passphrase=first).reviewers) == {"reviewers-1"}


def test_a_passphrase_that_is_not_asked_for_does_no_harm(tmp_path):
    keys.init(tmp_path)

    assert set(keys.load_review(tmp_path, passphrase=b"a long one").reviewers) == {"reviewers-1"}


def test_a_key_under_a_passphrase_is_standard_pkcs8(tmp_path):
    keys.init(tmp_path, passphrase=b"a long one")
    command = [
        "openssl",
        "pkey",
        "-in",
        str(tmp_path / "review/reviewers-1.key"),
        "-passin",
        "pass:a long one",
        "-noout",
    ]

    assert subprocess.run(command, check=False, capture_output=True).returncode == 0


@pytest.mark.parametrize("name", list(Name))
def test_rotation_adds_a_version_and_keeps_the_old(directory, name):
    assert keys.rotate(directory, name) == f"{name}-2"
    for _ in range(9):
        last = keys.rotate(directory, name)

    assert last == f"{name}-11"
    gateway, review = keys.load_gateway(directory), keys.load_review(directory)
    if name is Name.AUDIT:
        assert gateway.audit[0] == "audit-11"
        assert len(keys.load_audit(directory)) == 11
    else:
        versions = getattr(review if name is Name.REVIEWERS else gateway, name)
        assert keys.latest(versions) == f"{name}-11"
        assert len(versions) == 11


def test_rotation_needs_a_first_version(tmp_path):
    with pytest.raises(KeysError, match="keys init"):
        keys.rotate(tmp_path, Name.SPOOL)


@pytest.mark.parametrize("name", ["spool-1.key", "release-1.key", "audit-1.key", "pseudonym.key"])
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.unlink(), "holds no|cannot be read"),
        (lambda path: path.chmod(0o640), "readable for other users; run: chmod 600"),
        (lambda path: path.write_text("nonsense"), "is not a usable key"),
        (lambda path: path.write_text("ab" * 31), "is not a usable key"),
    ],
)
def test_what_is_wrong_with_a_key_is_said(directory, name, spoil, message):
    spoil(directory / name)

    with pytest.raises(KeysError, match=message) as raised:
        keys.load_gateway(directory)

    assert str(directory) in str(raised.value)
    assert "ab" * 31 not in str(raised.value)


def test_a_key_of_another_kind_is_refused(directory):
    (directory / "release-1.key").write_bytes((directory / "audit-1.key").read_bytes())

    with pytest.raises(KeysError, match="X25519"):
        keys.load_gateway(directory)


def test_the_gateway_needs_nothing_of_the_reviewers_folder(directory):
    (directory / "review/reviewers-1.key").unlink()
    (directory / "review").rmdir()

    assert "reviewers-1" in keys.load_gateway(directory).reviewers


def test_the_reviewers_process_needs_no_secret_of_the_gateway(directory):
    for path in directory.glob("*.key"):
        path.unlink()

    review = keys.load_review(directory)

    assert review.pseudonym is None
    assert list(review.release) == ["release-1"]


def test_keys_do_not_show_in_a_representation(directory):
    loaded = keys.load_gateway(directory)

    assert loaded.pseudonym.hex() not in repr(loaded)
    assert "spool" not in repr(loaded)


def test_no_key_is_left_where_one_could_not_be_made(tmp_path, monkeypatch):
    """Otherwise neither 'init' nor 'rotate' would go on from there."""
    safe = tmp_path / "file" / "safe"
    (tmp_path / "file").write_text("not a folder")

    with pytest.raises(KeysError, match="safe"):
        keys.init(tmp_path / "keys", review=safe)

    assert list((tmp_path / "keys").rglob("*")) == []
    assert keys.init(tmp_path / "keys", review=tmp_path / "safe")


@pytest.mark.parametrize("number", range(9))
def test_no_key_is_left_at_whichever_file_the_disk_is_full(tmp_path, monkeypatch, number):
    synced = []

    def sync(folder):
        synced.append(folder)
        if len(synced) > number:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(keys.durable, "sync", sync)
    written = []
    with contextlib.nullcontext() if number >= 8 else pytest.raises(KeysError, match="No space left on device"):
        written = keys.init(tmp_path / "keys", review=tmp_path / "safe")
    left = [path for folder in ("keys", "safe") for path in (tmp_path / folder).rglob("*") if path.is_file()]
    assert sorted(left) == sorted(written)
    assert bool(written) is (number >= 8)


def test_a_rotation_that_fails_leaves_no_half_of_a_key(tmp_path, monkeypatch):
    keys.init(tmp_path / "keys")
    before = sorted((tmp_path / "keys").rglob("*"))
    write = keys._write

    def full(path, data, mode=0o600):
        if path.suffix == ".pub":
            raise KeysError(f"{path} cannot be written")
        return write(path, data, mode)

    monkeypatch.setattr(keys, "_write", full)
    with pytest.raises(KeysError):
        keys.rotate(tmp_path / "keys", Name.REVIEWERS)

    assert sorted((tmp_path / "keys").rglob("*")) == before


def test_a_folder_that_may_not_be_looked_into_is_told(tmp_path, monkeypatch):
    def refused(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_dir", refused)

    with pytest.raises(KeysError, match="cannot be looked into: Permission denied"):
        keys.init(tmp_path / "keys")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_keys_that_an_administrator_adds_are_the_gateways(tmp_path):
    keys.init(tmp_path / "keys")
    os.chown(tmp_path / "keys", 65_534, 65_534)

    keys.rotate(tmp_path / "keys", Name.SPOOL)

    added = (tmp_path / "keys" / "spool-2.key").stat()
    assert (added.st_uid, added.st_gid, stat.S_IMODE(added.st_mode)) == (65_534, 65_534, 0o600)
