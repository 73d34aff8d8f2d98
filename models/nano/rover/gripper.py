"""Opening and closing the gripper."""

from __future__ import annotations

from english import clauses, texts
from english import vocabulary as v
from qwark_nano.voice import Choices, Voice, lines

from .phrase import Phrase

GRIPPER = "(the gripper|the gripper|the gripper|your gripper|gripper|the claw|your claw|the hand|your hand|the grip|the grippers|your grip|the jaws|the pincers|your fingers|the grabber)"
OPEN = lines("""
    open {gripper}
    open {gripper}
    open {gripper}
    open {gripper}
    open up {gripper}
    open {gripper} (wide|fully|all the way|completely|again|up)
    {gripper} open
    {gripper} (to open|should be open|wide open)
    let go
    let go
    let go of {thing}
    let {thing} go
    let it go
    let go of (it|that|this|everything)
    release
    release {thing}
    release {thing}
    release (it|that|this|what you hold|your load|whatever you have)
    drop {thing}
    drop {thing}
    drop (it|that|this|what you're holding|everything|whatever you hold|what you've got)
    (loosen|relax|undo|unclench|unlock|release|spread|unclamp) {gripper}
    set {gripper} to open
    (put|bring|move) {gripper} (into|to|in) (the|) open (position|state)
    let {thing} (fall|drop)
    let me have {thing}, open {gripper}
    you can (let go|drop it|release it|drop {thing}|release {thing}|let go of {thing}) now
    (stop holding|don't hold|no longer hold) {thing}
    free {thing}
    drop {thing} (right here|here|there|on the floor|into the box|onto the table|in the bin)
    release {thing} (right here|here|there|on the floor|into the box|onto the table|from {gripper})
    (get rid of|dump) {thing}
    ungrip {thing}
    hand (wide|) open
    open (your|the) (gripper|claw) and (drop|release) {thing}
    open (your|the) (gripper|claw) to (drop|release|let go of) {thing}
    make {gripper} open
    {gripper} (should|must|needs to|has to) (be open|open)
    i (want|need|would like) {gripper} (open|to be open|opened)
    (put|set|lay|place) {thing} down
    (put|set|lay|place) it down
    put down {thing}
    let {thing} loose
    unhand {thing}
    turn {thing} loose
    (open|spread) (your fingers|up|wide)
    you can open {gripper} (now|again|)
    (don't|no need to) hold {thing} any (more|longer)
    an open (gripper|claw|hand), please
    (leave|drop off) {thing} (here|there|on the floor)
    * have {gripper} open
    release {thing} (now|), you can open {gripper}
    * {gripper}: open
    (please|now|and|) (let go|release|drop it)
    drop {thing} (gently|carefully|now|for me|please|, it's dirty|, it isn't yours)
    let go of {thing} (gently|now|for me|please|, it isn't yours|, it's dirty)
    let go of (my|her|his) (sleeve|hair|hand|finger|shirt|leg|tail)
    let (my|her|his) (sleeve|hair|hand|finger|shirt|leg|tail) go
    {gripper}: (open|release)
    {gripper} (open|release), please
    (do|make|perform) (a|an) (open|release) with {gripper}
    open (your|the) (hand|claw|fingers|pincers|jaws) (and|,) let (it|{thing}) (go|drop|fall)
    (open|unclose|unfold|part|ease|spread out) {gripper}
    open {gripper}, nice and wide
    open {gripper} (as wide as (you can|possible|it goes)|to let it go|so it drops|for me|please|nicely)
    {thing}: (drop it|let go|release it)
    {thing}, (drop it|let it go|release it)
    (you may|you can|now|please|time to) (drop|release|let go of) (it|{thing})
    hands off ({thing}|it|that)
    (surrender|relinquish|give up|abandon) {thing}
    give {gripper} (a rest|some air) and open it
    you open {gripper}
    to open {gripper}
    {gripper} must (open|be opened)
    drop what('s| is) in (your|the) (hand|gripper|claw)
    let go of what('s| is) in (your|the) (hand|gripper|claw)
    release your (grip|hold) (on {thing}|on it|)
    loosen your (grip|hold) (on {thing}|on it|)
    relax your (grip|hand|fingers)
""")
CLOSE = lines("""
    close {gripper}
    close {gripper}
    close {gripper}
    close {gripper}
    close up {gripper}
    close {gripper} (tight|tightly|fully|all the way|completely|again|firmly)
    shut {gripper}
    {gripper} (closed|shut|close)
    {gripper} (to closed|should be closed)
    grab {thing}
    grab {thing}
    grab {thing}
    grab (it|that|this|hold of it|hold of that)
    grab it
    pick it up
    pick up {thing}
    pick up {thing}
    pick {thing} up
    pick (that|this|them) up
    pick up (that|this) (one|thing)
    take {thing}
    take {thing}
    take (it|that|this|hold of it)
    (take|get|grab|catch|seize) hold of {thing}
    (grip|grasp|seize|clutch|clasp|snatch|catch|hold|squeeze|clamp|nab|collect|capture|lift up) {thing}
    (grip|grasp|seize|clutch|catch|hold|squeeze|snatch) it
    hold {thing} (tight|tightly|firmly)
    hold on to {thing}
    (clench|tighten|lock|clamp|squeeze) {gripper}
    set {gripper} to (close|closed)
    (put|bring|move) {gripper} (into|to|in) (the|) closed (position|state)
    (use|with) {gripper} (to|) (grab|take|grip|pick up|hold) {thing}
    grab {thing} (from|off) (the table|the floor|the sofa|the shelf|{person}|the ground|over there)
    take {thing} (from|off) (the table|the floor|the sofa|the shelf|{person}|the box|the ground)
    pick up {thing} (from|off) (the table|the floor|the sofa|the shelf|the window sill|the ground)
    pick {thing} (from|off) (the table|the floor|the sofa|the shelf)
    grab {thing} (next to the door|by the window|on the table|on the floor|in front of you|near the sofa)
    pick up {thing} (next to the door|by the window|on the table|on the floor|in front of you|near the sofa|to your left|on your right)
    take {thing} (in|with|into) {gripper}
    get {thing} (into|in) {gripper}
    close {gripper} (around|on|over|onto) {thing}
    go ahead and grab {thing}
    i want you to (grab|take|hold|grip) {thing}
    make {gripper} close
    fetch hold of {thing}
    get a (grip|hold) (on|of) {thing}
    {gripper} (should|must|needs to|has to) (be closed|close)
    i (want|need|would like) {gripper} (closed|to be closed|shut)
    hold {thing}
    hold {thing} (for me|please|a second)
    hold (this|that|it) (for me|please)
    hang on to {thing}
    (keep|hold) {thing} in (the|your) (gripper|claw|hand)
    clasp {thing}
    (pick|scoop|snap|gather|grab) {thing} up
    close (your fingers|up|tight)
    you can close {gripper} (now|again|)
    a closed (gripper|claw|hand), please
    there('s| is) {thing}, (grab|take|pick up|hold) it
    take {thing} for me
    take {thing} with you
    * have {gripper} closed
    * {gripper}: close
    with {gripper}, take {thing}
    (grab|take) {thing}, you can close {gripper}
    {gripper}: (close|grab)
    {gripper} (close|grab), please
    (do|make|perform) a (grab|grip|close) with {gripper}
    close (your|the) (hand|claw|fingers|pincers|jaws) (and|,) (hold|grab|take) (it|{thing})
    grab hold of {thing}
    (get|take|have|keep) a (firm|good|tight|strong) (hold|grip) (of|on) {thing}
    (shut|close|fold|lock|snap|press together|squeeze together) {gripper} (tight|shut|firmly|around it|around {thing}|)
    (you may|you can|now|please|time to) (grab|take|pick up|hold) (it|{thing})
    (you|please you) (take|grab|pick) (it|{thing})
    you close {gripper}
    to close {gripper}
    {thing}: (grab it|take it|pick it up|hold it)
    {thing}, (grab it|take it|pick it up)
    (lay|get|put) your (hands|fingers|claws|mitts) on {thing}
    (secure|snag|bag|swipe|pluck|lift|nick|trap|pinch|retrieve|acquire|scoop up|fish out|gather up|take up) {thing}
    pick up {thing} (gently|carefully|now|for me|please|, it's just a {thing}|, it's yours)
    (pick|take|lift|grab) {thing} (up|) (with|using) (your|the) (gripper|claw|hand|arm)
    pick {thing} up (off|from) (the (table|floor|sofa|ground)|there|here)
    grab (what's|whatever is|the thing) (in front of you|on the table|on the floor|there)
    {gripper} must (close|be closed)
    (here|there)('s| is) {thing}, (grab|take|hold) it
    (here|there), (grab|take|hold) {thing}
    here, (hold|take|grab) (this|that|it)
    see {thing}? (grab|take|pick up) it
    can you see {thing}? (grab it|take it|pick it up)
    tighten your (grip|hold) (on {thing}|on it|)
    make a fist
    clamp down (on {thing}|on it|)
    (grip|hold|squeeze) {thing} and (don't|do not|never) let (it|) go
""")
DETERMINER = Choices("the the the the that this my your a his her our those these some".split())


