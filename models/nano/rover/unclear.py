"""Noise and orders that break off."""

from __future__ import annotations

from english import manner, texts
from english import vocabulary as v
from english.slips import FILLERS
from qwark_nano.voice import Voice, lines, words

from .phrase import UNCLEAR, Phrase

# Orders that break off where something must follow.
BROKEN = lines("""
    turn the
    turn your
    turn
    go to
    go to the
    go to the
    drive to the
    drive to
    drive
    head over to the
    go
    go over to
    back to the
    return to
    return to the
    open the
    open your
    open
    close the
    close your
    close
    grab the
    grab
    pick up the
    pick up
    pick up that
    take the
    take
    release the
    drop the
    let go of the
    let go of
    say
    say the
    say the words
    say to
    tell them
    tell
    announce
    speak
    set the light to
    set the
    set the light
    set the light to the
    make the light
    make the
    make it
    change the light to
    change the
    switch the
    switch
    turn the light
    turn on the
    turn off the
    turn on
    switch on
    switch off
    light
    the light
    wait for
    wait
    pause for
    pause
    hold on for
    move the arm to the
    move the arm
    move the arm to
    move the
    move
    move your
    put the arm
    put the arm in the
    put the
    put your
    bring the arm to
    the arm
    arm
    your arm
    look
    look at the
    look to the
    look to
    look to your
    point the camera
    point the camera to the
    point the
    point your
    tilt the
    tilt
    tilt the camera
    pan
    pan the
    pan the camera
    pan to
    set pan to
    set the pan to
    camera
    the camera
    the gripper
    gripper
    report
    report the
    report your
    tell me your
    tell me the
    tell me how
    what is your
    what's your
    what is the
    how much
    how
    how are your
    where
    what
    which
    who
    can you
    could you
    could you please
    can you please
    would you
    would you mind
    please
    i want you to
    i want
    i need you to
    i'd like you to
    i'd like
    let's
    let
    just
    and then
    then
    and
    and the
    so then
    first
    after that
    now
    now the
    please put the
    please go to the
    please turn
    drive forward and then
    go forward and
    turn left and
    turn left and then
    turn to
    turn to the
    turn by
    rotate
    rotate by
    rotate to the
    spin
    drive at
    drive at a speed of
    go forward by
    drive forward for about
    back up by
    move back by
    reverse by
    go forward at
    with the
    with
    to the
    from the
    on the
    in the
    by
    by the
    for
    the
    a
    it
    to
    of
    at
    you
    your
    that
    this one
    the other
    the other one
    not the
    not that
    give me
    give me the
    give
    do
    do a
    do the
    make
    make a
    make a turn to the
    take a
    keep
    start
    start by
    stop the
    bring
    bring the
    get
    get the
    lower the
    raise the
    raise
    lift the
    lift
    lower
    if you
    when you
    once you
    before you
    until the
    because
    i think
    i mean
    what if
    you know
    you know the
    as i said
    um can you
    the thing
    the thing with
    that thing over
    like the
    like
    (set|put|turn|make) the
    (set|put) the (arm|light|camera) (to|in|into) the
    (kindly|please) (set|put|turn|open|close|move|go to) the
    (drive|go|move) (forward|back|backwards) (by|for|about|like|at|until|to the|for about)
    (drive|go|move) (forward|back) (by|for) (about|like|exactly|some)
    (turn|rotate) (left|right) (by|about|at|for|like|until|by about)
    (turn|rotate) (by|about|to the|at|through)
    (wait|pause) (for|about|until|like|at least|for about|for another)
    (look|point the camera) (to|at|to the|towards|over to the)
    (go|drive|head|navigate) (to|over to|to your|to that|towards|near) (the|my|that|your)
    (make|turn|set) the light (to|a|more|into|as)
    (pick|take|grab|hold|release|drop) (up|) (the|that|my|your)
    (raise|lower|move|put) (the|your)
    (open|close) (the|your|my|that)
    (tell|give|show) me (the|your|how|how much|what|where)
    (say|speak|announce) (the|the words|something like|to the)
    (pan|tilt) (the|to the|by|left by|up by|down about|right about)
    (report|check) (the|your|on the)
    (go|do|make|take) (the|a|an|it to the)
    (i want|i'd like|i need) (you to|you to go|you to turn the|the|to)
    (could|can|would) you (please |)(go to the|turn the|open the|set the|put the|move to|tell me the|go|turn|grab the|look at the)
    at (a speed of|about|full)
    with a speed of
    and (then|now|after that) (turn the|go to the|you|the|open the|set the)
    (first|then|next|after that), (the|you|turn the|go to the)
    (before|after|once|while|until|if|when) (you|you go|the|that)
    instead of
    rather than
    about
    roughly
    exactly
    * so turn the
""")
# What may follow a whole order: it breaks off nothing there.
ASIDES = frozenset(("please", "now", "just", "first", "then", "after that", "you know", "i think", "i mean", "as i said"))
SAYS = frozenset(("say", "tell", "announce", "speak"))
TAILS = words(
    "um dear_me oh_dear where_was_i what_do_you_call_it thingy thingamajig whatchamacallit i_forget oh_never_mind hang_on hmm_let_me_think no_sorry let_me_see the_erm the_um you_know_the uh uhm er erm uh... hmm ... you_know like well what's_it_called whatsit uhh eh the_thing what_was_it no_wait never_mind_i_forgot",
    keep=False,
)
SOUNDS = words("""
    blub krrrsh bzzt bzzzt pfft shh brr zzz ksh tsk grrr aaah ooh argh psst hrm mmm tch fzzt wub dada gaga bla blah yada lala dum tralala hm hmpf ugh
    kkkk sss fff ffft crackle static click beep boop ding rumble hiss whoosh clank thud eeee ooo aaa rrr nnn mumble
""")
MASH = ("asdfghjkl", "qwertyuiop", "zxcvbnm", "sdfg", "jkl", "hjkl", "asdf", "qwer", "wasd", "dfgh", "poiuy", "lkjh", "mnbv")
MARKS = "?!.;,:#*-+=()/&%$@~_<>|^"
STATEMENTS = lines("""
    the {thing}
    the {thing} {thing2}
    {thing} {thing2} {word}
    {word} {thing} {word2}
    {colour} {word} {adverb} {number} {thing}
    {quality} {word} {number}
    {word} {word2} {number} {quality}
    {number} {word}
    {number}
    {number} {number}
    {adverb} {word} the {thing}
    the {quality}
    the {quality} {word} of
    {thing} of {number} the
    {word}
    {word} {word2}
    my {thing} the {thing2} and
    and {word} and {word2} and
    {colour} {quality} {thing}
    {word} or {word2}
    if {word} then {word2}
    yes {word} no
    {number} {thing}s {adverb}
    {adverb} {adverb}
    of the {word} by {word2}
    not {word} but {quality}
    which {thing} the {word}
""")
ADVERBS = words(
    "sideways yesterday never upside_down often maybe tomorrow somehow nowhere always perhaps twice together inside abroad almost rather hence thus",
    keep=False,
)
NUMBERS = words("seven 77 three 4 twelve 1 nine eleven 300 two 88 five 0 million 12.5 forty zero hundred", keep=False)


