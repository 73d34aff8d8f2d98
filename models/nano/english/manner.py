"""Ways to ask for something: politeness, names, urgency, small talk around the order."""

from __future__ import annotations

from qwark_nano.voice import Voice, lines, words

from . import clauses
from . import vocabulary as v
from .smalltalk import AFTERWARDS, BEFORE, talk
from .verbs import ing, past

# Before an order that begins with a verb.
ASKED = lines("""
    (could|can|would|will) you (please|) {order}
    (could|can|would|will) you (please|) {order}
    can you {order}
    could you {order}
    please {order}
    please {order}
    please {order}
    kindly {order}
    pls {order}
    plz {order}
    would you kindly {order}
    could you (maybe|possibly|perhaps|quickly just|just) {order}
    can you just {order}
    i (want|need) you to {order}
    i'd like you to {order}
    i would like you to {order}
    i'd (love|prefer) for you to {order}
    i'd appreciate it if you could {order}
    you (should|can|must|may) (now|) {order}
    you need to {order}
    you have to {order}
    you're going to {order}
    let's {order}
    let us {order}
    now {order}
    just {order}
    (so|okay|ok|alright|all right|well|yeah|yes) (now|) {order}
    next {order}
    be (so kind|so good|a dear|a pal|a good robot) and {order}
    do me a favour and {order}
    do me a favor, {order}
    if you (can|could|would|don't mind|please), {order}
    try to {order}
    go on and {order}
    it's time to {order}
    time to {order}
    your (task|job|next task|mission) is to {order}
    the plan is to {order}
    i was (hoping|wondering if) you could {order}
    might you {order}
    any chance you could {order}
    is it possible for you to {order}
    are you able to {order}
    would it be ok for you to {order}
    why don't you {order}
    how about you {order}
    make sure to {order}
    don't forget to {order}
    quick, {order}
    i command you to {order}
    i ask you to {order}
    you are to {order}
    start (off|) by (just|) {ing}
    begin by {ing}
    would you mind {ing}
    do you mind {ing}
    mind {ing}
    how about {ing}
    what about {ing}
    try {ing}
    i'd like to see you {order}
    let me see you {order}
    would you be (so kind|so good|a dear|an angel|a star|a sweetheart) (and|as to) {order}
    (could|can) you be (so kind|so good|a dear) (and|as to) {order}
    you may (now|) {order}
    i think you should {order}
    (maybe|perhaps) you (could|should) {order}
    it would be (nice|great|good|lovely) if you (could|would) {order}
    what you (should|need to|must) do is {order}
    your order is to {order}
    do {order}
    gotta {order}
    you wanna {order}
    i'm asking you to {order}
    * please try to {order}
    * would you be able to {order}
    * i'd be glad if you could {order}
    show me how you {order}
    please do {order}
    hurry up and {order}
    when you('re ready|can|get a chance|have a second|have a moment), {order}
    as soon as you can, {order}
    okay so {order}
    all i want is for you to {order}
    {person} (wants|needs|told me to ask|says|asked|would like|begs|expects) you to {order}
    ({person}|{name}|the boss|the captain|the doctor) (says|said|thinks|insists|reckons) you (should|must|have to|can|ought to|are to) {order}
    you('d| had) better {order}
    you ought to {order}
    you('ll| will) (now|) {order}
    feel free to {order}
    be sure to {order}
    remember to {order}
    see if you can {order}
    see to it that you {order}
    go right ahead and {order}
    get ready to {order}
    prepare to {order}
    i (insist|demand|order|urge|beg) (that you|you to) {order}
    i('d| would) be (so|very|ever so|most|) (grateful|glad|happy|pleased|delighted|thankful|obliged) if you (could|would) {order}
    i (should|would) (be|feel) (so|very|ever so|) (grateful|glad|happy) if you (could|would|might) {order}
    i('d| would) (like|love|appreciate) it if you (could|would) {order}
    i should (very much|) like you to {order}
    it('d| would) (help|be lovely|be great|be so kind|make me happy|make my day|mean a lot|be a great help) if you (could|would) {order}
    what i('d like| want| need|'m asking) is for you to {order}
    what i want is that you {order}
    i (want|need) that you {order}
    i (need|want) for you to {order}
    would it kill you to {order}
    would it be (possible|too much|too much trouble|alright|all right) (for you|) to {order}
    would it be too much to ask for you to {order}
    might i (ask|trouble|bother) you to {order}
    (could|can|may) i (ask|trouble|bother|get) you to {order}
    i'm (going to need|gonna need|asking) you to {order}
    i gotta ask you to {order}
    (imma|i'ma) need you to {order}
    i need ya to {order}
    (can|could|would|will) (u|ya|ye|yer|you guys) (pls|plz|please|just|) {order}
    (can|could) u {order}
    u (should|can|need to|gotta|must) {order}
    why not {order}
    what do you say you {order}
    what if you {order}
    how bout you {order}
    (do please|please do|please to|please you|pls to) {order}
    you please {order}
    (you must|you shall|you will please|you can please) {order}
    be a (good|nice|clever) (robot|boy|girl|bot|rover|sport) and {order}
    be a (love|sport|darling|dear|star|champ|gentleman) and {order}
    do us a favour and {order}
    do me a (solid|kindness) and {order}
    let me ask you to {order}
    allow me to ask you to {order}
    my (order|wish|request|instruction|next order) (is|:) {order}
    my (order|wish|request|instruction|next order) is to {order}
    the (order|task|job|next step|next thing|mission|goal) is to {order}
    (first thing|your job now|all you have to do|all you need to do|the only thing to do|your first job) is to {order}
    your (turn|move) to {order}
    it's your turn to {order}
    (robot|rover|you) (must|should|shall|will|needs to|has to) {order}
    (command|instruction|order|task|request|todo|next|now|action|job): {order}
    (execute|perform|run|do|action|cmd): {order}
    * kindly do this for me: {order}
    and (now|) {order}
    (then|so then|and then|now then) {order}
    (also|oh and|oh, and|and also|plus) {order}
    if you('d be| would be|'re) so (kind|good), {order}
    if it('s not| isn't) too much (trouble|to ask|bother), {order}
    if (at all possible|possible|i may ask|you have a moment|you are free|you're not busy|you've got a second|you feel like it|it pleases you), {order}
    when you('ve| have) got a (moment|second|minute), {order}
    whenever you('re| are) (ready|free), {order}
    with (all due respect|your permission|pleasure), {order}
    i was (wondering|thinking) whether you (could|might) {order}
    i wonder (if|whether) you (could|might|would) {order}
    do you (think|suppose|reckon) you (could|can|might) {order}
    you (couldn't|wouldn't|can't) {order}, could you
    is there any (chance|way) you could {order}
    (it's|it is|it was|it's about|it's high) time you {did}
    i('d| would) (rather|prefer it if) you {did}
    (i'd be|i would be) (so|ever so|very|) (glad|happy|grateful|delighted|pleased) if you {did}
    (would you mind|would it be okay|would it be all right|do you mind|would it bother you) if you {did}
    what if you {did}
    it would (help|be nice|be lovely|be great) if you {did}
    i (wish|want|would love it if) you {did}
    how would you (like|feel about) {ing}
    (please|kindly) (be|start) {ing}
    do (please|) {ing}
    (consider|get busy|get to work|get on with|see about|practise) {ing}
    (i'd love|i want) to see you {ing}
    (can|could) i have you {ing}
    no (dawdling|waiting|excuses|hesitating): {order}
    (less talking|enough talk|enough waiting|no more excuses), {order}
    (let's|let us) have you {order}
    (ready|set|one two three|on my mark|three two one|now)(,|...|:|) {order}
    (pray|prithee|pray thee|i pray you|thou shalt|ye must|ye should|aye,|och, would ye|laddie,|now laddie,|matey,|arr, ) {order}
    (it is|it's) (requested|required|necessary|imperative|important|essential|time|my wish|my order) that you {order}
    you are (hereby |kindly |)(instructed|requested|ordered|asked|told|commanded|directed|invited|required|supposed|meant|expected) to {order}
    (how many times do i have to|do i have to|must i|i won't|do i really need to) (tell|ask|say to) you( again|)(:|,|? ) {order}
    (i told you|i have told you|i'm telling you|i've asked you) (twice|three times|already|a hundred times|before)( now|)(:|,) {order}
    (can|could) you please please (please |){order}
    (mister|mr|dear|little|good) (robot|rover)(,|) (please |can you |could you |){order}
    (teddy|my teddy|my doll|the baby|my sister|grandpa|the teacher) (wants|would like|says) you to {order}
    (negative, i say again|i say again|all right people|listen up people|attention all units|on my command|by order of the captain)(:|,) {order}
    (hmm |okay |so |)(let me think|let's see|let me see|where was i)(, | - |... )(ah yes|yes|okay|right|oh yes)(,|:) {order}
    (you must|you should|you need|please|you have) to {order}
    (cmd|step|todo|do|run|exec|next)( |> |: |- ){order}
    (you|u) {order}
    (then|and) (you|u|you must|you must to|please you) {order}
    (gonna|wanna|go on,|go ahead,|do it:|come on,|be quick,|hop to it,) {order}
    go ahead and {order}
    (take your time|go easy|be quick|be brave|don't rush|hurry up|hurry|get up|wake up|calm down|relax|listen|cheer up|come on|go on|pay attention|concentrate|be careful) and {order}
    (take your time|no rush|be quick|be brave|get up|wake up|calm down|relax|cheer up)(,|:|.|;) {order}
""")
AFTER = lines("""
    {order} please
    {order}, please
    {order} please
    {order} for me
    {order} for me please
    {order} now
    {order} (right now|right away|immediately|at once|straight away|already)
    {order}, thanks
    {order} thank you
    {order}, thank you very much
    {order}, will you
    {order}, would you
    {order}, could you
    {order}, can you
    {order} if you (can|could|would|don't mind|please|like)
    {order}, if you'd be so kind
    {order} as soon as (possible|you can)
    {order} when you('re ready|can|get the chance)
    {order}, okay
    {order}, ok
    {order}, alright
    {order} pls
    {order} plz
    {order} thx
    {order} ta
    {order} asap
    {order}, there's a good robot
    {order}, that's all
    {order}, that's it
    {order}, got it
    {order}, you hear me
    {order}, cheers
    {order}, much appreciated
    {order} again
    {order} once more
    {order} first
    {order} this time
    {order} next
    {order}, {name}
    {order} {name}
    {order}, if that's (okay|alright|possible|not too much trouble)
    {order} (if you would|if possible|whenever you like|for a change)
    {order} will you, {name}
    {order}, (i beg you|pretty please|be so kind|do it|go|chop chop|hurry)
    * {order}, be a good robot
    * {order}, many thanks
    {order} (now|right now|already|at last|finally|then|okay|ok), (please|will you|would you|thanks|mate|my friend)
    {order} would you
    {order} would ya
    {order} will ya
    {order} rn
    {order} right meow
    {order} real quick
    {order} for a second
    {order}, if you('d be so| would be so| please|'d be ever so) (kind|good)
    {order}, if it('s| is) (all the same to you|no trouble|not too much|all right with you|okay with you)
    {order}, if you (have a moment|have the time|would be so good|know what i mean|follow me|will|must|can manage it|feel like it)
    {order} (if you please|by all means|by any chance|if at all possible)
    {order}, (dear|my dear|love|darling|sweetheart|honey|dearest|sir|madam|old chap|old boy|young man|kind robot|good robot|clever robot)
    {order} (dear|my dear|love|darling|sweetheart|honey|bro|fam|dude|m8|mate|lad|man|bruh|boss|chief|homie|pal|buddy)
    {order} {after}
    {order} {after}
    {order}, {after}
    {order}, {after}
    {order}, {after}
    {order} - {after}
    {order}. {after}
    {order}! {after}
    {order} ({after})
    {order}; {after}
    {order}: {after}
    {order} right now
    {order} right now, please
    {order} right away
    {order} straight away
""")
CALLED = lines("""
    hey {name}, {order}
    hey {name} {order}
    {name}, {order}
    {name} {order}
    ok {name}, {order}
    okay {name}, {order}
    hi {name}, {order}
    hello {name}, {order}
    hello, {order}
    hey, {order}
    hey {order}
    hi, {order}
    yo {name}, {order}
    yo, {order}
    oi {name}, {order}
    listen {name}, {order}
    listen, {order}
    dear {name}, {order}
    alright {name}, {order}
    good (morning|evening|afternoon|day) {name}, {order}
    excuse me, {order}
    so {name}, {order}
    come on {name}, {order}
    (attention|hear me) {name}: {order}
    {name}! {order}
    i said {order}
    sorry, {order}
    good {name}, {order}
    thanks {name}, now {order}
    well done {name}, now {order}
    that was (good|great|fine), now {order}
    perfect, {order}
    right, {order}
    great, {order}
    good, now {order}
    cool, {order}
    nice, {order}
    fine, {order}
    (yes|yeah|yep|no), {order}
    (right|right then|okay then|now then|alright then|well then|so then|very well|all right then|ok then|good then|well now|here goes|onwards|ready)(,|!|.|:) {order}
    (ah|oh|hmm|um|er|uh|well|psst|ahem|hey hey|listen up|attention|quick|come on|go on|look|see|wait|sorry|please please|oi|yo yo|aha)(,|!|...|) {order}
    {name}(,|!|:|...) {order}
    {name}(,|) would you (please|) {order}
    {name}, i need you: {order}
    (okay|ok|so|now|right|hey) {name}(,|:|) {order}
    * very good, {name}, {order}
    * hello there {name}, {order}
    {opener}, {order}
    {opener}, {order}
    {opener}. {order}
    {opener}! {order}
    {opener}: {order}
    {opener}; {order}
    {opener} - {order}
    {opener}, so {order}
    {opener}, but (first|now|please|first, please|still|), {order}
    {opener}, and (now|then|so|) {order}
    (yo|bro|dude|fam|ayo|sup|oy|ey|hiya|heya|howdy|ahoy|greetings|good day) {name}, {order}
    (yo|bro|dude|fam|ayo|sup|hiya|howdy) {order}
    (rover|robot|qwark|robo)( |, )(rover|robot|qwark|come in|do you read me|my dear|my friend|buddy), {order}
    (my dear|my dear robot|dear robot|my little friend|you lovely machine|you clever thing|old friend|young man|my good robot), {order}
    (calling|attention|listen up|come in|hear ye|okay google, no, i mean|alexa, i mean|siri, no,) {name}, {order}
    {name} ({name2}), {order}
""")
NAMES = words("""
    rover robot buddy robo bot little_one mate pal friend my_friend little_robot old_boy dude man qwark big_guy little_guy sweetie
    darling machine bud chief captain boss you_there you my_dear kiddo sunshine champ robbie wally mister there everyone rover_two
    my_little_friend little_helper
""")


