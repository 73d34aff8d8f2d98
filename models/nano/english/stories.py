"""Small talk of those who like to talk: a sentence or two about their day, before they come to what they want."""

from __future__ import annotations

from qwark_nano.voice import Voice, lines

from . import clauses
from . import vocabulary as v

STORIES = lines("""
    (i do hope|i hope|i trust|let's hope|one hopes) ({person} {is}|the {thing} {is}|{clause})
    you (won't believe|can't imagine|should have seen|should have heard|will never guess|know) (what|how|who) ({person}|{name}) (told me|did|saw|brought me|said|looked|sent me) (today|yesterday|this morning|last week|on the phone|at the party|)
    i (used to|once) (have|know|see|feed|own|play with) (a {animal}|a {quality} {thing}|{name}'s {animal}|somebody) (who could do this|who did that|just like you|when i was small|, you know|that was {quality}|)
    (when i was (young|little|a girl|a boy|in the army|at school)|in my (day|youth|time)|back (then|home)|years ago), (we|i|{person}) (had|had no|used|never had|loved) ({thing}s|a {thing}|a {quality} {thing}|{animal}s)
    (such|what) ({adjective}|{quality}|lovely) (weather|people|music|days|{thing}s) (we're having|they are|that is|we have), (isn't it|don't you think|you know|really|isn't it wonderful|i must say)
    (my|this|that) {thing} (reminds me of|makes me think of|looks like|was a present from|belongs to|is older than) ({person}|{name}|a {thing}|my childhood|summer|home|{word})
    i (do|) (like|love|prefer|enjoy|miss|can't stand|hate) ({colour}|{thing}s|{animal}s|{word}|{adjective} days|the {thing}|your lights|robots|music|this song), (it reminds me of {thing}s|you know|i must say|so much|always have|don't you|to be honest)
    (i'm|i am) (all in a muddle|a bit lost|not what i was|getting old|so clumsy|rather {feeling}|a little {feeling}|so {feeling}) (today|these days|this morning|now|lately|, i'm afraid|)
    my (hearing|eyesight|memory|back|knee|english|hands) (is not what it was|isn't what it used to be|is getting worse|is very bad|won't get better|is terrible) (today|these days|any more|, you know|)
    (you|you do|you really|you always) look (so|very|rather|a bit|) ({feeling}|{adjective}|{quality}) (today|, if a machine can look {feeling}|from here|, i must say|to me|)
    (oh|ah|well|dear me|goodness), (how silly of me|what was i saying|where was i|i forgot|how clever you are|that was quick|i nearly forgot|i almost forgot|never mind that|what a day) (again|)
    i('ve| have) (left|lost|put|forgotten|dropped|misplaced|hidden) my ({thing}|{thing}s|{quality} {thing}) ({place}|somewhere) (again|, i think|, i'm afraid|last night|)
    (it|that) (makes me|made me|makes {person}|always makes me) ({feeling}|laugh|cry|nervous|dizzy|proud|smile|sneeze) (when|if|that) (you stare|you do that|you move|{clause}|it's {adjective})
    i (want|wish|need|would like|hope|plan|have) to ({do} (my|the|a|your) {thing}|see {part}|show {person} {part}|{do} {person}) (later|today|tonight|soon|now|)
    (i'm|i am) (going to|about to|off to) ({do} (my|the|a) {thing}|meet {person}|have (lunch|dinner|tea|a nap|a bath)|catch a train) (now|soon|later|in a minute|)
    (it|this|that)('s| is) (just|) (about the time|the place|the way|the kind of {thing}|the thing) ({clause}|my {thing} takes|i like best|i want)
    (you|robots|machines) (are|were|must be) (so|very|) ({feeling}|{quality}|{adjective}), (i think|i suppose|everyone says so|aren't you|or so {name} says|just like {name})
    ({person}|{name}) (is|was|will be) (coming|here|visiting|staying|back|away) (for (lunch|dinner|tea|a week)|today|tonight|at {n} o'clock|in {n} minutes|on monday|for {n} days)
    (the|my) ({thing}|{animal}|{part2}) (is|was) (bought|made|born|found|lost|broken|delivered|painted) (in (march|may|{word}|the garden|paris)|{n} (years|days|weeks|minutes|metres|seconds|degrees) (ago|away)|by {person}|last week)
    (it's|it was|we have|there are) (only|about|over|nearly|) {n} (degrees|minutes|metres|people|miles|percent|seconds|euros|steps|days|years) (outside|today|from here|left|to go|now|away|in here|old|)
    the (sign|label|screen|door|light|{thing}) (outside|over there|on the wall|at the door|there|) is ({colour}|{quality}|broken|off|on|open|closed|{adjective}) (too|again|today|as well|now|)
    (they|people|doctors|experts|my friends) (say|told me|think|claim) ({word}|{thing}s|{animal}s|robots|{colour} {thing}s) (is|are) ({quality}|{adjective}|good for you|bad luck|the future)
    ({quality} and {quality}|slow and steady|inch by inch|left and right|fast and loud|up and down|stop and go) (isn't|is not|is|was never) (my|our|{name}'s) (style|thing|cup of tea|way|favourite)
    (i read|i saw|i heard|there was|they made) (a book|a film|a song|a story|something|a programme) about (a {quality} {animal}|robots|a robot that could fly|the {thing}|{name}|red lights|a man with one arm|cameras|a trip to the moon)
    the (stop sign|traffic light|red light|light switch|camera shop|taxi driver|arm of the chair|battery of my phone|speed camera|front door|window cleaner|table cloth|sofa cushion|door handle) (outside |)({is}|is {colour}|needs cleaning|was expensive|broke)
    (my|{name}'s|{person}'s) (old |new |)(car|phone|watch|lamp|robot|camera|chair|kitchen) (is|was|turns|goes|drives|stops|talks|looks|opens|lights up) ({quality}|{adjective}|by itself|too fast|too slowly|left all the time|every day|at night|now)
    (we|you|they|the kids) (went|drove|walked|turned|stopped|looked|waited) (left|right|for hours|all day|too far|for {n} minutes|{n} metres|at the window|for you) (yesterday|last time|this morning|on sunday|and got lost)
""")
DOING = (
    "paint clean dust hang wash fix mend find wrap iron repair sort water polish fold sell pack put_on try_on take_out put_away write_to"
).split()


def story(voice: Voice) -> str:
    """A sentence that asks for nothing, in more words than it needs."""
    return voice.say(
        STORIES,
        part=lambda: clauses.part(voice),
        part2=lambda: voice.pick(clauses.PARTS),
        clause=lambda: clauses.clause(voice),
        place=lambda: voice.say(clauses.PLACES),
        do=lambda: voice.rng.choice(DOING).replace("_", " "),
        thing=lambda: voice.pick(v.THINGS),
        animal=lambda: voice.pick(v.ANIMALS),
        person=lambda: voice.pick(v.PEOPLE),
        name=lambda: voice.pick(v.NAMES),
        quality=lambda: voice.pick(v.QUALITIES),
        adjective=lambda: voice.pick(v.ADJECTIVES),
        feeling=lambda: voice.pick(v.FEELINGS),
        colour=lambda: voice.pick(v.COLOURS),
        word=lambda: voice.pick(v.SOME_WORDS),
        n=lambda: str(voice.rng.randint(2, 99)) if voice.chance(0.4) else voice.rng.choice(("two", "three", "five", "ten", "twenty")),
        **{"is": lambda: voice.fill("(is|isn't|was|will be|comes|leaves|feels) (fine|here|{a}|well|soon)", a=voice.pick(v.FEELINGS))},
    )
