"""Turning on the spot."""

from __future__ import annotations

from fractions import Fraction

from english.numbers import cardinal, number
from qwark_nano.voice import Choices, Voice, lines

from .drive import A_BIT
from .phrase import UNSAFE, Phrase, stepped

TURN = "(turn|turn|turn|turn|turn|rotate|rotate|spin|swivel|pivot|swing|twist|revolve|wheel|yaw|turn yourself|rotate yourself|spin yourself|swing yourself|go|face|veer|bear|steer|circle)"
LEFT = "(left|left|left|left|left|to the left|to the left|to your left|leftwards|leftward|to your left hand side|toward the left|to the left side|left hand|towards your left)"
RIGHT = LEFT.replace("left", "right")
CLOCKWISE = "(clockwise|clockwise|cw|in clockwise direction|in the clockwise direction)"
COUNTER = (
    "(counter-clockwise|counterclockwise|anticlockwise|anti-clockwise|counter clockwise|ccw|anti clockwise|in counterclockwise direction)"
)
DEGREES = "(degrees|degrees|degrees|deg|degrees|degrees|degree|deg.)"
PLAIN = lines("""
    {turn} {way}
    {turn} {way}
    {turn} {way}
    {turn} {way}
    {turn} {way}
    (take|make|do|hang|perform) a {side}
    (take|make|do|hang) a {side} (now|here|turn)
    (take|make|do) a {side} turn
    {side} turn
    (take|make) the next {side}
    go {side}
    {turn} (over|round|) to the {side}
    (take|make) a turn to the {side}
    (make|do) a (sharp|hard|clean|full|proper|) {side}
    {turn} {side} (here|on the spot|in place|where you are|at the corner)
    (now|) to the {side}
    {side} (face|wheel)
    {turn} your (body|nose|front|base|wheels) {way}
    {turn} off to the {side}
    i want a {side} turn
    one {side} turn
    {turn} {way}, (yes|i said) {side}
    a {side} turn
    (do|make|take|give me|now|then) a {side} turn
    {turn} {side}, please
    {turn} {side} (right away|at once|again|there|next)
    {turn} so (that|) you face {side}
    the next (turn|move) is {side}
    it's {side} (now|here|from here)
    {turn} (now|) over to your {side}
    * a turn {way}
    * make it a {side} turn
    {way}, turn
    {way}, please, turn
    {way} you go
    {way} now
    {side}, {side}
    {turn} {side}, (come on|go|i said|yes|quick|now)
    {side} turn, (please|now|go|soldier|march)
    {turn} {way} (for me|this time|once more|again|please|now)
    (a|one) {side} (please|now)
    {turn} to {side} side
    {turn} to (the|your) {side} side
    {turn} into the {side} direction
    {turn} in the direction of your {side} (hand|arm|side)
    you (turn|go|rotate) {way}
    {turn} to your own {side}
    {turn} {way} like a (soldier|dancer|top)
""")
MEASURED = lines("""
    {turn} {way} {angle}
    {turn} {way} {angle}
    {turn} {way} {angle}
    {turn} {angle} {way}
    {turn} {angle} {way}
    {turn} {angle} {way}
    {turn} {way} by {angle}
    {turn} {way} by {angle}
    {turn} by {angle} {way}
    {angle} {way}
    {angle} {way}
    {way} {angle}
    {way} {angle}
    {way} by {angle}
    {turn} {way} (exactly|about|around|precisely|just|only|roughly|like|another|some|approximately|a full|a good) {angle}
    {turn} (exactly|about|around|precisely|just|only|another|through|a full) {angle} {way}
    {turn} {angle}, {way}
    {turn} {way}, {angle}
    (make|do|take) a {angle} turn {way}
    (make|do|take) a turn of {angle} {way}
    {turn} through {angle} {way}
    {turn} {way} through {angle}
    give me {angle} {way}
    {turn} {way} for {angle}
    {turn} an angle of {angle} {way}
    {turn} (on the spot|in place) {angle} {way}
    change (your|) heading by {angle} {way}
    {turn} your (body|nose|front|base) {angle} {way}
    {angle} turn {way}
    {way}: {angle}
    {turn} {way} until you've (turned|done|made) {angle}
    (take|make|do|hang) a {side} of {angle}
    {angle} (more|further) {way}
    {turn} {angle} (more|further) {way}
    i need {angle} {way}
    adjust (your|) (heading|course) {angle} {way}
    a {side} turn of {angle}
    (do|make|take|give me) a {side} turn of {angle}
    (a|do a|make a|give me a) {angle} turn {way}
    (a|do a|make a|give me a) {angle} {side} turn
    a turn of {angle} {way}
    (a|) {angle} (rotation|spin|twist|pivot) {way}
    {turn} {way}, (exactly|only|just|about|say) {angle}
    {turn} {way} (up to|no more than|at most) {angle}
    {turn} {angle} (of arc|around|round) {way}
    {turn} (on your axis|where you stand|your chassis) {angle} {way}
    {turn} {way} at an angle of {angle}
    (that's|it's|make it|let's do|let's make it) {angle} {way}
    {turn} {way}. {angle}
    {turn} {way}, make it {angle}
    * {angle}, {way}
    * {turn} yourself {way} {angle}
    by {angle} {turn} {way}
    {angle} {way}, {turn}
    {angle} to the {side}, please, {turn}
    {way} {angle}, turn
    {way} {angle}, (please|now), turn
    {angle} {way}, turn
    {angle} {way}, please, (turn|rotate|spin)
    {way}, {angle}, (turn|rotate|spin)
    {way}, {angle}
    {way}. {angle}
    {angle}. {way}
    {side}: {angle}
    {side} {angle}
    {turn} {way}, that is {angle}
    {turn} {way}, and by that i mean {angle}
    {turn} {way}, i mean {angle}
    {turn} {way}, by {angle}
    {turn} {way} by (exactly|about|just|only|some|a full|another) {angle}
    {side} turn, {angle}
    {side} turn {angle}
    {side} turn by {angle}
    {side} turn of {angle}
    (do|make|perform|execute) a {side} turn, {angle}
    (do|make|perform|execute) a {angle} {side} turn
    (do|perform|execute) a (rotation|yaw|spin) of {angle} {way}
    {turn} {angle}. {way}
    {turn} {angle}, (and|) {way}
    {turn} {angle}, that is, {way}
    yaw {angle} {way}
    yaw {way} {angle}
    {angle} is what i want, {way}
    you (turn|rotate) {angle} {way}
    you (turn|rotate) {way} {angle}
    {turn} {way} {angle}, (not|and not) (more|a degree more|further)
    {turn} {way} {angle} and (stop|hold|stay there)
    i('d| would) like {angle} {way}
    how about {angle} {way}
    {turn} yourself {angle} {way}
    {turn} yourself {way} by {angle}
    {turn} to {side} side, {angle}
    {turn} (in|into) the {side} direction (by|) {angle}
    another {angle} {way}
    (just|only|exactly|about) {angle} {way}
    (just|only|exactly|about) {angle} {way}, turn
    (make|do|take) a {n}-degree turn {way}
    (make|do|take) a {n}-degree {side} turn
    a {n}-degree turn {way}
    a {n} degree turn {way}
    (make|do|take) a {n} degree turn {way}
    {turn} {way} by {n}
    {side} {n}
""")
NO_WAY = Choices(
    [
        "{turn} {angle}",
        "{turn} by {angle}",
        "{turn} {angle}",
        "do a {angle} turn",
        "{turn} through {angle}",
        "{turn} exactly {angle}",
        "make a {angle} turn",
        "{turn} (yourself|) by {angle}",
        "yaw {angle}",
        "yaw by {angle}",
        "(do|make|execute|perform) a {angle} (turn|rotation|yaw|spin)",
        "a {angle} turn",
        "{turn}: {angle}",
        "{turn} {angle} (on the spot|in place|where you are)",
        "{turn} an angle of {angle}",
    ],
)
BIT = lines("""
    {turn} {way} {bit}
    {turn} {way} {bit}
    {turn} {bit} {way}
    {turn} {bit} {way}
    {bit} {way}
    {bit} {way}
    {way} {bit}
    {turn} (by|) {bit} (more|further) {way}
    {bit} (more|further) {way}
    {turn} {way} just {bit}
    {turn} just {bit} {way}
    {turn} {way}, (but|) (only|just) {bit}
    a slight turn {way}
    (make|do|take) a (slight|small|little|tiny) turn {way}
    (take|make|do) a slight {side}
    slight {side}
    {turn} yourself {bit} {way}
    i need you {bit} {way}
    {bit} {way}, not (much|more)
    (do|make|take|give me) a (slight|small|little|tiny) {side} turn
    a (slight|small|little|tiny) {side} (turn|)
    {turn} {way} ever so slightly
    {bit} to the {side}
    {turn} (yourself|) {way}, just {bit}
    * {bit} more {way}, please
    * {turn} {way} by {bit}
    {bit} {way}, turn
    {way} {bit}, turn
    {bit} {way}, please, (turn|rotate)
    {turn} {way}, {bit}
    {turn} {way}, (not much|not far), {bit}
    {way}, {bit}
    {way}, just {bit}
    slightly {way}, turn
    {turn} {way} like {bit}
    {turn} (yourself|your body|your front|) {bit} {way}
    you turn {bit} {way}
    {turn} {bit} {way}, (not too much|just a touch|that's it)
""")
ROUND = Choices(
    [
        "turn around",
        "turn around",
        "turn around",
        "turn round",
        "about-face",
        "about face",
        "do an about-face",
        "about turn",
        "turn right around",
        "turn yourself around",
    ]
    + [
        "turn the other way",
        "face the other way",
        "make a u-turn",
        "do a u turn",
        "u-turn",
        "spin around",
        "turn back around",
        "turn all the way round to face the other way",
    ]
    + [
        "do a 180",
        "do a one eighty",
        "pull a one eighty",
        "make a 180",
        "swing around",
        "rotate to face the opposite direction",
        "face backwards",
        "spin round",
        "turn about",
    ]
    + [
        "do a one-eighty",
        "turn to face the other way",
        "turn to face the opposite way",
        "turn around on the spot",
        "show me your back",
        "do an about turn",
        "turn around completely",
        "turn your back to me",
        "turn so that you face the other way",
        "face the opposite direction",
        "reverse your heading",
        "do a u-ey",
        "flip around",
        "whirl around",
        "wheel around",
        "turn 180",
        "a one eighty",
        "turn one eighty",
    ],
)
SHARES = {
    Fraction(1, 6): ("a sixth of a turn", "one sixth of a turn", "a sixth of a circle", "a sixth of a full circle", "1/6 turn"),
    Fraction(1, 3): (
        "a third of a turn",
        "one third of a turn",
        "a third of a circle",
        "a third of a full circle",
        "a third of a full turn",
        "1/3 of a turn",
        "a third of a rotation",
        "a third of the way round",
    ),
    Fraction(2, 3): ("two thirds of a turn", "two thirds of a circle", "2/3 of a turn", "two thirds of a full circle"),
    Fraction(1, 8): (
        "an eighth of a turn",
        "an eighth turn",
        "one eighth of a turn",
        "an eighth of a circle",
        "an eighth of a full circle",
        "0.125 rev",
    ),
    Fraction(1, 4): (
        "a quarter turn",
        "a quarter turn",
        "a quarter of a turn",
        "one quarter turn",
        "a quarter rotation",
        "a quarter of a circle",
        "quarter turn",
        "quarter of a turn",
        "1/4 turn",
        "a quarter spin",
        "a quarter of a full circle",
        "0.25 rev",
        "0.25 turns",
        "a quarter of a full turn",
        "a quarter of a revolution",
        "0.25 revolutions",
        "a quarter of the way round",
        "25 percent of a circle",
    ),
    Fraction(1, 2): (
        "half a turn",
        "half a turn",
        "a half turn",
        "half turn",
        "one half turn",
        "half a circle",
        "half a rotation",
        "a half circle",
        "half of a turn",
        "1/2 turn",
        "a half spin",
        "half a spin",
        "half a full circle",
        "half of a full circle",
        "0.5 rev",
        "0.5 turns",
        "half a revolution",
        "a half rotation",
        "half of a circle",
        "halfway round",
        "half way around",
    ),
    Fraction(3, 4): (
        "three quarters of a turn",
        "three quarter turn",
        "a three quarter turn",
        "three-quarters of a turn",
        "three quarters of a circle",
        "3/4 of a turn",
        "three quarters of a rotation",
        "3/4 turn",
        "three quarters of a full circle",
        "three quarters of the way round",
        "0.75 rev",
    ),
    Fraction(1): (
        "a full circle",
        "full circle",
        "a full circle",
        "a full turn",
        "one full turn",
        "a complete circle",
        "a whole turn",
        "one complete turn",
        "a full rotation",
        "one full rotation",
        "a complete turn",
        "a full spin",
        "all the way around in a circle",
        "one whole circle",
        "one turn",
        "a spin all the way round",
        "all the way round",
        "all the way around",
        "one full circle",
        "a complete spin",
        "a complete revolution",
        "a full loop",
        "a full three hundred and sixty",
        "a complete rotation",
        "a 360",
        "a three sixty",
        "one revolution",
        "1 rev",
        "one rev",
        "once around",
        "once around your axis",
        "one time around",
        "one complete revolution",
    ),
}
TOO_MUCH = Choices(
    [
        "two full turns",
        "two full circles",
        "two turns",
        "twice around",
        "three full circles",
        "one and a half turns",
        "a turn and a half",
        "two complete rotations",
        "five full spins",
        "ten turns",
        "two and a half turns",
        "three full rotations",
        "four times around",
        "two whole circles",
        "a 720",
        "a full circle twice",
        "a five forty",
        "a seven twenty",
        "two revolutions",
        "ten circles",
        "a full circle and a half",
    ],
)
SHARED = Choices(
    [
        "{turn} {share} {way}",
        "{share} {way}",
        "do {share} {way}",
        "make {share} {way}",
        "(do|make|take|perform|give me|complete|try) {share} {way}",
        "{turn} {way} {share}",
        "{turn} {way} by {share}",
        "{turn} by {share} {way}",
        "{way} {share}",
        "{share}, {way}",
        "{turn} {share}",
        "{turn} {share} {way}",
        "{turn} {way} {share}",
        "{turn} {way} for {share}",
        "{turn} (yourself|on the spot|in place) {share} {way}",
        "{turn} {way}, {share}",
        "{turn} {way} (through|about|exactly|just) {share}",
        "{share} {way}, (please|now|turn|rotate)",
        "i (want|need) {share} {way}",
        "{way} by {share}",
        "{way} you go, {share}",
    ],
)


