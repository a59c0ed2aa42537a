"""Australia, New Zealand, Hong Kong, Singapore."""

from __future__ import annotations

from dlp_gateway.detection.validators.cards import digits, luhn, not_trivial


def medicare(value: str) -> bool:
    """Australian Medicare card: ten digits, eleven with the person's reference number.

    First digit 2 to 6, ninth digit the weighted sum of the first eight mod 10, issue number not 0
    (Services Australia, National Healthcare Identifier data item METeOR 270101).
    """
    number = digits(value)
    if len(number) not in (10, 11) or number[0] not in "23456" or number[9] == "0" or not not_trivial(number):
        return False
    total = sum(int(d) * w for d, w in zip(number, (1, 3, 7, 9, 1, 3, 7, 9), strict=False))
    return total % 10 == int(number[8]) and number[10:] != "0"


def ihi(value: str) -> bool:
    """Individual Healthcare Identifier: sixteen digits from 800360, Luhn (AS 5017, Healthcare Identifiers Service)."""
    number = digits(value)
    return len(number) == 16 and number.startswith("800360") and luhn(number)


def bsb(value: str) -> bool:
    """Bank-State-Branch: bank, state digit 0 to 9, branch (AusPayNet BSB publication); 000 is no bank."""
    number = digits(value)
    return len(number) >= 6 and number[:3] != "000"


def nhi(value: str) -> bool:
    """New Zealand National Health Index, AAANNNC (mod 11) and AAANNAX (mod 24), HISO 10046."""
    code = "".join(c for c in value.upper() if c.isalnum())
    alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ"
    if len(code) != 7 or any(c not in alphabet for c in code[:3]) or not code[3:5].isdigit():
        return False
    try:
        total = sum(
            w * (int(c) if c.isdigit() else alphabet.index(c) + 1) for c, w in zip(code, range(7, 1, -1), strict=False)
        )
    except ValueError:
        return False
    if code[5:].isdigit():
        rest = total % 11
        return rest != 0 and (11 - rest) % 10 == int(code[6])
    return code[5].isalpha() and code[6].isalpha() and alphabet[23 - total % 24] == code[6]


def hkid(value: str) -> bool:
    """Hong Kong identity card: one or two letters, six digits, check character (Immigration Department)."""
    code = "".join(c for c in value.upper() if c.isalnum())
    if len(code) not in (8, 9) or not code[:-7].isalpha() or not code[-7:-1].isdigit():
        return False
    values = [36] * (9 - len(code)) + [int(c, 36) for c in code]
    return sum(v * w for v, w in zip(values, range(9, 0, -1), strict=True)) % 11 == 0


def nric(value: str) -> bool:
    """Singapore NRIC and FIN: prefix, seven digits, check letter (Immigration & Checkpoints Authority)."""
    code = value.strip().upper()
    if len(code) != 9 or code[0] not in "STFGM" or not code[1:8].isdigit():
        return False
    total = sum(int(d) * w for d, w in zip(code[1:8], (2, 7, 6, 5, 4, 3, 2), strict=True))
    total += {"T": 4, "G": 4, "M": 3}.get(code[0], 0)
    letters = {"S": "JZIHGFEDCBA", "T": "JZIHGFEDCBA", "M": "XWUTRQPNJLK"}.get(code[0], "XWUTRQPNMLK")
    return letters[total % 11] == code[8]
