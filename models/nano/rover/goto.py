"""Driving to a known place."""

from __future__ import annotations

from english import clauses
from english import vocabulary as v
from qwark_nano.voice import Voice, lines

from .phrase import SET, UNSUPPORTED, Phrase

PLACES = SET.commands["goto"]["place"].values
# How a place is called, beside "the kitchen".
CALLED = {
    "dock": (
        "your dock",
        "the docking station",
        "your docking station",
        "the dock",
        "your own dock",
        "the charging dock",
        "the docking bay",
        "the charging station",
        "your charging station",
        "your charger",
        "the charger",
        "the charging point",
        "docking station",
        "your charging dock",
        "your charging point",
    ),
    "kitchen": ("our kitchen", "the kitchen area", "the big kitchen", "my kitchen", "the kitchen over there", "that kitchen"),
    "door": (
        "the front door",
        "that door",
        "the back door",
        "the door over there",
        "the open door",
        "the main door",
        "my door",
        "the kitchen door",
        "the garden door",
    ),
    "table": (
        "that table",
        "the dining table",
        "the coffee table",
        "the big table",
        "the round table",
        "my table",
        "the kitchen table",
        "the wooden table",
    ),
    "window": (
        "that window",
        "the big window",
        "the open window",
        "the window over there",
        "the kitchen window",
        "the left window",
        "the window on the right",
    ),
    "sofa": (
        "the couch",
        "the couch",
        "the couch",
        "the couch",
        "my couch",
        "that couch",
        "the big couch",
        "the settee",
        "the sofa in the corner",
        "our sofa",
        "that sofa",
        "the red sofa",
        "my sofa",
        "the big sofa",
        "the old sofa",
        "the sofa over there",
        "your sofa",
        "the green sofa",
    ),
}
SHORT = {"dock": "charging station", "sofa": "couch", "door": "front door", "table": "dining table"}
GO = lines("""
    go to {place}
    go to {place}
    go to {place}
    go to {place}
    drive to {place}
    drive to {place}
    (go|drive|move|head|roll|travel|come|run|walk|navigate|proceed|return|hurry|scoot|trundle) to {place}
    (go|drive|move|head|come|run|get|roll|scoot|pop|nip) over to {place}
    (go|drive|move|head|come|run|get|roll) back to {place}
    (go|drive|move|head|return|roll) (straight|directly|right|all the way) to {place}
    (go|drive|head|come|get) (on|down|up|along|across) (over|) to {place}
    (make|find|wend) your way (over|back|) to {place}
    (take|bring|get|drag|move) yourself (over|back|) to {place}
    (come|meet me|wait for me) (over|) (to|at) {place}
    head for {place}
    head towards {place}
    set (off|course) for {place}
    visit {place}
    (pay a visit to|stop by|drop by|swing by|call at|pass by) {place}
    approach {place}
    go (and|) park (yourself|) (at|by|near|next to) {place}
    (position|place|station|put|plant) yourself (at|by|near|next to|beside|in front of) {place}
    (navigate|find|drive) (yourself|) to {place}
    reach {place}
    return to {place}
    (go|be|stand|get|come) (over|) (at|by|near|next to|in front of) {place}
    to {place}
    to {place}
    {place}
    (off|over|back|on|down) to {place}
    {place} (next|now|it is)
    i (want|need) you (at|by|near|over at) {place}
    i('d like| would like| want) you (at|by|next to|to be at) {place}
    your (next (stop|goal|target|destination)|destination|goal|target) is {place}
    destination: {place}
    (go|get) as close (to|) {place} as you can
    (someone|{person}) needs you at {place}
    see you at {place}
    you('re| are) (needed|wanted) at {place}
    (let's meet|meet {person}) at {place}
    (go|drive|run) where {place} is
    (go|drive|head|proceed) (into|inside|towards) {place}
    {place}, please
    {place} please
    {place}, now
    (wander|stroll|zoom|race|trot|march|dash|rush|sneak|cruise|motor|crawl|wheel yourself|bring yourself) (over|back|) to {place}
    go see {place}
    next stop {place}
    next stop is {place}
    (go|drive|travel) as far as {place}
    (go|drive|head) (on|) until you('re| are) at {place}
    stand (at|by|next to|in front of) {place}
    show yourself at {place}
    (be|go) over at {place}
    move (over|across) to {place}
    let's (go|head|drive) to {place}
    off you go to {place}
    (you can|you may) go (back|) to {place} (now|)
    (go|drive) to {place} and stay there
    the way to {place}, please take it
    {place} is where you should go
    * now (over|) to {place}
    (relocate|transfer yourself|betake yourself|shift yourself|transport yourself|convey yourself|remove yourself|scurry|waddle|amble|saunter|toddle|mosey|bolt|sprint|scamper|scuttle|glide|creep|skedaddle|buzz|pootle) (over|across|on|back|) to {place}
    (get|haul|drag|move|shift) your (butt|self|wheels|metal behind|chassis) (over|back|) to {place}
    drive yourself (over|back|) to {place}
    (go|drive|head) there, to {place}
    (go|drive) (there|over|back), to {place}
    (please|now|so), to {place}
    to {place} (with you|you go|please|now|quick|at once|we go)
    {place}, (go|move|quick|march|off you go|now|there|that's where you should be)
    {place}! (go|now|quick|please)
    (go|drive|head|zip|pop|nip|slip|swing|whizz|come) (along|round|over|up|across|through) to {place}
    (i'd like|i want) (to see|to have|to find) you (at|by|near) {place}
    (be|wait|meet me|join me|find me) (at|by|near|over by) {place}
    (i'm|we're|{person} is) (at|by|over by) {place}, (come here|come|join us|drive here|come over|go there)
    (go|drive|move) (near|close to|up to|right up to|next to|beside) {place}
    (go|drive|move|come) (here|over), (to|at|by) {place}
    (go|drive|head) (directly|straight|right) for {place}
    (you|please you) (go|drive) (to|at) {place}
    (go|drive|move) at {place}
    go {place}
    goto {place}
    goto: {place}
    destination {place}
    navigate: {place}
    target: {place}
    move to: {place}
    set {place} as (your|the) (destination|target|goal)
    plot a course to {place}
    take a (trip|drive|ride|stroll) (over|) to {place}
    (make|take) (a trip|a run|your way) (over|) to {place}
    (travel|journey|go on|proceed|drive on|carry on) (on|) to {place}
    (present|report) yourself (at|to) {place}
    (show up|turn up|appear|be seen) at {place}
    (go|run|drive) and (stand|stay|park) (at|by|near) {place}
    (go|drive) (to|over to) {place} and stay there
    {place} is (your|the) (next stop|destination|target|goal)
    (return|go back|head back|drive back|come back|retreat|withdraw) (now|) to {place}
    your place is (at|by) {place}, (go there|go)
    (let's|let us) (go|drive|roll|head) (over|back|) to {place}
""")


