"""Files made by other programs than the libraries that read them: LibreOffice, OpenSSL, GnuPG, 7-Zip, Info-ZIP, qpdf.

Each program is a Debian package (see docs/formats.md); a test whose program is
missing is skipped, and fails when the environment says CI=true.
"""

from __future__ import annotations

# ruff: noqa: E501 - markup of other people's formats reads best on one line
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.read import Documents, read_parts
from dlp_gateway.model import Grade, Part, Reading, Role, Text
from tests.unit.documents import makers

PLANTED = "Zarquon Beeblebrox 5412880145605040"
PASSWORD = "Mangrove-42-Tide"


def tool(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{name} is missing")
        pytest.skip(f"{name} is missing")
    return path


def run(*command: str | Path, cwd: Path, data: bytes | None = None) -> None:
    environment = {**os.environ, "HOME": str(cwd), "GNUPGHOME": str(cwd)}
    subprocess.run(
        [str(c) for c in command], cwd=cwd, input=data, env=environment, check=True, capture_output=True, timeout=240
    )


def read_mail(content: bytes) -> Reading:
    return Reading(texts=(Text("body", content.decode("latin-1"), Role.BODY),))


def read(path: Path, *passwords: str) -> Documents:
    part = Part("attachment 1", path.read_bytes(), ("renamed.jpg",))
    return read_parts([part], budget=DocumentBudget(), passwords=passwords, read_mail=read_mail)


def scheme(documents: Documents) -> tuple[str, Grade]:
    protection = documents.attachments[0].protection
    return protection.scheme, protection.state


def found(documents: Documents) -> bool:
    return any(PLANTED in t.text for t in documents.texts)


# ------------------------------------------------------------------------------------------------ LibreOffice


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Path]:
    """What LibreOffice makes of our own files, by place and type."""
    soffice = tool("soffice")
    folder = tmp_path_factory.mktemp("office")
    sources: list[tuple[str, str, bytes]] = [
        ("fodt", place, _flat(place)) for place in ("page", "header", "footnote", "comment", "hidden", "table", "box")
    ]
    targets = {"fodt": ("odt", "doc", "docx", "rtf", "pdf", "html", "txt")}
    made: dict[tuple[str, str], Path] = {}
    for kind, place, content in sources:
        (folder / f"{place}.{kind}").write_bytes(content)
    for target in targets["fodt"]:
        files = sorted(folder.glob("*.fodt"))
        run(soffice, "--headless", "--convert-to", target, *files, cwd=folder)
        for file in files:
            made[file.stem, target] = folder / f"{file.stem}.{target}"
    for name, content in (("cells", _flat_sheet(hidden=False)), ("hidden", _flat_sheet(hidden=True))):
        (folder / f"{name}.fods").write_bytes(content)
    for target in ("ods", "xls", "xlsx", "csv"):
        files = sorted(folder.glob("*.fods"))
        run(soffice, "--headless", "--convert-to", target, *files, cwd=folder)
        for file in files:
            made[f"sheet {file.stem}", target] = folder / f"{file.stem}.{target}"
    (folder / "deck.fodp").write_bytes(_flat_deck())
    for target in ("odp", "ppt", "pptx"):
        run(soffice, "--headless", "--convert-to", target, folder / "deck.fodp", cwd=folder)
        made["deck", target] = folder / f"deck.{target}"
    return made


_NAMESPACES = (
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" '
    'xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" xmlns:svg="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0" '
    'xmlns:presentation="urn:oasis:names:tc:opendocument:xmlns:presentation:1.0" office:version="1.3"'
)


def _document(kind: str, body: str, styles: str = "") -> bytes:
    mime = f"application/vnd.oasis.opendocument.{kind}"
    head = f'<?xml version="1.0"?><office:document {_NAMESPACES} office:mimetype="{mime}">'
    return f"{head}{styles}<office:body>{body}</office:body></office:document>".encode()


