import ssl
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme


@dataclass
class Certificates:
    """An authority of our own; ``server`` is for peer.example and 127.0.0.1."""

    authority: Path
    server: ssl.SSLContext
    leaf: trustme.LeafCert


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    authority = trustme.CA()
    leaf = authority.issue_cert("peer.example", "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    path = tmp_path_factory.mktemp("tls") / "authority.pem"
    authority.cert_pem.write_to_path(path)
    return Certificates(path, context, leaf)
