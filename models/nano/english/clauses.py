"""Clauses around an order that ask for nothing: what for, why, until when, what would go wrong, what it is like.

They name the things that orders name, the arm, a light, seconds and metres, so that a model learns to leave them alone.
"""

from __future__ import annotations

from qwark_nano.voice import Choices, Voice, lines, words

from . import vocabulary as v

# What orders are about as well.
PARTS = words(
    "camera light lamp arm gripper claw battery motor speaker head table door window sofa kitchen dock floor wall wheel charger cable eye hand left right front back",
    keep=False,
)
OWNERS = Choices("the the the your my our this that her his".split())
PLACES = lines("""
    on the (table|sofa|floor|shelf|chair|rug|stairs|window sill|kitchen table)
    in the (kitchen|hall|corner|bedroom|garden|box|garage|other room|basement)
    (by|near|next to|behind|under|in front of) the (door|window|sofa|table|dock|wall|chair|fridge|bookshelf)
    (over there|upstairs|right here|next door|outside|downstairs|behind you|in front of you|to your left|on your right|around here)
    at the (door|window|table|back|front|top|bottom)
""")
DOES = lines("""
    (can|can't|could|couldn't|may) (see|reach|get|find|use|have|hold|hear|touch|take|check|open|close|move) (it|that|you|me|{part}|a {thing}|the {thing}|what you do|everything)
    (can|could|will|might) (sit down|sleep|eat|work|relax|pass|get past|go home|start|play|think|read|go to bed|leave|begin|walk by|see better|look)
    (doesn't|don't|won't|can't) (see|hear|notice|hit|wake up|fall|fall over|trip|get hurt|bump into {part}|get scared|break|drop {part}|bite you|move)
    (is|are|was|were) (watching|waiting|sleeping|cooking|reading|coming|calling|asleep|{feeling}|{place}|in the way|not here|at work|on the phone|on fire)
    (wants|needs|would like|has) to (see|use|try|clean|fix|test|paint|check|move|show me|get to) (it|that|{part}|the {thing}|you|this)
    (needs|wants|has|likes|hates|lost|broke|found|forgot) ({part}|a {thing}|the {thing}|some rest|a break|more space|it|that)
    (fell|is lying|is standing|was left|is stuck|has been) {place}
    (looks|sounds|seems|feels) ({quality}|{feeling}|{adjective}|odd|fine|good|wrong)
""")
WHO = lines("""
    i
    we
    {person}
    {name}
    the {animal}
    {part}
    the {thing}
    it
    nobody
    everyone
    they
    he
    she
""")
PURPOSES = lines("""
    so (that|) {clause}
    so (that|) {clause}
    so (that|) {clause}
    so as not to (wake|hit|scare|break|bump into|disturb) ({part}|{person}|the {animal}|anyone|the {thing})
    in order to (see|reach|save|protect|get|clean|show us) ({part}|the {thing}|it|everything)
    to (make room|make space|save power|save energy|be safe|get out of the way|show {person}|keep {person} happy|impress {name}|help me|let {person} pass|get a better view|clear the way)
    for (safety|fun|{name}|{person}|the {animal}|my sake|the camera|science|the audience|the photo|a test|once|old times' sake|good measure|a change|the last time)
    in case ({clause}|it rains|someone comes|you need it|of fire)
    because of ({part}|{person}|the {animal}|the {thing}|the noise|the guests|the rain|you|the dust)
    thanks to {person}
    (it|that|this) (helps|would help|makes me {feeling}|makes {person} {feeling}|is safer|is better for {part}|saves power|looks nicer)
""")
REASONS = lines("""
    (because|since|as|cause|cos) {clause}
    (because|since|as) {clause}
    i'm trying to (sleep|work|read|think|cook|watch tv|concentrate|relax|eat|see|film this|talk on the phone|fix {part}) (here|)
    i('m| am) (about to|going to|trying to|not allowed to|afraid to|too lazy to) (leave|sit down|do it myself|sleep|trip|reach {part}|move|start)
    i('ve| have) (got to|to) (go|work|sleep|leave|cook dinner|see {part}|take a call)
    i('ve| have) (dropped|lost|forgotten|hidden|found|left|spilled) (a {thing}|my {thing}|the {thing}|something) (|{place})
    i (dropped|lost|forgot|left|saw|heard|put) (a {thing}|my {thing}|the {thing}|something) (|{place})
    there('s| is) (a {thing}|a {animal}|{person}|something|glass|water|a mess|a hole|a step|nothing|no one|room|a {quality} {thing}) {place}
    there are (some|two|three|many|no|lots of|a few) ({thing}s|{animal}s|people|cables|toys) {place}
    {clause}
    {clause}
    someone('s| is) ({place}|coming|calling|waiting|waving|watching)
    {part} is (too {adjective}|{quality}|{adjective}|in the way|{place}|running low|hot|dirty|blinking|broken|stuck|almost empty|fine)
    (it|that|this)('s| is) (only|just|) (a {thing}|my {thing}|{person}'s {thing}|the {thing}|a {quality} {thing}|{quality}|{adjective}|{place}|an order|a joke|a test|all i need)
    (you('re| are)|you were) (too (close|far|near|loud|slow|low|high)|in my way|on my {part2}|blocking {part}|standing on the {thing}|facing the wrong way|{feeling}|scaring the {animal}|upside down)
    my ({part2} hurts|hands are (full|wet|dirty|cold)|eyes hurt|feet hurt|neck hurts|{thing} is {place}|{person2} is asleep)
    we('re| are) (filming|recording|going to start|waiting|late|almost there|{feeling}|having guests|in a hurry|out of time)
    i (want|need|would like|wish|hope|have) to (see|reach|clean|check|fix|find|use|show you|look at|get to|hang up|put away) ({part}|the {thing}|my {thing}s|it|what's there|something|the {quality} {thing})
    you (need|want|deserve|could use|must be needing) (juice|power|a charge|a rest|some rest|oil|a break|energy|fresh air|sleep|new batteries|help)
    {who} (needs|need|wants|want|has|have) to (see|reach|clean|check|fix|find|use) ({part}|the {thing}|it)
    (the|my) ({thing}|{animal}|guests|clients|kids|visitors|boss|pizza|taxi) (arrives|arrive|is coming|are coming|will be here|is here|are here) (soon|any minute|at noon|in five minutes|now|tonight)
""")
DANGERS = lines("""
    (or|or else|otherwise) (you('ll|'re going to| will|)|i('ll| will)|{who}('ll| will)) (hit|break|crush|scratch|knock over|bump into|wake|lose|miss|run over|step on|scare|drop) ({part}|the {thing}|the {animal}|{person}|me|my foot|it|something)
    you('ll|'re going to| will| might| could| nearly| almost) (hit|break|crush|scratch|knock over|bump into|wake|lose|miss|run over|step on|scare|drop) ({part}|the {thing}|the {animal}|{person}|me|my foot|it|something)
    you('ll|'re going to| will| might| could) (knock|push|throw|tip) ({part}|the {thing}|the {animal}|it|something) (over|off|down)
    (careful|watch out|mind|beware of|look out for|watch) ({part}|the {thing}|the {animal}|the step|your head|the edge|the glass|{person}|my toes|the stairs|the wet floor)
    careful (with|of) ({part}|the {thing}|the {animal}|{person}|my toes|that)
    (don't|do not|try not to|please don't|you must not|never|careful not to|without) (hit|break|crush|scratch|knock over|bump into|wake|touch|run over|scare|drop|spill) ({part}|the {thing}|the {animal}|{person}|me|it|anything)
    without (hitting|breaking|waking|touching|scaring|dropping|spilling) ({part}|the {thing}|the {animal}|{person}|me|it|anything)
    not (into|over|onto|through) ({part}|the {thing}|the {animal}|{person}|my foot|the carpet)
    it (bites|might explode|could fall|will fall|is fragile|breaks easily|is {quality})
""")
EVENTS = lines("""
    before ({clause}|it's too late|someone (gets hurt|sees us|trips|gets poked|falls)|it gets dark|{part} (dies|breaks|falls|is empty)|i (lose patience|change my mind|fall asleep|count to three)|{person} (comes|comes back|sees it|wakes up))
    before {who} (comes|sees it|notices|leaves|wakes up|falls|gets here|breaks)
    while (i (hold the {thing}|watch|count|eat|talk to {person}|do the dishes)|{who} (is away|is busy|is asleep|sleeps|waits|eats)|nobody is looking|we wait|it's still light|there is time)
    now that ({clause}|it's {adjective}|nobody is here|{person} is gone|you are awake|the {thing} is gone)
    (like|as) (last time|yesterday|always|usual|before|we practised|i showed you|you did last time|i told you|they do in films|in the video|we agreed|discussed|planned)
    like (a good robot|a pro|a {animal}|a {quality} {thing}|you mean it|you own the place|the {animal} does|{person} would|it's {adjective}|you're {feeling}|you are asking a question|you just don't care|in a film|a soldier|nobody is watching)
    as if (you were {feeling}|it were {adjective}|nobody was watching|you had all day|you meant it|you were a {animal})
    (if you want|if you like|if you dare|if it helps|if you ask me|if i may say so|if you know what i mean|if you get me|if it isn't too much|if it's not too {adjective}|if nobody minds)
    whether (you like it or not|it's {adjective} or not)
    even though ({clause}|it's {adjective})
    although {clause}
    and (make it snappy|be quick about it|don't argue|no funny business|no excuses|i mean it|don't make me ask again|that's an order|you'll get a {thing}|i'll be happy|we're done|be done with it|we can all go home|that will be all)
    but (be careful|mind the {thing}|watch the {animal}|don't wake {person}|not into the {thing}|no funny business|keep quiet|be quick|take your time|don't rush|stay calm|keep calm)
    (which is|that's|it's|that is) (just |about |really |only |exactly |)(what i (need|want|asked for|meant)|how i like it|the way {person} likes it|how long {clause}|why i asked|{quality}|{adjective}|my favourite {thing}|the best way|far enough|where {clause})
    where (i am|i'm standing|i'm sitting|{person} is|{person} sits|the {thing} is|the {animal} sleeps|{clause}|we were before|you belong|it's {adjective})
    (who|which|that) (is|was|looks) ({quality}|{feeling}|{place}|waiting)
    (the one|the {quality} one|that one) (with the {thing}|{place}|{clause}|next to {person}|you know)
    (with|without) (the {thing}|a {thing}|{person}|my help|your eyes open|pleasure|love|a smile|style)
    (instead|as well|too|also|again|anyway|at least|for a start|for now|in any case|of course|by the way|by all means|in the meantime|as usual)
    before (the|my|our) (clients|guests|kids|visitors|boss|parents|neighbours|pizza|taxi|batteries|customers|doctor) (arrive|arrives|come|leave|see it|are here|is here|get here|die|complain)
    before (i forget|we forget|we leave|we start|we eat|anything happens|something breaks|the {thing} (falls|breaks|gets cold)|{part} (falls off|gets hot|goes out))
    so (i|we|you|they) (can|could|may) (see|hear|reach|enjoy|use|clean|hang up|find|show) ({part}|the {thing}|my {thing}s|it|you)
""")
# What is not to be done beside the order.
LIMITS = lines("""
    but (don't|do not) (move|drive|turn|go|roll|drive anywhere|go anywhere|move an inch|turn around|move at all|touch anything|drop it|do anything else|say anything|grab anything|stop|look at me)
    but (don't|do not) (move|turn|touch|change|raise|lower|open|close|use) {part}
    and (don't|do not) (move|drive off|turn|go away|come back|touch anything|drop it|do anything else|say a word|look at me|stop) (|after that|until i say so|yet)
    (without|but without) (moving|driving|turning|talking|any noise|touching anything|dropping it|looking|stopping|hurry|moving {part}|turning {part})
    (leave|keep) {part} (alone|as it is|where it is|the way it is|out of it|still|in place)
    but (leave|keep) {part} (alone|as it is|where it is|the way it is|out of it|still|in place)
    (no need to|you needn't|you don't have to) (turn|move|look|drive|say anything|hurry|answer|use {part}|rush|come back|move {part})
    (and|) (nothing|not a thing) (else|more)
    (and|) (not an inch|not a centimetre|not a hair|not a bit|not one step|not a degree|not a second|no) (more|further|longer|less)
    (and|) that's (all|it|everything|enough for me|all for now|all i want|all you have to do)
    (only|just) that
    and (leave it|keep it) (there|like that|at that|that way)
    not (the other one|like last time|the other way|more|less|now and then|again and again)
""")
SIGN_OFFS = lines("""
    (over|over and out|out|roger|copy|copy that|do you copy|end of message|end of transmission|end of order|full stop|period|amen|ten four|acknowledge|confirm|understood|got that|clear|is that clear)
    (operator|captain|commander|base|control|station|unit|team|agent|doctor|professor) ({n}|{name}|one|two|three|four|five|seven|nine) (here|waiting|out|speaking|standing by|on the line|signing off)
    (this is|it's) (operator|captain|commander|base|mission control|control|agent|team) ({n}|{name}|one|two|three|five|seven)
    (captain's|boss's|doctor's|my|{name}'s|mum's|dad's) (orders|order|idea|wish)
    ({person}|{name}|the boss|the captain|the doctor) (said so|says so|asked for it|ordered it|wants it|told me to|insists|sends {name2})
    (soldier|private|sergeant|sailor|comrade|partner|sir|madam|your majesty|old friend|you legend|you genius|big fella|little fella|you rascal|you monster|silly|you silly thing|you clever thing|dummy|sleepyhead|speedy)
    (with sugar on top|with a cherry on top|on the double|at your leisure|at your convenience|in your own time|no pressure|pronto|stat|for real|or whatever|and all that|if only once|there's a dear|there's a love|be a dear|be a love|atta boy|attaboy|good lad)
    (and|) (hurry up|hurry|chop chop|quick quick|quick march|go go go|come on|move it|get on with it|get going|look lively|look sharp|step on it|let's go|today|before christmas|ready set go|in three two one|on three)
    (lol|haha|hehe|ha ha|just kidding, do it|no joke|seriously|i'm serious|i mean it|i repeat|trust me|believe me|promise|honestly|obviously|of course|naturally|as i said|again|once again|one more time|you know the drill|you know how)
    (cheers|ta|thanks|ta very much|thanks a million|thanks in advance|thanks so much|thank you so much|thank you kindly|many thanks|appreciate it|i'd appreciate it|i'd be grateful|much obliged|you're the best|you're a star|you're a lifesaver|love you|bless you|please and thank you|pretty please|pretty please with sugar on top|i owe you one)
    (lol|lmao|rofl|omg|bruh|bro|fr|fr fr|no cap|ngl|tbh|tho|though|fam|idk|imo|yolo|pls n thx|ty|tysm|k|kk|mkay|innit|eh|yeah|right|ok bye|bye|xoxo|dude|my dude|my guy|my man|matey|laddie|lassie|yer honour|sire|milord|my lord|kind sir|good sir)
    (arr|aye aye|ahoy|savvy|och|crikey|by jove|good heavens|mamma mia|oh la la|hallelujah|hooray|hurrah|yay|woohoo|whee|yippee|vroom|brrm brrm|beep beep|ta-da|abracadabra)
    and (have a (rest|break|good time|nice day)|rest|relax|enjoy yourself|take it easy|be happy|cool down|behave|behave yourself|keep smiling|don't be late|good luck|stay safe|have fun|thank you|well done|goodbye|be good|keep calm|mind your manners)
""")
OPENERS = lines("""
    (don't|do not) (be shy|be scared|be afraid|worry|panic|be silly|be lazy|argue|just stand there|mind me|mind the {animal}|wait for me|look so {feeling}|be late|listen to {person}|look at me like that)
    (no no|no|oh no|ah|oh|ugh|argh|phew|ouch|hey hey|hm|aha|whoops|oops|yikes|gosh|goodness|oh dear|dear me|for heaven's sake|for crying out loud|for goodness sake|for the love of god|good grief|my goodness|blimey|oh boy|oh man|come on now|come on|there there|right then|so be it|be my guest|alrighty|okey dokey|righto|very good|splendid|excellent|marvellous|wonderful|lovely|super|fantastic|brilliant|perfect|gotcha|yup|yep|sure|absolutely|indeed|anyway|anyhow|meanwhile|by the way|honestly|listen|look here|see here|you there|now now|now listen|wakey wakey|rise and shine|ladies and gentlemen|dear robot|dear friend|my dear robot|mission control here|attention)
    (i've got|i have|here's|here is|this is) (a job|a task|a little job|something|an idea|a challenge|an order|a request|one more thing|the next one|your next task|the plan|what i want) (for you|)
    (let's|let us) (try (this|something|it|that again)|do this|get started|see|play a game|do a test|begin|go on|practise|test {part}|make some room|have some fun)
    (are you|you) (ready|awake|there|listening|okay|bored|done|still here|with me)
    (i (think|guess|suppose|believe|hope|bet|know|see|hear|heard|said) (that|) {clause}|i'm (sure|afraid|glad|happy|sorry) {clause})
    {who} (says|said|thinks|told me|tells me|claims|swears) (that|) {clause}
    (when|if) i (was young|was your age|were you|had a {thing}|come home|woke up) (i (had|saw|lost|wanted) a {thing}|it was {adjective}|we had no {thing}s)
    my (job|day|week|morning|life|dream) (is|was) ({adjective}|{quality}|to have a {thing})
    (today|tonight|yesterday|this morning|last night) ({clause}|i (saw|bought|lost|ate|broke) a {thing}|it (was|is) {adjective})
    (what a|such a|it's a) ({quality}|{adjective}|lovely) (day|robot|{thing}|place|evening|idea)
    (lol|omg|bruh|bro|ngl|tbh|dude|yo dude|my guy|lowkey|ok so|okay so like|so like|like|fr|heyyy|sup|k|kk|alr|aight|arr|ahoy matey|avast|och|crikey|ay ay ay|mamma mia|yay|woohoo|hooray)
    (hello|hi|good morning|good evening|good day|dear robot|excuse me|pardon me|sorry) (again|, sir|, robot|, my friend|, little one|, it's me|, it is {name}|, {name} here|, this is {name}|, i am {name})
    (i am|i'm) (a bit|very|so|) (new here|old|slow|shy|lazy|late|short|blind on one eye|deaf|busy|sorry)
    (please|now) (listen|pay attention|watch|be careful|concentrate|wake up)
    (while|before|in case) i (remember|forget|think of it|am at it|have you here)(| it)
    (such|what) ({adjective}|lovely|{quality}) weather( we're having|), (isn't it|isn't it {adjective}|you know)
    (it's|it is) (so|very|too|getting|rather) ({adjective}|{quality}|late|dark) (in here|today|outside|under here|now|)
""")