def _flat(place: str) -> bytes:
    own = f"<text:p>{PLANTED}</text:p>"
    header = f"<style:header>{own}</style:header>" if place == "header" else ""
    styles = (
        '<office:automatic-styles><style:page-layout style:name="L"><style:header-style/></style:page-layout>'
        '<style:style style:name="H" style:family="text"><style:text-properties text:display="none"/></style:style>'
        '</office:automatic-styles><office:master-styles><style:master-page style:name="Standard" '
        f'style:page-layout-name="L">{header}</style:master-page></office:master-styles>'
    )
    bodies = {
        "page": own,
        "header": "",
        "footnote": f'<text:p>x<text:note text:note-class="footnote"><text:note-citation>1</text:note-citation><text:note-body>{own}</text:note-body></text:note></text:p>',
        "comment": f"<text:p>x<office:annotation><dc:creator>R</dc:creator>{own}</office:annotation></text:p>",
        "hidden": f'<text:p>x<text:span text:style-name="H">{PLANTED}</text:span></text:p>',
        "table": f'<table:table><table:table-column table:number-columns-repeated="2"/><table:table-row><table:table-cell>{own}</table:table-cell><table:table-cell><text:p>b</text:p></table:table-cell></table:table-row></table:table>',
        "box": f'<text:p><draw:frame svg:width="9cm" svg:height="3cm"><draw:text-box>{own}</draw:text-box></draw:frame></text:p>',
    }  # fmt: skip
    return _document("text", f"<office:text><text:p>harmless</text:p>{bodies[place]}</office:text>", styles)


def _flat_sheet(*, hidden: bool) -> bytes:
    styles = '<office:automatic-styles><style:style style:name="H" style:family="table"><style:table-properties table:display="false"/></style:style></office:automatic-styles>'
    row = f'<table:table-row><table:table-cell office:value-type="string"><text:p>{PLANTED}</text:p></table:table-cell></table:table-row>'
    clean = row.replace(PLANTED, "harmless")
    second = f'<table:table table:name="B" table:style-name="H">{row}</table:table>' if hidden else ""
    first = f'<table:table table:name="A">{clean}{"" if hidden else row}</table:table>'
    return _document("spreadsheet", f"<office:spreadsheet>{first}{second}</office:spreadsheet>", styles)


def _flat_deck() -> bytes:
    frame = f'<draw:frame svg:width="9cm" svg:height="3cm"><draw:text-box><text:p>{PLANTED}</text:p></draw:text-box></draw:frame>'
    return _document(
        "presentation", f'<office:presentation><draw:page draw:name="p">{frame}</draw:page></office:presentation>'
    )


SHOWN_ONLY = {"pdf", "txt"}  # printed output holds neither comments nor hidden text


@pytest.mark.parametrize("target", ["odt", "doc", "docx", "rtf", "pdf", "html", "txt"])
@pytest.mark.parametrize("place", ["page", "header", "footnote", "comment", "hidden", "table", "box"])
def test_text_document_of_libreoffice(office: dict[tuple[str, str], Path], place: str, target: str) -> None:
    path = office[place, target]
    kept = target not in SHOWN_ONLY or place in ("page", "footnote", "table", "box")
    if target == "txt" and place == "header":
        kept = False
    if (kept and PLANTED.encode() in path.read_bytes().replace(b"\n", b" ")) or target not in ("txt", "pdf", "html"):
        assert found(read(path)), path.name


@pytest.mark.parametrize("target", ["ods", "xls", "xlsx", "csv"])
@pytest.mark.parametrize("place", ["sheet cells", "sheet hidden"])
def test_workbook_of_libreoffice(office: dict[tuple[str, str], Path], place: str, target: str) -> None:
    if (place, target) == ("sheet hidden", "csv"):
        pytest.skip("CSV holds one sheet")
    documents = read(office[place, target])
    assert found(documents)
    if place == "sheet hidden":
        assert any("(hidden)" in t.where for t in documents.texts if PLANTED in t.text)


@pytest.mark.parametrize("target", ["odp", "ppt", "pptx"])
def test_presentation_of_libreoffice(office: dict[tuple[str, str], Path], target: str) -> None:
    assert found(read(office["deck", target]))