def side(left: bool, voice: Voice) -> str:
    """A way to turn, in words."""
    if voice.chance(0.13):
        return voice.fill(COUNTER if left else CLOCKWISE)
    return voice.fill(LEFT if left else RIGHT)


def turn(voice: Voice, unsafe: bool = False) -> Phrase:
    """A turn; `unsafe`: of more than a circle."""
    left = voice.chance(0.5)
    sign = 1 if left else -1
    slots = {"turn": voice.fill(TURN), "way": side(left, voice), "side": "left" if left else "right", "bit": voice.fill(A_BIT)}
    if unsafe:
        return _too_far(voice, slots)
    kind = voice.rng.random()
    if kind < 0.25:
        return _turn(voice, voice.pick(PLAIN), slots, Fraction(90 * sign))
    if kind < 0.34:
        return _turn(voice, voice.pick(BIT), slots, Fraction(15 * sign))
    if kind < 0.40:
        return _round(voice, left)
    if kind < 0.52:
        share = voice.rng.choice(list(SHARES))
        if voice.chance(0.3):
            slots["way"] = ""
        slots["share"] = _written(SHARES[share], voice)
        template = voice.pick(SHARED)
        return _turn(voice, template, slots, 360 * share * (sign if slots["way"] and "{way}" in template else 1))
    angle = _angle(voice)
    if kind < 0.58:
        angle *= voice.rng.choice((1, -1))
        said = voice.fill(f"{{n}} {DEGREES}", n=number(angle, voice))
        if angle > 0 and said[0].isdigit() and voice.chance(0.2):
            said = "+" + said
        return _turn(voice, voice.pick(NO_WAY), slots | {"angle": said}, angle)
    slots |= {"angle": degrees(angle, voice), "n": number(angle, voice)}
    return _turn(voice, voice.pick(MEASURED), slots, angle * sign)


