"""What stands behind a label that people share with things: a diagnosis, a race, children.

Machines have diagnoses, boats have races, children have prices. The value
tells which is meant.
"""

from __future__ import annotations

import re

from dlp_gateway.detection.validators.secrets import filled

# What fails in machines and books, and no part of anybody; words of medicine win over them ("heart valve disease").
_OF_A_THING = re.compile(
    r"\b(?:fault\w*|worn|leaking|clutch|brakes?|gearbox|engine|batter(?:y|ies)|alternator|fuse|relay|cables?|wiring|mains"
    r"|power supply|psu|voltage|(?:short|open) circuit|(?:circuit|main|mother)board|(?:hard|flash) (?:disk|drive)|ssd"
    r"|raid|(?:failed|bad) (?:disk|disc|drive|dimm)|condenser|technician|mechanic|memory (?:leak|module)"
    r"|cpu|firmware|software|drivers?|bugs?|config\w*|settings?|servers?|routers?|dns"
    r"|database|query|cache|time-?outs?|certificate|print(?:er|head)|toner|paper|rollers?|sensor|gasket|hose|coolant|compressor"
    r"|thermostat|refrigerant|nozzle|tyres?|tires?|axle|exhaust|hydraulic\w*|pneumatic|spark plug|radiator|carburett?or"
    r"|electric motor|motor (?:fault|failed|burnt)|goodwill|inventor(?:y|ies)|receivables?|carrying (?:amount|value)"
    r"|assets?|write-?down|defekt\w*|netzteil|kabel|getriebe|brems\w*|dichtung|drucker|verschleiss|panne|embrayage)\b",
    re.IGNORECASE,
)
_MEDICINE = re.compile(
    r"disease|disorder|syndrom|cancer|tumou?r|carcino|lesion|fractur|injur|\bheart|bladder|insulin|pacemaker|\bspin|\bpain"
    r"|itis\b|osis\b|emia\b|opathy\b|allerg|depress|anxi|vision|hearing|krank|stoerung|storung|maladie|enfermedad",
    re.IGNORECASE,
)
# A golfer's handicap, an amount, a length.
_FIGURE = re.compile(r"[-+]?\W?\d[\d.,']*(?: ?(?:km|m|k|kg|miles?|laps?))?\.?", re.IGNORECASE)

_BELIEF_OR_ORIGIN = re.compile(
    r"\b(?:church of|uniting church|salvation army|catholic|christian|protestant|anglican|orthodox|baptist|methodist"
    r"|lutheran|presbyterian|pentecostal|evangelical"
    r"|muslim|moslem|islam\w*|sunni|shia|shi'?ite|jew(?:ish)?|judaism|hindu\w*|buddhis[tm]|sikh|jain|baha'?i|atheist|agnostic"
    r"|mormon|jehovah\w*|quaker|pagan|tao\w*|shinto|zoroastrian|druze|katholisch|evangelisch|muslimisch|catholique"
    r"|musulman\w?|catolic[ao]|cattolic[ao]"
    r"|white|black|asian|caucasian|african|aborigin\w*|indigenous|torres|hispanic|latin[oax]|maori|pacific|polynesian"
    r"|melanesian|arab\w*|middle eastern|native|mixed|biracial|multiracial|european|indian|chinese|japanese|korean"
    r"|vietnamese|filipin[oa]|roma|romani|gypsy|traveller|caribbean|turkish|kurdish|malay|samoan|tongan|fijian|lebanese"
    r"|greek|italian|irish|english|anglo\w*|slavic|persian|pakistani|bangladeshi|sri lankan|tamil|sinhalese|somali)\b",
    re.IGNORECASE,
)
# Letters of American forms (OMB Statistical Policy Directive 15).
_CODES = frozenset("ABHIPW")
_CONTEST = re.compile(
    r"\d|\b(?:cup|stakes|regatta|fun run|marathon|sprint|rally|heat|handicap|harbour|river|trophy|club)\b",
    re.IGNORECASE,
)
_OFFER = re.compile(
    r"[$€£¥%]|\d[.,]\d\d\b|\b(?:free|half|prices?|priced|under|over|ages?|aged|welcome|tickets?|entry|admission|menu"
    r"|discount|allowed|must|may|should|please|activit\w+|per|eur|aud|usd|gbp|gratis|frei|gratuit|sizes?)\b",
    re.IGNORECASE,
)


def ailment(value: str) -> bool:
    """Accept what a person may suffer from; not the fault of a machine, a loss in the books, a golfer's handicap."""
    text = value.strip()
    if not filled(text) or _FIGURE.fullmatch(text):
        return False
    return _OF_A_THING.search(text) is None or _MEDICINE.search(text) is not None


def belief_or_origin(value: str) -> bool:
    """Accept a faith or an ethnic origin; not what a boat, a horse or somebody called Faith is told."""
    told = _BELIEF_OR_ORIGIN.search(value) is not None or value.strip() in _CODES
    return told and _CONTEST.search(value) is None


def children(value: str) -> bool:
    """Accept a number of children or their names; not what children pay, or what they may do."""
    return filled(value) and _OFFER.search(value) is None