# ------------------------------------------------------------------------------------------------ OpenSSL


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("openssl")
    run(
        tool("openssl"),
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "key.pem",
        "-out",
        "cert.pem",
        "-subj",
        "/CN=Test",
        cwd=folder,
    )
    (folder / "mail.txt").write_bytes(b"Content-Type: text/plain\r\n\r\n" + PLANTED.encode() + b"\r\n")
    return folder


@pytest.mark.parametrize("form", ["DER", "PEM", "SMIME"])
@pytest.mark.parametrize(
    ("cipher", "name", "state"),
    [
        ("-aes256", "smime-aes256-cbc", Grade.STRONG),
        ("-aes128", "smime-aes128-cbc", Grade.STRONG),
        ("-aes-256-gcm", "smime-aes256-gcm", Grade.STRONG),
        ("-des3", "smime-3des", Grade.WEAK),
    ],
)
def test_openssl_envelope(certificate: Path, cipher: str, name: str, state: Grade, form: str) -> None:
    out = certificate / f"out{cipher}.{form}"
    run(
        "openssl",
        "cms",
        "-encrypt",
        cipher,
        "-in",
        "mail.txt",
        "-outform",
        form,
        "-out",
        out,
        "cert.pem",
        cwd=certificate,
    )
    if form == "SMIME":
        out.write_bytes(out.read_bytes().replace(b"\r\n", b"\n").partition(b"\n\n")[2])
    documents = read(out)
    records = [(a.protection.scheme, a.protection.state) for a in documents.attachments]
    assert (name, state) in records
    assert not found(documents)


@pytest.mark.parametrize("options", [("-nodetach",), ("-nodetach", "-stream"), ("-nodetach", "-noattr", "-nocerts")])
def test_openssl_signed_data_is_read(certificate: Path, options: tuple[str, ...]) -> None:
    out = certificate / "signed.p7m"
    run(
        "openssl",
        "cms",
        "-sign",
        *options,
        "-binary",
        "-in",
        "mail.txt",
        "-signer",
        "cert.pem",
        "-inkey",
        "key.pem",
        "-outform",
        "DER",
        "-out",
        out,
        cwd=certificate,
    )
    documents = read(out)
    assert scheme(documents) == ("smime-signed", Grade.NONE)
    assert found(documents)


def test_openssl_detached_signature_is_harmless(certificate: Path) -> None:
    out = certificate / "smime.p7s"
    run(
        "openssl",
        "cms",
        "-sign",
        "-binary",
        "-in",
        "mail.txt",
        "-signer",
        "cert.pem",
        "-inkey",
        "key.pem",
        "-outform",
        "DER",
        "-out",
        out,
        cwd=certificate,
    )
    documents = read(out)
    assert documents.unscanned == ()
    assert scheme(documents) == ("smime-signed", Grade.NONE)


# ------------------------------------------------------------------------------------------------ GnuPG


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gpg")
    folder.chmod(0o700)
    gpg = tool("gpg")
    run(
        gpg, "--batch", "--passphrase", "", "--quick-generate-key", "test@example.org", "default", "default", cwd=folder
    )
    (folder / "note.txt").write_text(PLANTED)
    return folder


@pytest.mark.parametrize("armor", [(), ("--armor",)])
@pytest.mark.parametrize(
    ("options", "name", "state", "readable"),
    [
        (("--encrypt", "-r", "test@example.org"), "pgp", Grade.STRONG, False),
        (("--encrypt", "--sign", "-r", "test@example.org"), "pgp", Grade.STRONG, False),
        (("--symmetric", "--passphrase", PASSWORD), "pgp-passphrase", Grade.STRONG, False),
        (("--symmetric", "--passphrase", PASSWORD, "--cipher-algo", "3DES"), "pgp-weak-cipher", Grade.WEAK, False),
        (("--symmetric", "--passphrase", PASSWORD, "--cipher-algo", "3DES", "--rfc2440"), "pgp-no-integrity", Grade.WEAK, False),
        (("--sign",), "pgp-signed", Grade.NONE, True),
        (("--sign", "--compress-algo", "zlib"), "pgp-signed", Grade.NONE, True),
        (("--sign", "--compress-algo", "bzip2"), "pgp-signed", Grade.NONE, True),
        (("--store",), "pgp-clear", Grade.NONE, True),
    ],
)  # fmt: skip
def test_gnupg(
    keyring: Path, options: tuple[str, ...], name: str, state: Grade, *, readable: bool, armor: tuple[str, ...]
) -> None:
    out = keyring / "out.gpg"
    out.unlink(missing_ok=True)
    run(
        "gpg",
        "--batch",
        "--yes",
        "--trust-model",
        "always",
        "--pinentry-mode",
        "loopback",
        *armor,
        "--output",
        out,
        *options,
        "note.txt",
        cwd=keyring,
    )
    documents = read(out)
    protection = documents.attachments[0].protection
    signed_inside = name == "pgp-signed" and protection.scheme == "pgp-clear"
    assert signed_inside or (protection.scheme, protection.state) == (name, state)
    assert found(documents) is readable
    assert documents.unscanned == ()


