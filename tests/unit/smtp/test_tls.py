import ssl

import pytest
from cryptography.hazmat.primitives import serialization

from dlp_gateway.smtp.tls import CertificateError, describe_tls, load_certificate


def test_load(tls_settings):
    certificate = load_certificate(tls_settings.certificate, tls_settings.key)

    assert certificate.context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert certificate.expires_at > 1_700_000_000


def test_files_that_cannot_be_used(tls_settings, tmp_path):
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    key = serialization.load_pem_private_key(tls_settings.key.read_bytes(), None)
    locked = tmp_path / "locked.pem"
    locked.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x")
        )
    )
    pairs = [
        (tmp_path / "absent.pem", tls_settings.key, "No such file"),
        (tls_settings.certificate, tmp_path / "absent.pem", "No such file"),
        (empty, tls_settings.key, "not a PEM certificate"),
        (tls_settings.certificate, empty, "cannot be loaded"),
        (tls_settings.certificate, locked, "cannot be loaded"),
        (tls_settings.key, tls_settings.key, "not a PEM certificate"),
    ]
    for certificate, key_file, reason in pairs:
        with pytest.raises(CertificateError, match=reason):
            load_certificate(certificate, key_file)


def test_key_of_another_certificate(tls_settings, authority, tmp_path):
    other = tmp_path / "other.pem"
    authority.issue_cert("other").private_key_pem.write_to_path(other)
    with pytest.raises(CertificateError, match=r"cannot be loaded: .*MISMATCH"):
        load_certificate(tls_settings.certificate, other)


def test_no_tls():
    assert describe_tls(None) is None
