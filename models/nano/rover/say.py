"""Speaking a text."""

from __future__ import annotations

from dataclasses import replace

from english import texts
from english import vocabulary as v
from english.manner import NAMES
from qwark_nano.noise import without_punctuation
from qwark_nano.voice import Text, Voice, lines

from .phrase import SET, UNSAFE, Phrase

LONGEST = SET.commands["say"]["text"].max_len
QUOTES = (('"', '"'), ('"', '"'), ('"', '"'), ("'", "'"), ("'", "'"), ("“", "”"), ("“", "”"), ("‘", "’"), ("«", "»"), ("„", "“"))
QUOTED = lines("""
    say {t}
    say {t}
    say {t}
    say {t}
    say {t}
    say: {t}
    say, {t}
    speak {t}
    speak: {t}
    say (aloud|out loud|loudly|clearly|slowly|softly|quietly|again|once|this|the following|these words|exactly this|something like) {t}
    say (aloud|out loud|this|the following|these words|this text|this aloud): {t}
    speak (aloud|this|these words|the words|this aloud|out loud): {t}
    say the (words|word|sentence|phrase|text|name|following words|line) {t}
    (speak|read|pronounce|utter|recite|repeat) the (words|word|sentence|phrase|text|line) {t}
    (announce|shout|yell|whisper|call out|call|exclaim|proclaim|utter|pronounce|read out|read aloud|repeat|reply|answer|respond|recite|declare|cry) {t}
    (announce|shout|read out|read aloud|repeat|repeat after me|answer|read|call out): {t}
    tell (them|him|her|everyone|everybody|the kids|us|me|{person}|{name}) {t}
    tell (them|him|her|everyone|everybody|us|{person}|{name}): {t}
    tell (them|him|her|everyone|everybody|{person}|{name}), {t}
    say {t} to (them|him|her|everyone|everybody|the kids|us|me|{person}|{name}|the driver|the room|the crowd)
    say {t} to (them|him|her|everyone|everybody|us|me|{person}|{name})
    say {t} (out loud|aloud|loudly|for me|in a loud voice|clearly|again|to me|with feeling)
    say {t} (out loud|aloud)
    say to (them|him|her|everyone|{person}|{name}) {t}
    say to (them|him|her|everyone|{person}|{name}): {t}
    let (them|everyone|{person}|{name}) (know|hear) {t}
    (make|give) an announcement: {t}
    (greet|welcome) (them|him|her|everyone|{person}|{name}) with {t}
    (speak|announce) the (message|following): {t}
    i want (you to say|to hear) {t}
    i want to hear you say {t}
    say something: {t}
    your (line|text) is {t}
    the words are {t}, say them
    {t}, say it
    {t} - say that (aloud|out loud|to {person})
    use your voice to say {t}
    (let me|let us) hear {t}
    ask (them|him|her|{person}|{name}) {t}
    inform {person}: {t}
    say hello in your own way: {t}
    (speak|talk) to {person}: {t}
    (play|send) the message {t}
    (utter|voice) {t}
    say, and I quote, {t}
    tell the (world|room|others|visitors) {t}
    say {t} when you are done
    speak the text {t}
    say (the number|the letters) {t}
    say {t}, please
    say {t}, (nice and loud|loud and clear|will you|would you)
    please say out loud: {t}
    (tell|remind) (them|him|her|everyone|{person}|{name}) that {t}
    (shout|yell|call|whisper) to {person}: {t}
    (shout|yell|call|whisper) {t} to {person}
    say {t} with a smile
    say {t} as loud as you can
    the message is {t}, (say|read|speak) it
    * say {t}, would you
    speak up and say {t}
    let {person} hear you say {t}
    pronounce this: {t}
""")
PLAIN = lines("""
    say {t}
    say {t}
    say {t}
    say {t}
    say {t}
    say {t}
    speak {t}
    say aloud {t}
    say out loud {t}
    say the words {t}
    say the word {t}
    (announce|shout|call out|repeat|yell|whisper) {t}
    tell (them|everyone|everybody|him|her|{person}) {t}
    (announce|say to everyone|repeat after me|say this) {t}
    say: {t}
    speak: {t}
    announce: {t}
    speak the words {t}
    read aloud {t}
    say this: {t}
    say to them: {t}
    repeat after me: {t}
    say the phrase {t}
    read out {t}
    say the sentence {t}
    say something like {t}
    please say {t}
    say loudly {t}
    say the following {t}
    shout out {t}
    let everyone know {t}
    announce to everyone {t}
    pronounce {t}
    * speak aloud {t}
""")
# Words with which another order would begin, or which belong to the request: without quotes it would be unclear where the text ends.
QUOTE_MARKS = frozenset('"“”‘«»„')
AMBIGUOUS = frozenset(
    "then please and to aloud loud now slowly say again first after before go turn open close look wait drive stop light".split()
)


