"""Forms of verbs."""

from __future__ import annotations

DOUBLED = frozenset(
    "get put set let grab drop grip cut spin swivel stop run shut pan begin hit sit step slip nod hop jog dim skip swim".split()
)


def ing(verb: str) -> str:
    """`verb` as in "would you mind moving"."""
    if verb in DOUBLED:
        return f"{verb}{verb[-1]}ing"
    if verb.endswith("ie"):
        return verb[:-2] + "ying"
    if verb.endswith("e") and not verb.endswith(("ee", "oe", "ye")):
        return verb[:-1] + "ing"
    return verb + "ing"


# Past forms that are not the participle.
PAST = {
    "go": "went",
    "drive": "drove",
    "come": "came",
    "take": "took",
    "do": "did",
    "run": "ran",
    "ride": "rode",
    "give": "gave",
    "speak": "spoke",
    "withdraw": "withdrew",
    "draw": "drew",
    "fall": "fell",
    "be": "were",
    "sink": "sank",
    "see": "saw",
    "undo": "undid",
    "show": "showed",
    "sing": "sang",
}
IRREGULAR = {
    "go": "gone",
    "drive": "driven",
    "come": "come",
    "get": "got",
    "take": "taken",
    "put": "put",
    "set": "set",
    "let": "let",
    "say": "said",
    "tell": "told",
    "make": "made",
    "do": "done",
    "hold": "held",
    "swing": "swung",
    "spin": "spun",
    "run": "run",
    "ride": "ridden",
    "bring": "brought",
    "shut": "shut",
    "find": "found",
    "give": "given",
    "read": "read",
    "speak": "spoken",
    "send": "sent",
    "keep": "kept",
    "light": "lit",
    "shine": "shone",
    "have": "had",
    "catch": "caught",
    "seize": "seized",
    "steer": "steered",
    "stand": "stood",
    "sit": "sat",
    "withdraw": "withdrawn",
    "draw": "drawn",
    "fall": "fallen",
    "creep": "crept",
    "be": "been",
    "cut": "cut",
    "show": "shown",
    "spread": "spread",
    "meet": "met",
    "leave": "left",
    "sleep": "slept",
    "cast": "cast",
    "sink": "sunk",
    "cling": "clung",
    "see": "seen",
    "wind": "wound",
    "undo": "undone",
}


def participle(verb: str) -> str:
    """`verb` as in "once you have moved"."""
    if verb in IRREGULAR:
        return IRREGULAR[verb]
    if verb in DOUBLED:
        return f"{verb}{verb[-1]}ed"
    if verb.endswith("e"):
        return verb + "d"
    if verb.endswith("y") and verb[-2:-1] not in "aeiou":
        return verb[:-1] + "ied"
    return verb + "ed"


def past(verb: str) -> str:
    """`verb` as in "i'd rather you moved"."""
    return PAST.get(verb) or participle(verb)
