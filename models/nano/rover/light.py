"""Setting the light."""

from __future__ import annotations

from english import vocabulary as v
from qwark_nano.voice import Choices, Voice, lines

from .phrase import UNSUPPORTED, Phrase

LIGHT = "(the light|the light|the light|the light|your light|the lights|the lamp|the led|your lights|light|lights|your lamp|the leds|that light)"
ON = lines("""
    turn {light} on
    turn {light} on
    turn on {light}
    turn on {light}
    turn on {light}
    (switch|put|flip|flick) {light} on
    (switch|put|flip) on {light}
    {light} on
    {light} on
    light up
    let there be light
    (i need|give me|i want|we need|make|i'd like|may i have|can i have|could i have) (some|) light
    (activate|enable|start|use|power on|power up) {light}
    {light} on again
    (show|shine) {light}
    (set|change|turn|switch) {light} to white
    (set|change|turn|switch) {light} to white
    make {light} white
    white light
    {light} white
    (turn|switch) {light} back on
    get {light} on
    light up (the room|the place|everything|the floor|the way|the kitchen|this corner)
    illuminate (the room|the place|the floor|the table|the scene|this)
    (shine|use) (a|your|the) white light
    brighten (the room|up the place|it up)
    set {light} on
    light please
    white light (on|please)
    {light} (should be|must be) on
    have {light} on
    (the light|it|your light|the lamp) is (off|still off|out), (turn|switch) it on
    it's (too|so|very|pretty|really|) (dark|gloomy|dim) (in here|here|outside|), (turn|switch|put) (the light|it|your light) on
    (some|a bit of|a little|more) light (please|here|in here|over here|)
    (let's have|let us have|get us|give us|i could use|could do with) some light
    the light, (turn|switch) it on
    is the light off? (turn|switch) it on
    (turn|switch|put) your (light|lamp) on so (i|we) can see
    {light} back on
    i can't see (a thing|anything), {light} on
    have {light} switched on
    * {light}, on
    (can|could|may) i have (some|a bit of|a little|) light (please|in here|)
    (a|some) (bit of|little|) light (would be nice|would help|would be good|is needed)
    (switch|turn|put|flick|pop|get) (on|) {light} (on|) (for me|for us|please|now|will you|would you)
    {light}! on!
    {light}: on
    {light} = on
    set {light} = on
    {light} (needs|has) to be on
    (lights|light) (on|up) (please|now|everyone|robot)
    (shine|cast|throw|shed|give off) (some|a|a bit of|your) (light|white light) (on this|here|over here|in here|on it|please|)
    light (this|the room|it|everything|the place) up
    make it (bright|light|brighter) in here
    it's (dark|gloomy|dim|pitch black|night) (in here|here|outside|), (light|lights) on
    i can't see a thing (under|behind|in) (this|the) (cupboard|bed|sofa|table|shelf|box); (put|switch|turn) (your|the) (light|lamp) on
    you (turn|switch|put) on {light}
    (let|make) {light} (shine|glow|be on)
    {light} (ought to|has to|must) be (on|lit)
    (bathe|flood|fill) the (room|place|kitchen|floor) (in|with) (white light|light)
""")
OFF = lines("""
    turn {light} off
    turn {light} off
    turn {light} off
    turn off {light}
    turn off {light}
    (switch|put|flip|flick|shut) {light} off
    (switch|put|shut|flip) off {light}
    {light} off
    {light} off
    {light} out
    lights out
    (kill|extinguish|deactivate|disable|cut|douse|power off|power down) {light}
    put out {light}
    set {light} to off
    (no|no more) (light|lights)
    (turn|switch) {light} (back|) off (again|)
    {light} off again
    (make it|go) dark
    turn {light} out
    i (don't need|don't want) (the|any) light (now|any more|)
    {light} (should be|must be) off
    stop shining
    get {light} off
    have {light} off
    we don't need {light} (any more|now)
    you can turn {light} off
    set {light} off
    darken {light}
    (the light|it|your light|the lamp) is (on|still on|too bright), (turn|switch) it off
    no more light, (turn|switch) it off
    it's (too|so|very) bright (in here|here|), (turn|switch|put) (the light|it|your light) off
    the light, (turn|switch) it off
    is the light (still|) on? (turn|switch) it off
    enough light, (turn|switch) it off
    {light} off for the night
    (turn|switch|put) your (light|lamp) off, it's (too bright|blinding me|day)
    turn of {light}
    switch of {light}
    turn {light} of
    have {light} switched off
    * {light}, off
    (kill|cut|douse|snuff|drop|lose) {light} (would you|will you|please|now|for me|, i'm trying to sleep)
    {light}: off
    {light} = off
    set {light} = off
    {light}! off!
    (switch|turn|put|flick|pop|shut|get) (off|) {light} off (for me|for us|please|now|will you|would you)
    {light} (needs|has) to (be off|go off)
    save (power|energy|the battery), {light} off
    (it's|it is) (day|daytime|bright enough|light enough|morning) (now|), {light} off
    {light} (ought to|has to|must) (go out|be out|go off)
    (lights|light) (off|out) (please|now|everyone|robot)
    you (turn|switch|put) off {light}
    no light
""")
COLOURED = lines("""
    (make|turn|set|switch|colour|color|paint) {light} {c}
    (make|turn|set|switch) {light} {c}
    (make|turn) {light} {c}
    (set|change|switch|turn|put) {light} to {c}
    (set|change|switch|turn|put) {light} to {c}
    (set|change|switch|turn|put) {light} to {c}
    {light} {c}
    {light} {c}
    {light} to {c}
    {c} light
    {c} light
    {c} light
    {c} light on
    turn on (the|a|your|) {c} (light|led|lamp)
    turn the {c} (light|led|lamp) on
    switch on (the|a|) {c} (light|lamp)
    switch the {c} light on
    (show|shine|give me|use|i want|i need|make|display|let me see|show me) (a|the|) {c} (light|lamp|glow)
    (shine|glow|light up|go|turn|be) {c}
    (shine|glow|light up) in {c}
    (set|change) the (colour|color) (of {light}|) to {c}
    (set|change) {light}('s|) (colour|color) to {c}
    {light} (colour|color) {c}
    {light} (should|must) be {c}
    {light} (should|must) (shine|glow|turn) {c}
    let {light} (be|shine|glow|turn) {c}
    i (want|need|would like|'d like) {light} (to be|in|) {c}
    {light} in {c}
    (change|switch|turn) {light} from {other} to {c}
    (make|turn) {light} {c} (instead of|not|rather than) {other}
    {light} (not {other} but {c}|{c} not {other})
    (change|switch) (it|the light) to {c}
    {c}, (the|your) light
    (i like|my favourite is|how about) {c}, make {light} {c}
    light: {c}
    (signal|lamp|led) {c}
    have {light} {c}
    (change|turn) {light} into {c}
    set {light} (on|in|as) {c}
    {light} on (and|in) {c}
    a {c} (light|glow), please
    (let's have|let us have|get us|give us|i could use) (some|a|) {c} light
    (some|a) {c} light (please|here|)
    (i'd|i would) like (a|some|the) {c} light
    {light} needs to be {c}
    (change|switch|go|turn) from {other} to {c}
    {light} should (go|change|switch) (from {other} |)to {c}
    (can|could) your light (do|be|go|show) {c}
    paint everything {c} with {light}
    have {light} shine {c}
    {c} is the colour for {light}
    * {light}, {c}
    from {other} to {c}, the light
    (can|could|may) i (have|get|see) (a|some|the|your|) {c} light
    (can|could|may) we (have|get|see) (a|some|the|) {c} light
    (bathe|flood|fill|drench|wash|colour) (the room|everything|the place|me|the kitchen|the wall|us) (in|with) {c} (light|)
    (show|give|shine) (me|us) (a|the|your|some) {c} (light|lamp|led|glow)
    {light}: {c}
    {light} = {c}
    {light}! {c}!
    {light}, {c}
    {light} (to|in) {c}, (please|now)
    {c} (light|lamp|led), (please|now|go)
    {c} (for|with) {light}
    {c} it is, {light}
    (i like|i love|i prefer|i'd prefer) {light} (in|to be|when it is|) {c}
    i (like|love|prefer) (it more |it |)when {light} is {c}, so make it {c}
    (i do like|i love|i like|my favourite colour is|we need|how about) {c}, so (make|turn|set) {light} {c}
    (turn|make|set|switch|put) (your|the) (light|lamp) (on|on in|on and make it|to the colour|to a nice|to a lovely|to) {c}
    set (the|) (light|led) (colour|color) = {c}
    (colour|color) {c}, (please|light|for the light)
    (go|turn|switch|light up|shine|glow) {c} (please|now|for me|with your light|, robot)
    (change|swap|switch) {light} over to {c}
    (change|swap|switch) (the|your) light's (colour|color) (over|) to {c}
    {light} (has to|needs to|ought to) (be|turn|go|become) {c}
    make {c} light
    you make {light} {c}
    let it (glow|shine) {c}
    (the|your) {thing} is {c}, (make|turn|set) (your|the) light {c} (too|as well)
    {c} like (a {thing}|the sea|a stop sign|grass|the sun|blood|snow), make {light} {c}
    (signal|display) {c}
    let there be {c} light
    let it be {c}, the light
    instead of {other}, {light} {c}
    not {other}, {c} light
""")
COLOURS = ("red", "green", "blue", "yellow", "white")
OTHER_COLOURS = "purple orange pink violet cyan magenta turquoise brown black grey gray gold golden silver indigo lilac crimson beige teal lime maroon navy amber rainbow ultraviolet infrared mint scarlet".split()
EFFECTS = lines("""
    (blink|flash|flicker|pulse|strobe|dim|twinkle|fade|pulsate) {light}
    make {light} (blink|flash|flicker|pulse|brighter|dimmer|darker|twinkle|dance|warmer|strobe|sparkle|fade|less bright|more intense|rotate)
    (dim|brighten) {light} (a bit|a little|to fifty percent|to 20%|by half|slightly|)
    (turn|set) {light} (down|up) a bit
    (set|turn|put) {light} (brightness|to|to a brightness of) (50%|fifty percent|half|maximum|10 percent|full brightness|a hundred percent)
    let {light} (blink|flash|flicker|pulse|fade) (three times|twice|in {c}|fast|slowly|)
    {light} (blinking|flashing|flickering|brighter|dimmer|to half brightness)
    (blink|flash) (three times|twice|{c}|in {c}|your light|with the light|red and blue|at me)
    (blink|flash|pulse) {c}
    turn on the (headlights|disco light|ceiling light|bathroom light|kitchen light|laser|warning lights|indicator|hazard lights|fog lights|garden lights|street light)
    set {light} to (disco mode|party mode|night mode|warm white|cold white|random|sunrise|candle light|reading mode)
    make {light} (flicker|flash|change) like a (candle|police car|disco|fire|heartbeat)
    cycle {light} through (all|the) colours
    (make|show) (a rainbow|all the colours|fireworks|a disco light)
    send (morse code|an sos) with {light}
""")
LISTS = (
    "{light} {a} then {b}",
    "(make|turn|set) {light} {a} and then {b}",
    "{light} {a}, then {b}",
    "set {light} to {a} and then to {b}",
    "(change|switch) {light} to {a}, then {b}",
    "{light} {a} and then {b}",
)


