"""Pauses."""

from __future__ import annotations

from fractions import Fraction

from english import clauses
from english.numbers import number
from english.verbs import ing
from qwark_nano.voice import Choices, Voice, lines

from . import durations
from .phrase import UNSAFE, Phrase, stepped

WAIT = lines("""
    wait {t}
    wait {t}
    wait {t}
    wait for {t}
    wait for {t}
    wait for {t}
    pause {t}
    pause for {t}
    pause for {t}
    (wait|pause) (exactly|about|just|only|another|around|at least|approximately|precisely|for about|for exactly|for another|for just|for a good) {t}
    (hold on|hang on|hold|stay|sleep|rest|stand by|halt your work|linger|stay put|idle|chill|relax|remain|stand still|stay there|stay here|sit|be still|do nothing|take a break|take a rest) for {t}
    (hold on|hang on|rest|stay put|sleep|idle|stand by) {t}
    (hold on|hang on|give it|give me|give us|allow|take) {t}
    (make|take|insert|do|have) a {t} (pause|break|rest)
    {t} (pause|break)
    (a|) pause of {t}
    (make|take|have|insert) a (pause|break|rest) (of|for) {t}
    (wait|pause) there for {t}
    (wait|pause) here for {t}
    (delay|wait) (for|by) {t}
    let {t} (pass|go by)
    count {t}
    wait a full {t}
    wait (until {t} have passed|till {t} are over)
    don't do anything for {t}
    {t} of (rest|waiting|silence)
    (wait|pause) {t} (before you go on|before going on|until you go on)
    stay where you are for {t}
    wait like {t}
    wait, um, {t}
    i need you to wait {t}
    just wait {t}
    (wait|pause) for a (time|period) of {t}
    the pause is {t}
    wait {t} more
    keep still for {t}
    (be patient|have patience) for {t}
    hang about (for|) {t}
    hang around for {t}
    sit tight (for|) {t}
    bide your time for {t}
    (please|just|now) wait {t}
    (make|let there be|then|) a pause of {t}
    have a rest for {t}
    stay (quiet|calm|idle|still) for {t}
    wait {t} and then go on
    wait no more than {t}
    wait (at least|up to|exactly) {t}
    * wait {t} or so
    for {t}, wait
    * (pause|wait) now for {t}
    stay right there for {t}
    hold (your|) position for {t}
    (give it|take) another {t}
    (wait|pause) {t} (first|before anything else|at the place)
    wait {t} (here|there|please|for me|more|now|first|and relax|doing nothing)
    wait for {t}, (please|no more|no longer|not more|then|will you|my dear)
    (pause|hold|rest|stay|wait) (where you are|right there|right here|still) for {t}
    (take|have) {t} (off|to rest|to think|to yourself|for yourself)
    (waste|kill|spend) {t}
    (do a|make a|do one|take one|hold a) pause of {t}
    do a (wait|pause|break) of {t}
    (pause|wait): {t}
    (pause|wait) time {t}
    {t}, (wait|pause)
    {t} (wait|pause), please
    give (it|me|us|her|him|them|{who}) {t}
    (let|allow) (it|me|us|{who}) {t}
    (hold|keep) on for {t}
    (hang|stick|loiter|stay) (around|here|there|about) for {t}
    (you|please you) wait {t}
    (wait|pause) (about|exactly|just) {t} (there|please|before you go on)
    (wait|pause) (for |){t} while {clause}
    (wait|pause) (for |){t} (so that|because|as) {clause}
    (wait|pause) (for |){t}, (which is|that's) (about |)(how long|the time) {clause}
    (delay|sleep|idle|dwell|standby): {t}
    (delay|sleep|dwell) {t}
    (insert|add|leave) a {t} (gap|delay|pause)
""")
# {n}: a number, {one}: a unit after it.
POSSESSIVE = Choices(
    [
        "{n} {many}' {rest}",
        "a {n}-{one} {rest}",
        "a {n} {one} {rest}",
        "take a {n}-{one} {rest}",
        "take a {n} {one} {rest}",
        "make a {n} {one} {rest}",
        "{n} {many} {rest}",
        "{n} {many}' {rest}",
        "have a {n} {one} {rest}",
        "do a {n} {one} {rest}",
        "a {rest} of {n} {many}",
    ]
)
IN_BETWEEN = Choices(
    ["after {t}", "in {t}", "{t} later", "when {t} have passed", "after waiting {t}", "after a pause of {t}", "once {t} are over"]
)


