"""Pointing the camera head."""

from __future__ import annotations

from fractions import Fraction

from english.numbers import in_digits, number
from qwark_nano.voice import Choices, Voice, lines

from .drive import A_BIT
from .phrase import UNSAFE, Phrase, stepped
from .turn import degrees

CAMERA = (
    "(the camera|the camera|your camera|the head|your head|the camera head|camera|your gaze|your eyes|your view|the cam|your eye|the lens)"
)
# Verbs with the camera as their object, and without.
AIM = "(point|aim|turn|move|tilt|pan|swing|direct|rotate|swivel|steer|angle|shift|set|look with|bring)"
LOOK = "(look|look|look|look|look|glance|gaze|peer|peek|watch|have a look|take a look|stare)"
WAYS = {
    (0, 1): "(left|left|left|to the left|to the left|to your left|leftwards|to the left side|over to the left|toward the left)",
    (0, -1): "(right|right|right|to the right|to the right|to your right|rightwards|to the right side|over to the right|toward the right)",
    (1, 1): "(up|up|up|up|upwards|upward|up high|above)",
    (1, -1): "(down|down|down|down|downwards|downward|down low|below)",
}
AXES = ("pan", "tilt")
USUAL = (45, 30)
MOST = (90, 45)
PLAIN = lines("""
    {look} {way}
    {look} {way}
    {look} {way}
    {look} {way}
    {look} {way}
    {aim} {camera} {way}
    {aim} {camera} {way}
    {aim} {camera} {way}
    {axis} {way}
    {axis} {camera} {way}
    {camera} {way}
    {camera} {way}
    eyes {way}
    {look} {way} (there|here|again|for a change)
    {look} over {way}
    (have|take|cast) a (look|glance|peek) {way}
    {look} (out|) {way}
    (what|who)'s (there|that), {look} {way}
    (see|check) what's {way}
    {look} {way} with {camera}
    i want you to {look} {way}
    let {camera} look {way}
    {aim} {camera} so that you look {way}
    (keep|have) {camera} (looking|pointing|pointed) {way}
    a (look|glance|peek) {way}
    (have|take) a (quick|good|brief|short|careful) (look|glance|peek) {way}
    {look} {way} (once|and see|for me|for a moment|quickly)
    {camera} (should|must) (point|look|go) {way}
    (make|have) {camera} (point|look|face) {way}
    i need {camera} (pointing|looking|turned) {way}
    * {aim} {camera} over {way}
    * let {camera} go {way}
    * now {look} {way}
    {way}, {look}
    {way}, please, {look}
    your eyes {way}
    eyes {way}, (please|now|soldier|robot)
    {look} {way}, (please|now|quick|there|where i am|where i'm standing|at the wall|at your wheels)
    {look} {way}, (what|who) is (that|there|it)
    {look} {way} (at|towards) (your wheels|the wall|the ceiling|the floor|my feet|the corner|where i sit)
    {look} to {way}
    (turn|move|crane|tilt) your (neck|head|camera head) {way}
    (shift|cast|direct) your (gaze|eyes|view) {way}
    {camera}: {way}
    {camera} (please|now) {way}
    {aim} {camera} {way} (please|now|for me|once|again)
    {look} {way} and (stay like that|keep looking)
    you (look|glance) {way}
    (get|bring) {camera} {way}
""")
MEASURED = lines("""
    {look} {way} {angle}
    {look} {angle} {way}
    {look} {angle} {way}
    {look} {way} by {angle}
    {look} {way} {angle}
    {aim} {camera} {angle} {way}
    {aim} {camera} {way} {angle}
    {aim} {camera} {way} by {angle}
    {aim} {camera} {way} by {angle}
    {aim} {camera} by {angle} {way}
    {axis} {way} {angle}
    {axis} {angle} {way}
    {axis} {way} by {angle}
    {axis} {camera} {angle} {way}
    {axis} {camera} {way} {angle}
    {axis} {camera} {way} by {angle}
    {camera} {angle} {way}
    {camera} {way} {angle}
    {look} {way} (about|exactly|around|precisely|at|at an angle of|roughly|some|like) {angle}
    {aim} {camera} (about|exactly|around|precisely|another|roughly) {angle} {way}
    {look} (about|exactly|precisely|just|only) {angle} {way}
    give me {angle} {way} (with|on) {camera}
    {look} {way}, {angle}
    {camera} {way}, {angle}
    {look} {angle} (further|over) {way}
    {camera} (should|must) (look|point) {angle} {way}
    {aim} {camera} to {angle} {way}
    (make|let) {camera} look {angle} {way}
    (have|make|let) {camera} (point|look|face) {angle} {way}
    (have|make|let) {camera} (point|look|face|go) {way} (by|) {angle}
    {camera} should (go|tilt|look|point) {way} by {angle}
    a (look|glance) {angle} {way}
    {aim} {camera} {angle} over {way}
    {aim} {camera} (at|) {angle} {way}
    i need {camera} {angle} {way}
    {look} {way}, (about|exactly|only|just) {angle}
    {look} {way}, make it {angle}
    * {aim} {camera}, {angle} {way}
    {angle} {way}, {look}
    {way} {angle}, {look}
    {angle} {way} with {camera}
    {look} {way}, that is {angle}
    {look} {way}, i mean {angle}
    {look} {way}, by {angle}
    {look} {way}. {angle}
    {camera}: {axis} {way} {angle}
    {camera}: {way} {angle}
    {camera}, {axis} {way} {angle}
    {camera} {axis} {way} {angle}
    {axis}: {way} {angle}
    {axis} {way}, {angle}
    {camera} {axis} {angle} {way}
    {aim} {camera} {way}, {angle}
    {aim} {camera} {way} (exactly|about|by exactly|another) {angle}
    your (head|camera|eyes) {angle} {way}
    you (look|tilt|pan) {angle} {way}
    {look} {angle} {way}, (please|no more|no further)
    i('d| would) like {camera} {angle} {way}
    {camera} (needs|has) to (look|point) {angle} {way}
""")
SIGNED = lines("""
    {axis} {to} {n}
    {axis} {to} {n} degrees
    {axis} {n} degrees
    {axis} {n}
    {axis} {camera} {to} {n} degrees
    {axis} {camera} {to} {n}
    {axis} the (camera|head) {to} {n} degrees
    set {axis} {to} {n}
    set (the|your) {axis} {to} {n} degrees
    set (the|) camera {axis} {to} {n} degrees
    (point|move|turn|set|bring) {camera} {to} {axis} {n} degrees
    (point|aim|set) {camera} at {axis} {n} (degrees|)
    camera {axis} {n} (degrees|)
    {axis} = {n}
    {axis} angle {n} degrees
    {axis}: {n}
    {axis} should be {n} degrees
    {axis} of {n} degrees
    {axis} {to} {plus}
    {axis} {plus}
    {axis} {plus} degrees
    {axis} {plus} deg
    {axis} {plus}°
    {axis} {n} deg
    {axis} {n}°
    camera {axis} {plus}
    camera: {axis} {plus}
    camera: {axis} {n}
    camera {axis} {to} {n}
    {axis} axis {to} {n} (degrees|deg|)
    {axis} angle {plus}
    {axis} ({plus}|{n}), leave the {other} (alone|as it is|where it is)
    {axis} {to} {n}, (leave|keep) the {other} (alone|as it is|where it is|unchanged)
    (only|just) {axis} {to} {n}
    {axis} {to} {n} only
    {axis} {to} {n}, don't touch the {other}
    set {axis} {to} {plus}
    move the {axis} {to} {n} degrees
""")
BOTH_SIGNED = lines("""
    pan {p} and tilt {t}
    pan {p} tilt {t}
    pan {p}, tilt {t}
    pan {p} degrees and tilt {t} degrees
    pan to {p} and tilt to {t}
    set pan to {p} and tilt to {t}
    set pan {p} and tilt {t}
    set the pan to {p} degrees and the tilt to {t} degrees
    tilt {t} and pan {p}
    tilt {t}, pan {p}
    set tilt to {t} and pan to {p}
    tilt to {t} and pan to {p}
    (point|aim|set|move) {camera} (to|at) pan {p} (and|) tilt {t}
    (point|aim|set|move) {camera} (to|at) pan {p} degrees, tilt {t} degrees
    camera pan {p} tilt {t}
    pan {p} degrees, tilt {t} degrees
    {camera} to pan {p} and tilt {t}
    pan the camera to {p} and tilt it to {t}
    pan = {p}, tilt = {t}
    look at pan {p}, tilt {t}
    pan {p}, tilt {tp}
    pan {pp}, tilt {tp}
    pan {pp}, tilt {t}
    pan {pp} tilt {tp}
    camera: pan {pp}, tilt {tp}
    camera: pan {p}, tilt {tp}
    camera: pan {p}, tilt {t}
    camera pan {pp}, tilt {tp}
    tilt {tp}, pan {pp}
    tilt {tp}, pan {p}
    tilt {t} pan {pp}
    pan {pp} deg, tilt {tp} deg
    pan {p} deg, tilt {t} deg
    pan {p}°, tilt {t}°
    head: pan {p}, tilt {t}
    look: pan {p}, tilt {t}
    pan {p}/tilt {t}
    pan: {p}, tilt: {t}
    pan: {pp}, tilt: {tp}
    set pan/tilt to {p} and {t}
    pan and tilt to {p} and {t}
    pan {p} degrees, and at the same time tilt {t} degrees
""")
BIT = lines("""
    {look} {way} {bit}
    {look} {bit} {way}
    {look} {bit} {way}
    {look} {bit} (further|more) {way}
    {aim} {camera} {bit} {way}
    {aim} {camera} {way} {bit}
    {axis} {way} {bit}
    {axis} {bit} {way}
    {axis} {camera} {bit} {way}
    {axis} {camera} {way} {bit}
    {camera} {bit} {way}
    {camera} {way} {bit}
    {look} {way} just {bit}
    {look} {way}, (but|) (only|just) {bit}
    {bit} {way} with {camera}
    {look} (only|just) {bit} {way}
    {aim} {camera} just {bit} {way}
    (have|make|let) {camera} (point|look) {bit} {way}
    {camera} should go {bit} {way}
    * {look} {way} by {bit}
    * {camera}, {bit} {way}
""")
BOTH = lines("""
    {look} {a} and {b}
    {look} {a} and {b}
    {aim} {camera} {a} and {b}
    {aim} {camera} {a} and {b}
    {look} {a}, {b}
    {camera} {a} and {b}
    {aim} {camera} {a} and (also|) {b}
    {look} both {a} and {b}
    {look} {a} and at the same time {b}
    {look} {a} and also {b}
    {look} {a} as well as {b}
    {look} {a}, and {b} at the same time
    {look} {a} plus {b}
    {camera}: {a} and {b}
    {camera}: {a}, {b}
    {a} and {b} with {camera}
    {aim} {camera} {a} as well as {b}
    {look} {a} n {b}
""")
AHEAD = Choices(
    [
        "look ahead",
        "look ahead",
        "look ahead",
        "look straight ahead",
        "look straight ahead",
        "look straight",
        "look forward",
        "look forwards",
        "look to the front",
        "face the camera forward",
    ]
    + [
        "point the camera straight ahead",
        "point the camera ahead",
        "center the camera",
        "centre the camera",
        "centre your head",
        "center your head",
        "reset the camera",
        "camera straight ahead",
    ]
    + [
        "eyes front",
        "eyes front, soldier",
        "eyes ahead",
        "eyes straight ahead",
        "eyes to the front",
        "look straight in front of you",
        "look where you are going",
        "look straight on",
        "glance straight ahead",
        "gaze straight ahead",
        "glance ahead",
        "peer straight ahead",
        "gaze ahead",
        "stare straight ahead",
        "point the lens forward",
        "straighten your head",
        "straighten the camera",
        "face your camera straight ahead",
        "put the camera back in the middle",
        "head to the centre",
        "camera to center",
        "look to the centre",
        "look at what is ahead of you",
        "have the camera look straight ahead",
        "pan and tilt to zero",
        "pan and tilt back to zero",
        "set pan and tilt to zero",
        "pan 0, tilt 0",
        "pan zero tilt zero",
        "camera ahead",
        "camera forward",
        "turn the camera straight ahead",
        "look in front of you",
        "bring the camera back to the centre",
        "move the camera back to the center",
    ]
    + [
        "point your camera forward",
        "turn your head straight",
        "turn your head back to the front",
        "keep your eyes straight ahead",
        "look directly ahead",
        "look right ahead",
        "aim the camera ahead",
    ]
    + [
        "camera to the middle",
        "head straight ahead with the camera",
        "point the head forward",
        "look dead ahead",
        "look back to the front",
        "camera centre",
        "move your head to the centre",
        "point the camera to the front",
    ],
)
ZERO = Choices(
    [
        "{axis} to zero",
        "{axis} back to zero",
        "{axis} zero",
        "set {axis} to zero",
        "{axis} to 0",
        "reset the {axis}",
        "set {axis} to 0",
        "centre the {axis}",
        "center the {axis}",
        "{axis} {camera} to 0 degrees",
        "{axis} {camera} back to zero",
        "zero the {axis}",
        "{axis} to zero, leave the {other} alone",
        "{axis} to 0, leave the {other} as it is",
        "set {axis} to 0 degrees only",
        "only the {axis} to zero",
        "{axis} zero, keep the {other}",
        "{axis} back to the middle",
        "camera {axis} to zero",
        "camera {axis} zero",
        "camera: {axis} 0",
        "bring the {axis} back to zero",
        "{axis} to zero degrees",
    ],
)
# As far as it goes.
MOST_WAYS = lines("""
    {look} all the way {way}
    {look} as far {way} as (you can|possible|it goes)
    {aim} {camera} all the way {way}
    {aim} {camera} as far {way} as (you can|possible|it goes)
    {camera} all the way {way}
    {axis} all the way {way}
    {look} all the way {way}, that is {angle}
    {look} all the way {way}, {angle}
    {look} fully {way}
    {axis} fully {way}
    * {look} {way} as far as you can
""")


