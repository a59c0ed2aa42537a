"""Passwords that travel along are found and make the encryption worthless; others stay out."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from dlp_gateway.documents.budget import DocumentBudget, DocumentLimits
from dlp_gateway.documents.passwords import announces_password, candidates
from dlp_gateway.documents.read import Documents, read_parts
from dlp_gateway.model import Grade, Part, Role, Text, Unscanned
from tests.unit.documents import locked, makers

TRIES = DocumentLimits().password_tries

ALONG = [
    # (role, text, the password in it)
    (Role.BODY, "Hi Brian,\n\nMarch is attached. The password is {}.\n\nAlice", "Mangrove-42-Tide"),
    (Role.BODY, "pw: {}", "h0ney-&-Thyme-6"),
    (Role.BODY, "Password for the archive: {}", "8f-Portal-77-key"),
    (Role.BODY, "PASSWORD = {}", "settle"),
    (Role.BODY, "You can open it with {}.", "granite-Pear-5"),
    (Role.BODY, "Use '{}' to unlock the sheet.", "correct horse battery"),
    (Role.BODY, "Password:\n\n{}\n\nRegards", "kookaburra 19"),
    (Role.BODY, "Das Kennwort lautet {}", "Sommer!2025"),
    (Role.BODY, "Passwort: {}", "Fahrrad77"),
    (Role.BODY, "Le mot de passe est {}", "Été-2024-Nice"),
    (Role.BODY, "La contraseña es {}.", "Verano#88"),
    (Role.BODY, "La password per il file è {}", "Estate2025"),
    (Role.BODY, "Het wachtwoord is {}", "Fiets-2211"),
    (Role.BODY, "{} is the password for both files", "Blue-Wren7"),
    (Role.BODY, "{} unlocks the workbook", "Blue-Wren8"),
    (Role.BODY, "The PIN for the pdf is {}", "447190"),
    (Role.BODY, "Passcode {} as before", "Q7r-55-Lm"),
    (Role.BODY, "Hello,\n\nthe load is attached.\n\n{}\n\nKind regards\nTom", "Slow-River-9"),
    (Role.BODY, "Sheet for March attached (pw {}). Regards", "Tr33house"),
    (Role.BODY, "It is locked with her date of birth.\nPatient: A. Trent, born 22/11/1986", "22111986"),
    (Role.BODY, "passphrase -> {}", "four small words here"),
    (Role.BODY, "Kind regards\nAlice Ng\nPayroll\nExt. 1104\n{}", "x9!Tulip"),
    (Role.BODY, "Regards, Tom Hadley | Sales Director | {} | (07) 5550 1165", "Pelican:3:Quay"),
    (Role.BODY, "The key for opening is {}", "99-ABBA-99"),
    (Role.BODY, "Opens with {}", "June-Sitting-3310"),
    (Role.BODY, "Unlock code: {}", "Rk4-Tm2"),
    (Role.BODY, "> pwd={}", "P@ssw0rd!"),
    (Role.BODY, "the file is protected, it's {} :)", "fern/court/9"),
    (Role.BODY, "Your login is anna, your password is {}", "Wattle!Bird77"),
    (Role.BODY, "heslo je {}", "Zima2025x"),
    (Role.SUBJECT, "March file {}", "Mangrove-41-Tide"),
    (Role.SUBJECT, "Load 5 (password {})", "h0ney6"),
    (Role.SUBJECT, "{}", "Dock-2140"),
    (Role.FILENAME, "march_{}.xlsx", "Mangrove-43-Tide"),
    (Role.FILENAME, "bundle (pw {}).zip", "Reader-R-6"),
    (Role.FILENAME, "{}.docx", "Quarter3Pelican"),
    (Role.METADATA, "Comment: password {}", "Loud-Frog-12"),
    (Role.DOCUMENT, "Opens with {}", "June-Sitting-3311"),
    (Role.BODY, "hidden: {}", "wHite0nWhite"),
    (Role.BODY, "The archive needs the word {} to open.", "bougainvillea"),
]
APART = [
    "The password is by phone.",
    "The contract is protected, the password comes by text message.",
    "Password as last time.",
    "Figures as agreed. I will ring you with the password.",
    "You have the password from our call. Alice",
    "The password is the same as last month's.",
    "The password will be sent separately by SMS to 0412 345 678.",
    "Password: see my text message",
    "The password is in the portal.",
    "From May passwords need fourteen characters, and a second factor becomes compulsory.",
    "Password: by phone",
    "Your username stays the same. We never ask for a password by email or telephone.",
    "The password is your employee number.",
    "Password: will follow",
    "Password - to be sent by SMS",
    "The password is known to Brian Smith.",
    "Password to follow on Signal.",
    "Same password as the cabinet list.",
    "Opens with the usual password.",
    "Encrypted as agreed in the data agreement, key through the portal.",
    "Protected, you know the password.",
    "The sheet opens with the password that your office set for us.",
    "Passwort wie telefonisch besprochen.",
    "Das Kennwort kommt separat per SMS.",
    "Le mot de passe suit par téléphone.",
    "Ik bel u met het wachtwoord.",
    "File names are hidden as well. Password on request.",
    "Please ring 07 5550 1104 for the password.",
    "Password: pending approval",
    "The password has not changed.",
    "password is required to open the attachment",
    "Password reset instructions are on the intranet.",
    "The pass rate is 85 % and the key figure is 12,400.",
    "Key dates: 14 March, 2 April. The code of conduct is on page 3.",
    "Invoice INV-20733 is attached, PO 4500012345, due 14/03/2025.",
    "Your parcel AB123456789CD leaves on Monday, see https://example.com/t/Zx81Kq",
    "Meeting room C12, dial-in 07 5550 1104, conference id 884 221 907.",
    "The passport copy and the PIN pad order are attached.",
    "Ask Tom for the passphrase.",
    "Password: I'll text it to you",
]


def one(text: str, role: Role = Role.BODY) -> list[Text]:
    return [Text("body", text, role)]


def read(content: bytes, passwords: tuple[str, ...] = (), limits: DocumentLimits | None = None) -> Documents:
    part = Part("attachment 1", content, ("data.bin",))
    return read_parts([part], budget=DocumentBudget(limits), passwords=passwords)


@pytest.mark.parametrize(("role", "text", "password"), ALONG)
def test_password_is_a_candidate_near_the_front(role: Role, text: str, password: str) -> None:
    found = candidates(one(text.replace("{}", password), role), TRIES)

    assert password in found[:10], found[:12]


@pytest.mark.parametrize(("role", "text", "password"), ALONG)
def test_password_along_opens_an_archive_whatever_surrounds_it(role: Role, text: str, password: str) -> None:
    noise = Text(
        "body", "Hello Brian, please find the figures for the third quarter. Order 4500012345 of 3 March.", Role.BODY
    )
    archive = locked.zip_aes([("persons.csv", b"name,tfn\nZarquon,735278579\n", True)], password)

    documents = read(archive, candidates([noise, *one(text.replace("{}", password), role)], TRIES))

    assert documents.attachments[0].protection.password_inside
    assert any("Zarquon" in t.text for t in documents.texts)


@pytest.mark.parametrize("text", APART)
def test_password_that_comes_another_way_is_no_announcement(text: str) -> None:
    assert not announces_password(one(text))


@pytest.mark.parametrize("text", APART)
def test_unrelated_words_open_nothing(text: str) -> None:
    archive = locked.zip_aes([("a.txt", b"Zarquon", True)], "8f-Portal-77-key")

    documents = read(archive, candidates(one(text), TRIES))

    assert documents.attachments[0].protection.state is Grade.ADEQUATE
    assert not documents.attachments[0].protection.password_inside


@pytest.mark.parametrize(
    "text",
    [
        "The password is Mangrove-42-Tide.",
        "pw for the archive: h0ney-&-Thyme-6",
        "Password: kookaburra 19",
        "Passwort: Fahrrad77",
        'The password is "granite".',
        "mot de passe : Été-2024",
        "password = settle",
        "Password for both files is\nTr33house",
    ],
)
def test_password_in_a_phrase_is_an_announcement(text: str) -> None:
    assert announces_password(one(text))


LOCKED: list[tuple[str, Callable[[], bytes]]] = [
    ("office-agile", lambda: locked.office_agile(locked.DOCX)),
    ("office-standard", lambda: locked.office_standard(locked.DOCX)),
    ("office-rc4", locked.xls_rc4),
    ("office-rc4", locked.doc_rc4),
    ("pdf-aes256", lambda: makers.encrypted_pdf("Zarquon", "pdf-aes256", locked.PASSWORD)),
    ("pdf-aes128", lambda: makers.encrypted_pdf("Zarquon", "pdf-aes128", locked.PASSWORD)),
    ("pdf-rc4-128", lambda: makers.encrypted_pdf("Zarquon", "pdf-rc4-128", locked.PASSWORD)),
    ("pdf-rc4-40", lambda: makers.encrypted_pdf("Zarquon", "pdf-rc4-40", locked.PASSWORD)),
    ("zip-aes256", lambda: locked.zip_aes([("a.txt", b"Zarquon", True), ("b.txt", b"more", True)])),
    ("zip-crypto", lambda: locked.zip_crypto([("a.txt", b"Zarquon", True)])),
    ("7z-aes256", lambda: locked.seven_zip([("a.txt", b"Zarquon")], locked.PASSWORD)),
    ("7z-aes256-headers", lambda: locked.seven_zip([("a.txt", b"Zarquon")], locked.PASSWORD, headers=True)),
    ("odf-aes256", lambda: locked.odt_locked("Zarquon")),
    ("pgp-passphrase", lambda: locked.pgp(b"Zarquon", locked.PASSWORD)),
]  # fmt: skip


@pytest.mark.parametrize(("scheme", "make"), LOCKED, ids=[f"{i}-{s}" for i, (s, _) in enumerate(LOCKED)])
def test_the_right_password_opens_every_format(scheme: str, make: Callable[[], bytes]) -> None:
    documents = read(make(), ("wrong-1", locked.PASSWORD, "wrong-2"))

    protection = documents.attachments[0].protection
    assert (protection.scheme, protection.password_inside) == (scheme, True)
    assert any("Zarquon" in t.text for t in documents.texts)
    assert documents.unscanned == () or scheme == "office-rc4"


@pytest.mark.parametrize(("scheme", "make"), LOCKED, ids=[f"{i}-{s}" for i, (s, _) in enumerate(LOCKED)])
def test_wrong_passwords_open_nothing(scheme: str, make: Callable[[], bytes]) -> None:
    documents = read(make(), ("wrong-1", "mangrove-42-tide", ""))

    protection = documents.attachments[0].protection
    assert (protection.scheme, protection.password_inside) == (scheme, False)
    assert not any("Zarquon" in t.text for t in documents.texts)


def test_passwords_are_worked_out_only_when_something_is_locked() -> None:
    asked: list[int] = []

    def passwords() -> list[str]:
        asked.append(1)
        return [locked.PASSWORD]

    budget = DocumentBudget()
    read_parts([Part("attachment 1", locked.DOCX)], budget=budget, passwords=passwords)
    assert asked == []
    parts = [Part(f"attachment {n}", locked.zip_aes([("a.txt", b"Zarquon", True)])) for n in (1, 2)]
    documents = read_parts(parts, budget=budget, passwords=passwords)
    assert asked == [1]
    assert all(a.protection.password_inside for a in documents.attachments[::2])


def test_xor_obfuscation_opens_with_its_password() -> None:
    documents = read(locked.xls_xor("marks"), ("marks",))
    assert documents.attachments[0].protection.password_inside


def test_password_in_another_attachment_of_the_message_is_found() -> None:
    parts = [
        Part("attachment 1", makers.encrypted_pdf("Zarquon", "pdf-aes256", "June-Sitting-3310")),
        Part("attachment 2", b"Opens with June-Sitting-3310"),
    ]
    documents = read_parts(parts, budget=DocumentBudget())
    assert documents.attachments[0].protection.password_inside


def test_password_never_comes_out() -> None:
    documents = read(locked.zip_aes([("a.txt", b"Zarquon", True)]), (locked.PASSWORD,))
    assert locked.PASSWORD not in repr(documents)
    assert not [t for t in documents.texts if locked.PASSWORD in t.text]


def test_cost_that_the_file_asks_for_is_capped() -> None:
    documents = read(
        locked.odt_locked("Zarquon", iterations=50_000), (locked.PASSWORD,), DocumentLimits(kdf_rounds=20_000)
    )
    assert not documents.attachments[0].protection.password_inside
    assert documents.unscanned == (Unscanned("attachment 1", "passwords of the message could not be tried"),)


def test_number_of_tries_is_capped() -> None:
    tried = tuple(f"wrong-{n}" for n in range(20))
    archive = locked.zip_aes([("a.txt", b"Zarquon", True)])
    limits = DocumentLimits(password_tries=10)
    assert not read(archive, (*tried, locked.PASSWORD), limits).attachments[0].protection.password_inside
    assert read(archive, (*tried[:9], locked.PASSWORD), limits).attachments[0].protection.password_inside


@pytest.mark.parametrize("most", [3, 1_000])
def test_candidates_are_bounded(most: int) -> None:
    text = " ".join(f"Tok3n-{n}" for n in range(1_500))
    assert len(candidates(one(text), most)) == most


@pytest.mark.parametrize("tries", [10, 600])
def test_what_a_document_mentions_is_tried_as_often_as_the_setting_says(tries: int) -> None:
    words = " ".join(f"Tok3n-{n}" for n in range(500))
    note = Part("attachment 1", f"{words} {locked.PASSWORD}".encode(), ("note.txt",))
    archive = Part("attachment 2", locked.zip_aes([("a.txt", b"Zarquon", True)]), ("list.zip",))
    limits = DocumentLimits(password_tries=tries, password_seconds=60)

    documents = read_parts([archive, note], budget=DocumentBudget(limits), passwords=())

    assert documents.attachments[0].protection.password_inside is (tries > 500)


def test_long_documents_give_no_bare_words() -> None:
    text = "Tok3n-Here " + "word " * 10_000
    assert "Tok3n-Here" not in candidates(one(text, Role.DOCUMENT), TRIES)
    assert "Tok3n-Here" in candidates(one("The password is Tok3n-Here. " + "word " * 10_000, Role.DOCUMENT), TRIES)


@pytest.mark.parametrize("text", ["a@" * 9_000, "@" * 18_000, "password is" + " " * 79_000 + '"'])
def test_odd_texts_take_no_longer_than_others(text: str) -> None:
    began = time.process_time()
    candidates([Text("body", text, Role.BODY)], TRIES)
    announces_password([Text("body", text, Role.BODY)])

    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("text", "bare"),
    [("ann@client.example", False), ("@a@b.example", False), ("h0n@y", True), ("h0n@y.", True), ("h0n@.y", True)],
)
def test_an_address_is_no_password(text: str, *, bare: bool) -> None:
    assert (text.rstrip(".") in candidates([Text("body", f"see {text} there", Role.BODY)], TRIES)) is bare


def workbooks(count: int, password: str) -> list[Part]:
    return [Part(f"attachment {n}", locked.office_agile(locked.DOCX, password)) for n in range(1, count + 1)]


def test_files_beside_a_locked_one_do_not_keep_it_from_being_tried() -> None:
    limits = DocumentLimits(password_seconds_message=0.0)
    last = Part("attachment 9", locked.office_agile(locked.DOCX))
    documents = read_parts(
        [*workbooks(2, "another-Reef-77"), last], budget=DocumentBudget(limits), passwords=("wrong-1", locked.PASSWORD)
    )
    assert [a.protection.password_inside for a in documents.attachments if a.type == "ooxml-encrypted"] == [
        False,
        False,
        True,
    ]
    assert documents.unscanned == ()


def test_what_could_not_be_tried_is_reported() -> None:
    limits = DocumentLimits(password_seconds_message=0.0, least_seconds=0.0)
    documents = read_parts(workbooks(1, "another-Reef-77"), budget=DocumentBudget(limits), passwords=("wrong-1",))
    assert documents.unscanned == (Unscanned("attachment 1", "passwords of the message could not be tried"),)


def test_the_password_that_programs_try_by_themselves_is_no_guess() -> None:
    limits = DocumentLimits(password_tries=0, password_seconds_message=0.0, least_seconds=0.0)
    documents = read_parts(workbooks(1, "VelvetSweatshop"), budget=DocumentBudget(limits))
    assert documents.attachments[0].protection.scheme == "office-default-password"
    assert any("Zarquon" in t.text for t in documents.texts)


def test_a_default_password_that_takes_too_long_to_try_is_reported() -> None:
    documents = read_parts(
        workbooks(1, "VelvetSweatshop"), budget=DocumentBudget(DocumentLimits(kdf_rounds=50_000)), passwords=()
    )
    assert documents.unscanned == (Unscanned("attachment 1", "default password takes too long to try"),)


OTHER = "Lagoon-58-Reef"


def two_passwords(*, small: str, large: str, more: int = 0) -> bytes:
    """A ZIP of a small and a large file, each with its own password, and more small ones with that of the first."""
    import io

    import pyzipper

    out = io.BytesIO()
    with pyzipper.AESZipFile(out, "w", compression=pyzipper.ZIP_DEFLATED) as archive:
        names = [("tiny.txt", b"Plan.", small), ("staff.csv", b"Zarquon Beeblebrox " * 9, large)]
        names += [(f"{n}.txt", b"Plan " + str(n).encode() * 60, small) for n in range(more)]
        for name, content, password in names:
            archive.setpassword(password.encode())
            archive.setencryption(pyzipper.WZ_AES, nbits=256)
            archive.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize("more", [0, 30])
@pytest.mark.parametrize(
    ("small", "large", "given", "opened"),
    [
        (OTHER, locked.PASSWORD, (locked.PASSWORD,), True),
        (locked.PASSWORD, OTHER, (locked.PASSWORD,), False),
        (locked.PASSWORD, OTHER, (locked.PASSWORD, OTHER), True),
        (locked.PASSWORD, OTHER, (OTHER, locked.PASSWORD), True),
        ("neither-Bay-11", OTHER, (locked.PASSWORD,), False),
    ],
    ids=["large", "small", "both", "both, turned", "none"],
)
def test_entries_of_an_archive_are_tried_each_by_itself(
    small: str, large: str, given: tuple[str, ...], opened: bool, more: int
) -> None:
    documents = read(two_passwords(small=small, large=large, more=more), given)
    assert any("Zarquon" in t.text for t in documents.texts) == opened
    tried = {small, large} & set(given)
    assert documents.attachments[0].protection.password_inside == bool(tried)
    rest = [a for a in documents.attachments if a.where == "attachment 1 > encrypted files"]
    assert len(rest) == (small != large and bool(tried))
    assert all(a.protection.scheme == "zip-aes256" for a in rest)
    assert documents.unscanned == ()


def test_a_locked_file_within_one_that_a_document_opens_is_tried_too() -> None:
    inner = locked.zip_aes([("a.txt", b"Zarquon", True)])
    parts = [
        Part("attachment 1", locked.zip_aes([("in.zip", inner, True)])),
        Part("attachment 2", f"Password: {locked.PASSWORD}".encode()),
    ]
    documents = read_parts(parts, budget=DocumentBudget())
    assert any("Zarquon" in t.text for t in documents.texts)
