import pytest

from dlp_gateway.detection.languages import ENGLISH, LANGUAGES, languages


@pytest.mark.parametrize(
    "text",
    [
        "Tom Reilly orders 200 units per week",
        "Tom Reilly met Ann Lee re invoice 4412",
        "Tom Reilly, van hire, Friday",
        "Reilly via Doha, do not delay",
        "She has been diagnosed and will be away.",
        "Mia Lang",
        "Mia Lang owes me a coffee then",
        "Mia needs a card",
    ],
)
def test_what_may_be_english(text):
    assert ENGLISH in languages(text)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Frau Weber leidet an Asthma", "de"),
        ("Er ist seit Montag nicht im Büro und wird vertreten.", "de"),
        ("Marie est malade", "fr"),
        ("Elle est en arrêt depuis la semaine dernière.", "fr"),
        ("Nuestra compañera está de baja por dos meses.", "es"),
        ("Il signor Rossi ha perso", "it"),
        ("Jan heeft een kind", "nl"),
        ("Jan został skazany za jazdę", "pl"),
        ("O João não está na obra", "pt"),
        ("Erik har ett barn och det är bra", "sv"),
    ],
)
def test_the_language_of_a_passage(text, language):
    assert language in languages(text)
    assert ENGLISH not in languages(text)


@pytest.mark.parametrize("text", ["", "Mia Lang 4471", "42", "\u0436\u0443\u043a"])
def test_a_passage_without_function_words_may_be_in_any_language(text):
    assert languages(text) == LANGUAGES
