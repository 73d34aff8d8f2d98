"""Stopping."""

from __future__ import annotations

from english import clauses
from english import vocabulary as v
from qwark_nano.voice import Voice, lines

from .phrase import Phrase

STOP = lines("""
    stop
    stop
    stop
    stop
    stop
    halt
    halt
    halt
    freeze
    freeze
    freeze
    whoa
    whoa
    whoa
    that's enough
    that's enough
    that's enough
    that is enough
    enough
    stop (now|right now|immediately|at once|there|right there|here|it|that|this|already|this instant|straight away)
    stop (now|right now|immediately|at once|there|right there|here|it|that|this|already|this instant|straight away)
    halt (now|right now|immediately|there|right there|at once|this instant)
    freeze (now|right there|right now|where you are|immediately)
    stop stop
    stop stop stop
    stop, stop, stop
    stop! stop!
    halt halt
    halt! halt!
    whoa whoa
    whoa whoa whoa
    whoa, whoa
    no stop
    no no stop
    no no no stop
    no, stop
    oh no stop
    wait stop
    hey stop
    oh god stop
    stop oh god
    ok stop
    ok that's enough
    (okay|alright|all right|right), that's enough
    that's (quite|more than|really|far|just about|) enough
    that's enough (now|for now|for today|thanks|of that|already|driving|turning)
    enough (already|now|of that|is enough|for now)
    stop (moving|driving|turning|rolling|everything|going|spinning|rotating|what you're doing|whatever you're doing|running|doing that|all motion|all movement|all motors|the motors|your motors|yourself|the robot|your wheels|reversing|backing up)
    stop (moving|driving|turning|rolling|everything|going|spinning|rotating|what you're doing|whatever you're doing|running|doing that|all motion|all movement|all motors|the motors|your motors|yourself|the robot|your wheels|reversing|backing up)
    (cease|halt|freeze) (all motion|all movement|everything|moving|the motors)
    emergency stop
    emergency, stop
    emergency! stop!
    e-stop
    e stop
    emergency halt
    (make|do|perform) (an emergency|a full|a) stop
    come to a (stop|halt|standstill|full stop|complete stop)
    full stop
    don't move
    do not move
    don't move (a muscle|any further|an inch|another inch|any more)
    (stand|hold|stay) still
    hold it
    hold it (right there|there|now)
    stay (right|exactly|) where you are
    stop where you are
    stop (before|or) you('ll|) (hit|crush|break|run over) (the {animal}|the {thing}|{person}|the wall|something|me|my foot)
    stop, (you'll|you're going to|you will|don't|you almost) (hit|crush|break|run over) (the {animal}|the {thing}|{person}|the wall|something|me|my foot)
    stop, there's (a {animal}|a {thing}|{person}|someone|something|a hole|a step|glass) (in front of you|behind you|there|in the way)
    stop (because|as) there's (a {animal}|a {thing}|{person}|someone|something|a hole|a step|glass) (in front of you|behind you|there|in the way)
    (you're|you are) (too close|about to fall|about to crash|in the way|going too fast), stop
    stop it (now|right now|please)
    would you (please|) (stop|halt|freeze)
    whoa (there|now|boy|easy|stop|nelly|hold on|slow down)
    whoa there, (cowboy|buddy|tiger|boy|mate|not so fast|horsey|rover)
    (brake|hit the brakes|slam on the brakes|put the brakes on|brakes)
    (abort|cancel everything|abort everything|cut it out|knock it off|quit it|give it a rest)
    kill the motors
    (that'll do|that will do|that's it, stop|ok that will do)
    stop in the name of the law
    everybody freeze
    freeze, (robot|rover|buddy|don't move)
    stop for (heaven's|god's|goodness) sake
    i said stop
    stop i said
    i told you to stop
    you can stop (now|there|here|)
    you (should|must|have to|need to) stop (now|right now|)
    (just|now|please) stop
    stop please
    stop dead
    time to stop
    stop, {name}
    {name} stop
    {name}, freeze
    {name} halt
    stop the {thing}, i mean you, stop
    arrest all motion
    no further
    not (any|one step|an inch) further, stop
    stop, (that hurts|not there|wrong way|not that way|it's broken|enough|please|danger|careful|now)
    (danger|watch out|careful|look out)! stop!
    stop this (nonsense|madness|instant|thing)
    quit moving
    stop everything you're doing
    okay, you can stop (now|there|moving|)
    stop, (please stop|enough|i said stop|for heaven's sake)
    (woah|whoah|wo|woa|woahh) (woah|there|)
    woah
    halt, (please|robot|stop|right there)
    ok ok (enough|stop)
    okay okay stop
    enough, stop
    that's it, stop
    stop now now now
    please (halt|freeze|stop moving|stop right there|stand still)
    don't (go any further|drive any further|come any closer|take another step|go further)
    stop (everything|all) (now|)
    * stop and stay there
    * right, stop now
    * oh no, halt
    * that's enough now, {name}
    stop, (please|robot|rover|buddy|now|you|i said|dear|my dear|dear me|oh my|oh my god|for god's sake|dude|bro|mate)
    (halt|freeze), (please|you|you little monster|you two|nobody moves|who goes there|i say|robot|there|mister)
    (please|oh|oh please|hey|hey hey|no no|ah|argh|dude|bro|yo|ok|okay|oi|quick|quickly|right|you|robot,|rover,) (stop|halt|freeze) (it|now|there|right there|moving|at once|)
    (for (heaven's|god's|goodness|pete's|crying out loud's|christ's) sake), (stop|halt|freeze) (moving|it|now|)
    for (heaven's|god's|goodness|pete's) sake (stop|halt) (moving|it|now|)
    (stop|halt|freeze), (i can't (watch|look)|{person} is (in the way|behind you|there)|the {animal} (is|sits) (behind you|under you|in the way)|that's my (foot|toe|hand|{thing})|you're on my foot|you nearly hit {person}|you hit the {thing})
    stop, {clause}
    stop! {clause}
    stop because {clause}
    (that's|that is|thats) enough (now|for now|for today|for me|already|thank you|thanks|please|of this|of that|fun|nonsense|, rover|, robot|, buddy|, dear|, you)
    (okay|ok|alright|right|fine|good|no|well), (stop|halt|freeze|whoa|enough|that's enough|stop there|stop now|hold it)
    (stop|halt) (and|and just|then) (stay|stay put|stay there|don't move|wait|stand still|freeze)
    (stop|halt) (in your tracks|on the spot|this second|that at once|driving this instant|what you are doing)
    (don't|do not) (move|go|drive|roll|budge) (any more|another inch|further|a centimetre|one bit|now|please|at all)
    (stay|stop|freeze|stand) (where you are|right where you are|there|still)
    (whoa|woah|whoah), (whoa|there|boy|easy|easy boy|easy now|stop|slow down|steady|hold your horses|wait|that's far enough)
    (easy|steady|whoa) (boy|girl|now|there), (whoa|stop|halt)
    whoa (easy|steady|hold it|that's enough|that's far enough|not so fast|wait|mate|robot)
    that's far enough
    far enough, stop
    (stop|halt|freeze) (stop|halt|freeze)
    (stop|halt|freeze), (stop|halt|freeze)(, stop|, halt| now|)
    (stop|halt) (all|every) (motion|movement|motor|wheel|action)
    (all|emergency) (stop|halt)(, all stop| now|)
    (all motors|motors|engines|wheels) (stop|off|halt)
    hit the (emergency stop|stop button)
    i (said|want you to|need you to|told you to|order you to|say) (stop|halt|freeze)
    (you (need|have|ought) to|you must|you should|you gotta) (stop|halt|freeze) (now|right now|please|immediately|)
    (can|could|would|will) (you|u|ya) (please |just |)(stop|halt|freeze) (now|it|moving|that|there|right there|)
    (stopp|stoop|stooop|sotp|stahp|stp|halttt|stop!!|stoppp) (now|it|please|)
    hold on, stop
    hold everything
    hold up, stop
    cease and desist
    no more (moving|driving|turning), (stop|halt|please)
    (enough|stop) (moving|driving|turning|rolling|spinning) (around|about|now|please|)
    time out, stop
    stop (it|that|), (i'm dizzy|it's dangerous|that's dangerous|this is too fast|not so fast|you're too fast|wait)
    let's stop (here|now|there|)
    stop for (now|today)
    just (stop|halt|freeze)
    (stop|halt|freeze) (dead|cold|completely|fully)
""")


def stop(voice: Voice) -> Phrase:
    """Stops all motion."""
    text = voice.say(
        STOP,
        animal=lambda: voice.pick(v.ANIMALS),
        thing=lambda: voice.pick(v.THINGS),
        person=lambda: voice.pick(v.PEOPLE),
        clause=lambda: clauses.clause(voice),
        name=voice.rng.choice(("rover", "robot", "buddy", "robo", "hey", "mate")),
    )
    return Phrase(
        text,
        ({"stop": {}},),
        text.split()[0] in ("stop", "halt", "freeze", "come", "hold", "stay", "stand", "cease", "abort", "make", "do", "kill", "quit"),
    )
