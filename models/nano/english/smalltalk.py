"""Sentences around an order that ask for nothing."""

from __future__ import annotations

from qwark_nano.voice import Voice, lines

from . import clauses, stories
from . import vocabulary as v

BEFORE = lines("""
    {talk}. {order}
    {talk}. {order}
    {talk}. {order}
    {talk}! {order}
    {talk}, so {order}
    {talk}, {order}
    {talk} - {order}
    {talk} so {order}
    {talk}; {order}
    {talk}... {order}
    {talk}, please {order}
    {talk}, now {order}
    {talk}. so {order}
    {talk}. now {order}
    {talk} and that's why you should {order}
    as {talk}, {order}
    since {talk}, {order}
    because {talk}, {order}
    i know {talk}, but {order}
    even if {talk}, {order}
    {talk}, would you (please|) {order}
    {talk}, could you {order}
    {talk}, can you {order}
    {talk}, and (now|so|that's why|therefore|then) (please|) {order}
    {talk}, but (now|first|before that|anyway|still|for now|first of all) (please|dear|) {order}
    {talk}, so (i'd like you to|i want you to|could you|would you|can you|please|would you please|do please|you may|you should|you'd better|you must|be so kind and|might you|why don't you) {order}
    {talk}; (please|would you|could you|so|now|be so kind and|be a dear and|therefore|anyway,|do) {order}
    {talk}. (would you|could you|can you|will you|please|so please|now please|i'd like you to|do|and now|anyway,|therefore,|for now,|well,|so,) {order}
    {talk}, (which is why|for which reason|hence) (please|) {order}
    (seeing that|given that|considering|now that|since|as|because|while|although) {talk}, (would you|could you|please|you might|you could|i'd like you to|) {order}
    (i'm sorry|sorry) (to (bother|trouble|disturb) you|for asking|to ask|to interrupt|about that) (again|), but (could you|would you|can you|please|might you|) {order}
""")
AFTERWARDS = lines("""
    {order}. {talk}
    {order}, {talk}
    {order}! {talk}!
    {order} - {talk}
    {order} because {talk}
    {order}, because {talk}
    {order} since {talk}
    {order} as {talk}
    {order} {talk}
    {order}; {talk}
    {order} ({talk})
    {order}, you know {talk}
    {order}, i think {talk}
    {order}, (for|seeing that|given that|now that|considering|even though|although|while|and|but|then) {talk}
    {order}; (i think|you see|you know|after all|it's only that|it's just that|for) {talk}
    {order}, (it's only that|it's just that|the thing is|you see|after all|i'm afraid|as you know|i told you|i guess) {talk}
    {order}. (you see,|after all,|i think|i know|it's just that|the thing is,|remember,|well,|sorry,|by the way,) {talk}
    {order}? {talk}
""")
TALK = lines("""
    there's a {animal} (behind|in front of|next to|near|under|beside) you
    there is a {animal} on the {place}
    mind the {animal}
    watch out for the {animal}
    careful with the {thing}
    the {animal} is (asleep|hungry|watching you|in the way|scared of you|on the {place}|under the table)
    {person} is (here|waiting|asleep|outside|calling|coming|leaving|busy|watching|on the {place}|in the {place}|at the {place})
    {person} (wants|needs) (it|that|the {thing}|a {thing}|some help)
    {person} told me (you are clever|you can do this|to try this|it's safe)
    i think {person} (rang the bell|is at the door|is in the kitchen|is on the sofa|needs you|is coming)
    somebody (rang the bell|left the {thing} on the floor|is at the door|is in the way|moved the table)
    the {thing} is ({quality}|right in front of you|behind you|on the floor|on the table|over there|to your left|on your right|yours|mine)
    the {thing}'s (right in front of you|behind you|on the floor|ahead of you|gone)
    that {thing} is (very|so|quite|rather|too) {quality}
    i('ve got|have) (a {thing}|guests|no time|work to do|to leave soon|visitors|a headache|an idea|a {quality} {thing} for you)
    i('m| am) (very|so|really|a little|) {feeling}
    we('re| are) (very|so|) {feeling}
    you('re| are) (so|very|really|) (clever|good at this|slow today|funny|great|cute|smart|brave|late|in the way|blocking the door|too close)
    it's (very|so|too|really|getting|a bit|quite|) {adjective} (in here|outside|today|here|)
    it's (late|early|monday|friday|my birthday|raining|snowing|lunch time|bedtime|nearly noon|ten o'clock|half past nine|christmas)
    (lovely|nice|awful|terrible) (day|weather|evening|morning) (today|isn't it|)
    (good morning|good evening|hello|hi|hi there|good afternoon|hello again|howdy|morning|hey there)
    how are you (today|)
    i hope you('re| are) (well|fine|charged|not too tired|having a good day)
    i can't (see|find|reach|hear|remember) (you|it|that|the {thing}|anything|my {thing})
    i don't (know|care|mind|like it|see why|want to wait|have all day|need the {thing})
    i('m| am) (worried about|tired of|thinking about|looking for|proud of|waiting for) (you|your motors|your battery|the {thing}|{person}|that)
    i('ll| will) (be back soon|watch you|help you|stay here|get the {thing}|do the rest|fix the {thing} later)
    i (love|like|hate) (robots|you|mondays|this {thing}|the way you move|that sound|this song|my job)
    i (just|) (bought|lost|dropped|cleaned|painted|broke|found|moved|repaired) (the|a|my|that) {thing}
    that was (great|close|funny|not bad|wrong|too far|a bit loud|my fault|perfect|a mistake)
    that's (not right|better|fine|it|funny|a bit odd|what i wanted|my {thing})
    (well done|nice work|good job|not bad|never mind|sorry about that|my bad|oh dear|oh well|oops|wow|great|thank you|thanks a lot|bravo)
    no (rush|hurry|problem|worries|time to lose|need to worry)
    (we have|there is|there's) (plenty of|no|little|enough) (space|room|time|light)
    the (floor|carpet|room|kitchen|house|coffee|tea|water|soup) is ({adjective}|{quality}|{colour})
    the (light|door|window|sofa|table|kitchen) is (too bright|broken|open|far away|dirty|new|over there|nice)
    (dinner|lunch|breakfast|tea|coffee|supper) is (ready|late|almost ready|getting cold|on the table)
    the (meeting|show|film|demo|game|class|party|test) (starts|begins) (soon|in an hour|at five|in ten minutes|tomorrow|at noon)
    my (back|arm|leg|knee|head|hand) hurts
    my (hands are full|phone is ringing|boss is watching|wife is asleep|tea is getting cold|shoes are wet)
    this is (important|a test|urgent|fun|only a test|the last time|a demo|for science|{name}|my friend {name})
    (my name is|this is|i'm) {name}
    {name} (says hi|is here|sends his regards|will love this|asked for this|is filming this|wants to see it)
    you (did|missed|forgot|dropped|hit|broke|heard|saw) (it|that|the {thing}|the wall|me|something|well)
    you('re| are) (facing the wrong way|on the wrong side|in my way|standing on my foot|my favourite robot|almost there|not done yet|doing fine)
    you look ({feeling}|dusty|great|funny)
    there('s| is) (a {thing}|someone|nothing|something|a bird|an insect|dust|a {quality} {thing}) (on the floor|over there|in the corner|at the door|outside|on the ceiling|under the sofa|next to you|in the way)
    (someone|somebody)'s (waving|coming|at the door|shouting|asleep|knocking|hiding)
    don't (worry|be shy|be afraid|be late|hit the {thing}|wake {person}|forget the {thing}|tell {person}|break the {thing}|scratch the floor)
    be (careful|quiet|good|nice|quick about it)
    be careful with (that|the {thing}|the walls|{person}|the {animal})
    what a (day|mess|lovely {thing}|surprise|nice robot|{quality} {thing})
    (do you hear me|can you hear me|are you there|are you awake|are you ready|you know what|guess what|you see|isn't it|right)
    let's (see|play|get going|start|try this again|do this|go)
    time (flies|is short|for lunch)
    (finally|at last|here we go|there we go|one more thing|last thing|okay then|all good|good boy|good girl|come on|hurry up)
    we('ll| will) (need that|be late|see|start soon|have guests tonight|clean later)
    we (need|have|want) (more space|to be quick|to go|guests|the {thing}|some {thing}s)
    last (time|night|week) you (did it|forgot|fell|hit the wall|were faster|went too far)
    (yesterday|today|last night|this morning) (was fun|i lost my {thing}|we moved the table|you did well|it rained|i saw {name})
    the kids (are asleep|want to see this|love you|made a mess|are at school)
    not that i (care|mind), you know
    {name} is on the phone
    i'm {name} and this is {name2}
    someone spilled {thing} (here|on the floor|over there|everywhere)
    it (smells|looks|feels|sounds) ({quality}|good|bad|odd|like rain)
    we're (testing you|almost done|all set|in the kitchen|waiting at the door|going home soon|running late)
    the sun is (out|up|shining|in my eyes|setting)
    nobody (is home|cares|moved|likes {thing}s)
""")


def talk(voice: Voice) -> str:
    """A sentence that asks for nothing."""
    kind = voice.rng.random()
    if kind < 0.45:
        return clauses.sentence(voice)
    if kind < 0.55:
        return f"{clauses.sentence(voice)}{voice.rng.choice((', ', ' and ', '. ', ', and ', ', but '))}{_said(voice)}"
    if kind < 0.62:
        return stories.story(voice)
    return _said(voice)


def _said(voice: Voice) -> str:
    return voice.say(
        TALK,
        animal=lambda: voice.pick(v.ANIMALS),
        person=lambda: voice.pick(v.PEOPLE),
        name=lambda: voice.pick(v.NAMES),
        name2=lambda: voice.pick(v.NAMES),
        thing=lambda: voice.pick(v.THINGS),
        quality=lambda: voice.pick(v.QUALITIES),
        feeling=lambda: voice.pick(v.FEELINGS),
        adjective=lambda: voice.pick(v.ADJECTIVES),
        colour=lambda: voice.pick(v.COLOURS),
        place=voice.rng.choice(("sofa", "table", "door", "window", "kitchen", "dock", "floor", "roof", "stairs")),
    )
