"""Orders that are corrected as they are given: left, no, right."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from english.lengths import CENTIMETRE, FOOT, METRE, measure
from english.numbers import number
from qwark_nano.voice import Voice, lines

from . import light
from .goto import PLACES
from .phrase import Phrase, stepped

NO = "(no|no, wait|sorry|no, sorry|i mean|no i mean|sorry i mean|i meant|wait no|actually|actually no|make that|no, make that|or rather|rather|correction|scratch that|uh no|oops no|er|no no|better|no, better|i mean to say|well no)"
SIDES = lines("""
    (turn|go|rotate|take a|make a) {a}, {no}, {b}
    (turn|go|rotate|take a|make a) {a} {no} {b}
    (turn|go|rotate) {b}, not {a}
    (turn|go|rotate) not {a} but {b}
    don't (turn|go|rotate) {a}, (turn|go|rotate) {b}
    {a}, {no}, {b}
    turn {a}. {no}, turn {b}
    not {a}, {b}
    turn to the {a}, {no}, to the {b}
    turn {b} instead of {a}
    (please |)do not turn {a}, turn {b}
    do not (turn|go) {a}, {b} (instead|please|)
    don't (turn|go) {a} but {b}
    {b} not {a}
    (turn|go) {a}... {no}, the other way, {b}
""")
PLACED = lines("""
    (go|drive|move|head|return) to the {a}, {no}, (to|) the {b}
    (go|drive|move|head|return) to the {a} {no} (to|) the {b}
    (go|drive|move|head|return) to the {a}. {no}, the {b}
    (go|drive|move|head) to the {b}, not the {a}
    (go|drive|move|head) to the {b} not to the {a}
    (go|drive|head) not to the {a} but to the {b}
    don't go to the {a}, go to the {b}
    do not (go|drive) to the {a}, (go|drive) to the {b} (instead|)
    (go|drive|head) to the {a} {no} i want you to go to the {b}
    (go|drive) to the {b}, i said {b}, not {a}
    (go|drive|head) to the {a}... {no}, the {b}
    not the {a}, the {b}
    (go|drive|head) to the {b} instead of the {a}
    forget the {a}, go to the {b}
    (go|drive|head) to the {b} rather than the {a}
    (go|drive|head) from the {a} to the {b}
    leave the {a} and (go|drive) to the {b}
""")
LIT = lines("""
    light {a}, {no}, {b}
    (make|turn|set) the light {a}, {no}, {b}
    set the light to {a}, {no}, {b}
    light {a} {no} {b}
    the light {b}, not {a}
    make the light {b} instead of {a}
    {a} light, {no}, {b}
    (make|turn) the light {a}. {no}, {b}
    don't make the light {a}, make it {b}
""")
LOOKED = lines("""
    look {a}, {no}, {b}
    look {a} {no} {b}
    (point|turn) the camera {a}, {no}, {b}
    look {b}, not {a}
    don't look {a}, look {b}
    look {a}... {no}, {b}
    camera {a}, {no}, {b}
""")
DRIVEN = lines("""
    (go|drive|move) {way} {a}, {no}, {b}
    (go|drive|move) {way} {a} {no} {b}
    (go|drive|move) {way} {a}. {no}, {b}
    {way} {a}, {no}, {b}
    (go|drive|move) {way}, um, {n}, {no} {b}
    (go|drive|move) {way} {n}, {no}, {b}
    (go|drive|move) {way} {n} {no} {b}
    (go|drive|move) {way} {b}, not {a}
    {way} {n} {no} {b}
""")
WAITED = lines("""
    wait {a} seconds, {no}, {b} seconds
    wait {a}, {no}, {b} seconds
    wait {a} {no} {b} seconds
    wait {a} seconds, {no} make it {b} seconds
    wait {b} seconds, not {a}
    pause for {a}, {no}, {b} seconds
