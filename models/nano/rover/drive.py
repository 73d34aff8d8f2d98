"""Driving straight."""

from __future__ import annotations

from fractions import Fraction

from english import lengths
from english.lengths import CENTIMETRE, FOOT, INCH, METRE, MILLIMETRE, Length
from english.numbers import number
from qwark_nano.voice import Choices, Voice, lines

from . import speeds
from .phrase import UNSAFE, Phrase, stepped

GO = (
    "(go|go|go|drive|drive|drive|move|move|move|roll|travel|head|come|run|walk|proceed|advance|scoot|trundle|step|push|shift|"
    "ride|cruise|get|glide|motor|rumble|wheel yourself|continue|keep going|crawl|nudge yourself|shuffle|bring yourself|carry on|venture|creep|ease|inch|edge|jog|march|wander|trot|sneak|propel yourself|pull)"
)
AHEAD = (
    "(forward|forward|forward|forward|forwards|ahead|ahead|straight ahead|straight|straight on|straight forward|onward|onwards|on|"
    "up front|to the front|directly forward|right ahead|in front|further|further ahead|frontwards|fwd|onward)"
)
BACK = (
    "(back|back|back|backward|backwards|backwards|in reverse|backward|straight back|to the rear|rearwards|backwards|to the back|"
    "further back|straight backwards|right back|bwd|reverse)"
)
# Without a distance.
AHEAD_ALONE = "(forward|forward|forward|forwards|ahead|ahead|straight ahead|straight on|straight|onward|onwards|straight forward)"
ADVANCE_ALONE = "(advance|proceed|move along|drive on|roll on|press on|push on)"
# Verbs that say the way themselves.
ADVANCE = "(advance|proceed|go on|press on|push on|keep going|move along|carry on|drive on|roll on|continue|approach by|come closer by)"
REVERSE = "(reverse|reverse|rev|back up|back up|back up|back off|back away|retreat|come away|pull back|draw back|go into reverse|move away|withdraw|backpedal|step back|fall back|scoot back)"
HOW_FAR = "(|||||||exactly|about|just|only|another|precisely|around|roughly|no more than|like|maybe|a distance of|all of|a full|approximately|some|by|by exactly|by about|for|for about|for exactly|by just|as far as)"
SLOW = Choices(
    "slowly carefully gently slow slowly carefully gently".split()
    + [
        "very slowly",
        "really slowly",
        "nice and slow",
        "at a slow speed",
        "with care",
        "ever so gently",
        "at low speed",
        "slowly and carefully",
    ]
    + [
        "quite slowly",
        "at a snail's pace",
        "cautiously",
        "at a crawl",
        "super slow",
        "in slow motion",
        "very carefully",
        "rather gently",
        "at a slow pace",
        "nice and gently",
        "slow and steady",
        "slowly slowly",
        "like a snail",
        "delicately",
        "with caution",
        "in a careful manner",
        "with great care",
        "taking care",
        "slowly now",
        "gently now",
        "carefully now",
        "nice and easy and slow",
        "as slowly as you can",
        "as carefully as you can",
        "softly",
    ]
)
FAST = Choices(
    "fast quickly fast quickly".split()
    + ["at full speed", "at full speed", "at full speed", "really fast", "very quickly", "as fast as you can", "at top speed", "full speed"]
    + [
        "at high speed",
        "at maximum speed",
        "quick",
        "super fast",
        "pretty fast",
        "rapidly",
        "swiftly",
        "very fast",
        "with full speed",
        "full throttle",
        "top speed",
        "like lightning",
        "like the wind",
        "speedily",
        "at a fast pace",
        "at max speed",
        "fast fast",
        "quick quick",
        "as quick as you can",
        "as quickly as possible",
        "at a high speed",
        "quickly now",
        "fast now",
        "really quickly",
        "so fast",
        "at speed",
    ]
)
A_BIT = "(a bit|a bit|a little|a little|slightly|a little bit|just a bit|just a little|a tiny bit|a wee bit|just slightly|just a little bit|only a bit|ever so slightly|a touch|a tad|a smidge|a teeny bit|very slightly|a hair|a smidgen|a fraction|a lil bit|a lil|a tiny little bit|an itsy bitsy bit|a wee tad|just a tad|just a touch|bit|a small bit|a teensy bit)"
# {go}: a verb; {way}: ahead or back; {far}: a distance.
MEASURED = lines("""
    {go} {way} {about} {far}
    {go} {way} {about} {far}
    {go} {way} {about} {far}
    {go} {about} {far} {way}
    {go} {about} {far} {way}
    {go} {about} {far} {way}
    {way} {about} {far}
    {way} {about} {far}
    {far} {way}
    {far} {way}
    {about} {far} {way}
    {go} {far} to the {side}
    {go} (another|an additional|an extra|a further|one more) {far} {way}
    {go} {far} more {way}
    {go} {far} further {way}
    {go} (precisely|exactly) {far} {way}
    {go} {way} for a distance of {far}
    {go} {way} {far} (from here|from where you are)
    {go} {way}, {far}
    {way}, {far}
    {far}, {way}
    give me {far} {way}
    i need you {far} (further|more|) {way}
    (make|do) {far} {way}
    {go} {way} until you've (done|gone|covered|made) {far}
    {far} {way} is (enough|all i need|fine|what i want)
    {go} {way} and cover {far}
    {go} {way} like {far}
    {go} {way} (something|somewhere) around {far}
    {go} a (distance|total) of {far} {way}
    {way} by {far}
    {way}: {far}
    {go} {way} by (a|some) good {far}
    take {far} {way}
    let it be {far} {way}
    {go} {way} (with|in) one go, {far}
    (position|place|put) yourself {far} {way}
    {far} (straight|) {way} (it is|then)
    distance {far}, {way}
    {go} {way} over {far}
    a {far} drive {way}
    a drive of {far} {way}
    {go} {way}, but (only|just|no more than|no further than|not more than) {far}
    {go} {way} no further than {far}
    {go} {way} no more than {far}
    {go} {way} and stop after {far}
    {go} {way} like, {far}
    {go} {way}, say {far}
    {go} {way} (up to|exactly) {far}
    {go} {way} (a|the) distance of {far}
    (do|take|make|try|drive) a {far} (run|move|trip|drive|stretch) {way}
    (that's|it's|it should be|i'd say) {far} {way}
    {go} yourself {far} {way}
    {far} to go {way}
    {go} {way} (the|those|another) {far}
    {far} {way} from here
    {go} {way} for {far}
    {go} {way} for {far} (or so|exactly|more)
    {go} {far} in (the|) {side2} direction
    {go} {way} until {far} are done
    * {far}, please, {way}
    * {go} exactly {far}, {way}
    {way} you go, {far}
    * {go} {about} {far} {way} for me
    {far} {way}, {go}
    {go} {far} {way}, (not|and not) (more|further|an inch more|a hair more|a step more|one bit more)
    {go} {way} by {far}, no (more|further)
    {go} {way}. {far}
    {go} {way}. {far}, (no more|please|exactly|i'd say)
    {far} to the {side}
    {way} you go: {far}
    {go} {far} (away|off) {way}
    {way} again, {far}
    {way} now, {far}
    {go} {way} now, {far}
    {go} (a|the|another) {far} {way}
    {far} in the {side2} direction
    {far} {side2}
    {far} of {way} (motion|movement|driving)
    a {side2} (motion|move|drive|movement) of {far}
    (do|make|perform|execute) a {side2} (motion|move|drive|movement|translation) of {far}
    (make|do) (one|a) {side2} move, {far}
    {go} {way} {far} straight
    {go} me {far} {way}
    i('d| would) like you {far} {way}
    you (go|drive|move|make) {far} {way}
    you (go|drive|move) {way} {far}
    {far}. {way}
    {far}. {way}. now
    {far} {way} (and|then) stop
    {go} {way} {far} (and|then) stop
    {go} {way} {far} all the way to the (fence|wall|end|corner|tree|{side})
    {go} {way} {far}, (up to|towards|along|past) the (fence|wall|edge|corner|carpet|plant|chair)
    {go} {way}, i (want|need|would say|think) {far}
    {far} is how far i want you to go {way}
    {far} {way} should (do|be enough|be fine|do it|do the trick)
    {go} {way} {far} (in total|altogether|all in all|all told)
    the distance is {far}, {way}
    {side2} {far}
    how about {far} {way}
    could be {far} {way}
""")
PLAIN = lines("""
    {go} {way}
    {go} {way}
    {go} {way}
    {go} {way}
    {way}
    {way}
    {go} straight {way}
    {go} {way} (now|again|for me)
    just {way}
    {way} {way}
    {go} {way}, (will you|would you|come on|you can do it|don't be shy)
    (start|begin) going {way}
    {way} you go
    {way} with you
    {go} {way}, {way}
""")
BIT = lines("""
    {go} {way} {bit}
    {go} {way} {bit}
    {go} {bit} {way}
    {bit} {way}
    {bit} {way}
    {way} {bit}
    {go} {way} (by|for) {bit}
    {go} {bit} more {way}
    {bit} more {way}
    {bit} further {way}
    {way} just {bit}
    {go} (yourself|) {bit} {way}
    {go} {way}, (but|) only {bit}
    {bit} {way}, not (much|far|more)
    {go} {way} {bit} more
    {go} {way} but (just|only) {bit}
    i need you {bit} {way}
    could be {bit} {way}
    {go} {way} (by|) {bit}, thanks
    {go} {way} not too far, {bit}
    {go} yourself {bit} {way}
    edge {way} {bit}
    inch {way} {bit}
    inch {bit} {way}
    creep {way} {bit}
    * {way} by {bit}
    {bit} {way} you go
    {go} {way} like {bit}
    {go} {bit} {way}, (not much|not too far|just so i can pass|that's it)
    {way}, {way}, {bit}
    {bit} {way} (again|now|then)
    {go} {way}, i'd say {bit}
    {go} {way} {bit} (further|more|again)
    {go} {bit} to the {side}
    {go} {way}, no, not much, {bit}
    you go {bit} {way}
    {bit} (of a move|of movement) {way}
""")
WITH_SPEED = Choices(
    ["{drive} {how}", "{drive} {how}", "{drive} {how}", "{how} {drive}", "{how} {drive}", "{drive}, {how}", "{how}, {drive}"]
    + [
        "{drive} and do it {how}",
        "{drive}, but {how}",
        "{drive}, and {how}",
        "{drive} - {how}",
        "{drive}. {how}",
        "{how}! {drive}",
        "{drive}, {how} please",
        "{drive} {how}, {how}",
        "{drive}, and {how} (at that|please|now)",
        "{drive}, do it {how}",
        "{how} now, {drive}",
        "{how}, please, {drive}",
        "{how} does it: {drive}",
        "{drive}, {how}, {how}",
        "{drive}... {how}",
        "{drive}, only {how}",
        "{drive} but do it {how}",
        "{drive}, but please {how}",
        "{drive}, {how} (now|mind you|though)",
    ],
)
WITH_RATE = Choices(
    [
        "{drive} at {rate}",
        "{drive} at {rate}",
        "{drive} at {rate}",
        "{drive} (with|at) a speed of {rate}",
        "at {rate} {drive}",
        "at {rate}, {drive}",
    ]
    + [
        "{drive} doing {rate}",
        "{drive}, speed {rate}",
        "{drive} (with|using) speed {rate}",
        "at a speed of {rate} {drive}",
        "{drive}, at {rate}",
        "{drive} going {rate}",
    ]
    + [
        "{drive} with {rate}",
        "set the speed to {rate} and {drive}",
        "{drive} and (keep|hold) (the speed at|) {rate}",
        "{drive} and go {rate}",
        "{drive} @ {rate}",
        "{drive}, {rate}",
        "{drive} {rate}",
        "{drive} ({rate})",
        "{drive}, speed: {rate}",
        "{drive}, v = {rate}",
        "{drive} at speed {rate}",
        "{drive} moving at {rate}",
        "{drive} at (exactly|about|just|only|a constant|a steady|a leisurely|no more than) {rate}",
        "{drive} and keep your speed at {rate}",
        "{drive}, keeping to {rate}",
        "{drive}, and do it at {rate}",
        "{drive}, let's say at {rate}",
        "{drive}, the speed should be {rate}",
        "{drive} slowly, (and by slowly i mean|that is|say|meaning|i mean|at|like) {rate}",
        "{drive} fast, (and by fast i mean|that is|say|meaning|i mean|at|like) {rate}",
        "{drive} slow, at {rate}",
        "with a speed of {rate}, {drive}",
        "using {rate}, {drive}",
        "speed {rate}, {drive}",
        "speed {rate}: {drive}",
        "at exactly {rate}, {drive}",
        "go {rate}: {drive}",
    ],
)
MINUS = "(go|drive|move|drive|move|travel|roll|distance|drive distance|distance:|drive:) (|by )(minus {far}|{sign}{digits})|set (the |)distance (to |)minus {far}(| and (drive|go|move)( it|))|translate {sign}{digits}"
PLUS = "(go|drive|move|drive|move|travel|roll|translate|advance|drive:|translate:|distance) (|by )(plus {far}|+{digits})|translate (by |){far}|set (the |)distance (to |)(plus |){far}(| and (drive|go|move)( it|))"
# Speed and distance in one.
AT_RATE = lines("""
    {go} {way} at {rate} for {far}
    {go} at {rate} for {far} {way}
    {go} {way} {rate} for {far}
    {go} {way} at {rate}, {far}
    {way} at {rate} for {far}
    {way} {rate} {far}
    {way} {far} {rate}
    {way}, {rate}, {far}
    {way}: {far}, {rate}
    {far} {way} at {rate}
    {far} at {rate} {way}
    {far} {way}, {rate}
    {go} {way} slowly, say {rate}, for {far}
    {go} {way} fast, say {rate}, for {far}
    {go} {way} slowly, (about|like|at|so) {rate}, (for|and then stop after|over) {far}
    {go} {way} (with|doing|keeping|holding) {rate} for {far}
    {go} {way} with {rate} (over|for|until you've done) {far}
    at {rate}, {go} {way} for {far}
    at {rate} {go} {way} {far}
    at {rate}, {far} {way}
    {go} {far} at {rate}, {way}
    for {far} {go} {way} at {rate}
    {go} {way} for {far} and (do|go|keep) {rate}
    cover {far} {way} at {rate}
    {go} {far} {way} @ {rate}
    {far} {way} @ {rate}
    {far} {way}. speed {rate}
    * {way} with {rate} for {far}
""")


