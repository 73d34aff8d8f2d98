"""Texts to say: anything that somebody may want to hear, from greetings to part numbers and other scripts."""

from __future__ import annotations

from qwark_nano.voice import Choices, Voice, lines, words

from . import vocabulary as v
from .numbers import cardinal
from .utterances import FOREIGN, UTTERANCES

SYLLABLES = words(
    """
    ba be bi bo bu ca ce ci co cu da de di do du fa fe fi fo fu ga ge gi go gu ha he hi ho hu ja je jo ju ka ke ki ko ku la le li lo lu
    ma me mi mo mu na ne ni no nu pa pe pi po pu ra re ri ro ru sa se si so su ta te ti to tu va ve vi vo vu wa we wi wo xa xe ya yo yu
    za ze zi zo zu bra cre dri flo gru kle pli sta spo stri tra tri thro shi sho cha che chi quo qui an en in on un ar er ir or ur al el
    il ol ul as es is os us at et it ot ut ex ax ox th sh ch ck ng st nd rt lm ph tion ous ment ly ness able ism ster ville ton ham
    mac son berg stein ski ova ez oll ump ick ack ong ing ash ush ith eek oop ee oo ai ou ea ow y
""",
    keep=False,
)
SIGNS = Choices("! ! ? . ... , ; : !! ?! !!! % & + = # @ / * ~ ( ) [ ] - _ $ € £ ° § ^ | < > ' {".split())
SCRIPTS = (
    (0x61, 26),
    (0xE0, 31),
    (0x100, 100),
    (0x3B1, 25),
    (0x430, 32),
    (0x5D0, 26),
    (0x627, 30),
    (0x905, 50),
    (0x3042, 80),
    (0x30A2, 80),
    (0x4E00, 3000),
    (0xAC00, 1000),
    (0x1F600, 60),
    (0x1F330, 150),
    (0x2190, 20),
    (0x2600, 100),
)


def pseudo_word(voice: Voice) -> str:
    """A word that is none."""
    return "".join(voice.pick(SYLLABLES) for _ in range(voice.rng.choice((1, 2, 2, 3, 3, 4, 5, 7))))


def code(voice: Voice) -> str:
    """Letters and digits: a part number, a telephone number, an address."""
    rng = voice.rng
    kind = rng.random()
    digits = "".join(rng.choice("0123456789") for _ in range(rng.randint(1, 6)))
    letters = "".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(rng.randint(1, 4)))
    if kind < 0.35:
        return rng.choice(
            (letters.upper() + digits, letters + digits, digits + letters, f"{letters.upper()}-{digits}", f"{digits}-{digits}")
        )
    if kind < 0.5:
        return f"+{rng.randint(1, 99)} " + " ".join(str(rng.randint(10, 9999)) for _ in range(rng.randint(2, 3)))
    if kind < 0.62:
        return f"{letters}@{pseudo_word(voice)}.{rng.choice(('com', 'org', 'net', 'de'))}"
    if kind < 0.72:
        return f"{rng.choice(('www.', 'https://', ''))}{pseudo_word(voice)}.{rng.choice(('com', 'org', 'io'))}"
    if kind < 0.82:
        return rng.choice(("C:\\", "D:\\", "\\\\", "/", "~/")) + rng.choice(("\\", "/")).join(
            pseudo_word(voice) for _ in range(rng.randint(1, 2))
        )
    return f"{rng.randint(0, 999)}{rng.choice(('.', ',', ':', '/', '-', 'x', ' x ', ' + ', ' = '))}{digits}"


