"""Phrases in a row: one after the other, numbered, or turned round."""

from __future__ import annotations

from english.verbs import ing, participle
from qwark_nano.command_set import MAX_COMMANDS
from qwark_nano.voice import Choices, Voice, lines

from . import wait
from .phrase import Phrase, is_refused

JOINS = lines("""
    {x} and {y}
    {x} and {y}
    {x} and then {y}
    {x} and then {y}
    {x} then {y}
    {x} then {y}
    {x} then {y}
    {x}, then {y}
    {x}, then {y}
    {x}, and then {y}
    {x}, {y}
    {x}, {y}
    {x}. {y}
    {x}. {y}
    {x}. then {y}
    {x}; {y}
    {x}, and {y}
    {x}. after that, {y}
    {x}, after that {y}
    {x} after that {y}
    {x} and after that {y}
    {x} and afterwards {y}
    {x}, next {y}
    {x}. next, {y}
    {x}. now {y}
    {x}, now {y}
    {x} and now {y}
    {x} - {y}
    {x} / {y}
    {x} -> {y}
    {x}! {y}
    {x}, once (that's done|done|you are done|you've done that), {y}
    {x} and when you('re| are) done {y}
    {x}. when that's done, {y}
    {x} as well as {y}
    {x} and also {y}
    {x}, also {y}
    {x}. finally, {y}
    {x} and finally {y}
    {x}, followed by {y}
    {x}, please, and {y}
    {x} before you {y}
    {x}, followed by that {y}
    {x} um then {y}
    {x} plus {y}
    {x} & {y}
    {x} and oh {y}
    {x}. please {y}
    {x} and please {y}
    {x}. could you also {y}
    {x} so you can {y}
    {x} to then {y}
    {x} + {y}
    {x} and subsequently {y}
""")
# After words to say that no quote closes.
CLEAR_JOINS = Choices(
    [
        "{x} and {y}",
        "{x} and then {y}",
        "{x} then {y}",
        "{x} then {y}",
        "{x}, then {y}",
        "{x} and after that {y}",
        "{x}. then {y}",
        "{x}, and then {y}",
        "{x}. after that {y}",
    ]
)
FIRST = Choices(
    [
        "first {s}",
        "first, {s}",
        "firstly {s}",
        "first you {s}",
        "first of all, {s}",
        "to begin, {s}",
        "start like this: {s}",
        "step one, {s}",
        "here is the plan: {s}",
        "do this: {s}",
        "two things: {s}",
        "listen: {s}",
    ]
)
# The second part is done first.
INVERTED = Choices(
    [
        "{y} after you {x}",
        "{y} after you've {done_x}",
        "{y} once you've {done_x}",
        "{y} when you have {done_x}",
        "{y} as soon as you have {done_x}",
        "once you've {done_x}, {y}",
        "once you have {done_x} {y}",
        "when you've {done_x}, {y}",
        "when you have {done_x}, {y}",
        "after you {x}, {y}",
        "after you've {done_x} {y}",
        "as soon as you've {done_x}, {y}",
        "having {done_x}, {y}",
        "{y}, and before that {x}",
        "{y}, but first {x}",
        "{y}, but {x} beforehand",
        "before you {y} you should {x}",
        "don't {y} until you've {done_x}",
        "don't {y} before you've {done_x}",
        "{y}, but only after you've {done_x}",
        "{y}, but not before you {x}",
        "before you {y}, please {x}",
        "{y}. but first, {x}",
        "{y}. before that, {x}",
        "{y} after having {done_x}",
        "when you're done {ing_x}, {y}",
        "when you finish {ing_x}, {y}",
        "before {ing_y}, please {x}",
        "{x} before {ing_y}",
        "{x}, and only then {y}",
        "{x} first, then {y}",
        "before you {y}, {x}",
        "before {ing_y}, {x}",
        "after {ing_x}, {y}",
        "{y}, but first {x}",
        "{y} but before that {x}",
        "{y} after {ing_x}",
        "{y}, but before you do, {x}",
        "{y} once you have finished {ing_x}",
        "{y} but {x} first",
    ]
)
MARKS = (
    ("first,", "second,", "third,", "fourth,"),
    ("first", "second", "third", "fourth"),
    ("firstly,", "secondly,", "thirdly,", "fourthly,"),
    ("1.", "2.", "3.", "4."),
    ("1)", "2)", "3)", "4)"),
    ("a)", "b)", "c)", "d)"),
    ("step one:", "step two:", "step three:", "step four:"),
    ("first", "then", "then", "then"),
    ("first", "next", "then", "after that"),
    ("one:", "two:", "three:", "four:"),
    ("number one,", "number two,", "number three,", "number four,"),
    ("-", "-", "-", "-"),
    ("first you", "then you", "then you", "then you"),
)