def _filled(choices: Choices, voice: Voice) -> str:
    return voice.say(
        choices,
        part=lambda: part(voice),
        part2=lambda: voice.rng.choice(("foot", "toe", "arm", "hand", "back", "leg", "head", "knee", "shoulder", "sleeve", "finger")),
        thing=lambda: voice.pick(v.THINGS),
        animal=lambda: voice.pick(v.ANIMALS),
        person=lambda: voice.pick(v.PEOPLE),
        person2=lambda: voice.rng.choice(("wife", "husband", "son", "daughter", "baby", "boss", "mother", "dog", "brother")),
        name=lambda: voice.pick(v.NAMES),
        name2=lambda: voice.pick(v.NAMES),
        quality=lambda: voice.pick(v.QUALITIES),
        adjective=lambda: voice.pick(v.ADJECTIVES),
        feeling=lambda: voice.pick(v.FEELINGS),
        place=lambda: voice.say(PLACES),
        who=lambda: who(voice),
        n=lambda: str(voice.rng.randint(1, 99)),
        clause=lambda: clause(voice),
    )


def part(voice: Voice) -> str:
    """The robot's arm, your light, that door."""
    return f"{voice.pick(OWNERS)} {voice.pick(PARTS)}"


def who(voice: Voice) -> str:
    """Somebody or something."""
    return _filled(WHO, voice)


def clause(voice: Voice) -> str:
    """Somebody with a verb."""
    return f"{who(voice)} {_filled(DOES, voice)}"


def after_order(voice: Voice) -> str:
    """What comes after an order without a stop between."""
    return _filled(voice.rng.choices((PURPOSES, REASONS, DANGERS, EVENTS, LIMITS, SIGN_OFFS), (5, 3, 3, 5, 5, 4))[0], voice)


def sentence(voice: Voice) -> str:
    """What stands beside an order as a sentence of its own."""
    return _filled(voice.rng.choices((REASONS, DANGERS, OPENERS, SIGN_OFFS), (6, 3, 5, 2))[0], voice)


def opener(voice: Voice) -> str:
    """What stands before an order."""
    return _filled(voice.rng.choices((OPENERS, REASONS, EVENTS), (6, 4, 1))[0], voice)