def degrees(angle: Fraction, voice: Voice) -> str:
    """An angle without sign, as people say it."""
    said = number(angle, voice)
    kind = voice.rng.random()
    if kind < 0.08 and angle.denominator == 1:
        return said
    if 110 <= angle <= 360 and angle % 10 == 0 and kind < 0.14:
        # "one eighty", "two seventy".
        said = f"{cardinal(int(angle) // 100, voice)} {cardinal(int(angle) % 100, voice)}" if angle % 100 else said
    if 101 <= angle <= 109 and angle.denominator == 1 and kind < 0.2:
        said = f"one oh {cardinal(int(angle) - 100, voice)}"
    if said[-1].isdigit() and not voice.spoken and kind > 0.85:
        return said + "°"
    if angle == 1:
        return said + " degree"
    return said + ("" if said[-1].isdigit() and voice.chance(0.06) else " ") + voice.fill(DEGREES)


def _written(choices: tuple[str, ...], voice: Voice) -> str:
    return voice.rng.choice([c for c in choices if not (voice.spoken and "/" in c)])


def _angle(voice: Voice) -> Fraction:
    kind = voice.rng.random()
    if kind < 0.35:
        return Fraction(voice.rng.choice((10, 15, 20, 30, 45, 60, 75, 90, 120, 135, 150, 180, 270, 360)))
    if kind < 0.6:
        return Fraction(voice.rng.randint(1, 36) * 10)
    if kind < 0.95:
        return Fraction(voice.rng.choice((voice.rng.randint(1, 100), voice.rng.randint(1, 360))))
    return Fraction(voice.rng.randint(1, 3590), 10)


