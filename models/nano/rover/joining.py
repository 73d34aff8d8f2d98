"""Phrases in a row: one after the other, numbered, or turned round."""

from __future__ import annotations

import re
from collections.abc import Callable

from english import clauses
from english.numbers import NUMBER_WORDS
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
    {x} n {y}
    {x} n then {y}
    {x} nd then {y}
    {x}, thereafter {y}
    {x}, whereupon {y}
    {x}, and when that's done, {y}
    {x}; (once|when|as soon as) that's done, {y}
    {x}, (once|when|as soon as) (that is|that's|it's) (done|finished|complete|over), {y}
    {x}. (once|when) (you're finished|finished|ready|you're there|that is over|done), {y}
    {x}, afterwards {y}
    {x}. afterwards, {y}
    {x} and in the end {y}
    {x} and to finish {y}
    {x}. (lastly|last of all|to finish|at last|in the end|to end with|last|at the end), {y}
    {x}, and (lastly|last of all|to finish|at last|in the end|last|at the end) {y}
    {x}... {y}
    {x} ... then {y}
    {x} > {y}
    {x} => {y}
    {x} >> {y}
    {x}, when (finished|done), {y}
    {x}, (straight|right|immediately|directly|soon) after (that|which|this) {y}
    {x}, after (this|which) {y}
    {x} and after this {y}
    {x}. (secondly|second|in addition|additionally|moreover|furthermore|besides|also|plus|and then|and after that), {y}
    {x} (and|&) (next|from there|at that point|with that done) {y}
    {x} and (right|immediately|directly) (afterwards|after) {y}
    {x} AND {y}
    {x} THEN {y}
    {x} yeah and then {y}
    {x} and like then {y}
    {x} and, (um|uh|er|you know), {y}
    {x}, (and|then) (please|kindly|could you|would you|if you would,|be so kind and) {y}
    {x}, and (i'd like you to|i want you to|after that please|then please|don't forget to|be sure to|you should also|also please) {y}
    {x}. (then|next|now|after that) (please|you should|could you|i want you to|you can|you must|do) {y}
    {x} (then|and then) (you|u|you can|you should|you must) {y}
    {x}, but (then|afterwards|after that|finally) {y}
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
        "{x} n then {y}",
        "{x}, and after that {y}",
        "{x} and afterwards {y}",
        "{x}. next {y}",
        "{x}, next {y}",
        "{x} and finally {y}",
        "{x}; then {y}",
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
        "here's what to do: {s}",
        "here is what i want you to do: {s}",
        "your job: {s}",
        "your tasks: {s}",
        "the plan: {s}",
        "mission: {s}",
        "to do: {s}",
        "please do the following: {s}",
        "do the following: {s}",
        "in this order: {s}",
        "do this in order: {s}",
        "one after the other: {s}",
        "i have a few things for you: {s}",
        "new orders: {s}",
        "sequence: {s}",
        "routine: {s}",
        "program: {s}",
        "first off {s}",
        "first things first, {s}",
        "for starters, {s}",
        "to start with, {s}",
        "begin like this: {s}",
        "{s}, in that order",
        "{s}, in this order please",
        "{s}, one after the other",
        "{s}, step by step",
        "{s}, all in one go",
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
        "prior to {ing_y}, {x}",
        "prior to {ing_y}, {x}",
        "prior to {ing_y}, {x}",
        "prior to {ing_y}, please {x}",
        "prior to {ing_y} you should {x}",
        "prior to {ing_y} {x}",
        "{x} prior to {ing_y}",
        "{x}, prior to {ing_y}",
        "{x} ahead of {ing_y}",
        "{y}, but prior to that {x}",
        "{y}. prior to that, {x}",
        "{y} only after {ing_x}",
        "{y} only once you've {done_x}",
        "only {y} after you've {done_x}",
        "only {y} once you have {done_x}",
        "only after {ing_x} {y}",
        "only when you have {done_x}, {y}",
        "not until you've {done_x} should you {y}",
        "do not {y} until you have {done_x}",
        "please don't {y} until you've {done_x}",
        "wait with that until you've {done_x}: {y}",
        "last of all {y}; first {x}",
        "last of all {y}, but first {x}",
        "finally {y}; first {x}",
        "at the end {y}, at the start {x}",
        "first {x}; last of all {y}",
        "last, {y}; first, {x}",
        "{y} last, but first {x}",
        "{y} second, {x} first",
        "secondly {y}, but firstly {x}",
        "second {y}, first {x}",
        "{x}, and with that done {y}",
        "with that in mind, {y} after {ing_x}",
        "the moment you've {done_x}, {y}",
        "the moment you have {done_x} {y}",
        "{y} the moment you've {done_x}",
        "{y} right after {ing_x}",
        "{y} immediately after {ing_x}",
        "right after {ing_x}, {y}",
        "straight after {ing_x}, {y}",
        "upon {ing_x}, {y}",
        "following that you {x}, {y}",
        "{x} just before {ing_y}",
        "{x} right before you {y}",
        "just before you {y}, {x}",
        "right before {ing_y}, {x}",
        "b4 {ing_y} {x}",
        "b4 u {y} {x}",
        "{x} b4 u {y}",
        "{x} b4 {ing_y}",
        "before you start {ing_y}, {x}",
        "before you {y}, be so kind and {x}",
        "before you {y}, would you please {x}",
        "before you {y}, i'd like you to {x}",
        "before you go and {y}, {x}",
        "before anything else, {x}, and then {y}",
        "{y}, but not until you have {done_x}",
        "{y}, though first {x}",
        "{y}, though {x} first",
        "{y} - but first {x}",
        "{y}, only {x} first",
        "{y}, please, but first {x}",
        "{y}, having first {done_x}",
        "{y} but make sure to {x} first",
        "{y}, but make sure you {x} beforehand",
        "{y}, and {x} before that",
        "{y}, and {x} before you do",
        "{y}. but {x} first",
        "i want you to {y}, but first {x}",
        "you can {y} once you've {done_x}",
        "you may {y} after you've {done_x}",
        "as soon as you {x}, {y}",
        "once you {x}, {y}",
        "when you have finished {ing_x}, please {y}",
        "after you have {done_x}, please {y}",
        "after you're done {ing_x}, {y}",
        "after {ing_x}, would you please {y}",
        "start by {ing_x}, then {y}",
        "start with {ing_x} and then {y}",
        "begin by {ing_x}, and finish by {ing_y}",
        "begin by {ing_x} and end by {ing_y}",
        "start off by {ing_x}, after which {y}",
        "finish by {ing_y}, but start by {ing_x}",
        "end by {ing_y}, start by {ing_x}",
        "{x} to begin with, and then {y}",
        "{x} for a start, then {y}",
        "{x} and only afterwards {y}",
        "{x}, and not before that's done, {y}",
        "{x} and finish by {ing_y}",
        "{x}, ending by {ing_y}",
        "{x} before finally {ing_y}",
        "in order: {x}, {y}",
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


