"""Readings."""

from __future__ import annotations

from qwark_nano.voice import Voice, lines

from .phrase import Phrase

NAMES = {
    "battery": "(battery|battery|battery level|battery status|charge|charge level|battery charge|battery percentage|power level|battery state|energy level|state of charge|remaining battery)",
    "pose": "(pose|pose|position|position|location|coordinates|current position|whereabouts|current location|pose right now|exact position)",
    "temperature": "(temperature|temperature|temp|temperature reading|core temperature|current temperature|body temperature|motor temperature|internal temperature)",
    "speed": "(speed|speed|velocity|current speed|driving speed|speed right now|momentary speed)",
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