def thing(voice: Voice) -> str:
    """Something to grab: the red ball."""
    if voice.chance(0.12):
        return voice.rng.choice(
            ("it", "that", "this", "them", "that thing", "this thing", "the object", "what's in front of you", "the thing")
        )
    noun = voice.pick(v.THINGS)
    if voice.chance(0.16):
        noun = texts.word(voice)
    quality = voice.pick(v.COLOURS) if voice.chance(0.22) else voice.pick(v.QUALITIES) if voice.chance(0.25) else ""
    end = ""
    if voice.chance(0.05):
        end = voice.rng.choice(
            (" over there", " of mine", " in front of you", " next to you", " on the left", " on the right", " you see there")
        )
    if voice.chance(0.04):
        end = " " + voice.fill(
            "(that {c}|which {c}|, the one with the {t},|that is {q})",
            c=clauses.clause(voice),
            t=voice.pick(v.THINGS),
            q=voice.pick(v.QUALITIES),
        )
    return f"{voice.pick(DETERMINER)} {quality} {noun}{end}".replace("  ", " ")


def gripper(voice: Voice) -> Phrase:
    """Opens or closes."""
    action, choices = voice.rng.choice((("open", OPEN), ("close", CLOSE)))
    template = voice.pick(choices)
    text = voice.fill(template, gripper=voice.fill(GRIPPER), thing=lambda: thing(voice), person=lambda: voice.pick(v.PEOPLE))
    verb = not template.startswith(("{gripper}", "(use", "hand", "you", "i ", "go ahead"))
    return Phrase(text, ({"gripper": {"action": action}},), verb)


def both(voice: Voice) -> Phrase:
    """Opens and closes, or the other way."""
    first = voice.chance(0.5)
    a, b = ("open", "close") if first else ("close", "open")
    text = voice.fill(f"{a} and (then|) {b} {{gripper}}", gripper=voice.fill(GRIPPER))
    if voice.chance(0.3):
        text = voice.fill(f"{a} {{gripper}}(,| and| and then|, then) {b} it (again|)", gripper=voice.fill(GRIPPER))
    return Phrase(text, ({"gripper": {"action": a}}, {"gripper": {"action": b}}))
