"""Payment cards (ISO/IEC 7812-1) and the Luhn check."""

from __future__ import annotations

import itertools
import re
from functools import cache

# Issuer ranges: first and last prefix, lengths. Sources: the brands' public BIN tables
# (Visa, Mastercard rules 2.x, American Express, Discover Global Network, JCB, UnionPay, Maestro, Mir, RuPay, Troy).
_RANGES: tuple[tuple[int, int, tuple[int, ...]], ...] = (
    (4, 4, (13, 16, 19)),
    (51, 55, (16,)),
    (2221, 2720, (16,)),
    (34, 34, (15,)),
    (37, 37, (15,)),
    (300, 305, (14, 16)),
    (3095, 3095, (14, 16)),
    (36, 36, (14, 16, 19)),
    (38, 39, (14, 16, 19)),
    (6011, 6011, (16, 19)),
    (622126, 622925, (16, 17, 18, 19)),
    (62, 62, (16, 17, 18, 19)),
    (81, 81, (16, 17, 18, 19)),
    (644, 649, (16, 19)),
    (65, 65, (16, 19)),
    (3528, 3589, (16, 17, 18, 19)),
    (5018, 5018, (16, 18, 19)),
    (5020, 5020, (16, 18, 19)),
    (5038, 5038, (16, 18, 19)),
    (5893, 5893, (16, 18, 19)),
    (6304, 6304, (16, 18, 19)),
    (6759, 6763, (16, 18, 19)),
    (2200, 2204, (16, 17, 18, 19)),
    (60, 60, (16,)),
    (82, 82, (16,)),
    (508, 508, (16,)),
    (9792, 9792, (16,)),
)

# Numbers that payment providers publish for sandboxes (Stripe, Adyen, Braintree, PayPal, Worldpay, Square test pages).
_PUBLISHED = frozenset(
    """
    4111111111111111 4242424242424242 4012888888881881 4222222222222 4000056655665556 4000000000000002
    4444333322221111 4917610000000000 4462030000000000 4484070000000000 4911830000000 4917610000000000003
    4005519200000004 4009348888881881 4012000033330026 4012000077777777 4217651111111119 4500600000000061
    4000000000009995 4000002500003155 4000000000003220 5555555555554444 5105105105105100 5200828282828210
    5454545454545454 5555341244441115 2223003122003222 2223000048400011 2223520043560014 5436031030606378
    5299920210000277 5431111111111111 5500000000000004 5424000000000015 5555555555555557 378282246310005
    371449635398431 378734493671000 343434343434343 340000000000009 374245455400126 370000000000002
    6011111111111117 6011000990139424 6011000000000004 6011000000000012 6011981111111113 6445644564456445
    6550000000000001 30569309025904 38520000023237 36227206271667 36006666333344 3056930009020004 36700102000000
    36148900647913 3530111333300000 3566002020360505 3569990010095841 3566111111111113 6200000000000005
    6250946000000016 6771798021000008 6759649826438453 6304000000000000 5019717010103742 4988438843884305
    5577000055770004 5136333333333335 4035501000000008 6703444444444449 4571000000000001 4000000760000002
    4000000360000006 4000000000000077
    """.split()
)


_OTHER = re.compile(r"[^0-9]+")


def digits(value: str) -> str:
    """Return the ASCII digits of a value, in order."""
    return _OTHER.sub("", value)


def not_trivial(value: str) -> bool:
    """Refuse 000000000, 123456789 and the like: placeholders, whatever their check digit."""
    number = digits(value)
    if len(number) < 4:
        return True
    steps = {(int(b) - int(a)) % 10 for a, b in itertools.pairwise(number)}
    return steps not in ({0}, {1}, {9})


def luhn(value: str) -> bool:
    """Check the last digit by ISO/IEC 7812-1, annex B."""
    number = digits(value)
    total = 0
    for place, character in enumerate(reversed(number)):
        step = int(character) * (2 if place % 2 else 1)
        total += step - 9 if step > 9 else step
    return len(number) > 1 and total % 10 == 0


def card(value: str) -> bool:
    """Accept a card number of a known brand, length and check digit that no provider publishes for tests."""
    number = digits(value)
    return _branded(number[:6], len(number)) and luhn(number) and not_trivial(number) and number not in _PUBLISHED


@cache
def _branded(prefix: str, length: int) -> bool:
    return any(
        length in lengths and first <= int(prefix[: len(str(first))] or -1) <= last for first, last, lengths in _RANGES
    )