# After these comes a verb.
NEEDS_VERB = ("you ", "u)", "to then", "please", "kindly", " do)", "to {y}", "kind and")
AND = re.compile(r"\{x\},? (and|n|nd)\b", re.IGNORECASE)
# What seems to go on with the order before it: twenty degrees, to the left, slowly.
ATTACHING = NUMBER_WORDS | frozenset(
    """
    a an to at for by with in on about exactly just only up down left right leftward rightward leftwards rightwards forward forwards
    ahead back backward backwards straight directly onward onwards further slowly quickly fast carefully gently slightly round around
    clockwise anticlockwise counterclockwise
    """.split()
)


def join(parts: list[Phrase], voice: Voice) -> Phrase:
    """The phrases as one, in which they are done in their order."""
    refused = [part for part in parts if is_refused(part)]
    commands = refused[0].commands if refused else tuple(command for part in parts for command in part.commands)
    open_end = any(part.open_end for part in parts)
    if len(parts) == 2 and not open_end and all(_is_plain_verb(part) for part in parts) and voice.chance(0.24):
        return Phrase(_inverted(parts[0].text, parts[1].text, voice), commands, verb=False)
    if len(parts) > 2 and not open_end and all(_is_plain_verb(part) for part in parts) and voice.chance(0.07):
        return Phrase(_last_first([part.text for part in parts], voice), commands, verb=False)
    if not open_end and voice.chance(0.05):
        return Phrase(_numbered([part.text for part in parts], voice), commands, verb=False)
    text, plain = parts[0].text, not refused and voice.chance(0.25)
    for i, part in enumerate(parts[1:]):
        if not (parts[i].open_end or _would_attach(part, voice)) and (
            plain and i < len(parts) - 2 and voice.chance(0.5) or voice.chance(0.008)
        ):
            text += (", " if plain or voice.spoken else "\n") + part.text
            continue
        if not parts[i].open_end and not refused and len(commands) < MAX_COMMANDS and voice.chance(0.015):
            pause, done = wait.later(voice), sum(len(part.commands) for part in parts[: i + 1])
            text = voice.fill("{x}(,| and|, and| then) {p} {y}", x=text, p=pause.text, y=_rest(parts[i + 1 :], voice))
            return Phrase(text, (*commands[:done], *pause.commands, *commands[done:]), parts[0].verb)
        if not parts[i].open_end and voice.chance(0.04):
            # What comes after small talk needs a word that says so.
            text = f"{text}{voice.rng.choice((' ', ', ', ', ', ' (', ' - '))}{clauses.after_order(voice)}"
            text = voice.fill(voice.pick(CLEAR_JOINS), x=text + (")" if " (" in text and ")" not in text else ""), y=part.text)
            continue
        other = voice.fill("(could you|can you|please|you|) {y}", y=part.text) if part.verb and voice.chance(0.08) else part.text
        text = voice.fill(voice.pick(CLEAR_JOINS) if parts[i].open_end else _join_for(parts[i], part, voice), x=text, y=other)
    first = voice.chance(0.09) and not open_end
    return Phrase(voice.say(FIRST, s=text) if first else text, commands, parts[0].verb and not first, open_end)