def drive(voice: Voice, unsafe: bool = False) -> Phrase:
    """A drive; `unsafe`: too far or at a speed that there is not."""
    back = voice.chance(0.42)
    far_is_unsafe = unsafe and voice.chance(0.72)
    text, metres, verb = _far(voice, back) if far_is_unsafe else _way(voice, back)
    if unsafe and not far_is_unsafe:
        if voice.chance(0.25):
            length = lengths.within(Fraction(1, 100), Fraction(10), voice)
            return Phrase(_phrase(AT_RATE, voice, back, length.text, speeds.unsafe(voice))[0], UNSAFE, verb=False)
        return Phrase(_with_rate(text, speeds.unsafe(voice), voice), UNSAFE, verb)
    if not unsafe and voice.chance(0.045):
        return _at_rate(voice, back)
    speed: Fraction | None = None
    kind = voice.rng.random()
    if kind < 0.13:
        text, verb, speed = *_with_word(text, verb, SLOW, voice), Fraction(1, 10)
    elif kind < 0.23:
        text, verb, speed = *_with_word(text, verb, FAST, voice), Fraction(8, 10)
    if 0.19 < kind < 0.37:
        rate, speed = speeds.speed(voice)
        text = _with_rate(text, rate, voice)
        verb = verb and not text.startswith(("at ", "set ", "with ", "using ", "speed "))
    if far_is_unsafe:
        return Phrase(text, UNSAFE, verb and not text.startswith(("at ", "set ", "with ", "using ", "speed ")))
    distance = stepped("drive", "distance", -metres if back else metres)
    if distance is None or not distance:
        return drive(voice, unsafe)
    return Phrase(text, ({"drive": {"distance": distance} | ({} if speed is None else {"speed": speed})},), verb)


