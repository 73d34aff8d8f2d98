"""What keyboards and people do to words, in any language that has letters."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from random import Random

WORD = re.compile(r"[^\W\d_]+")
NEIGHBOURS = {
    "q": "wa", "w": "qes", "e": "wrd", "r": "etf", "t": "ryg", "y": "tuh", "u": "yij", "i": "uok", "o": "ipl", "p": "ol",
    "a": "qsz", "s": "adwx", "d": "sfec", "f": "dgrv", "g": "fhtb", "h": "gjyn", "j": "hkum", "k": "jlim", "l": "kop",
    "z": "xas", "x": "zcs", "c": "xvd", "v": "cbf", "b": "vng", "n": "bmh", "m": "njk",
}  # fmt: skip


def mistyped(word: str, rng: Random) -> str:
    """`word` with one slip of a finger; the first letter mostly stays."""
    at = rng.randrange(0 if rng.random() < 0.1 else 1, len(word) - 1)
    kind = rng.random()
    if kind < 0.45:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind < 0.7:
        return word[:at] + word[at + 1 :]
    if kind < 0.85:
        return word[:at] + word[at] + word[at:]
    near = NEIGHBOURS.get(word[at].lower(), word[at])
    return word[:at] + rng.choice(near) + word[at + (rng.random() < 0.6) :]


def with_typos(text: str, rng: Random, known: Collection[str], most: int = 2) -> str:
    """`text` with up to `most` mistyped words of four letters or more; none becomes one of the words `known`."""
    spans = [found.span() for found in WORD.finditer(text) if len(found[0]) >= 4]
    for start, end in sorted(rng.sample(spans, min(len(spans), rng.randint(1, most))), reverse=True):
        changed = mistyped(text[start:end], rng)
        if changed.lower() not in known:
            text = text[:start] + changed + text[end:]
    return text


def replaced(text: str, table: dict[str, tuple[str, ...]], p: float, rng: Random) -> str:
    """`text` with words that `table` knows replaced, each in a share `p` of cases."""

    def change(found: re.Match[str]) -> str:
        others = table.get(found[0].lower())
        if others is None or rng.random() >= p:
            return found[0]
        other = rng.choice(others)
        return other.capitalize() if found[0][0].isupper() else other

    return WORD.sub(change, text)


def with_words_between(text: str, rng: Random, more: Callable[[], str], most: int = 2) -> str:
    """`text` with up to `most` words, such as fillers, between its words."""
    parts = text.split(" ")
    for _ in range(rng.randint(1, most)):
        parts.insert(rng.randint(0, len(parts)), more())
    return " ".join(parts)


def stuttered(text: str, rng: Random, spared: Collection[str]) -> str:
    """`text` with a word or two said twice, or begun twice, which have no digit and are not `spared`."""
    parts = text.split(" ")
    at, count = rng.randrange(len(parts)), rng.choice((1, 1, 2))
    said = parts[at : at + count]
    if all(WORD.fullmatch(part) and part.lower() not in spared for part in said):
        if count == 1 and len(said[0]) > 3 and rng.random() < 0.4:
            said = [said[0][: rng.randint(1, 3)] + rng.choice(("-", "", "..."))]
        parts[at:at] = said
    return " ".join(parts)


def drawn_out(text: str, rng: Random) -> str:
    """`text` with one letter of one of its words drawn out: pleeease."""
    spans = [found.span() for found in WORD.finditer(text) if len(found[0]) >= 3]
    if not spans:
        return text
    start, end = rng.choice(spans)
    vowels = [at for at in range(start, end) if text[at].lower() in "aeiouy"]
    at = rng.choice(vowels) if vowels and rng.random() < 0.8 else end - 1
    return text[:at] + text[at] * rng.randint(2, 4) + text[at + 1 :]


def capitalised(text: str) -> str:
    """`text` with a capital at its start and after the end of a sentence."""
    return re.sub(r"(^|[.!?…] )([^\W\d_])", lambda found: found[1] + found[2].upper(), text)


def without_punctuation(text: str) -> str:
    """`text` as a speech recogniser writes it: small letters, no marks but those inside numbers and words."""
    text = re.sub(r"(?<!\d),|[.,](?!\d)|[!?;:…\"“”()]", " ", text.lower())
    return re.sub(r"\s+", " ", text.replace(" - ", " ")).strip()


def odd_case(text: str, rng: Random) -> str:
    """`text` in capitals, with a capital in each word, or with some anywhere."""
    kind = rng.random()
    if kind < 0.7:
        return text.upper()
    if kind < 0.85:
        return WORD.sub(lambda found: found[0].capitalize(), text)
    return "".join(c.upper() if rng.random() < 0.15 else c for c in text)
