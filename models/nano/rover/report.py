"""Readings."""

from __future__ import annotations

from qwark_nano.voice import Voice, lines

from .phrase import Phrase

NAMES = {
    "battery": "(battery|battery|battery level|battery status|charge|charge level|battery charge|battery percentage|power level|battery state|energy level|state of charge|remaining battery|battery life|charge state|battery charge level|power|energy|remaining charge)",
    "pose": "(pose|pose|position|position|location|coordinates|current position|whereabouts|current location|pose right now|exact position|bearings|position right now|position and heading|exact location|coordinates right now)",
    "temperature": "(temperature|temperature|temp|temperature reading|core temperature|current temperature|body temperature|motor temperature|internal temperature|temperature right now|temperature level|operating temperature|heat level|temps)",
    "speed": "(speed|speed|velocity|current speed|driving speed|speed right now|momentary speed|actual speed|speed at the moment|travelling speed|ground speed|pace)",
}
ANY = lines("""
    report {your} {what}
    report {your} {what}
    report {your} {what}
    report {your} {what}
    report on {your} {what}
    (tell|give|show|read|send) me {your} {what}
    (tell|give|show|read|send) me {your} {what}
    (what|how)'s {your} {what}
    how's the {what}
    what's your {what}
    what is your {what}
    what is your {what}
    what is the {what} (now|right now|at the moment|)
    {what}
    {what} please
    {what} report
    {what} reading
    {what} status
    {what}?
    {your} {what} please
    check {your} {what}
    (read|measure|state|announce|display|read out|get|print|output) {your} {what}
    give me a reading of {your} {what}
    (give me|i want|i need) a {what} (report|reading|update|check)
    i('d like| want| need) to know {your} {what}
    i (need|want) {your} {what}
    do you know your {what}
    let me (know|see|hear) {your} {what}
    (what about|how about|and) {your} {what}
    what does {your} {what} (say|read|look like)
    how is {your} {what} (doing|looking|)
    may i (know|have|ask) {your} {what}
    (update|inform|brief) me (on|about) {your} {what}
    (a|quick|one) {what} (report|check|update) (please|)
    (report|say|tell me) what your {what} is
    (can|could) you (check|tell me|report|give me) {your} {what}
    how (good|bad) is {your} {what}
    report: {what}
    status of {your} {what}
    i wonder what your {what} is
    report back (with|on) {your} {what}
    have a look at {your} {what} and (report|tell me)
    your {what}
    your {what}, please
    give us your {what}
    (hand|get|fetch|find) me your {what}
    what {what} do you have
    {what} (check|now)
    say, what's your {what}
    tel me your {what}
    what would your {what} be
    is your {what} okay
    * so what is your {what}
    * your {what} would be good to know
    {your} {what}, report
    {what}, (please|now|report|over|robot)
    {what}: report
    {what}! (report|now|quick|please)
    (query|request|fetch|retrieve|poll|log|return|provide|supply|reveal|confirm|verify|look up|call out|quote) {your} {what}
    (tell|give) (us|me) {your} {what}, (please|now|will you|would you|over)
    (tell|say) me {your} {what}
    (tell|give|read) me please {your} {what}
    (please |)(to |)report {your} {what}
    i (have|need|want|wish|would like) to (ask|check|see|hear|have) {your} {what}
    i'd (like|love) (to know|to hear|to see|to have|) {your} {what}
    (what|how) (is|about) {your} {what}, (robot|rover|my dear|please|by the way|buddy|then)
    what('s| is) {your} {what} (like|looking like|again|these days|by now|today|, roughly)
    how (is|does) {your} {what} (look|looking|these days|getting on|coming along)
    (status|report|reading|update|info) (on|of|for|about) {your} {what}
    (any|an) (news|update) (on|about|of) {your} {what}
    (could|can|may|might) i (have|get|know|see|ask) {your} {what}
    (do you happen to know|would you know|remind me of|any idea of) {your} {what}
    let's (hear|have|see|check) {your} {what}
    (state|say) {your} {what} (clearly|please|now|for the record)
    (take|do|make|run|perform) a {what} (reading|check|measurement|report)
    {what} (readout|value|figure|info|check), please
    (quickly|just|now) (report|check) {your} {what}
    you (report|tell me) {your} {what}
    (give|send) {your} {what} (to me|)
    {what} (pls|plz|now|over|then)
    what {what} (are you at|is it|have you got|do we have)
""")
OWN = {
    "battery": lines("""
        how much (charge|battery|power|juice|energy) (is left|do you have left|is remaining|have you got left|do you have|remains|is there|have you got)
        how much (charge|battery|power|juice|energy) (is left|do you have left|is remaining|have you got left|do you have|remains|is there|have you got)
        how much charge is left
        how (full|empty|low|charged|good) is (your|the) battery
        how (full|charged) are you
        how long will your battery last
        (are|is) (you|your battery) (fully|still|) charged
        are you (low|running low) on (battery|power|charge|juice)
        (is your battery|is the battery) (low|full|ok|empty|okay|fine|dead|good|charged)
        do you (need|want) (charging|to be charged|to charge|a charge|to recharge|to be recharged)
        do you have to (be charged|charge|recharge|be recharged)
        do you have enough (battery|power|charge|juice|energy) (left|)
        what percentage (is your battery at|of battery do you have|of charge is left|are you at)
        what's left (in|of) (your|the) battery
        tell me how much (charge|battery|power|juice|energy) (is left|you have left|you've got|you have|remains)
        tell me how (full|charged) (you are|your battery is)
        when (do you need|will you need) (to be charged|charging)
        how many percent (are left|do you have|of battery are left|charge are left)
        any (juice|power|charge|battery) left
        battery
        how are your batteries
        can your battery last (longer|another hour)
        how much longer can you (run|go|drive)
        (is|will) your battery (going to|) die soon
        how('s| is) (your|the) (battery|charge|power|energy) (doing|holding up|looking|getting on|today|, buddy)
        how (many|much) (battery|power|charge|juice|energy|percent) (you still have|do you still have|you have left|is there still|still)
        tell me (please |)how (many|much) (battery|power|charge|juice) you (still |)have (left|)
        what('s| is) your (battery|charge) (at|on|like)
        (where|what) is your (battery|charge) (level|percentage) at
        how much (longer|more time) (will|can|does) your battery (last|hold|hold out|go on)
        (are|aren't) you (running out of|short of|almost out of|low on) (power|battery|juice|charge|energy)
        (is there|have you|have you got|do you have|do you still have) (enough|any|some|much) (battery|power|juice|charge|energy) (left|in you|)
        (will|does) your battery (last|hold) (until tonight|all day|another hour|long enough|long)
        how (weak|strong|flat|drained|alive) is (your|the) battery
        how much (charge|power) (remains|is remaining|is left) (in your battery|in you|)
        are you (full|fully charged|charged up|charged enough|charged)
        battery at (what|which) (level|percentage|percent)
        what percent (is your battery|are you at|battery do you have|are you on)
        do you feel (drained|low on power|out of juice)
        how are you (doing|off) for (power|charge|battery|juice)
    """),
    "pose": lines("""
        where are you
        where are you
        where are you (now|right now|at the moment|exactly|at|just now|standing|located)
        where (have you got to|did you go|are you hiding|do you stand|are you currently)
        where (the hell|on earth|in the world|the heck) are you
        tell me where you are
        (say|report|show me) where you are
        (do you know|can you tell me|could you tell me) where you are
        what's your (pose|position|location) (now|right now|)
        which (way|direction) are you (facing|heading|looking|pointing)
        what are your coordinates
        (in what|in which|what) (room|place|spot|position) are you (in|at|)
        where exactly are you
        i can't see you, where are you
        i want to know where you are
        what is your (heading|orientation|exact location|exact position)
        whereabouts are you
        where did you end up
        where do i find you
        where can i find you
        pinpoint your (location|position)
        how far have you come, where are you
        locate yourself
        where (r|are) (u|you|ya) (at |)(rn|right now|now|atm|mate|bro|)
        where (u|you|ya) at
        where u
        where you at rn
        where (in the (house|room|world|building) |)are you
        (where|what place) (are you|have you got) to
        (in|on) (which|what) (position|spot|heading|coordinates) are you
        what (position|pose|location|heading) are you (in|at|on)
        (tell|say|show) me (please |)(your position|where you are|where you are standing|where exactly you are|where you stand)
        (i've lost you|i can't find you|i can't hear you), where are you
        where have you (gone|got to|ended up|vanished to|run off to)
        where (might|would|could) you be
        (do you know|have you any idea|any idea) where you are
        (which|what) way (do you|are you) (face|facing|pointing|turned)
        (report|give) your (x and y|x y|coordinates|location|position and heading)
        give me (a|your) (position|location|pose) fix
        what('s| is) your (whereabouts|position|spot|place in the room)
        are you (lost|far away|close|near me|still here|in the kitchen|by the door)(, where are you|? where are you)
    """),
    "temperature": lines("""
        how (warm|hot|cold|cool) are you
        how (warm|hot|cold|cool) are you
        how (warm|hot) are you (now|right now|at the moment|running|inside|getting)
        how (warm|hot|cold) (is|are) your (motor|motors|body|board|cpu|processor|electronics|chassis|inside|engine)
        are you (overheating|too hot|too warm|getting hot|getting warm|running hot|hot|warm|cold)
        (is|are) your (motors|engine|electronics|body|circuits) (overheating|too hot|getting hot|hot|warm)
        do you (feel|run) (hot|warm|cold)
        what temperature (are you|do you have|are you at|is your body)
        tell me how (warm|hot|cold) you are
        how many degrees are you
        (do|did) you get (too|very|) (hot|warm)
        what does your thermometer (say|read|show)
        what's the temperature (inside|of your motors|of your body|in your body|inside you|of your board)
        temperature check
        do you have a (fever|temperature)
        are you running a (fever|temperature)
        is it hot in there, inside you
        read your thermometer
        how hot is it inside you
        how (warm|hot|cool|cold) (r|are) (u|ya|we) (rn|now|feeling|)
        how (warm|hot|cool) do you (feel|run|get|think you are)
        (are|aren't) you (burning up|boiling|freezing|getting too hot|sweating|cooking|warm enough|cool enough|too warm)
        (are you|you) (hot|warm|cold)( or what| right now| inside|)
        (has|have) (your|the) (motor|motors|board|electronics|cpu) (got|become|gone) (hot|warm|too hot)
        (do|does) your (motors|motor|engine|board|circuits|cpu) (run|get|feel) (hot|warm|cool)
        how (is|are) your (motors|motor|cpu|circuits|electronics) (doing |)(temperature-wise|for heat|heat-wise)
        what('s| is) the temperature (in there|of you|inside your body|of the motors|of the board|reading)
        how many degrees (do you have|have you got|are your motors|is your body|celsius are you)
        tell me (please |)(how warm|how hot|your temperature in degrees|the temperature you have)
        (feeling|running) (hot|warm|feverish)
        (read|check|take) your (own |)(temperature|thermometer)
        (is|has) your temperature (okay|normal|high|too high|risen|alright)
        how hot (is it getting|does it get) (in there|inside you)
    """),
    "speed": lines("""
        how fast are you (going|moving|driving|travelling|running|rolling)
        how fast are you (going|moving|driving|travelling|running|rolling)
        how fast are you
        how fast (do you go|do you drive|are we going|are you going right now|are you now)
        how quick(ly|) are you (going|moving|driving)
        what speed are you (going|doing|at|driving|moving at|running at)
        what speed (is that|do you have|is it)
        at what speed are you (going|moving|driving|travelling)
        tell me how fast you (are|are going|are moving|are driving|go)
        (are you moving|are you driving) (fast|slowly)
        how many (metres|meters) per second are you (doing|going)
        what does your (speedometer|speedo) (say|read|show)
        how slow are you (going|moving|driving)
        do you know how fast you are going
        (say|report) how fast you are (going|moving)
        what's the speed you are (going|driving|moving) at
        how fast is that
        how fast can i say you are going (now|)
        read your speedometer
        what is your speed in metres per second
        how fast (r|are) (u|ya|we) (going|driving|moving|) (rn|now|)
        how fast (you|u) (go|going|drive|driving|move)
        (what|which) (speed|velocity) (are|r) (you|u) (doing|going|at|driving|travelling at) (at the moment|right now|now|)
        what speed are you (driving|going|doing)
        (at|with) (what|which) (speed|pace|velocity) are you (driving|going|moving|travelling)
        tell me (please |)(how fast you go|how fast you are|how fast you're moving|the speed you have|your speed in m/s)
        how many (metres|meters|centimetres|kilometres) (a|per|each) (second|minute|hour) are you (doing|going|driving)
        (clock|gauge|check) your speed
        are you (going|driving|moving) (too |very |)(fast|slow|quickly|slowly)
        how (quickly|rapidly|slowly|slow) are you (going|moving|driving)
        is (that|this) (your top speed|fast|as fast as you go), how fast are you (going|driving)
    """),
}
SEVERAL = (
    "report {a} and {b}",
    "report the {a} and the {b}",
    "report your {a} and your {b}",
    "tell me your {a} and {b}",
    "give me {a} and {b}",
    "what are your {a} and {b}",
    "{a} and {b} please",
    "what's your {a} and your {b}",
    "report {a}, {b}",
    "check the {a} and the {b}",
    "what's your {a} and also what's your {b}",
    "what is your {a}, and what is your {b}",
    "tell me the {a} and the {b}",
    "{a} and {b}",
    "{a} and {b}, please",
    "{a}, {b}",
    "report {a} then {b}",
    "report {a}, then {b}",
    "both {a} and {b}, please",
    "give me your {a} and then your {b}",
    "give me a {a} reading and a {b} reading",
    "how's your {a} and your {b}",
    "i need your {a} and {b}",
    "report your {a} as well as your {b}",
    "report {a} & {b}",
    "report {a} plus {b}",
    "read me the {a} and the {b}",
    "report: {a}, {b}",
    "status: {a} and {b}",
    "let me know your {a} and your {b}",
    "i'd like to know your {a} and your {b}",
)


def report(voice: Voice) -> Phrase:
    """A reading."""
    what = voice.rng.choice(list(NAMES))
    template = voice.pick(OWN[what] if voice.chance(0.5) else ANY)
    text = voice.fill(template, what=voice.fill(NAMES[what]), your=voice.fill("(your|the|your|your current|the current|)"))
    verb = template.split()[0] in (
        "report",
        "check",
        "tell",
        "(tell|give|show|read|send)",
        "(read|measure|state|announce|display|read",
        "give",
        "let",
        "locate",
        "read",
        "(update|inform|brief)",
    )
    return Phrase(text, ({"report": {"what": what}},), verb)


def several(voice: Voice) -> Phrase:
    """Two readings."""
    a, b = voice.rng.sample(list(NAMES), 2)
    text = voice.fill(
        voice.rng.choice(SEVERAL), a=a if voice.chance(0.6) else voice.fill(NAMES[a]), b=b if voice.chance(0.6) else voice.fill(NAMES[b])
    )
    return Phrase(text, ({"report": {"what": a}}, {"report": {"what": b}}), not text.startswith(("what", a, b)))