def asked(order: str, voice: Voice, verb: bool, open_end: bool = False) -> str:
    """`order` as somebody asks for it; `verb`: it begins with a verb; `open_end`: what comes after it would seem to be part of it."""
    if verb and voice.chance(0.34):
        first, _, rest = order.partition(" ")
        order = voice.say(
            ASKED,
            order=order,
            ing=f"{ing(first)} {rest}" if first.isalpha() else order,
            did=f"{past(first)} {rest}" if first.isalpha() else f"would {order}",
            person=lambda: voice.pick(v.PEOPLE),
            name=lambda: voice.pick(v.NAMES),
        )
    elif voice.chance(0.07):
        order = "please " + order
    if open_end:
        order += " please" if voice.chance(0.05) else ""
    elif voice.chance(0.22):
        order = voice.say(AFTER, order=order, name=lambda: voice.pick(NAMES), after=lambda: clauses.after_order(voice))
    if voice.chance(0.17):
        order = voice.say(
            CALLED,
            order=order,
            name=lambda: voice.pick(NAMES),
            name2=lambda: voice.pick(v.NAMES),
            opener=lambda: clauses.opener(voice),
        )
    return order


def with_small_talk(order: str, voice: Voice, open_end: bool = False) -> str:
    """`order` with a sentence before or after it that asks for nothing."""
    if open_end or voice.chance(0.6):
        return voice.say(BEFORE, order=order, talk=talk(voice))
    return voice.say(AFTERWARDS, order=order, talk=talk(voice))


def opening(voice: Voice) -> str:
    """Small talk before something."""
    return talk(voice) if voice.chance(0.6) else clauses.opener(voice)