def look(voice: Voice, unsafe: bool = False) -> Phrase:
    """A look; `unsafe`: further than the head goes."""
    kind = voice.rng.random()
    axis = voice.rng.randrange(2)
    sign = voice.rng.choice((1, -1))
    slots = {
        "look": voice.fill(LOOK),
        "aim": voice.fill(AIM),
        "camera": voice.fill(CAMERA),
        "axis": AXES[axis],
        "other": AXES[1 - axis],
        "bit": voice.fill(A_BIT),
        "to": voice.fill("(to|to|at|to exactly)"),
    }
    slots["way"] = voice.fill(WAYS[axis, sign])
    if slots["aim"] in ("tilt", "pan"):
        slots["aim"] = AXES[axis]
    if unsafe:
        return _too_far(voice, axis, slots) if kind < 0.8 else _both(voice, slots, unsafe)
    if kind < 0.3:
        return _one(voice, PLAIN, axis, Fraction(USUAL[axis] * sign), slots)
    if kind < 0.4:
        return _one(voice, BIT, axis, Fraction(15 * sign), slots)
    if kind < 0.48:
        return _ahead(voice)
    if kind < 0.495:
        most = Fraction(MOST[axis])
        return _one(voice, MOST_WAYS, axis, most * sign, slots | {"angle": degrees(most, voice)})
    if kind < 0.515:
        return _one(voice, ZERO, axis, Fraction(0), slots)
    if kind < 0.7:
        return _both(voice, slots, unsafe)
    angle = _angle(voice, axis)
    if kind < 0.78:
        return _one(voice, SIGNED, axis, angle * sign, slots | {"n": signed(angle * sign, voice), "plus": plus(angle * sign, voice)})
    return _one(voice, MEASURED, axis, angle * sign, slots | {"angle": degrees(angle, voice)})