def wait(voice: Voice, unsafe: bool = False) -> Phrase:
    """A pause; `unsafe`: of more than a minute."""
    if not unsafe and voice.chance(0.09):
        return _rest(voice)
    said, seconds = durations.too_long(voice) if unsafe else durations.duration(voice)
    template = voice.pick(WAIT)
    if (
        seconds in (1, 60, 30)
        and said[0] in "ajo"
        and template.startswith(("{t} (", "(make", "wait (until", "let", "count", "wait a full", "{t} of", "(insert"))
    ):
        template = "wait {t}"
    text = (
        voice.fill(template, t=said, who=lambda: clauses.who(voice), clause=lambda: clauses.clause(voice))
        .replace("a a ", "a ")
        .replace("just just", "just")
    )
    verb = not template.startswith(("{t}", "for ", "(a|", "the ", "i ", "just", "don't"))
    if unsafe:
        return Phrase(text, UNSAFE, verb)
    rounded = stepped("wait", "seconds", seconds)
    return wait(voice) if rounded is None else Phrase(text, ({"wait": {"seconds": rounded}},), verb)


def later(voice: Voice) -> Phrase:
    """A pause as an adverb, before another order: after ten seconds."""
    said, seconds = durations.duration(voice)
    rounded = stepped("wait", "seconds", seconds)
    return later(voice) if rounded is None else Phrase(voice.say(IN_BETWEEN, t=said), ({"wait": {"seconds": rounded}},), verb=False)


def _rest(voice: Voice) -> Phrase:
    """A pause as a noun: half a minute's wait, a two-second pause."""
    rest = voice.rng.choice(("pause", "wait", "break", "rest", "pause", "delay", "stop"))
    if voice.chance(0.3):
        said, seconds = voice.rng.choice(
            (
                ("a second", 1),
                ("a minute", 60),
                ("half a minute", 30),
                ("a moment", 1),
                ("half a second", "0.5"),
                ("one second", 1),
                ("one minute", 60),
            )
        )
        text = voice.fill("(|take |have |make |give me ){s}'s {r}", s=said, r=rest)
        return Phrase(text, ({"wait": {"seconds": Fraction(seconds)}},), verb=False)
    n = voice.rng.randint(2, 60) if voice.chance(0.6) else voice.rng.choice((5, 10, 20, 30))
    template = voice.pick(POSSESSIVE)
    text = voice.fill(template, n=number(Fraction(n), voice), one=voice.rng.choice(("second", "second", "sec")), many="seconds", rest=rest)
    return Phrase(text, ({"wait": {"seconds": n}},), template.startswith(("take", "make", "have", "do")))


# The pause is said last, and is made first.
AFTERWARDS = Choices(
    [
        "{t} after {d}",
        "{t} after {d}",
        "{t} in {d}",
        "{t} in {d}",
        "{t}, but only after {d}",
        "{t}, but wait {d} first",
        "{t}, but first wait {d}",
        "{t} but pause {d} first",
        "{t} after waiting {d}",
        "{t} after waiting for {d}",
        "{t} after a pause of {d}",
        "{t} after a wait of {d}",
        "{t} once {d} have passed",
        "{t} {d} from now",
        "{t} when {d} are over",
        "wait {d} before you {t}",
        "wait {d} before {ing}",
        "before you {t}, wait {d}",
        "before {ing}, pause for {d}",
        "give me {d} before you {t}",
    ]
)


def delayed(voice: Voice, then: Phrase) -> Phrase:
    """A pause as an adverb, and then something: in ten seconds, turn left."""
    if not then.open_end and voice.chance(0.5):
        said, seconds = durations.duration(voice)
        rounded, template = stepped("wait", "seconds", seconds), voice.pick(AFTERWARDS)
        if rounded is None or not (then.verb or template.startswith("{t}")):
            return delayed(voice, then)
        first, _, rest = then.text.partition(" ")
        text = voice.fill(template, t=then.text, d=said, ing=f"{ing(first)} {rest}")
        if voice.chance(0.12) and seconds.denominator == 1 and seconds > 1:
            text = voice.fill(
                "{t} after a {n}(-| ){s} (pause|wait|break)|after a {n}(-| ){s} (pause|wait|break), {t}",
                t=then.text,
                n=number(seconds, voice),
                s=voice.rng.choice(("second", "second", "s")),
            )
        return Phrase(text, ({"wait": {"seconds": rounded}}, *then.commands), then.verb and template.startswith("{t}"))
    pause = later(voice)
    return Phrase(
        voice.fill("{p}(,|,|) {t}", p=pause.text, t=then.text), (*pause.commands, *then.commands), verb=False, open_end=then.open_end
    )