def join(parts: list[Phrase], voice: Voice) -> Phrase:
    """The phrases as one, in which they are done in their order."""
    refused = [part for part in parts if is_refused(part)]
    commands = refused[0].commands if refused else tuple(command for part in parts for command in part.commands)
    open_end = any(part.open_end for part in parts)
    if len(parts) == 2 and not open_end and all(_is_plain_verb(part) for part in parts) and voice.chance(0.16):
        return Phrase(_inverted(parts[0].text, parts[1].text, voice), commands, verb=False)
    if not open_end and voice.chance(0.05):
        return Phrase(_numbered([part.text for part in parts], voice), commands, verb=False)
    text, plain = parts[0].text, not refused and voice.chance(0.25)
    for i, part in enumerate(parts[1:]):
        if not parts[i].open_end and (plain and i < len(parts) - 2 and voice.chance(0.5) or voice.chance(0.008)):
            text += (", " if plain or voice.spoken else "\n") + part.text
            continue
        if not parts[i].open_end and not refused and len(commands) < MAX_COMMANDS and voice.chance(0.015):
            pause, done = wait.later(voice), sum(len(part.commands) for part in parts[: i + 1])
            text = voice.fill("{x}(,| and|, and| then) {p} {y}", x=text, p=pause.text, y=_rest(parts[i + 1 :], voice))
            return Phrase(text, (*commands[:done], *pause.commands, *commands[done:]), parts[0].verb)
        other = voice.fill("(could you|can you|please|you|) {y}", y=part.text) if part.verb and voice.chance(0.08) else part.text
        text = voice.fill(voice.pick(CLEAR_JOINS) if parts[i].open_end else _join_for(part, voice), x=text, y=other)
    first = voice.chance(0.09)
    return Phrase(voice.say(FIRST, s=text) if first else text, commands, parts[0].verb and not first, open_end)


def _numbered(parts: list[str], voice: Voice) -> str:
    """First this. Second that. Finally something else."""
    marks = voice.rng.choice(MARKS)
    end = voice.rng.choice((". ", "; ", ", "))
    counted = list(marks[: len(parts)])
    if voice.chance(0.4) and marks[0][0].isalpha():
        counted[-1] = voice.rng.choice(("finally", "finally,", "at last", "lastly,", "in the end", "and finally"))
    return end.join(f"{mark} {part}" for mark, part in zip(counted, parts, strict=True))


def _is_plain_verb(part: Phrase) -> bool:
    return part.verb and part.text.split()[0].isalpha()


def _rest(parts: list[Phrase], voice: Voice) -> str:
    return voice.rng.choice((", then ", " and then ", " then ", ", ")).join(part.text for part in parts)


def _join_for(part: Phrase, voice: Voice) -> str:
    """How to go on with `part`: some words need a verb after them."""
    while True:
        template = voice.pick(JOINS)
        if part.verb or not any(word in template for word in ("before you", "could you", "so you", "to then", "please")):
            return template


def _inverted(x: str, y: str, voice: Voice) -> str:
    (first_x, rest_x), (first_y, rest_y) = (text.split(" ", 1) if " " in text else (text, "") for text in (x, y))
    return voice.say(
        INVERTED, x=x, y=y, ing_x=f"{ing(first_x)} {rest_x}", ing_y=f"{ing(first_y)} {rest_y}", done_x=f"{participle(first_x)} {rest_x}"
    )
