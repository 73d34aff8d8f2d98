"""Orders that are corrected as they are given: left, no, right."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from english import vocabulary as v
from english.lengths import CENTIMETRE, FOOT, METRE, measure
from english.numbers import number
from english.verbs import ing, participle, past
from qwark_nano.command_set import Command
from qwark_nano.voice import Voice, lines

from . import arm, drive, goto, gripper, light, look, report, turn, wait
from .goto import PLACES
from .phrase import UNSAFE, Phrase, stepped

NO = (
    "(no|no, wait|sorry|no, sorry|i mean|no i mean|sorry i mean|i meant|wait no|actually|actually no|make that|no, make that|or rather|rather|correction|scratch that|uh no|oops no|er|no no|better|no, better|i mean to say|well no|"
    "no hang on|hang on|hang on no|no no wait|oh wait|oh wait no|oh no|my mistake|my bad|strike that|no, strike that|forget that|forget it|on second thoughts|on second thought|let me rephrase|"
    "er no|erm no|um no|uh sorry|er, sorry|erm, sorry|i take that back|changed my mind|no, i changed my mind|wrong|that's wrong|no that's wrong|sorry, wrong|excuse me|hm, no|hmm no|ah no|nope|nah|"
    "no, make it|make it|better make that|let's make that|let's say|i meant to say|what i meant is|that is|or, no|hold on|hold on, no|silly me|i'm sorry|sorry, sorry|pardon|pardon me|ugh, no|argh, no|but no|or better|or actually|wait|wait, sorry|wait a minute, no|apologies|nevermind|never mind|no never mind|instead|rather not, no|cancel that|ignore that|delete that|disregard that|no, not that|not that|err|er|erm|um, i mean|uh, make that|uh)"
)
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


REPLACED = lines("""
    {x}, {no}, {y}
    {x}, {no}, {y}
    {x} {no} {y}
    {x}. {no}, {y}
    {x}... {no}, {y}
    {x} - {no}, {y}
    {x}! {no}! {y}
    don't {x}, {y}
    don't {x}. {y}
    do not {x}, {y} instead
    don't {x}, but {y}
    please don't {x}, rather {y}
    instead of {ing_x}, {y}
    instead of {ing_x} {y}
    rather than {ing_x}, {y}
    {y} instead of {ing_x}
    {y} rather than {ing_x}
    {y}, don't {x}
    {y}, but don't {x}
    {y} and do not {x}
    {y} without {ing_x}
    i said {x}, but i meant {y}
    i said {x} but i mean {y}
    i was going to say {x}, but {y}
    i wanted you to {x}, but now {y}
    i told you to {x}, but {no}, {y}
    i'd rather you {did_y} than {did_x}
    i'd rather you {did_y}
    never mind {ing_x}, {y}
    forget about {ing_x}, {y}
    stop, don't {x}, {y}
    you don't need to {x}, {y}
    no need to {x}, just {y}
    {x}? no, {y}
    should i say {x}? no, {y}
    not {x}, {y}
    not {x} but {y}
    * {x}, no no, {y}
    (last time|yesterday|this morning|a minute ago|before) you {did_x}, (so|but|and) (now|this time|today|please) {y}
    you (just|already) {did_x}, (so|and|) now {y}
    you have (just|already|) {done_x}, (so|and|) now {y}
    (thanks|thank you) for {ing_x}, now {y}
    i don't want you to {x}, i want you to {y}
    i (don't|do not) need you to {x}, (just|but) {y}
    i know you (can|like to|want to|could) {x}, but (now|please|today|) {y}
    you('ve| have) {done_x} (enough|already|long enough), {y}
    (enough of|no more|instead of) {ing_x}, {y}
    {ing_x} is (boring|no good|not my style|not what i want|too easy|dangerous), (so|please|) {y}
    i (saw|knew|had) a robot that {did_x}, but you should {y}
    {name} would {x}, but you (should|must) {y}
""")


def corrected(voice: Voice) -> Phrase:
    """One of the kinds of orders, corrected."""
    return replaced(voice) if voice.chance(0.4) else voice.rng.choice(KINDS)(voice)


def replaced(voice: Voice) -> Phrase:
    """A whole order in place of another."""
    kind = voice.rng.choice(WHOLE)
    other = kind if voice.chance(0.75) else voice.rng.choice(WHOLE)
    # What is taken back may be what cannot be done.
    x = other(voice, unsafe=True) if other in (drive.drive, turn.turn, wait.wait) and voice.chance(0.15) else other(voice)
    y = kind(voice, unsafe=True) if kind in (drive.drive, turn.turn, wait.wait) and voice.chance(0.12) else kind(voice)
    if x.commands == y.commands or len(x.text) + len(y.text) > 110:
        return replaced(voice)
    template = voice.pick(REPLACED)
    if not (x.verb and y.verb and x.text.split()[0].isalpha() and y.text.split()[0].isalpha()) and not template.startswith("{x}"):
        return replaced(voice)
    (first_x, rest_x), (first_y, rest_y) = (text.split(" ", 1) if " " in text else (text, "") for text in (x.text, y.text))
    text = voice.fill(
        template,
        x=x.text,
        y=y.text,
        no=_no(voice),
        name=lambda: voice.pick(v.NAMES),
        ing_x=f"{ing(first_x)} {rest_x}",
        done_x=f"{participle(first_x)} {rest_x}",
        did_x=f"{past(first_x)} {rest_x}",
        did_y=f"{past(first_y)} {rest_y}",
    )
    return Phrase(text, y.commands, template.startswith("{y}") and y.verb)


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
    if unit is METRE and voice.chance(0.25):
        # What is too far is taken back, or comes in.
        second = voice.rng.randint(11, 50)
        first, second = voice.rng.sample((first, second), 2)
    a, b = (measure(Fraction(n), unit, voice) for n in (first, second))
    sign, way = voice.rng.choice(((1, "forward"), (1, "ahead"), (-1, "back"), (-1, "backwards")))
    text = voice.say(DRIVEN, way=way, a=a.text, b=b.text, n=a.text.split()[0] if " " in a.text else a.text, no=_no(voice))
    distance = stepped("drive", "distance", sign * b.metres)
    if b.metres > 10:
        return Phrase(text, UNSAFE, verb=False)
    return _drive(voice) if distance is None else Phrase(text, ({"drive": {"distance": distance}},), verb=False)


def _wait(voice: Voice) -> Phrase:
    first, second = voice.rng.sample(range(2, 60 if voice.chance(0.8) else 120), 2)
    a, b = number(Fraction(first), voice), number(Fraction(second), voice)
    return Phrase(voice.say(WAITED, a=a, b=b, no=_no(voice)), UNSAFE if second > 60 else ({"wait": {"seconds": second}},), verb=False)


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


def _rate(voice: Voice) -> Phrase:
    """A number is corrected where it stands."""
    first, second = voice.rng.sample(range(1, 21), 2)
    a, b = (number(Fraction(n, 20), voice) for n in (first, second))
    length = measure(Fraction(voice.rng.randint(1, 10)), METRE, voice)
    sign, way = voice.rng.choice(((1, "forward"), (1, "ahead"), (-1, "back"), (-1, "backwards")))
    text = voice.fill(
        "(go|drive|move) {way} at {a},( um,|) {no}, {b} {rate} for {f}|(go|drive|move) {way} {f} at {a}(,| {rate},) {no}, {b} {rate}|(go|drive|move) {f} {way} at {b} {rate}, not {a}",
        way=way,
        a=a,
        b=b,
        f=length.text,
        no=_no(voice),
        rate=voice.fill("(m/s|metres per second|meters per second)"),
    )
    distance = stepped("drive", "distance", sign * length.metres)
    assert distance is not None
    return Phrase(text, ({"drive": {"distance": distance, "speed": Fraction(second, 20)}},), verb=False)


def _reading(voice: Voice) -> Phrase:
    """Another reading."""
    a, b = voice.rng.sample(("battery", "pose", "temperature", "speed", "position", "battery level"), 2)
    what = {"position": "pose", "battery level": "battery"}.get(b, b)
    if {"position": "pose", "battery level": "battery"}.get(a, a) == what:
        return _reading(voice)
    text = voice.fill(
        "(report|tell me|give me|what's|read|check) your {a},( um,|) {no}, (your |the |){b}|(report|tell me|give me|check) (the |your |){b}, not (the |your |){a}|(report|tell me) (the |your |){b} instead of (the |your |){a}|(report|give me) (the |){a}. {no}, (the |){b}",
        a=a,
        b=b,
        no=_no(voice),
    )
    return Phrase(text, ({"report": {"what": what}},), verb=False)


def _verb(voice: Voice) -> Phrase:
    """The verb alone is corrected: raise, er, lower the arm."""
    a, b, end, command = voice.rng.choice(VERBS)
    text = voice.fill(
        "{a}(,|...|) {no}(,|) {b} {end}|{a} {end}(,|...|.) {no}(,|) {b} it|not {a}, {b} {end}|don't {a}, {b} {end}",
        a=a,
        b=b,
        end=end,
        no=_no(voice),
    )
    return Phrase(text, (command,), verb=False)


def _meant(voice: Voice) -> Phrase:
    """I said the table, but I meant the sofa."""
    a, b = voice.rng.sample(PLACES, 2)
    text = voice.fill(
        "(how silly of me, |oh, |sorry, |)i said the {a}, but i meant the {b}(; |. |, )(so |please |)(go|drive|head) (there|to the {b})|(go|drive) to the {a}. (did i say|i said) the {a}? i (mean|meant) the {b}|i('d| would) rather you (went|drove|headed) to the {b} (than|and not) to the {a}|(go|drive) to the {b}, (certainly|definitely|please|for once|) not (to |)the {a}|(go|drive) to the {a}, no wait, i'm at the {b}, come there|(which one? the|not to the) {a}(?|,) no, to the {b}|when i (say|said) the {a}, i (mean|meant) the {b}: (go|drive) to the {b}",
        a=a,
        b=b,
    )
    return Phrase(text, ({"goto": {"place": b}},), verb=False)


def _which_side(voice: Voice) -> Phrase:
    """Not left, right: turn sixty degrees."""
    a, b, sign = voice.rng.choice((("left", "right", -1), ("right", "left", 1)))
    angle = voice.rng.choice((10, 15, 20, 30, 45, 60, 75, 90, 120, 180, voice.rng.randint(1, 180)))
    text = voice.fill(
        "not {a}(, | but ){b}(:|,) (turn|rotate|spin) {n} degrees|(turn|rotate) {n} degrees, and (this time|) (to the |){b}, not (to the |){a}|(turn|rotate) {n} degrees, not (to the |){a}(, | but ){no2}(to the |){b}|{b}, not {a}, (turn|rotate) {n} degrees|the other way: {b}, {n} degrees|(my |your |the )other {a}: {b}, {n} degrees",
        a=a,
        b=b,
        n=number(Fraction(angle), voice),
        no2="",
    )
    return Phrase(text, ({"turn": {"angle": sign * angle}},), verb=False)


VERBS: tuple[tuple[str, str, str, Command], ...] = (
    ("raise", "lower", "the arm", {"arm": {"pose": "down"}}),
    ("lower", "raise", "the arm", {"arm": {"pose": "up"}}),
    ("lift", "lower", "your arm", {"arm": {"pose": "down"}}),
    ("open", "close", "the gripper", {"gripper": {"action": "close"}}),
    ("close", "open", "the gripper", {"gripper": {"action": "open"}}),
    ("open", "close", "your claw", {"gripper": {"action": "close"}}),
    ("drop", "grab", "the ball", {"gripper": {"action": "close"}}),
    ("grab", "drop", "the box", {"gripper": {"action": "open"}}),
    ("switch on", "switch off", "the light", {"light": {"color": "off"}}),
    ("turn off", "turn on", "the light", {"light": {"color": "white"}}),
    ("turn on", "turn off", "the light", {"light": {"color": "off"}}),
)
WHOLE: tuple[Callable[..., Phrase], ...] = (
    drive.drive,
    drive.drive,
    turn.turn,
    turn.turn,
    goto.goto,
    gripper.gripper,
    arm.arm,
    look.look,
    light.light,
    wait.wait,
    report.report,
)
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
    _rate,
    _reading,
    _verb,
    _meant,
    _which_side,
)