def _at_rate(voice: Voice, back: bool) -> Phrase:
    length, (rate, speed) = lengths.within(Fraction(1, 100), Fraction(10), voice), speeds.speed(voice)
    text, verb = _phrase(AT_RATE, voice, back, length.text, rate)
    distance = stepped("drive", "distance", -length.metres if back else length.metres)
    if distance is None or not distance:
        return _at_rate(voice, back)
    return Phrase(text, ({"drive": {"distance": distance, "speed": speed}},), verb)


def _with_word(text: str, verb: bool, choices: Choices, voice: Voice) -> tuple[str, bool]:
    template = voice.pick(WITH_SPEED)
    return voice.fill(template, drive=text, how=voice.pick(choices)), verb and template.startswith("{drive}")


def _with_rate(text: str, rate: str, voice: Voice) -> str:
    return voice.say(WITH_RATE, drive=text, rate=rate)


def _way(voice: Voice, back: bool) -> tuple[str, Fraction, bool]:
    """A drive within bounds, its metres without sign, and whether it begins with a verb."""
    kind = voice.rng.random()
    if kind < 0.15:
        text, verb = _phrase(PLAIN, voice, back, "")
        return text, Fraction(1, 2), verb
    if kind < 0.29:
        text, verb = _phrase(BIT, voice, back, "")
        return text, Fraction(1, 10), verb
    if kind < 0.31:
        amount = Fraction(voice.rng.randint(1, 100), voice.rng.choice((1, 10)))
        if amount <= 10:
            far = lengths.measure(amount, METRE, voice).text
            digits = f"{number(amount, voice)} {voice.rng.choice(('m', 'metres', 'meters'))}"
            if not back:
                return voice.fill(PLUS, far=far, digits=digits), amount, True
            return voice.fill(MINUS, far=far, digits=digits, sign="-" if digits[0].isdigit() else "minus "), amount, True
    length = lengths.within(Fraction(1, 100), Fraction(10), voice)
    return _measured(voice, back, length)