def say(voice: Voice, unsafe: bool = False, alone: bool = False) -> Phrase:
    """Says something; `unsafe`: more than there is room for; `alone`: no other order follows."""
    text = _long_text(voice) if unsafe else _text(voice)
    if (len(text) > LONGEST) != unsafe or not text.isprintable():
        return say(voice, unsafe, alone)
    slots: dict[str, Text] = {"name": lambda: voice.pick(v.NAMES), "person": lambda: voice.pick(v.PEOPLE)}
    if voice.spoken or voice.chance(0.25):
        return _unquoted(voice, text, slots, unsafe, alone)
    before, after = voice.rng.choice([q for q in QUOTES if _fits(text, q)] or [("“", "”")])
    template = voice.pick(QUOTED)
    spoken = voice.fill(template, t=voice.place(f"{before}{text}{after}"), **slots)
    return _phrase(spoken, template, text, voice, unsafe)


def _fits(text: str, quotes: tuple[str, str]) -> bool:
    """Whether `text` can stand between these quotes: an apostrophe in a word is no closing one."""
    before, after = quotes
    if before == "'":
        return not text.startswith("'") and "' " not in text and not text.endswith("'")
    return before not in text and after not in text


def _unquoted(voice: Voice, text: str, slots: dict[str, Text], unsafe: bool, alone: bool) -> Phrase:
    """A text without quotes: its end is where the sentence ends or the next order begins."""
    if voice.spoken:
        text = without_punctuation(text)
    text = text.strip(" .,;:!?\"'“”‘’«»„-…")
    if not alone:
        text = text.rstrip("?").split(", ")[0]
    if not text or (len(text) > LONGEST) != unsafe or set(text) & QUOTE_MARKS or " '" in text or _is_ambiguous(text, alone):
        return say(voice, unsafe, alone)
    template = voice.pick(PLAIN)
    phrase = _phrase(voice.fill(template, t=voice.place(text), **slots), template, text, voice, unsafe)
    return replace(phrase, open_end=True)


def _is_ambiguous(text: str, alone: bool) -> bool:
    """Whether `text` without quotes could be taken for another order; a short one that stands alone is clear enough."""
    found = set(text.lower().split())
    return bool(found & AMBIGUOUS) and ("please" in found or not alone or len(found) > 4)


def _phrase(spoken: str, template: str, text: str, voice: Voice, unsafe: bool) -> Phrase:
    verb = not template.startswith(("{t}", "i ", "your ", "the "))
    if unsafe:
        return Phrase(spoken, UNSAFE, verb)
    return Phrase(spoken, ({"say": {"text": voice.place(text)}},), verb)


def _text(voice: Voice) -> str:
    kind = voice.rng.random()
    if kind < 0.06:
        # Quotes within quotes.
        inner = texts.utterance(voice)
        mark = voice.rng.choice(("'", '"'))
        return voice.fill(
            "(the sign says {q}|he said {q}|it is called {q}|{q} is the word|she asked {q} twice|don't say {q})", q=f"{mark}{inner}{mark}"
        )
    if kind < 0.1:
        return f"{voice.pick(NAMES)}, {texts.utterance(voice)}"
    return texts.text(voice)


def _long_text(voice: Voice) -> str:
    found = texts.text(voice)
    while len(found) <= LONGEST + voice.rng.choice((0, 5, 15, 40)):
        found += voice.rng.choice((" ", ", ", ". ", " and ")) + texts.utterance(voice)
    return found[:110].rstrip()
