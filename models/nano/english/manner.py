"""Ways to ask for something: politeness, names, urgency, small talk around the order."""

from __future__ import annotations

from qwark_nano.voice import Voice, lines, words

from .smalltalk import AFTERWARDS, BEFORE, talk
from .verbs import ing

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
""")
NAMES = words("""
    rover robot buddy robo bot little_one mate pal friend my_friend little_robot old_boy dude man qwark big_guy little_guy sweetie
    darling machine bud chief captain boss you_there you my_dear kiddo sunshine champ robbie wally mister there everyone rover_two
    my_little_friend little_helper
""")


def asked(order: str, voice: Voice, verb: bool, open_end: bool = False) -> str:
    """`order` as somebody asks for it; `verb`: it begins with a verb; `open_end`: what comes after it would seem to be part of it."""
    if verb and voice.chance(0.3):
        first, _, rest = order.partition(" ")
        order = voice.say(ASKED, order=order, ing=f"{ing(first)} {rest}" if first.isalpha() else order)
    elif voice.chance(0.07):
        order = "please " + order
    if open_end:
        order += " please" if voice.chance(0.05) else ""
    elif voice.chance(0.16):
        order = voice.say(AFTER, order=order, name=lambda: voice.pick(NAMES))
    if voice.chance(0.14):
        order = voice.say(CALLED, order=order, name=lambda: voice.pick(NAMES))
    return order


def with_small_talk(order: str, voice: Voice, open_end: bool = False) -> str:
    """`order` with a sentence before or after it that asks for nothing."""
    if open_end or voice.chance(0.6):
        return voice.say(BEFORE, order=order, talk=talk(voice))
    return voice.say(AFTERWARDS, order=order, talk=talk(voice))