def unclear(voice: Voice) -> Phrase:
    """Something that is no order."""
    return Phrase(_unclear(voice), UNCLEAR, verb=False)


def broken(voice: Voice) -> Phrase:
    """An order that breaks off, as the last part of a sentence."""
    while (text := _broken_off(voice)).strip("., …-") in ASIDES:
        pass
    return Phrase(text, UNCLEAR, verb=False)


def _broken_off(voice: Voice) -> str:
    text = voice.say(BROKEN)
    # What comes after "say" would be the words to say.
    if text.split()[0] not in SAYS and voice.chance(0.3):
        text = f"{text}{voice.rng.choice((',', '', ',', '...'))} {voice.pick(TAILS)}"
    elif voice.chance(0.12):
        text += voice.rng.choice(("...", " ...", "…", "-", " -"))
    return text


def _unclear(voice: Voice) -> str:
    rng = voice.rng
    kind = rng.random()
    if kind < 0.5:
        text = _broken_off(voice)
        if voice.chance(0.12):
            return voice.fill(
                "{talk}(;|.|,|, so|, and| -|, but) (would you |could you |please |now |kindly |i want you to |)(kindly |please |){t}",
                talk=manner.opening(voice),
                t=text,
            )
        if voice.chance(0.25):
            text = voice.fill(
                "(please|could you|could you please|hey|hey rover|rover|so|um|uh|okay|now|can you|robot|i want you to|well) {t}", t=text
            )
        return text
    if kind < 0.58:
        return " ".join(voice.pick(FILLERS) for _ in range(rng.randint(1, 5)))
    if kind < 0.64:
        return " ".join(voice.pick(SOUNDS) for _ in range(rng.randint(1, 4)))
    if kind < 0.71:
        return " ".join(_mashed(voice) for _ in range(rng.randint(1, 3)))
    if kind < 0.75:
        return rng.choice(("".join(rng.choice(MARKS) for _ in range(rng.randint(1, 5))), rng.choice(MARKS) * rng.randint(1, 5)))
    if kind < 0.78:
        one = rng.choice(
            (
                "la",
                "the",
                "a",
                "na",
                "blah",
                "da",
                "and",
                "to",
                "um",
                "no",
                "yes",
                "hey",
                "you",
                "so",
                "x",
                "ha",
                "bla",
                "uh",
                "hello",
                "eh",
            )
        )
        return " ".join([one] * rng.randint(2, 6))
    if kind < 0.86:
        return " ".join(texts.pseudo_word(voice) for _ in range(rng.randint(1, 5)))
    if kind < 0.9:
        return " ".join(
            rng.choice((voice.pick(v.SOME_WORDS), voice.pick(v.THINGS), voice.pick(ADVERBS), voice.pick(NUMBERS), voice.pick(v.QUALITIES)))
            for _ in range(rng.randint(2, 7))
        )
    return voice.say(
        STATEMENTS,
        thing=lambda: voice.pick(v.THINGS),
        thing2=lambda: voice.pick(v.THINGS),
        word=lambda: voice.pick(v.SOME_WORDS),
        word2=lambda: voice.pick(v.SOME_WORDS),
        colour=lambda: voice.pick(v.COLOURS),
        quality=lambda: voice.pick(v.QUALITIES),
        adverb=lambda: voice.pick(ADVERBS),
        number=lambda: voice.pick(NUMBERS),
    )


def _mashed(voice: Voice) -> str:
    rng = voice.rng
    if rng.random() < 0.5:
        row = rng.choice(MASH)
        return row[: rng.randint(3, len(row))] if len(row) > 3 else row * rng.randint(1, 3)
    letters = "abcdefghijklmnopqrstuvwxyz" if rng.random() < 0.8 else "bcdfghjklmnpqrstvwxz0123456789"
    return "".join(rng.choice(letters) for _ in range(rng.randint(3, 10)))