GREETINGS = lines("""
    hello
    hello
    hi
    goodbye
    (hello|hi|hey|goodbye|bye|welcome|thank you|thanks) (there|everyone|everybody|all|{name}|{person}|friends|world|again|my friend)
    good (morning|evening|afternoon|night|day) (|everyone|everybody|all|{name}|{person}|friends)
    (good night|goodbye|hello|well done|thank you) and (sleep well|welcome|see you soon|good luck|take care|come again)
    (thank you|thanks|please|sorry|excuse me|yes|no|okay|cheers|congratulations|happy birthday|well done|good luck|see you later|see you soon|take care|help|welcome)
    (here you are|here i am|i am here|i'm home|i'm back|i'm ready|all done|done|ready|it's me|follow me|after you|come in|coming)
""")
AMOUNTS = lines("""
    {thing} {n} {leaves} in {n2} {units}
    the {word} {leaves} in {n2} {units}
    only {n} {units} (left|to go|more|until {word})
    {n} {thing}s, {n2} {thing2}s and {n3} {quality} {thing}
    {n} {thing}s and {n2} {thing2}s
    (train|bus|flight|tram|gate|room|platform|lift|bay) {n} to {name} (is delayed by|leaves in|is {n2} minutes late|arrives in) {n2} (min|minutes|seconds|hours)
    (meeting|lunch|dinner|the show|the film|class|school|the game) (starts|begins|ends|is) at {clock}
    it is {clock}
    {name} (baked|bought|ate|lost|found|sold|painted|counted) {n} {thing}s
    the {thing} (weighs|costs|measures|is) {n}.{n3} (kg|euros|metres|cm|pounds|litres|percent|{quality})
    turn (left|right) (at|after) {n} (metres|minutes|miles)
    the {word} is {n} (metres|miles|kilometres|minutes|degrees) (away|long|high|from here)
    {n} (degrees|percent|volts|metres per second|kilometres an hour|seconds) (and {rising}|outside|today|left|is enough)
    wait {n} (minutes|hours|seconds|days) for {name}
    (drive|go|walk) {n} (metres|miles|kilometres) (to|with) {name}
    (battery|speed|temperature|light|arm) (at|is) {n} (percent|degrees|metres per second|{quality})
    {count}
    {count} and {word}
    {n} times {n2} is {n3}
    (order|ticket|number|table|room|part) #{n} (is ready|, please|is {quality}|for {name})
    i (have|am|need|want) {n} ({units}|{thing}s|years old)
    good {word} and {word2} well
    (good night|hello|sleep well|welcome|thank you) and ({word} well|good {word}|goodbye|{word} again|see you {clock})
    the score is {n} to {n2}
    {n}:{n2} for {name}
""")
UNITS = Choices("minutes seconds metres hours days kilometres degrees percent miles feet euros".split())
COUNTS = Choices(
    [
        "one two three",
        "three two one",
        "one, two, three, go",
        "one two three four five",
        "five four three two one",
        "3 2 1",
        "ten nine eight",
        "two four six eight",
        "one... two... three",
    ]
)


def greeting(voice: Voice) -> str:
    """What people say first, and most often."""
    return voice.say(GREETINGS, name=lambda: name(voice), person=lambda: voice.pick(v.PEOPLE))


def with_amounts(voice: Voice) -> str:
    """A text with numbers, units, sides and times in it, which are no order."""
    rng = voice.rng
    hour = rng.choice("one two three four five six seven eight nine ten eleven twelve".split())

    def n() -> str:
        return str(rng.randint(1, 120)) if voice.chance(0.55) else cardinal(rng.randint(1, 99), voice)

    return voice.say(
        AMOUNTS,
        n=n,
        n2=n,
        n3=lambda: str(rng.randint(1, 9)) if voice.chance(0.5) else cardinal(rng.randint(1, 9), voice),
        clock=lambda: rng.choice(
            (
                f"{hour} thirty",
                f"half past {hour}",
                f"{hour} fifteen",
                f"{hour} o'clock",
                f"{rng.randint(0, 23)}:{rng.randint(0, 59):02}",
                f"{hour}",
                f"quarter to {hour}",
                f"{rng.randint(1, 12)} pm",
            )
        ),
        count=lambda: voice.pick(COUNTS),
        units=lambda: voice.pick(UNITS),
        leaves=rng.choice(("leaves", "starts", "ends", "arrives", "opens", "closes", "is over", "is ready")),
        rising=rng.choice(("rising", "falling", "counting", "sunny")),
        name=lambda: name(voice),
        thing=lambda: voice.pick(v.THINGS),
        thing2=lambda: voice.pick(v.THINGS),
        quality=lambda: voice.pick(v.QUALITIES),
        word=lambda: word(voice),
        word2=lambda: word(voice),
    )


def foreign(voice: Voice) -> str:
    """Words of another language, or characters of any script."""
    if voice.chance(0.6):
        return voice.pick(FOREIGN)
    start, count = voice.rng.choice(SCRIPTS)
    text = "".join(chr(start + voice.rng.randrange(count)) for _ in range(voice.rng.randint(1, 8)))
    return text if text.isprintable() else foreign(voice)


