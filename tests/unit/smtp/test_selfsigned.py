import datetime as dt
import socket
import ssl
import stat
import threading

import pytest

from dlp_gateway.smtp.selfsigned import make_certificate


@pytest.fixture
def files(tmp_path):
    certificate, key = tmp_path / "tls/gateway.crt", tmp_path / "tls/gateway.key"
    make_certificate(certificate, key, "gateway.westendonsixth.com", dt.datetime.now(dt.UTC))
    return certificate, key


@pytest.mark.parametrize("name", ["gateway.westendonsixth.com", "localhost", "127.0.0.1"])
def test_a_client_that_trusts_the_certificate_verifies_its_names(files, name):
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*files)
    client = ssl.create_default_context(cafile=str(files[0]))
    ours, theirs = socket.socketpair()

    def answer():
        with server.wrap_socket(theirs, server_side=True) as line:
            line.sendall(b"verified")

    thread = threading.Thread(target=answer)
    thread.start()
    with client.wrap_socket(ours, server_hostname=name) as line:
        assert line.recv(20) == b"verified"
    thread.join()


def test_the_key_is_for_its_owner_only_and_never_overwritten(files):
    assert stat.S_IMODE(files[1].stat().st_mode) == 0o600

    with pytest.raises(FileExistsError):
        make_certificate(*files, "gateway.westendonsixth.com", dt.datetime.now(dt.UTC))