def _ahead(voice: Voice) -> Phrase:
    text = voice.pick(AHEAD)
    return Phrase(text, ({"look": {"pan": 0, "tilt": 0}},), not text.startswith(("eyes", "camera", "head")))


def signed(angle: Fraction, voice: Voice) -> str:
    """An angle with its sign."""
    return ("plus " if angle > 0 and voice.chance(0.05) else "") + number(angle, voice)


def plus(angle: Fraction, voice: Voice) -> str:
    """An angle in digits with either sign: +12, -30."""
    digits = in_digits(abs(angle), voice)
    if not digits[0].isdigit():
        return signed(angle, voice)
    return ("-" if angle < 0 else "+") + digits


def _angle(voice: Voice, axis: int) -> Fraction:
    if voice.chance(0.45):
        return Fraction(voice.rng.choice([n for n in (5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 60, 70, 75, 80, 90) if n <= MOST[axis]]))
    if voice.chance(0.05):
        return Fraction(voice.rng.randint(10, MOST[axis] * 10), 10)
    return Fraction(voice.rng.randint(1, MOST[axis]))


def _unsafe_angle(voice: Voice, axis: int) -> Fraction:
    most = MOST[axis]
    return Fraction(
        voice.rng.choice(
            (most + 1, voice.rng.randint(most + 1, most + 15), voice.rng.randint(most // 10 + 1, 36) * 10, voice.rng.randint(most + 1, 200))
        )
    )


def _one(voice: Voice, choices: Choices, axis: int, angle: Fraction, slots: dict[str, str]) -> Phrase:
    template = voice.pick(choices)
    rounded = stepped("look", AXES[axis], angle)
    if rounded is None:
        return look(voice)
    return Phrase(voice.fill(template, **slots), ({"look": {AXES[axis]: rounded}},), _begins_with_verb(template))


def _begins_with_verb(template: str) -> bool:
    return not template.startswith(("{camera}", "eyes", "(what", "i ", "camera", "{bit}", "{axis} =", "{axis}:", "{axis} angle"))


def _too_far(voice: Voice, axis: int, slots: dict[str, str]) -> Phrase:
    angle = _unsafe_angle(voice, axis)
    if voice.chance(0.3):
        template = voice.pick(SIGNED)
        angle *= voice.rng.choice((1, -1))
        slots["n"], slots["plus"] = signed(angle, voice), plus(angle, voice)
    else:
        template = voice.pick(MEASURED)
        slots["angle"] = degrees(angle, voice)
    return Phrase(voice.fill(template, **slots), UNSAFE, _begins_with_verb(template))


def _both(voice: Voice, slots: dict[str, str], unsafe: bool) -> Phrase:
    """Both axes at once."""
    signs = voice.rng.choice((1, -1)), voice.rng.choice((1, -1))
    far = voice.rng.choice(((1, 0), (0, 1), (1, 1))) if unsafe else (0, 0)
    angles = [_unsafe_angle(voice, axis) if far[axis] else _angle(voice, axis) for axis in range(2)]
    if voice.chance(0.35):
        template = voice.pick(BOTH_SIGNED)
        if voice.chance(0.06) and not unsafe:
            angles[voice.rng.randrange(2)] = Fraction(0)
        p, t = (angle * sign for angle, sign in zip(angles, signs, strict=True))
        slots |= {"p": signed(p, voice), "t": signed(t, voice), "pp": plus(p, voice), "tp": plus(t, voice)}
    else:
        template = voice.pick(BOTH)
        parts = []
        for axis in range(2):
            way = voice.fill(WAYS[axis, signs[axis]])
            if not unsafe and voice.chance(0.35):
                angles[axis] = Fraction(USUAL[axis])
                parts.append(way)
            elif not unsafe and voice.chance(0.15):
                angles[axis] = Fraction(15)
                parts.append(f"{voice.fill(A_BIT)} {way}")
            else:
                said = degrees(angles[axis], voice)
                parts.append(voice.fill("({n} {way}|{n} {way}|{way} {n}|{way} by {n})", n=said, way=way))
        if voice.chance(0.45):
            parts.reverse()
        slots |= {"a": parts[0], "b": parts[1]}
        if slots["aim"] in AXES:
            slots["aim"] = "point"
    text = voice.fill(template, **slots)
    if unsafe:
        return Phrase(text, UNSAFE, _begins_with_verb(template))
    values = [stepped("look", AXES[axis], angles[axis] * signs[axis]) for axis in range(2)]
    if values[0] is None or values[1] is None:
        return look(voice)
    return Phrase(text, ({"look": {"pan": values[0], "tilt": values[1]}},), _begins_with_verb(template))
