"""Stopping."""

from __future__ import annotations

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
""")


def stop(voice: Voice) -> Phrase:
    """Stops all motion."""
    text = voice.say(
        STOP,
        animal=lambda: voice.pick(v.ANIMALS),
        thing=lambda: voice.pick(v.THINGS),
        person=lambda: voice.pick(v.PEOPLE),
        name=voice.rng.choice(("rover", "robot", "buddy", "robo", "hey", "mate")),
    )
    return Phrase(
        text,
        ({"stop": {}},),
        text.split()[0] in ("stop", "halt", "freeze", "come", "hold", "stay", "stand", "cease", "abort", "make", "do", "kill", "quit"),
    )
