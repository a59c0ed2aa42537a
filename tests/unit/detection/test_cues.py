import time

import pytest

from dlp_gateway.configfile import ConfigError
from dlp_gateway.detection.cues import Cues
from dlp_gateway.detection.disclosures import ENTITIES
from dlp_gateway.detection.normalise import Normaliser
from dlp_gateway.detection.values import PersonSpan
from tests.unit.detection.conftest import DETECTORS


@pytest.fixture(scope="module")
def shipped() -> Cues:
    return Cues.load([DETECTORS], tuple(ENTITIES), Normaliser())


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("she is pregnant", "health"),
        ("sie ist schwanger", "health"),
        ("atteint de sclérose en plaques", "health"),
        ("joined the CPSU", "union"),
        ("a practising Muslim", "religion"),
        ("wegen Diebstahl angezeigt", "offence"),
        ("kandydował do PiS i głosuje na nich", "politics"),
    ],
)
def test_the_shipped_words(shipped, text, label):
    assert label in shipped.labels(text)


def test_ordinary_words_are_no_cues(shipped):
    assert shipped.labels("The order is on its way and will arrive on Thursday with the invoice.") == frozenset()


@pytest.mark.parametrize(
    ("text", "name", "label"),
    [
        ("Frau Karen Weber hat angerufen", "Karen Weber", "ethnicity"),
        ("Marie Dupont est au bureau lundi", "Marie Dupont", "family"),
        ("Herr Jain kommt am Montag", "Jain", "religion"),
    ],
)
def test_a_name_points_at_nothing(shipped, text, name, label):
    start = text.index(name)

    assert label in shipped.labels(text)
    assert label not in shipped.labels(text, [PersonSpan(start, start + len(name), 0.9)])
    assert label in shipped.labels(f"{text}, {name}", [PersonSpan(start, start + len(name), 0.9)])


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Krzysztof Lis choruje na depresję od jesieni", "health"),
        ("Ewa Lis jest w czwartym miesiącu ciąży", "health"),
        ("Ewa Lis jest w czwartym miesiacu ciazy i w domu", "health"),
        ("Piotr Lis dostał naganę za spóźnienia", "discipline"),
        ("Adam Lis zalega z czynszem i ma komornika", "finance"),
        ("Adam Lis jest na zwolnieniu lekarskim do marca", "health"),
        ("Tom Bakker heeft kanker", "health"),
        ("Mevrouw Bos is vier maanden zwanger", "health"),
        ("We hebben Tom Bakker ontslagen wegens diefstal", "discipline"),
        ("Abbiamo licenziato Marco Ferri", "discipline"),
        ("Hemos despedido a Javier Otero", "discipline"),
        ("A Carla Matos foi presa", "offence"),
        ("O Nuno Prado tem dívidas ao banco", "finance"),
        ("Wir haben Herrn Stark fristlos entlassen", "discipline"),
        ("Ana Torroja tuvo cáncer", "health"),
        ("Erik Lindgren har cancer", "health"),
    ],
)
def test_a_word_and_a_name_suffice_in_the_language_of_the_word(shipped, text, label):
    assert label in shipped.sufficient(text, [])
    assert shipped.may_suffice(text)


@pytest.mark.parametrize(
    "text",
    [
        "Merci de joindre le procès-verbal de la réunion",
        "Het proces voor de levering is uitgelegd",
        "Proces produkcyjny jest opisany w ofercie",
        "In relazione con la vostra offerta vi chiama domani",
        "Ho preso appuntamento per giovedì con il vostro ufficio",
        "Il processo di acquisto è seguito da noi",
        "El almacén está en la zona norte",
        "Zona norte: Javier Otero, puerta 4, almacén",
        "Queremos dar de baja la línea de fax",
        "El certificado de origen de la mercancía",
        "La machine 4 est en arrêt depuis lundi",
        "Nous voulons des pièces d'origine pour la machine",
        "Le syndicat de copropriété est représenté par nous",
        "Le bail commercial est signé pour neuf ans",
        "Die Leistungen laut Angebot sind abgenommen",
        "Die linke Tür klemmt und die rechte nicht",
        "Unsere Tochter in Wien liefert ab März",
        "Amtsgericht München, die Firma ist eingetragen",
        "Der Bagger wurde in der Nacht gestolen",
        "Podemos entregar el pedido el lunes",
        "Quem chega primeiro é o camião da obra",
        "L'azione correttiva è chiusa da ieri",
        "Długi termin dostawy jest możliwy",
        "Świadectwo pochodzenia jest w załączniku",
        "Odprawa celna jest na piątek",
        "El proveedor cree que el pedido sale mañana",
        "La fattura è in sospeso e la busta separata",
        "The order is on its way to the depot",
    ],
)
def test_everyday_words_of_business_suffice_in_no_language(shipped, text):
    assert shipped.sufficient(text, []) == frozenset()