def _numbered(parts: list[str], voice: Voice) -> str:
    """First this. Second that. Finally something else."""
    marks = voice.rng.choice(MARKS)
    end = voice.rng.choice((". ", "; ", ", "))
    counted = list(marks[: len(parts)])
    if voice.chance(0.4) and marks[0][0].isalpha():
        counted[-1] = voice.rng.choice(("finally", "finally,", "at last", "lastly,", "in the end", "and finally"))
    return end.join(f"{mark} {part}" for mark, part in zip(counted, parts, strict=True))


# The last part is said before the others.
LAST_FIRST = Choices(
    [
        "{z}, but first {xs}",
        "{z}. but first, {xs}",
        "{z}, but before that {xs}",
        "{z} please, but first {xs}",
        "before you {z}, {xs}",
        "before you {z}, please {xs}",
        "before {ing_z}, {xs}",
        "prior to {ing_z}, {xs}",
        "{xs} before {ing_z}",
        "{xs} before you {z}",
        "{xs}, all before you {z}",
        "{z} once you've {done_x}",
        "{z} after you've {done_x}",
        "once you have {done_x}, {z}",
        "after {ing_x}, {z}",
    ]
)


def _last_first(parts: list[str], voice: Voice) -> str:
    """The last, but first the others."""
    *firsts, last = parts
    join = voice.rng.choice((" and ", " and then ", ", then ", " and ", ", "))
    *head, tail = firsts
    xs = (", ".join(head) + join + tail) if head else tail
    first_z, rest_z = last.split(" ", 1) if " " in last else (last, "")
    return voice.say(
        LAST_FIRST if join != ", " else Choices(LAST_FIRST.known[:6]),
        xs=xs,
        z=last,
        ing_x=_forms(firsts, ing, join),
        ing_z=f"{ing(first_z)} {rest_z}",
        done_x=_forms(firsts, participle, join),
    )


def _forms(parts: list[str], form: Callable[[str], str], join: str) -> str:
    """The parts with another form of their verbs."""
    changed = [form(text.split(" ")[0]) + text[len(text.split(" ")[0]) :] for text in parts]
    return ", ".join(changed[:-1]) + (join if len(changed) > 1 else "") + changed[-1]


def _is_plain_verb(part: Phrase) -> bool:
    return part.verb and part.text.split()[0].isalpha()


def _rest(parts: list[Phrase], voice: Voice) -> str:
    return voice.rng.choice((", then ", " and then ", " then ", ", ")).join(part.text for part in parts)


def _would_attach(part: Phrase, voice: Voice) -> bool:
    """Whether `part` would seem to belong to what is said before it, where no mark and no word divides them."""
    first = part.text.split()[0].strip(",.:")
    return voice.spoken and not part.verb and (first in ATTACHING or first[0].isdigit())


def _join_for(before: Phrase, part: Phrase, voice: Voice) -> str:
    """How to go on with `part` after `before`: some words need a verb after them, and "go ahead and look" is one order."""
    while True:
        template = voice.pick(JOINS)
        divides = any(c.isalpha() for c in template.replace("{x}", "").replace("{y}", ""))
        if (
            (part.verb or not any(word in template for word in NEEDS_VERB))
            and (divides or not _would_attach(part, voice))
            and not (before.text.endswith("go ahead") and AND.match(template))
        ):
            return template


def _inverted(x: str, y: str, voice: Voice) -> str:
    (first_x, rest_x), (first_y, rest_y) = (text.split(" ", 1) if " " in text else (text, "") for text in (x, y))
    return voice.say(
        INVERTED, x=x, y=y, ing_x=f"{ing(first_x)} {rest_x}", ing_y=f"{ing(first_y)} {rest_y}", done_x=f"{participle(first_x)} {rest_x}"
    )