def utterance(voice: Voice) -> str:
    """Something that people say."""
    rng = voice.rng
    return voice.say(
        UTTERANCES,
        name=lambda: name(voice),
        name2=lambda: voice.pick(v.NAMES),
        name3=lambda: voice.pick(v.NAMES),
        person=lambda: voice.pick(v.PEOPLE),
        animal=lambda: voice.pick(v.ANIMALS),
        thing=lambda: voice.pick(v.THINGS),
        thing2=lambda: voice.pick(v.THINGS),
        quality=lambda: voice.pick(v.QUALITIES),
        feeling=lambda: voice.pick(v.FEELINGS),
        adjective=lambda: voice.pick(v.ADJECTIVES),
        room=lambda: voice.pick(v.ROOMS),
        word=lambda: word(voice),
        word2=lambda: word(voice),
        word3=lambda: word(voice),
        n=str(rng.randint(1, 120)),
        n2=str(rng.randint(1, 99)),
        n3=str(rng.randint(1, 9)),
        code=lambda: code(voice),
        time=rng.choice(
            (
                f"{rng.randint(0, 23)}:{rng.randint(0, 59):02}",
                f"{rng.randint(1, 12)} o'clock",
                f"{rng.randint(1, 12)} pm",
                "noon",
                "half past six",
            )
        ),
    )


def word(voice: Voice) -> str:
    """A word, or what could be one."""
    return voice.pick(v.SOME_WORDS) if voice.chance(0.7) else pseudo_word(voice)


def name(voice: Voice) -> str:
    """A name, or what could be one."""
    return voice.pick(v.NAMES) if voice.chance(0.7) else pseudo_word(voice).capitalize()


def text(voice: Voice) -> str:
    """Any text."""
    rng = voice.rng
    kind = rng.random()
    if kind < 0.05:
        found = _repeated(voice)
    elif kind < 0.42:
        found = utterance(voice)
    elif kind < 0.60:
        found = " ".join(word(voice) for _ in range(rng.choice((1, 1, 2, 2, 3, 4, 5, 6))))
    elif kind < 0.68:
        found = " ".join(voice.rng.choice((word, name, code, pseudo_word))(voice) for _ in range(rng.randint(1, 4)))
    elif kind < 0.74:
        found = " ".join(
            "".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(rng.randint(1, 9))) for _ in range(rng.randint(1, 3))
        )
    elif kind < 0.82:
        found = foreign(voice)
    elif kind < 0.85:
        parts = utterance(voice).split(" ")
        parts[rng.randrange(len(parts))] = foreign(voice)
        found = " ".join(parts)
    elif kind < 0.9:
        found = f"{utterance(voice)}{rng.choice(('. ', ', ', '! ', ': ', ' - ', '; ', '... '))}{utterance(voice)}"
    else:
        found = _with_signs(" ".join(rng.choice((word, name, code))(voice) for _ in range(rng.randint(1, 5))), voice)
    return _in_some_case(found, voice)


def _repeated(voice: Voice) -> str:
    """A word or two, again and again: no, no, no; knock knock."""
    said = voice.rng.choice(
        ("no", "yes", "go", "help", "knock", "ha", "bla", "ding", "beep", "hip", "wow", word(voice), word(voice), name(voice))
    )
    join, count = voice.rng.choice((" ", " ", ", ", ", ", "! ", "... ", "-")), voice.rng.choice((2, 2, 3, 3, 3, 4, 5))
    found = join.join([said] * count)
    if voice.chance(0.4):
        found += f"{voice.rng.choice((' ', ', ', '! '))}{voice.rng.choice((word, name, utterance))(voice)}"
    return f"{word(voice)} {found}" if voice.chance(0.15) else found


def _with_signs(text: str, voice: Voice) -> str:
    parts = text.split(" ")
    for _ in range(voice.rng.randint(1, 3)):
        at = voice.rng.randrange(len(parts))
        sign = voice.pick(SIGNS)
        parts[at] = voice.rng.choice((parts[at] + sign, parts[at] + sign, sign + parts[at], f"{parts[at]} {sign}"))
    return " ".join(parts)


def _in_some_case(text: str, voice: Voice) -> str:
    kind = voice.rng.random()
    if kind < 0.45:
        return text
    if kind < 0.78:
        text = text[:1].upper() + text[1:]
        return text + voice.rng.choice(("", ".", "!", "?", ".", "!", "!!!", "...")) if text[-1:].isalnum() else text
    if kind < 0.86:
        return text.upper()
    if kind < 0.92:
        return text.title()
    return text.lower()
