"""Orders that are given twice, in the same words or others, and are meant once."""

from __future__ import annotations

from collections.abc import Callable

from english import clauses
from english.manner import NAMES
from qwark_nano.voice import Voice, lines

from . import arm, drive, goto, gripper, light, look, report, turn, wait
from .phrase import Phrase, is_verb

# Said again, it is the same state: what is open stays open.
STATES: tuple[Callable[[Voice], Phrase], ...] = (
    goto.goto,
    gripper.gripper,
    gripper.gripper,
    arm.arm,
    look.look,
    light.light,
    report.report,
    report.report,
)
# Said again, it would be done again, were it not said that it is the same.
STEPS: tuple[Callable[[Voice], Phrase], ...] = (drive.drive, drive.drive, turn.turn, turn.turn, wait.wait)
AGAIN = lines("""
    {x}, {name}, {y}
    {x}! {y}!
    {x}! {y}
    {x}, {y}
    {x}, {y}, {name}
    {x}, {after}, {y}
    {x}. {y}
    {x}? {y}
    {x}... {y}
    {x}, go on, {y}
    {x}, come on, {y}
    {x}, please, {y}
    {x}; {talk}, so {y}
    {talk}: {x}, {y}
    {x}. {talk}, so {y}
    {x} - {y}
    * {x}, yes please, {y}
""")
SAME = lines("""
    {x}, i said {y}
    {x}. i said {y}
    {x}! i said, {y}
    {x}, yes, {y}
    {x}, that is, {y}
    {x}, that is to say, {y}
    {x}, in other words, {y}
    {x}, i repeat, {y}
    {x}. i repeat: {y}
    {x} (i mean {y})
    {x}, which means {y}
    {x}, did you hear me? {y}
    {x}, you heard me, {y}
    {x}, again: {y}
    {x}, you know, {y}
    {x}, so {y}
    {x}. yes. {y}
    {x}, let me repeat, {y}
    {x}. let me repeat that: {y}
    {x}. to repeat: {y}
    {x}, i'm repeating, {y}
    {x}, as i said, {y}
    {x}, as i just said, {y}
    {x}. like i said, {y}
    {x}, like i told you, {y}
    {x}. i told you, {y}
    {x}, that was {y}
    {x}, understood? {y}
    {x}, are you listening? {y}
    {x}, i just told you, {y}
    {x}, and for the second time, {y}
    {x}, in case you missed it, {y}
    {x}, in case you didn't hear, {y}
    {x}, as a reminder, {y}
    {x}, that's what i said, {y}
    {x}, to be clear, {y}
    {x}. just to be clear: {y}
    {x}, so that you understand, {y}
    {x}, i'll put it another way, {y}
    {x}, meaning {y}
    {x}, do you copy? {y}
    {x}. do you hear? {y}
    {x}, i want to stress, {y}
    {x}. remember, {y}
    {x}, i'm telling you, {y}
    {x}, it's what i asked for, {y}
    * {x}, i'll say it once more for you, {y}
""")
# A side as well, where sides are spoken of.
RIGHT = lines("""
    {x}, right, {y}
    {x}, that's right, {y}
""")


def repeated(voice: Voice) -> Phrase:
    """An order that is given twice."""
    is_state = voice.chance(0.65)
    kind = voice.rng.choice(STATES if is_state else STEPS)
    x = kind(voice)
    y = x if voice.chance(0.3) else _same(kind, x, voice)
    if y is None or len(x.text) > 60:
        return repeated(voice)
    template = voice.pick(AGAIN if is_state and voice.chance(0.7) else SAME)
    if kind not in (turn.turn, look.look) and voice.chance(0.05):
        template = voice.pick(RIGHT)
    if voice.chance(0.08) and is_verb(x.text):
        x = Phrase(f"{voice.rng.choice(('can you', 'could you', 'would you', 'will you', 'please'))} {x.text}", x.commands, verb=False)
    text = voice.fill(
        template,
        x=x.text,
        y=y.text,
        name=lambda: voice.pick(NAMES),
        after=lambda: clauses.after_order(voice),
        talk=lambda: clauses.sentence(voice),
    )
    return Phrase(text, x.commands, x.verb and template.startswith("{x}"))


def _same(kind: Callable[[Voice], Phrase], x: Phrase, voice: Voice) -> Phrase | None:
    """Another phrase for the same, if one is found."""
    for _ in range(40):
        y = kind(voice)
        if y.commands == x.commands and y.text != x.text:
            return y
    return None