""")
MOVED = lines("""
    (go|drive|move) {a}, {no}, {b}
    (go|drive|move) {b}, not {a}
    (don't|do not|please don't) (go|drive|move) {a}, (go|drive|move) {b}
    (go|drive|move) {b} instead of {a}
    {a}, {no}, {b}
    (go|drive) {a} a metre, {no}, {b} a metre
""")
GRIPPED = lines("""
    {a} the gripper, {no}, {b} it
    {a} the gripper {no} {b} it
    don't {a} the gripper, {b} it
    {a} {no} {b} the gripper
    {b} the gripper, don't {a} it
""")


def corrected(voice: Voice) -> Phrase:
    """One of the kinds of orders, corrected."""
    return voice.rng.choice(KINDS)(voice)


def _no(voice: Voice) -> str:
    return voice.fill(NO)


def _side(voice: Voice) -> Phrase:
    a, b = voice.rng.choice((("left", "right"), ("right", "left")))
    template = voice.pick(SIDES)
    text = voice.fill(template, a=a, b=b, no=_no(voice))
    return Phrase(text, ({"turn": {"angle": 90 if b == "left" else -90}},), template.startswith("("))


def _place(voice: Voice) -> Phrase:
    a, b = voice.rng.sample(PLACES, 2)
    return Phrase(voice.say(PLACED, a=a, b=b, no=_no(voice)), ({"goto": {"place": b}},), verb=False)


def _light(voice: Voice) -> Phrase:
    a, b = voice.rng.sample(light.COLOURS, 2)
    return Phrase(voice.say(LIT, a=a, b=b, no=_no(voice)), ({"light": {"color": b}},), verb=False)


def _look(voice: Voice) -> Phrase:
    ways = {"left": {"pan": 45}, "right": {"pan": -45}, "up": {"tilt": 30}, "down": {"tilt": -30}}
    a, b = voice.rng.sample(list(ways), 2)
    return Phrase(voice.say(LOOKED, a=a, b=b, no=_no(voice)), ({"look": ways[b]},), verb=False)


def _drive(voice: Voice) -> Phrase:
    unit, most = voice.rng.choice(((METRE, 10), (CENTIMETRE, 100), (FOOT, 20)))
    first, second = voice.rng.sample(range(1, most + 1), 2)
    a, b = (measure(Fraction(n), unit, voice) for n in (first, second))
    sign, way = voice.rng.choice(((1, "forward"), (1, "ahead"), (-1, "back"), (-1, "backwards")))
    text = voice.say(DRIVEN, way=way, a=a.text, b=b.text, n=a.text.split()[0] if " " in a.text else a.text, no=_no(voice))
    distance = stepped("drive", "distance", sign * b.metres)
    return _drive(voice) if distance is None else Phrase(text, ({"drive": {"distance": distance}},), verb=False)


def _wait(voice: Voice) -> Phrase:
    first, second = voice.rng.sample(range(2, 60), 2)
    a, b = number(Fraction(first), voice), number(Fraction(second), voice)
    return Phrase(voice.say(WAITED, a=a, b=b, no=_no(voice)), ({"wait": {"seconds": second}},), verb=False)


def _move(voice: Voice) -> Phrase:
    a, b, sign = voice.rng.choice(
        (("forward", "back", -1), ("back", "forward", 1), ("backwards", "forwards", 1), ("ahead", "back", -1), ("forward", "backwards", -1))
    )
    template = voice.pick(MOVED)
    metres = Fraction(1) if "a metre" in template else Fraction(1, 2)
    return Phrase(voice.fill(template, a=a, b=b, no=_no(voice)), ({"drive": {"distance": sign * metres}},), verb=False)


def _grip(voice: Voice) -> Phrase:
    a, b = voice.rng.choice((("open", "close"), ("close", "open")))
    return Phrase(voice.say(GRIPPED, a=a, b=b, no=_no(voice)), ({"gripper": {"action": b}},), verb=False)


def _turn_angle(voice: Voice) -> Phrase:
    """The way is corrected and the angle stays, or the other way round."""
    ways = {"left": 1, "right": -1}
    a, b = voice.rng.sample(list(ways), 2)
    first, second = voice.rng.sample((10, 15, 20, 30, 45, 60, 75, 90, 120, 180, voice.rng.randint(1, 99)), 2)
    n, m = number(Fraction(first), voice), number(Fraction(second), voice)
    if voice.chance(0.5):
        text = voice.fill(
            "(turn|rotate|spin) (to the |){a} {n} degrees(,|;|.|) {no}(,|) (to the |){b}|(turn|rotate) {n} degrees (to the |){a}(,|;|.|) {no}(,|) (to the |){b}|(turn|rotate) {n} degrees {b}, not {a}",
            a=a,
            b=b,
            n=n,
            no=_no(voice),
        )
        return Phrase(text, ({"turn": {"angle": first * ways[b]}},), verb=False)
    text = voice.fill(
        "(turn|rotate|spin) {a} {n}( degrees|)(,|;|.|) {no}(,|) {m} degrees|(turn|rotate) {n}( degrees|)(,|;|) {no}(,|) {m} degrees (to the |){a}|(turn|rotate) {a} {m} degrees, not {n}",
        a=a,
        n=n,
        m=m,
        no=_no(voice),
    )
    return Phrase(text, ({"turn": {"angle": second * ways[a]}},), verb=False)


def _drive_way(voice: Voice) -> Phrase:
    """The way is corrected and the distance stays."""
    unit, most = voice.rng.choice(((METRE, 10), (CENTIMETRE, 100), (FOOT, 20)))
    length = measure(Fraction(voice.rng.randint(1, most)), unit, voice)
    a, b, sign = voice.rng.choice(
        (("forward", "back", -1), ("back", "forward", 1), ("backwards", "forwards", 1), ("ahead", "backwards", -1))
    )
    text = voice.fill(
        "(go|drive|move) {a} {f}(,|;|.|) {no}(,|) {b} (instead|)|(go|drive|move) {f} {a}(,|;|.|) {no}(,|) {b}|{f} {a}, {no} {f} {b}|(go|drive) {a}, {no}, {b} {f}|(go|drive) {b} {f}, not {a}",
        a=a,
        b=b,
        f=length.text,
        no=_no(voice),
    )
    distance = stepped("drive", "distance", sign * length.metres)
    return _drive_way(voice) if distance is None else Phrase(text, ({"drive": {"distance": distance}},), verb=False)


def _drive_speed(voice: Voice) -> Phrase:
    """The speed is corrected."""
    length = measure(Fraction(voice.rng.randint(1, 10)), METRE, voice)
    sign, way = voice.rng.choice(((1, "forward"), (1, "ahead"), (-1, "back"), (-1, "backwards")))
    speeds = {"slowly": 2, "carefully": 2, "slow": 2, "fast": 16, "quickly": 16, "at full speed": 16}
    a, b = voice.rng.sample(list(speeds), 2)
    twentieths = speeds[b]
    if voice.chance(0.5):
        twentieths = voice.rng.randint(1, 20)
        b = f"at {number(Fraction(twentieths, 20), voice)} {voice.rng.choice(('m/s', 'metres per second', 'meters per second'))}"
    text = voice.fill(
        "(go|drive|move) {way} {f} {a}(,|...|) {no}(,|) {b}|(go|drive|move) {way} {a}(,|...|) {no}(,|) {b}, for {f}|{a}, {no}, {b}, (go|drive) {f} {way}|(go|drive) {way} {f} {b}, not {a}",
        way=way,
        f=length.text,
        a=a,
        b=b,
        no=_no(voice),
    )
    distance = stepped("drive", "distance", sign * length.metres)
    assert distance is not None
    return Phrase(text, ({"drive": {"distance": distance, "speed": Fraction(twentieths, 20)}},), verb=False)


KINDS: tuple[Callable[[Voice], Phrase], ...] = (
    _side,
    _place,
    _light,
    _look,
    _drive,
    _wait,
    _move,
    _grip,
    _turn_angle,
    _drive_way,
    _drive_speed,
)
