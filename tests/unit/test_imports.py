"""Who may import whom, as docs/architecture.md says."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "dlp_gateway"

# A module may import those of its own layer's package and of the layers before it.
LAYERS = (
    {"model", "configfile", "durable"},
    {"mime", "documents", "detection", "policy"},
    {"inspection"},
    {"settings"},
    {"store"},
    {"smtp", "delivery", "quarantine", "audit", "monitoring"},
    {"pipeline", "wiring"},
    {"housekeeping", "signins"},
    {"app"},
    {"console", "samples"},
    {"cli"},
)

# The few imports within a layer that are meant, each with its reason.
SIDEWAYS = {
    ("documents", "mime"),  # nested mail and HTML are read by the mail reader
    ("store", "audit"),  # the chain's entries are built where they become true
    ("quarantine", "audit"),  # an act of review and its entry become true together
}

# Each heavy library lives behind one module (or package, for those whose schema spans several).
HOMES = {
    "aiosmtpd": {"smtp"},
    "dns": {"delivery"},
    "django": {"store", "console"},
    "allauth": {"console"},
    "gunicorn": {"console"},
    "pygal": {"console"},
    "reportlab": {"console"},
    "nh3": {"inspection"},
    "onnxruntime": {"detection"},
    "spacy": {"detection"},
    "presidio_analyzer": {"detection"},
    "re2": {"detection"},
    "phonenumbers": {"detection"},
    "stdnum": {"detection"},
    "prometheus_client": {"monitoring"},
    "pikepdf": {"documents"},
    "pypdfium2": {"documents"},
    "typer": {"cli"},
}


def imports():
    for path in sorted(PACKAGE.rglob("*.py")):
        relative = path.relative_to(PACKAGE)
        package = relative.parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield relative, package, alias.name
            elif isinstance(node, ast.ImportFrom) and node.module:
                if node.module == "dlp_gateway":
                    for alias in node.names:
                        yield relative, package, f"dlp_gateway.{alias.name}"
                else:
                    yield relative, package, node.module


def rank(package):
    for number, layer in enumerate(LAYERS):
        if package in layer:
            return number
    return None


def test_every_package_has_a_layer():
    packages = {p.name.removesuffix(".py") for p in PACKAGE.iterdir() if not p.name.startswith(("_", "."))}

    assert {p for p in packages if rank(p) is None} == set()


def test_layers_import_downwards_only():
    wrong = []
    for path, package, name in imports():
        parts = name.split(".")
        if parts[0] != "dlp_gateway" or len(parts) < 2 or parts[1] == package or parts[1] == "__version__":
            continue
        if package.startswith("_") or (package, parts[1]) in SIDEWAYS:
            continue
        if rank(parts[1]) is None or rank(parts[1]) >= rank(package):
            wrong.append(f"{path} imports {name}")

    assert wrong == []


def test_sideways_imports_are_still_needed():
    seen = {(package, name.split(".")[1]) for _, package, name in imports() if name.startswith("dlp_gateway.")}

    assert SIDEWAYS - seen == set()


@pytest.mark.parametrize("library", sorted(HOMES))
def test_a_heavy_library_lives_behind_one_door(library):
    homes = {package for _, package, name in imports() if name.split(".")[0] == library}

    assert homes <= HOMES[library]


def test_policy_knows_no_mail_file_or_network_code():
    forbidden = {"email", "socket", "asyncio", "smtplib", "pathlib", "os", "urllib", "http"}
    used = {(str(path), name) for path, package, name in imports() if package == "policy"}

    # The loader takes a file's name for its messages; it opens none.
    assert {(path, name) for path, name in used if name.split(".")[0] in forbidden} == set()


def test_every_statement_stands_in_the_store():
    elsewhere = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in {"execute", "executemany"}
        if path.relative_to(PACKAGE).parts[0] != "store"
    }

    assert elsewhere == set()