def _turn(voice: Voice, template: str, slots: dict[str, str], angle: Fraction) -> Phrase:
    rounded = stepped("turn", "angle", angle)
    if rounded is None:
        return turn(voice)
    return Phrase(voice.fill(template, **slots), ({"turn": {"angle": rounded}},), _begins_with_verb(template))


def _begins_with_verb(template: str) -> bool:
    return template.startswith(("{turn}", "(take", "(make", "(go", "(do", "do ", "make ", "give", "change", "adjust"))


def _round(voice: Voice, left: bool) -> Phrase:
    text, sign = voice.pick(ROUND), 1
    if voice.chance(0.2):
        text, sign = f"{text} {voice.fill(LEFT if left else RIGHT)}", 1 if left else -1
    verb = text.split()[0] in ("turn", "do", "make", "spin", "face", "swing", "pull", "rotate", "show")
    return Phrase(text, ({"turn": {"angle": Fraction(180 * sign)}},), verb)


def _too_far(voice: Voice, slots: dict[str, str]) -> Phrase:
    if voice.chance(0.15):
        template = voice.pick(SHARED)
        slots["share"] = voice.pick(TOO_MUCH)
        if voice.chance(0.5):
            slots["way"] = ""
        return Phrase(voice.fill(template, **slots), UNSAFE, _begins_with_verb(template))
    angle = Fraction(
        voice.rng.choice(
            (
                voice.rng.randint(361, 380),
                voice.rng.randint(361, 800),
                voice.rng.randint(37, 100) * 10,
                voice.rng.choice((361, 400, 450, 500, 540, 720, 1000, 1080)),
            )
        )
    )
    template = voice.pick(NO_WAY if voice.chance(0.15) else MEASURED)
    return Phrase(
        voice.fill(
            template, **slots, n=str(angle), angle=degrees(angle, voice) if angle > 999 or voice.chance(0.9) else f"{angle} degrees"
        ),
        UNSAFE,
        _begins_with_verb(template),
    )