def test_gnupg_passphrase_that_travels_along(keyring: Path) -> None:
    out = keyring / "locked.gpg"
    run(
        "gpg",
        "--batch",
        "--yes",
        "--pinentry-mode",
        "loopback",
        "--passphrase",
        PASSWORD,
        "--output",
        out,
        "--symmetric",
        "note.txt",
        cwd=keyring,
    )
    documents = read(out, PASSWORD)
    assert documents.attachments[0].protection.password_inside
    assert found(documents)


def test_gnupg_clear_signature_and_keys_are_read(keyring: Path) -> None:
    run("gpg", "--batch", "--yes", "--output", "clear.asc", "--clearsign", "note.txt", cwd=keyring)
    run("gpg", "--batch", "--yes", "--armor", "--output", "key.asc", "--export", "test@example.org", cwd=keyring)
    assert found(read(keyring / "clear.asc"))
    key = read(keyring / "key.asc")
    assert scheme(key) == ("pgp-key", Grade.NONE)
    assert any("test@example.org" in t.text for t in key.texts)
    assert key.unscanned == ()


# ------------------------------------------------------------------------------------------------ archives


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "a.csv").write_text(f"name\n{PLANTED}\n" * 3)
    (tmp_path / "b.txt").write_text("clear words\n")
    return tmp_path


@pytest.mark.parametrize(
    ("options", "name", "scheme_", "state"),
    [
        (("-tzip", f"-p{PASSWORD}"), "a.zip", "zip-crypto", Grade.WEAK),
        (("-tzip", f"-p{PASSWORD}", "-mem=AES256"), "a.zip", "zip-aes256", Grade.ADEQUATE),
        (("-tzip", f"-p{PASSWORD}", "-mem=AES128"), "a.zip", "zip-aes128", Grade.ADEQUATE),
        (("-t7z", f"-p{PASSWORD}"), "a.7z", "7z-aes256", Grade.ADEQUATE),
        (("-t7z", f"-p{PASSWORD}", "-mhe=on"), "a.7z", "7z-aes256-headers", Grade.STRONG),
    ],
)
def test_seven_zip_locked(files: Path, options: tuple[str, ...], name: str, scheme_: str, state: Grade) -> None:
    run(tool("7z"), "a", *options, name, "a.csv", cwd=files)
    assert scheme(read(files / name)) == (scheme_, state)
    opened = read(files / name, PASSWORD)
    assert opened.attachments[0].protection.password_inside
    assert found(opened)


@pytest.mark.parametrize("kind", ["zip", "7z", "tar", "gzip", "bzip2", "xz"])
def test_seven_zip_clear(files: Path, kind: str) -> None:
    run(tool("7z"), "a", f"-t{kind}", f"out.{kind}", "a.csv", cwd=files)
    documents = read(files / f"out.{kind}")
    assert found(documents)
    assert documents.unscanned == ()


@pytest.mark.parametrize("method", ["Copy", "Deflate", "Deflate64", "BZip2", "LZMA"])
def test_seven_zip_methods_of_zip(files: Path, method: str) -> None:
    run(tool("7z"), "a", "-tzip", f"-mm={method}", "out.zip", "a.csv", cwd=files)
    assert found(read(files / "out.zip"))