def goto(voice: Voice) -> Phrase:
    """A drive to a place."""
    place = voice.rng.choice(PLACES)
    said = voice.rng.choice(CALLED[place]) if voice.chance(0.3) else f"the {place}"
    if voice.chance(0.05):
        said = voice.rng.choice((place, place, SHORT.get(place, place)))
    if voice.chance(0.04):
        said += voice.rng.choice(
            (" over there", " again", " please", " now", " where i am", " where i'm sitting", " in the corner", " next", " there")
        )
    if voice.chance(0.06):
        said += " " + voice.fill(
            "(where {c}|with the {t}|, where {c},|, the one with the {t},|that {w}|, you know, where {c},)",
            c=clauses.clause(voice),
            t=voice.pick(v.THINGS),
            w=voice.fill(
                "(is {q}|has the {t}|we painted|you like|{p} bought)",
                q=voice.pick(v.QUALITIES),
                t=voice.pick(v.THINGS),
                p=voice.pick(v.PEOPLE),
            ),
        )
    text, verb = _go(voice, said)
    return Phrase(text, ({"goto": {"place": place}},), verb)


def unknown_place(voice: Voice) -> Phrase:
    """A drive to a place that is not known."""
    said = voice.fill("(the|the|the|my|your|that|the nearest) ") + " " + voice.pick(v.ROOMS)
    text, verb = _go(voice, said)
    # A place alone is no order where it could be anything.
    return Phrase(text, UNSUPPORTED, verb) if verb else unknown_place(voice)


def _go(voice: Voice, place: str) -> tuple[str, bool]:
    template = voice.pick(GO)
    verb = not template.startswith(
        (
            "to ",
            "{place}",
            "(off",
            "i ",
            "i(",
            "(i",
            "(please",
            "(you|",
            "goto:",
            "target",
            "navigate:",
            "move to:",
            "(let",
            "your",
            "dest",
            "(some",
            "see",
            "you",
            "(let",
            "the way",
        )
    )
    return voice.fill(template, place=place, person=lambda: voice.pick(v.PEOPLE)), verb
