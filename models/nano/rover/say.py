"""Speaking a text."""

from __future__ import annotations

from dataclasses import replace

from english import texts
from english import vocabulary as v
from english.manner import NAMES
from qwark_nano.noise import without_punctuation
from qwark_nano.voice import Text, Voice, lines

from . import arm, drive, goto, gripper, light, look, report, stop, turn, wait
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
    say {t} but (don't|do not) (move|do it|do anything|turn|go anywhere)
    say {t}, but (don't|do not) (move|do it|drive|open anything)
    (is it okay if|would it be ok if|i'd like it if|what if|i'd be glad if) you say {t}
    (please|kindly|just|now) (announce|proclaim|declare|state|say) {t}
    (please|kindly) (announce|proclaim|declare|state|say) {t} to {person}
    (announce|state|declare|proclaim|output|emit|voice|vocalise) {t}
    (say|speak|message): {t}
    (say|speak) this aloud: {t}
    (say|speak) the (words|word|sentence|message|phrase|text) {t}, (please|loudly|for me)
    (say|shout|whisper) {t} (at|to|for) (the {animal}|{person}|{name}|them|us)
    tell {person} (this|the following|these words): {t}
    what i want you to say is {t}
    i want you to (say|tell {person}|announce) {t}
    (go and|just|now) say {t}
    (say|tell them|announce) {t}, (nothing else|nothing more|word for word|exactly like that|and nothing else)
    (can|could) you (say|shout|announce) {t}
    (repeat|read|recite) (this|the following|these words|after me|out loud)(:|,|) {t}
    (use|turn on) your (speaker|voice) (to say|and say) {t}
    (through|over|with) (the|your) speaker, say {t}
    let your speaker say {t}
    speaker: {t}
    the text {t}, say it
    {person} wants to hear you say {t}
    (greet|welcome) {person} with the words {t}
    wish {person} well by saying {t}
    say, in a {quality} voice, {t}
    say {t} in a {quality} voice
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
    (please|now|just|kindly) say {t}
    (can|could|would) you (please |)say {t}
    i want you to say {t}
    go ahead and say {t}
    (say|shout) out loud {t}
    (announce|declare|proclaim) {t}
    (say|announce|speak): {t}
    (say|speak) these words: {t}
    (tell|say to) (them|everyone|{person}): {t}
    i'd like to hear you say {t}
    your text: {t}
    (exclaim|cry|call) {t}
    tell {person} that {t}
    let {person} know that {t}
    announce that {t}
    (inform|remind) {person} that {t}
""")
# Words with which another order would begin, or which belong to the request: without quotes it would be unclear where the text ends.
QUOTE_MARKS = frozenset('"“”‘«»„')
AMBIGUOUS = frozenset(
    "then please and to aloud loud now slowly say again first after before go turn open close look wait drive stop light".split()
)


def say(voice: Voice, unsafe: bool = False, alone: bool = False) -> Phrase:
    """Says something; `unsafe`: more than there is room for; `alone`: no other order follows."""
    text = _long_text(voice) if unsafe else _full_text(voice) if voice.chance(0.14) else _text(voice)
    if (len(text) > LONGEST) != unsafe or not text.isprintable():
        return say(voice, unsafe, alone)
    slots: dict[str, Text] = {
        "name": lambda: voice.pick(v.NAMES),
        "person": lambda: voice.pick(v.PEOPLE),
        "animal": lambda: voice.pick(v.ANIMALS),
        "quality": lambda: voice.rng.choice(("loud", "funny", "deep", "nice", "clear", "soft", "low", "friendly", "strict")),
    }
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
    if not alone:
        text = text.split(", ")[0]
    text = text.strip(" .,;:!?\"'“”‘’«»„-…")
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
    if kind < 0.18:
        return texts.greeting(voice)
    if kind < 0.25:
        return texts.with_amounts(voice)
    if kind < 0.3:
        return _order(voice)
    return texts.text(voice)


def _order(voice: Voice) -> str:
    """Words that are an order elsewhere."""
    maker = voice.rng.choice(
        (drive.drive, turn.turn, goto.goto, arm.arm, look.look, light.light, gripper.gripper, wait.wait, report.report)
    )
    kinds = (drive.drive, turn.turn, look.look, wait.wait)
    text = maker(voice, unsafe=True).text if maker in kinds and voice.chance(0.3) else maker(voice).text
    if voice.chance(0.2):
        text = stop.stop(voice).text
    if voice.chance(0.15):
        text = voice.rng.choice(
            (
                "left right left right",
                "up up down down",
                "left left left",
                "one two three four",
                "up and down",
                "red green blue",
                "forward march",
            )
        )
    return voice.rng.choice((text, text.capitalize(), text.capitalize() + voice.rng.choice(".!?"), f"please {text}", f"don't {text}"))


def _full_text(voice: Voice) -> str:
    """A text that fits, if only just."""
    found = _text(voice)
    while len(found) < 40 or voice.chance(0.4):
        found += voice.rng.choice((" ", ", ", ". ", " and ", "! ")) + voice.rng.choice((texts.utterance, texts.with_amounts))(voice)
        if len(found) > LONGEST:
            found = found[: voice.rng.randint(48, LONGEST)]
            break
    return found.strip()


def _long_text(voice: Voice) -> str:
    found = texts.text(voice)
    while len(found) <= LONGEST + voice.rng.choice((0, 0, 5, 15, 40)):
        found += voice.rng.choice((" ", ", ", ". ", " and ")) + texts.utterance(voice)
    return found[:110].rstrip()