@pytest.mark.parametrize("method", ["LZMA", "LZMA2", "PPMd", "BZip2", "Deflate", "Copy"])
def test_seven_zip_methods_of_7z(files: Path, method: str) -> None:
    run(tool("7z"), "a", f"-m0={method}", "out.7z", "a.csv", cwd=files)
    assert found(read(files / "out.7z"))


def test_seven_zip_mixed_archive_is_judged_by_its_clear_entries(files: Path) -> None:
    run(tool("7z"), "a", "out.7z", "a.csv", cwd=files)
    run(tool("7z"), "a", f"-p{PASSWORD}", "out.7z", "b.txt", cwd=files)
    documents = read(files / "out.7z")
    assert scheme(documents) == ("7z-mixed", Grade.NONE)
    assert [a.protection.scheme for a in documents.attachments[1:]] == ["7z-aes256", "none"]
    assert found(documents)


def test_info_zip_encryption(files: Path) -> None:
    run(tool("zip"), "-P", PASSWORD, "out.zip", "a.csv", cwd=files)
    assert scheme(read(files / "out.zip")) == ("zip-crypto", Grade.WEAK)
    assert found(read(files / "out.zip", PASSWORD))


def test_info_zip_split_volume_is_reported(files: Path) -> None:
    (files / "big.bin").write_bytes(os.urandom(200_000))
    run(tool("zip"), "-0", "-s", "64k", "out.zip", "big.bin", cwd=files)
    assert read(files / "out.zip").unscanned
    assert read(files / "out.z01").unscanned


@pytest.mark.parametrize("options", [(), ("-J",), ("-R",), ("-J", "-R")])
def test_iso_image(files: Path, options: tuple[str, ...]) -> None:
    run(tool("genisoimage"), "-quiet", *options, "-o", "out.iso", "a.csv", "b.txt", cwd=files)
    documents = read(files / "out.iso")
    assert found(documents)
    assert documents.unscanned == ()


def test_cabinet_is_reported(files: Path) -> None:
    run(tool("gcab"), "-c", "out.cab", "a.csv", cwd=files)
    documents = read(files / "out.cab")
    assert found(documents) or documents.unscanned


# ------------------------------------------------------------------------------------------------ qpdf


@pytest.mark.parametrize(
    ("options", "name", "state"),
    [
        (("40", "--"), "pdf-rc4-40", Grade.WEAK),
        (("128", "--use-aes=n", "--"), "pdf-rc4-128", Grade.WEAK),
        (("128", "--use-aes=y", "--"), "pdf-aes128", Grade.ADEQUATE),
        (("128", "--use-aes=y", "--cleartext-metadata", "--"), "pdf-aes128", Grade.ADEQUATE),
        (("256", "--"), "pdf-aes256", Grade.ADEQUATE),
        (("256", "--force-R5", "--"), "pdf-aes256", Grade.ADEQUATE),
    ],
)
@pytest.mark.parametrize("user", [PASSWORD, ""])
def test_qpdf(tmp_path: Path, options: tuple[str, ...], name: str, state: Grade, user: str) -> None:
    qpdf = tool("qpdf")
    (tmp_path / "in.pdf").write_bytes(makers.simple_pdf(PLANTED))
    run(qpdf, "--allow-weak-crypto", "--encrypt", user, "owner", *options, "in.pdf", "out.pdf", cwd=tmp_path)
    documents = read(tmp_path / "out.pdf")
    if user:
        assert scheme(documents) == (name, state)
        assert not found(documents)
        assert found(read(tmp_path / "out.pdf", user))
    else:
        assert scheme(documents) == ("pdf-owner-only", Grade.NONE)
        assert found(documents)


@pytest.mark.parametrize(
    "options", [("--linearize",), ("--object-streams=generate",), ("--qdf",), ("--compress-streams=n",)]
)
def test_qpdf_layouts_are_read(tmp_path: Path, options: tuple[str, ...]) -> None:
    (tmp_path / "in.pdf").write_bytes(makers.simple_pdf(PLANTED))
    run(tool("qpdf"), *options, "in.pdf", "out.pdf", cwd=tmp_path)
    documents = read(tmp_path / "out.pdf")
    assert found(documents)
    assert documents.unscanned == ()