def test_a_word_counts_in_its_own_language_alone():
    cues = Cues({"pay": ["[fr]", "gagne"], "family": ["[pl]", "żona"], "health": ["tumor"]}, Normaliser())

    assert cues.labels("Il gagne plus que nous") == {"pay"}
    assert cues.labels("Er hat das Wort gagne nicht verstanden") == frozenset()
    assert cues.labels("zona jest w domu i nie ma czasu") == {"family"}
    assert cues.labels("la zona está en el norte") == frozenset()
    assert cues.labels("zona norte") == frozenset()
    assert cues.labels("żona Adam Lis") == {"family"}


def test_words_above_the_sections_count_in_every_language_but_suffice_only_outside_english():
    cues = Cues({"health": ["tumor", "[en]", "ill"]}, Normaliser())

    assert cues.labels("she has a tumor") == cues.labels("er hat einen Tumor") == {"health"}
    assert cues.sufficient("she has a tumor and is ill", []) == frozenset()
    assert cues.sufficient("er hat einen Tumor", []) == {"health"}
    assert not cues.may_suffice("she is ill")


def test_a_name_is_of_no_language():
    cues = Cues({"health": ["tumor"]}, Normaliser())
    text = "Maria de la Cruz, Tumor Board, is away"

    assert cues.sufficient(text, [PersonSpan(0, 16, 0.9)]) == frozenset()


@pytest.mark.parametrize(
    ("word", "text", "found"),
    [
        ("nagan*", "dostał naganę i jest zły", True),
        ("nagan*", "dostał przenaganę i jest zły", False),
        ("zwolnieni* lekarsk*", "jest na zwolnieniu lekarskim", True),
        ("zwolnieni* lekarsk*", "jest na zwolnieniu z cła", False),
        ("syn", "synowie nie są w domu", False),
        ("wyrok", "wyrok-jest znany i nie", True),
    ],
)
def test_a_star_is_any_ending(word, text, found):
    assert bool(Cues({"health": ["[pl]", word]}, Normaliser()).labels(text)) is found


@pytest.mark.parametrize("line", ["[xx]\nill", "*ness"])
def test_an_unknown_language_or_a_word_without_beginning_is_an_error(tmp_path, line):
    folder = tmp_path / "lexicons" / "cues"
    folder.mkdir(parents=True)
    (folder / "health.txt").write_text(f"{line}\n", encoding="utf-8")

    with pytest.raises(ConfigError, match=r"there is no language|no beginning"):
        Cues.load([tmp_path], tuple(ENTITIES), Normaliser())


def test_the_list_of_a_site_begins_in_no_language(tmp_path):
    folder = tmp_path / "lexicons" / "cues"
    folder.mkdir(parents=True)
    (folder / "health.txt").write_text("glanders\n", encoding="utf-8")
    cues = Cues.load([DETECTORS, tmp_path], tuple(ENTITIES), Normaliser())

    assert cues.labels("she has glanders") == cues.sufficient("er hat glanders", []) == {"health"}


@pytest.mark.parametrize("unit", ["zwolnieni ", "la de ciaza ", "schwanger ", "ma "])
def test_hostile_text_is_read_in_linear_time(shipped, unit):
    began = time.perf_counter()
    shipped.sufficient(unit * (300_000 // len(unit)), [])

    assert time.perf_counter() - began < 8


def test_a_list_of_an_unknown_label_is_an_error(tmp_path):
    folder = tmp_path / "lexicons" / "cues"
    folder.mkdir(parents=True)
    (folder / "helth.txt").write_text("ill\n", encoding="utf-8")

    with pytest.raises(ConfigError, match="helth"):
        Cues.load([tmp_path], tuple(ENTITIES), Normaliser())


def test_an_empty_list_is_an_error(tmp_path):
    folder = tmp_path / "lexicons" / "cues"
    folder.mkdir(parents=True)
    (folder / "health.txt").write_text("# nothing\n", encoding="utf-8")

    with pytest.raises(ConfigError, match="no word"):
        Cues.load([tmp_path], tuple(ENTITIES), Normaliser())