def _measured(voice: Voice, back: bool, length: Length) -> tuple[str, Fraction, bool]:
    if not back and voice.chance(0.04):
        # Without a way, it is ahead.
        return voice.fill("(go|drive|move|travel|go for|drive for|do|run) {far}", far=length.text), length.metres, True
    text, verb = _phrase(MEASURED, voice, back, length.text)
    return text, length.metres, verb


def _far(voice: Voice, back: bool) -> tuple[str, Fraction, bool]:
    """A drive that is too far."""
    if voice.chance(0.12):
        return _measured(voice, back, lengths.beyond(voice))
    if voice.chance(0.45):
        unit, first, last = voice.rng.choice(
            ((METRE, 11, 15), (METRE, 11, 100), (CENTIMETRE, 1001, 1500), (FOOT, 33, 50), (INCH, 394, 500), (MILLIMETRE, 10010, 15000))
        )
        return _measured(voice, back, lengths.measure(Fraction(voice.rng.randint(first, last)), unit, voice))
    if voice.chance(0.4):
        tenths = Fraction(voice.rng.choice((voice.rng.randint(101, 120), voice.rng.randint(101, 400))), 10)
        if voice.chance(0.25):
            tenths = 10 + Fraction(voice.rng.randint(1, 99), 100)
        return _measured(voice, back, lengths.measure(tenths, METRE, voice))
    top = Fraction(voice.rng.choice((20, 60, 200, 5000)))
    return _measured(voice, back, lengths.within(Fraction("10.02"), top, voice))


def _phrase(choices: Choices, voice: Voice, back: bool, far: str, rate: str = "") -> tuple[str, bool]:
    """One of the templates; a verb that says the way itself stands for verb and way."""
    template = voice.pick(choices)
    side = "back" if back else "front"
    whole = REVERSE if back else ADVANCE if far else ADVANCE_ALONE
    way = BACK if back else AHEAD if far else AHEAD_ALONE
    if "{go}" in template and "{go} {way}" in template and voice.chance(0.55 if back else 0.07):
        go, way = whole, ""
    elif "{go}" not in template and back and voice.chance(0.4):
        go, way = "", REVERSE
    else:
        go = GO
    text = voice.fill(
        template,
        go=voice.fill(go),
        way=voice.fill(way),
        about=voice.fill(HOW_FAR),
        far=far,
        rate=rate,
        side=side,
        side2="backward" if back else "forward",
        bit=voice.fill(A_BIT),
    )
    return text, template.startswith("{go}") or (back and way == REVERSE and template.startswith("{way}"))
