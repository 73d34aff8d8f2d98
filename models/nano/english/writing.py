"""How a sentence arrives: from a speech recogniser, or from a keyboard."""

from __future__ import annotations

import re

from qwark_nano import noise
from qwark_nano.voice import Voice, tidy

from . import slips
from .numbers import NUMBER_WORDS

# Words that a slip must not turn another word into.
KNOWN = NUMBER_WORDS | frozenset(
    "left right forward forwards back ahead down open close home carry dock kitchen door table window sofa white red green blue yellow look light stop halt wait pause feet foot inch meter metre take drop grab lift late heart seat sight might tight night fight bight turn tune".split()
)
# Said twice these are more, or two orders.
NEVER_TWICE = NUMBER_WORDS | frozenset("left right forward forwards back backwards ahead up down".split())
QUESTIONS = (
    "could you",
    "can you",
    "would you",
    "will you",
    "how ",
    "what",
    "where",
    "who",
    "why",
    "do you",
    "are you",
    "is ",
)


def written(text: str, voice: Voice, open_end: bool) -> str:
    """`text` as it arrives: spoken and recognised, or typed with more or less care. `open_end`: what comes after it would seem to be
    part of it."""
    rng = voice.rng
    text = tidy(text)
    if voice.chance(0.05):
        text = slips.foreign(text, rng)
    if voice.spoken:
        if voice.chance(0.2):
            text = slips.heard(text, rng, 0.3)
        if voice.chance(0.22) and not open_end:
            text = noise.with_words_between(text, rng, lambda: voice.pick(slips.FILLERS))
        if voice.chance(0.05):
            text = noise.stuttered(text, rng, NEVER_TWICE)
        text = noise.without_punctuation(text)
        return text if voice.chance(0.9) else noise.capitalised(text)
    if voice.chance(0.07) and not open_end:
        text = noise.with_words_between(text, rng, lambda: voice.pick(slips.FILLERS) + rng.choice(("", ",", "...")), 1)
    if voice.chance(0.08):
        text = noise.replaced(text, slips.MISSPELT, 0.5, rng)
    if voice.chance(0.14):
        text = noise.with_typos(text, rng, KNOWN)
    if voice.chance(0.03):
        text = noise.drawn_out(text, rng)
    if voice.chance(0.05):
        text = noise.replaced(text, slips.CHATTED, 0.7, rng)
    if voice.chance(0.006) and not open_end and len(text) < 40:
        text = re.sub(r"(?<=[^\W\d]) ", ". ", text)
    if voice.chance(0.05):
        text = slips.heard(text, rng, 0.25)
    if voice.chance(0.015):
        text = noise.stuttered(text, rng, NEVER_TWICE)
    if voice.chance(0.1):
        # Those within words: others are feet, or quotes.
        text = re.sub(r"(?<=[^\W\d])'(?=[^\W\d])", "", text)
    return _cased(text, voice, open_end)


def _cased(text: str, voice: Voice, open_end: bool) -> str:
    kind = voice.rng.random()
    question = text.startswith(QUESTIONS)
    if kind < 0.5:
        end = "?" if question and voice.chance(0.85) else voice.rng.choice((".", ".", ".", ".", "!", "!", "", "", "!!"))
        text = noise.capitalised(text)
        return text if text[-1] in ".!?…" else text + end
    if kind < 0.58:
        if voice.chance(0.6):
            voice.verbatim[:] = [v.upper() for v in voice.verbatim]
        return noise.odd_case(text, voice.rng) + voice.rng.choice(("", "", "!", "!!!", "."))
    if kind < 0.66:
        return noise.capitalised(text)
    if kind < 0.7 and not open_end:
        return text + voice.rng.choice(("", " ")) + voice.pick(slips.MARKS)
    if kind < 0.73:
        return text.replace(" ", "  ", 1) if voice.chance(0.5) else re.sub(r"[.,](?!\d)", "", text)
    return text + (voice.rng.choice((".", "?", "!")) if voice.chance(0.2) else "")
