"""Driving to a known place."""

from __future__ import annotations

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
    "sofa": ("that sofa", "the red sofa", "my sofa", "the big sofa", "the old sofa", "the sofa over there", "your sofa", "the green sofa"),
}
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
""")


def goto(voice: Voice) -> Phrase:
    """A drive to a place."""
    place = voice.rng.choice(PLACES)
    said = voice.rng.choice(CALLED[place]) if voice.chance(0.25) else f"the {place}"
    if voice.chance(0.03):
        said = place
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
    verb = not template.startswith(("to ", "{place}", "(off", "i ", "i(", "your", "dest", "(some", "see", "you", "(let", "the way"))
    return voice.fill(template, place=place, person=lambda: voice.pick(v.PEOPLE)), verb
