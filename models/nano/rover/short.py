"""Orders that lean on the ones before them: forward two metres, then back one; left, then right."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from english.lengths import CENTIMETRE, FOOT, METRE, measure
from english.numbers import number
from qwark_nano.command_set import Command
from qwark_nano.voice import Voice

from .goto import PLACES
from .phrase import Phrase, is_verb, stepped

JOIN = (
    "{x}, then {y}",
    "{x} then {y}",
    "{x} and then {y}",
    "{x} and {y}",
    "{x}, {y}",
    "{x}, and then {y}",
    "{x} then {y} again",
    "{x}. then {y}",
    "first {x}, then {y}",
    "{x} followed by {y}",
)
SIDES = {"left": 1, "right": -1}
WAYS = {"forward": 1, "forwards": 1, "ahead": 1, "back": -1, "backwards": -1, "backward": -1}
AHEAD = "ahead"
LOOKS: dict[str, dict[str, int]] = {"left": {"pan": 45}, "right": {"pan": -45}, "up": {"tilt": 30}, "down": {"tilt": -30}}


def short(voice: Voice) -> Phrase:
    """Two to four orders of one kind, or of drives and turns without verbs."""
    return voice.rng.choice((_drives, _turns, _looks, _places, _course, _course, _terse, _terse, _again, _and_back, _speeds))(voice)


# Orders in a word or two.
BARE: tuple[tuple[str, Command], ...] = (
    ("forward", {"drive": {"distance": Fraction(1, 2)}}),
    ("back", {"drive": {"distance": Fraction(-1, 2)}}),
    ("go forward", {"drive": {"distance": Fraction(1, 2)}}),
    ("go back", {"drive": {"distance": Fraction(-1, 2)}}),
    ("back up", {"drive": {"distance": Fraction(-1, 2)}}),
    ("reverse", {"drive": {"distance": Fraction(-1, 2)}}),
    ("turn left", {"turn": {"angle": 90}}),
    ("turn right", {"turn": {"angle": -90}}),
    ("turn around", {"turn": {"angle": 180}}),
    ("left", {"turn": {"angle": 90}}),
    ("right", {"turn": {"angle": -90}}),
    ("forward a bit", {"drive": {"distance": Fraction(1, 10)}}),
    ("back a bit", {"drive": {"distance": Fraction(-1, 10)}}),
    ("left a bit", {"turn": {"angle": 15}}),
    ("right a bit", {"turn": {"angle": -15}}),
    ("open", {"gripper": {"action": "open"}}),
    ("close", {"gripper": {"action": "close"}}),
    ("open the gripper", {"gripper": {"action": "open"}}),
    ("close the gripper", {"gripper": {"action": "close"}}),
    ("gripper open", {"gripper": {"action": "open"}}),
    ("gripper closed", {"gripper": {"action": "close"}}),
    ("grab", {"gripper": {"action": "close"}}),
    ("let go", {"gripper": {"action": "open"}}),
    ("grab it", {"gripper": {"action": "close"}}),
    ("drop it", {"gripper": {"action": "open"}}),
    ("arm up", {"arm": {"pose": "up"}}),
    ("arm down", {"arm": {"pose": "down"}}),
    ("arm home", {"arm": {"pose": "home"}}),
    ("look left", {"look": {"pan": 45}}),
    ("look right", {"look": {"pan": -45}}),
    ("look up", {"look": {"tilt": 30}}),
    ("look down", {"look": {"tilt": -30}}),
    ("look ahead", {"look": {"pan": 0, "tilt": 0}}),
    ("look straight ahead", {"look": {"pan": 0, "tilt": 0}}),
    ("glance left", {"look": {"pan": 45}}),
    ("glance right", {"look": {"pan": -45}}),
    ("glance up", {"look": {"tilt": 30}}),
    ("glance straight ahead", {"look": {"pan": 0, "tilt": 0}}),
    ("turn slightly left", {"turn": {"angle": 15}}),
    ("turn slightly right", {"turn": {"angle": -15}}),
    ("a bit left", {"turn": {"angle": 15}}),
    ("a bit right", {"turn": {"angle": -15}}),
    ("a bit forward", {"drive": {"distance": Fraction(1, 10)}}),
    ("a bit back", {"drive": {"distance": Fraction(-1, 10)}}),
    ("about-face", {"turn": {"angle": 180}}),
    ("release", {"gripper": {"action": "open"}}),
    ("release it", {"gripper": {"action": "open"}}),
    ("take it", {"gripper": {"action": "close"}}),
    ("pick it up", {"gripper": {"action": "close"}}),
    ("gripper shut", {"gripper": {"action": "close"}}),
    ("arm to carry", {"arm": {"pose": "carry"}}),
    ("raise the arm", {"arm": {"pose": "up"}}),
    ("lower the arm", {"arm": {"pose": "down"}}),
    ("to the kitchen", {"goto": {"place": "kitchen"}}),
    ("go to the door", {"goto": {"place": "door"}}),
    ("goto dock", {"goto": {"place": "dock"}}),
    ("to the couch", {"goto": {"place": "sofa"}}),
    ("go to the table", {"goto": {"place": "table"}}),
    ("to the window", {"goto": {"place": "window"}}),
    ("report battery", {"report": {"what": "battery"}}),
    ("report pose", {"report": {"what": "pose"}}),
    ("report speed", {"report": {"what": "speed"}}),
    ("report temperature", {"report": {"what": "temperature"}}),
    ("pause a second", {"wait": {"seconds": 1}}),
    ("lights on", {"light": {"color": "white"}}),
    ("lights off", {"light": {"color": "off"}}),
    ("light on", {"light": {"color": "white"}}),
    ("light off", {"light": {"color": "off"}}),
    ("light red", {"light": {"color": "red"}}),
    ("light green", {"light": {"color": "green"}}),
    ("light blue", {"light": {"color": "blue"}}),
    ("light yellow", {"light": {"color": "yellow"}}),
    ("red light", {"light": {"color": "red"}}),
    ("green light", {"light": {"color": "green"}}),
    ("wait a second", {"wait": {"seconds": 1}}),
    ("wait a moment", {"wait": {"seconds": 1}}),
)
# Those that say something only beside others of their kind.
LEANING = frozenset(("open", "close", "grab"))


def bare(voice: Voice) -> Phrase:
    """Two to four orders in a word or two each, with little between them."""
    kind = voice.rng.choice(("drive", "turn", "gripper", "light", "look", "arm", "", "", "", ""))
    choices = [(text, command) for text, command in BARE if kind in command or not kind and text not in LEANING]
    parts = [voice.rng.choice(choices) for _ in range(voice.rng.choice((2, 3, 4, 4)))]
    if any(a == b and not {"drive", "turn"} & {*a} for (_, a), (_, b) in pairwise(parts)):
        return bare(voice)
    if {text for text, _ in parts} & LEANING and not all(text in LEANING for text, _ in parts) and len(parts) < 3:
        return bare(voice)
    join = voice.rng.choice((", ", ", ", " ", " then ", " and ", "; ", ". ", ", then "))
    texts = [text for text, _ in parts]
    if voice.chance(0.25):
        # The verb is there once: look left, right, up.
        texts = [texts[0], *(_without_verb_of(a, b) for a, b in pairwise(texts))]
    text = join.join(texts)
    if join == ", " and voice.chance(0.4):
        head, _, tail = text.rpartition(", ")
        text = f"{head} and {tail}"
    return Phrase(
        text,
        tuple(command for _, command in parts),
        is_verb(parts[0][0]),
    )


def _without_verb_of(before: str, text: str) -> str:
    verb, _, rest = text.partition(" ")
    return rest if verb in ("look", "light", "turn", "arm") and before.split(" ")[0] == verb else text


def _joined(parts: list[str], voice: Voice) -> str:
    text = parts[0]
    for part in parts[1:]:
        text = voice.rng.choice(JOIN[:-2] if text != parts[0] else JOIN).format(x=text, y=part)
    return text


def _drives(voice: Voice) -> Phrase:
    unit, most = voice.rng.choice(((METRE, 10), (CENTIMETRE, 100), (FOOT, 20)))
    parts: list[str] = []
    commands: list[Command] = []
    for i in range(voice.rng.choice((2, 2, 3))):
        way = voice.rng.choice(list(WAYS))
        amount = Fraction(voice.rng.randint(1, most))
        far = measure(amount, unit, voice).text if i == 0 else number(amount, voice)
        distance = stepped("drive", "distance", WAYS[way] * amount * unit.metres)
        if distance is None:
            return _drives(voice)
        parts.append(("go " if i == 0 and voice.chance(0.7) else "") + f"{way} {far}")
        commands.append({"drive": {"distance": distance}})
    return Phrase(_joined(parts, voice), tuple(commands), parts[0].startswith("go"))


def _turns(voice: Voice) -> Phrase:
    sides = [voice.rng.choice(list(SIDES)) for _ in range(voice.rng.choice((2, 2, 3, 4)))]
    if voice.chance(0.5):
        parts = [f"turn {side}" if i == 0 else side for i, side in enumerate(sides)]
        return Phrase(_joined(parts, voice), tuple({"turn": {"angle": 90 * SIDES[side]}} for side in sides))
    angles = [voice.rng.choice((10, 15, 20, 30, 45, 60, 90, 120, 180, voice.rng.randint(1, 180))) for _ in sides]
    parts = [
        ("turn " if i == 0 else "") + f"{side} {number(Fraction(angle), voice)}" + (" degrees" if i == 0 or voice.chance(0.5) else "")
        for i, (side, angle) in enumerate(zip(sides, angles, strict=True))
    ]
    return Phrase(_joined(parts, voice), tuple({"turn": {"angle": a * SIDES[s]}} for s, a in zip(sides, angles, strict=True)))


def _looks(voice: Voice) -> Phrase:
    ways = [voice.rng.choice(list(LOOKS)) for _ in range(voice.rng.choice((2, 2, 3, 4)))]
    if any({*LOOKS[a]} != {*LOOKS[b]} for a, b in pairwise(ways)):
        # "Look left and up" is one look: where the axis changes, the verb is there again.
        verb = voice.rng.choice(("look", "look", "look", "glance", "peek", "gaze"))
        parts = [f"{verb} {way}" for way in ways]
        if voice.chance(0.2):
            # Ahead is a look by itself, with or without the verb.
            ways.append(AHEAD)
            parts.append(f"{voice.rng.choice((verb + ' ', ''))}{voice.rng.choice(('straight ahead', 'ahead', 'straight ahead'))}")
        text = voice.rng.choice((", then ", " then ", ", then ", ", and then ")).join(parts)
    else:
        text = _joined(["look " + ways[0], *ways[1:]], voice)
    return Phrase(text, tuple({"look": LOOKS.get(way, {"pan": 0, "tilt": 0})} for way in ways)) if len(ways) < 5 else _looks(voice)


def _places(voice: Voice) -> Phrase:
    places = voice.rng.sample(PLACES, voice.rng.choice((2, 2, 3)))
    parts = [f"{'go to ' if i == 0 else voice.rng.choice(('', 'to '))}the {place}" for i, place in enumerate(places)]
    return Phrase(_joined(parts, voice), tuple({"goto": {"place": place}} for place in places))


def _course(voice: Voice) -> Phrase:
    """Forward 2 m, left 90, forward 1 m."""
    parts: list[str] = []
    commands: list[Command] = []
    drive_next = voice.chance(0.6)
    for _ in range(voice.rng.choice((2, 3, 3, 4))):
        if drive_next:
            way = voice.rng.choice(list(WAYS))
            length = (
                measure(Fraction(voice.rng.randint(1, 10)), METRE, voice)
                if voice.chance(0.6)
                else measure(Fraction(voice.rng.randint(1, 20) * 5), CENTIMETRE, voice)
            )
            distance = stepped("drive", "distance", WAYS[way] * length.metres)
            assert distance is not None
            parts.append(voice.rng.choice((f"{way} {length.text}", f"{length.text} {way}")))
            commands.append({"drive": {"distance": distance}})
        else:
            side = voice.rng.choice(list(SIDES))
            angle = voice.rng.choice((90, 90, 45, 30, 180, 60, voice.rng.randint(1, 180)))
            bare = angle == 90 and voice.chance(0.6)
            parts.append(side if bare else f"{side} {number(Fraction(angle), voice)}" + voice.rng.choice(("", " degrees")))
            commands.append({"turn": {"angle": angle * SIDES[side]}})
        drive_next = not drive_next if voice.chance(0.85) else drive_next
    return Phrase(_joined(parts, voice), tuple(commands), verb=False)


def _speeds(voice: Voice) -> Phrase:
    """Forward slowly, back fast."""
    words = {"slowly": 2, "slow": 2, "carefully": 2, "gently": 2, "fast": 16, "quickly": 16, "at full speed": 16}
    parts: list[str] = []
    commands: list[Command] = []
    for i in range(voice.rng.choice((2, 2, 3))):
        way, how = voice.rng.choice(list(WAYS)), voice.rng.choice(list(words))
        length = measure(Fraction(voice.rng.randint(1, 10)), METRE, voice) if voice.chance(0.4) else None
        metres = Fraction(1, 2) if length is None else length.metres
        far = "" if length is None else f" {length.text}"
        parts.append(f"{'go ' if i == 0 and voice.chance(0.4) else ''}{way}{far} {how}")
        commands.append({"drive": {"distance": WAYS[way] * metres, "speed": Fraction(words[how], 20)}})
    return Phrase(_joined(parts, voice), tuple(commands), parts[0].startswith("go"))


def _and_back(voice: Voice) -> Phrase:
    """There and back again."""
    length = (
        measure(Fraction(voice.rng.randint(1, 10)), METRE, voice)
        if voice.chance(0.6)
        else measure(Fraction(voice.rng.randint(2, 20) * 5), CENTIMETRE, voice)
    )
    way, sign = voice.rng.choice((("forward", 1), ("ahead", 1), ("back", -1), ("backwards", -1)))
    back = "back" if sign > 0 else "forward"
    distance = stepped("drive", "distance", sign * length.metres)
    assert distance is not None
    text = voice.fill(
        "(go|drive|move) {way} {f}(,|) (and|and then|then) {b} (again|the same distance|the same|{f}|by the same distance|just as far|as far)|(go|drive|move) {f} {way} and {b} again",
        way=way,
        f=length.text,
        b=back,
    )
    return Phrase(text, ({"drive": {"distance": distance}}, {"drive": {"distance": -distance}}))


def _terse(voice: Voice) -> Phrase:
    """What engineers write: arm=up; turn: -45; wait 2.5 s."""
    sign = voice.rng.choice((":", ":", "=", " =", "", "", " ->", " to", "(", ","))
    blank = "" if sign in ("=", "(") else " "
    shut = ")" if sign == "(" else ""
    parts: list[str] = []
    commands: list[Command] = []
    for _ in range(voice.rng.choice((1, 2, 2, 3, 4))):
        name, value, command = _setting(voice)
        if commands and command == commands[-1]:
            continue
        parts.append(f"{name}{sign}{blank}{value}{shut}")
        commands.append(command)
    return Phrase(
        voice.rng.choice(("; ", ", ", ". ", " then ", ", then ", " | ", "\n", " && ", " + ")).join(parts), tuple(commands), verb=False
    )


def _setting(voice: Voice) -> tuple[str, str, Command]:
    rng = voice.rng
    kind = rng.randrange(10)
    if kind == 0:
        pose = rng.choice(("home", "up", "down", "carry"))
        return rng.choice(("arm", "set arm", "arm pose")), pose, {"arm": {"pose": pose}}
    if kind == 1:
        color = rng.choice(("off", "white", "red", "green", "blue", "yellow"))
        return rng.choice(("light", "set light", "led", "light color", "light colour")), color, {"light": {"color": color}}
    if kind == 2:
        action = rng.choice(("open", "close"))
        return rng.choice(("gripper", "set gripper", "claw")), action, {"gripper": {"action": action}}
    if kind == 3:
        place = rng.choice(PLACES)
        return rng.choice(("goto", "go to", "destination", "navigate", "target")), place, {"goto": {"place": place}}
    if kind == 4:
        what = rng.choice(("battery", "pose", "temperature", "speed"))
        return rng.choice(("report", "status", "read", "query")), what, {"report": {"what": what}}
    if kind == 5:
        seconds = Fraction(rng.choice((rng.randint(0, 60) * 10, rng.randint(1, 200))), 10)
        return (
            rng.choice(("wait", "pause", "delay")),
            f"{number(seconds, voice)} {rng.choice(('s', 's', 'sec', 'seconds'))}",
            {"wait": {"seconds": seconds}},
        )
    angle = rng.choice((5, 10, 15, 20, 30, 45, 60, 90, 120, 180, rng.randint(1, 180))) * rng.choice((1, -1))
    plus = "+" if angle > 0 and voice.chance(0.4) else ""
    if kind in (6, 7):
        unit = rng.choice((" deg", " degrees", "°", " deg", ""))
        if voice.chance(0.3):
            side = "right" if angle < 0 else "left"
            return rng.choice(("turn", "rotate")), f"{side} {abs(angle)}{unit}", {"turn": {"angle": angle}}
        return (
            rng.choice(("turn", "rotate", "yaw", "turn angle", "spin", "heading change")),
            f"{plus}{angle}{unit}",
            {"turn": {"angle": angle}},
        )
    length = (
        measure(Fraction(rng.randint(1, 1000), 100), METRE, voice)
        if voice.chance(0.5)
        else measure(Fraction(rng.randint(1, 300)), CENTIMETRE, voice)
    )
    distance = stepped("drive", "distance", length.metres)
    if distance is None or not length.text[0].isdigit():
        return _setting(voice)
    back = voice.chance(0.4)
    plus = "-" if back else "+" if voice.chance(0.4) else ""
    given: dict[str, Fraction] = {"distance": -distance if back else distance}
    end = ""
    if voice.chance(0.35):
        given["speed"] = Fraction(rng.randint(1, 20), 20)
        end = rng.choice((" at {v} m/s", " @ {v} m/s", ", speed {v} m/s", ", speed={v}", " at {v}m/s", ", {v} m/s")).format(
            v=float(given["speed"])
        )
    return (
        rng.choice(("drive", "move", "distance", "drive distance", "translate", "advance" if not back else "drive")),
        f"{plus}{length.text}{end}",
        {"drive": given},
    )


def _again(voice: Voice) -> Phrase:
    """A drive, a pause and another drive."""
    length = measure(Fraction(voice.rng.randint(1, 10)), METRE, voice)
    distance = stepped("drive", "distance", length.metres)
    assert distance is not None
    seconds = voice.rng.randint(2, 20)
    another = voice.rng.choice(
        ("drive another {f}", "another {f} forward", "go on for another {f}", "then {f} more", "go another {f}", "drive {f} again")
    ).format(f=length.text)
    text = f"{voice.rng.choice(('drive', 'go', 'move'))} {length.text}, wait {number(Fraction(seconds), voice)} seconds, {another}"
    return Phrase(text, ({"drive": {"distance": distance}}, {"wait": {"seconds": seconds}}, {"drive": {"distance": distance}}))