def light(voice: Voice) -> Phrase:
    """Turns the light to a colour, on or off."""
    kind = voice.rng.random()
    choices, colour = (ON, "white") if kind < 0.22 else (OFF, "off") if kind < 0.44 else (COLOURED, voice.rng.choice(COLOURS))
    return _light(voice, choices, colour)


def unsupported(voice: Voice) -> Phrase:
    """Asks for something that the light cannot do."""
    if voice.chance(0.5):
        return Phrase(_light(voice, COLOURED, voice.rng.choice(OTHER_COLOURS)).text, UNSUPPORTED)
    text = voice.say(EFFECTS, light=voice.fill(LIGHT), c=voice.rng.choice(COLOURS))
    return Phrase(text, UNSUPPORTED)


def several(voice: Voice) -> Phrase:
    """One colour after the other."""
    colours = voice.rng.sample((*COLOURS, "off"), voice.rng.choice((2, 2, 2, 3)))
    text = voice.fill(voice.rng.choice(LISTS), light=voice.fill(LIGHT), a=colours[0], b=colours[1])
    text += "".join(voice.rng.choice((", then ", " and then ", " then ")) + colour for colour in colours[2:])
    return Phrase(
        " ".join(text.split()),
        tuple({"light": {"color": colour}} for colour in colours),
        not text.startswith(("light", "the", "your", "that")),
    )


def _light(voice: Voice, choices: Choices, colour: str) -> Phrase:
    template = voice.pick(choices)
    other = voice.rng.choice([c for c in (*COLOURS, *OTHER_COLOURS[:5]) if c != colour])
    text = voice.fill(template, light=voice.fill(LIGHT), c=colour, other=other, thing=lambda: voice.pick(v.THINGS))
    verb = not template.startswith(("{", "i ", "(i ", "lights", "white", "let there", "(no", "(signal", "light", "a ", "we ", "you "))
    return Phrase(text, ({"light": {"color": colour}},), verb)
