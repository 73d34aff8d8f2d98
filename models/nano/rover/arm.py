"""Moving the arm to a pose."""

from __future__ import annotations

from qwark_nano.voice import Voice, lines

from .phrase import Phrase

ARM = "(the arm|the arm|the arm|your arm|arm|the robot arm|that arm|your robotic arm)"
ANY_POSE = lines("""
    (move|bring|put|set|take|send|drive) {arm} (to|into) (the|its|your|) {pose} (pose|position)
    (move|bring|put|set|take|send|drive) {arm} (to|into) (the|its|your|) {pose} (pose|position)
    (move|set|send|bring) {arm} to {pose}
    (move|set|send|bring) {arm} to {pose}
    {arm} {pose}
    {arm} {pose}
    {arm} to {pose}
    {arm} (to|in|into) (the|its|) {pose} (pose|position)
    {pose} (pose|position) (with|for) {arm}
    {pose} pose
    {pose} position, {arm}
    (assume|take|adopt|go to|go into|use|get into) (the|) {pose} pose
    (switch|change) {arm} to {pose}
    i want {arm} in (the|its|) {pose} (pose|position)
    {arm} (should|must) be (in the|at the) {pose} (pose|position)
    {arm}: {pose}
    put {arm} {pose}
    i (want|need|would like) {arm} (to be in|in) (the|its|) {pose} (pose|position)
    {arm} (needs|has) to be in (the|its) {pose} (pose|position)
    * {pose} pose for {arm}, please
    have {arm} in the {pose} pose
    {arm}: {pose} (pose|position)
    {arm}, {pose}
    {arm} to pose {pose}
    set {arm} to pose {pose}
    set {arm} to pose "{pose}"
    set {arm} to the pose "{pose}"
    set {arm} to "{pose}"
    {arm} to "{pose}"
    {arm} pose {pose}
    {arm} pose: {pose}
    set {arm} pose to {pose}
    set (the|) pose (of {arm}|) to {pose}
    {arm} into {pose}
    {arm} into (its|the) {pose} (pose|position), (please|now)
    (get|have) {arm} (to|into) {pose}
    (move|set|put|bring) {arm} {pose}
    {arm} should (go|move) (to|into) {pose}
    (the|your) arm, (it|she|he) (must|should) go {pose}
    go to the {pose} (pose|position)
""")
POSES = {
    "home": lines("""
        {arm} home
        home {arm}
        (move|bring|put|send|take) {arm} (back|) home
        (return|reset) {arm} (to home|home|to its home position|to home position)
        (put|tuck|pack) {arm} away
        (retract|stow|park|reset|rest|home) {arm}
        (retract|stow|park|home) {arm}
        (bring|move|put|pull) {arm} back to (its|the) (home|resting|starting|rest) (pose|position)
        (fold|pull) {arm} (in|back in|away)
        let {arm} (go|come|return) home
        {arm} back home
        (move|bring) {arm} to (where it|its) home
        {arm} (back|) to (its|the) home (pose|position)
        {arm} goes home
        (stow|tuck) {arm} away
        put {arm} back (home|where it belongs|in place)
        {arm} should (go|be) home
        bring {arm} home
        * tuck {arm} in
        * let {arm} rest at home
        (send|bring|get|take|move) {arm} (back|) home (again|now|)
        {arm} (back|) (where it belongs|to its resting place|to its rest position|to rest)
        (tidy|tuck|fold|put|stow|pack) {arm} away (for now|safely|again|)
        (put|set|move) {arm} (back|) (in|into|to) (its|the) (resting|rest|starting|start|default|parking|initial|normal|neutral) (pose|position|place)
        {arm} in(to|) (its|the) home (pose|position)
        home (position|pose) for {arm}
        (rest|home|reset|stow) position, {arm}
        home the arm
        home your arm
        {arm} homeward
    """),
    "up": lines("""
        raise {arm}
        raise {arm}
        raise {arm}
        lift {arm}
        lift {arm} (up|)
        (put|move|bring|get|stretch|hold|pull|swing|push) {arm} up
        (put|move|bring|get) up {arm}
        {arm} up
        {arm} up (high|again|in the air|all the way)
        (raise|lift) {arm} (all the way|up high|high|in the air|as high as you can|higher|up in the air|again)
        (put|move) {arm} (all the way up|up high|high|in the air|as high as you can|higher|up in the air)
        up with {arm}
        (reach|stretch) up (with|) {arm}
        elevate {arm}
        (hoist|uplift) {arm}
        {arm} (upwards|upward)
        move {arm} (upwards|upward)
        {arm} to the top
        (raise|lift) up {arm}
        get {arm} (up|off the floor|up from the floor)
        let {arm} go up
        {arm} (should|must|needs to) (be up|go up)
        i (want|need) {arm} (up|raised|lifted)
        (raise|lift|hoist) up {arm}
        {arm} (raised|lifted)
        {arm} higher
        * have {arm} up
        * up goes {arm}
        (raise|lift|put|hold|stretch|stick|throw|reach) {arm} (up|high) (like|as if) (you're asking a question|you want to wave|a flagpole|in school|you surrender|a traffic warden)
        (raise|lift|put|get|bring) (up|) {arm} (up|) (please|now|for me|very high|towards the ceiling|to the ceiling|above your head|over your head|to the sky|skyward)
        (heave|push|swing|send|pop|haul|stick|stretch|point) {arm} (up|upwards|up high|into the air)
        {arm} up in the air
        up, {arm}
        (get|lift) {arm} out of the way, up
        you (raise|lift) {arm}
        {arm} (must|should|has to|needs to) go up
        the arm, (she|he|it) (must|should|has to) (go up|be up)
        bring {arm} up (high|)
    """),
    "down": lines("""
        lower {arm}
        lower {arm}
        lower {arm}
        lower {arm} (down|)
        (put|move|bring|get|let|take|pull|push|swing) {arm} down
        (put|move|bring|get) down {arm}
        {arm} down
        {arm} down (low|again|all the way|to the floor)
        lower {arm} (all the way|to the floor|to the ground|as far as you can|again|all the way down)
        (put|move) {arm} (to the floor|to the ground|all the way down|as low as you can)
        down with {arm}
        drop {arm}
        (reach|stretch) down (with|) {arm}
        {arm} (downwards|downward)
        move {arm} (downwards|downward)
        sink {arm}
        (lower|drop) {arm} (now|a bit later|please|already)
        let {arm} (sink|drop|fall|go down)
        {arm} to the bottom
        get {arm} (down|onto the floor|lower)
        descend {arm}
        {arm} (should|must|needs to) (be down|go down)
        i (want|need) {arm} (down|lowered)
        {arm} lowered
        let down {arm}
        {arm} lower
        * have {arm} down
        * down goes {arm}
        lower {arm} (please|now|for me|towards the floor|to the carpet|by your side|again)
        (put|get|bring|let) {arm} down (please|now|for me|low|towards the floor|to the carpet|by your side|again)
        (put|get|bring|let) down {arm} (please|now|for me|by your side|again)
        (lay|drop|sink|push|swing|send|pop|ease|point|rest) {arm} (down|downwards|down low|on the floor|on the ground)
        {arm} down (low|, please|now)
        down, {arm}
        lower that arm
        you (lower|put down) {arm}
        {arm} (must|should|has to|needs to) (go|come) down
        the arm, (she|he|it) (must|should|has to) (go down|be down)
        bring {arm} (back|) down
        put {arm} back down
        take {arm} (back|) down
    """),
    "carry": lines("""
        carry pose
        {arm} (to|into|in) carry
        {arm} (to|into|in) (the|) carrying (pose|position)
        (move|bring|put|set|take) {arm} (to|into|in) (the|a|its|) carrying (pose|position)
        (hold|keep) {arm} (ready to carry|in carry position|in the carry pose|in carrying position)
        get {arm} ready (to carry|for carrying) (something|it|the {load}|)
        (get|be|make) ready to carry (something|it|the {load})
        (put|bring|get) {arm} in (carry|carrying) (mode|position)
        {arm} ready (for carrying|to carry)
        (prepare|position|set) {arm} (for carrying|to carry) (something|it|the {load}|a {load}|)
        carry it
        carry (that|this|the {load})
        carry mode
        carry position (with|for) {arm}
        {arm} (should|must|needs to) be in (the|) carry (pose|position)
        (go|get) into (the|) carry (pose|position)
        * have {arm} ready to carry
        {arm} (to|in|into) (the|a|) (carrying|carry|transport) (pose|position|stance)
        {arm} (ready|prepared|set) (for|to) carrying
        (put|get|bring|set|place) {arm} in (the|your|its|a|) (carry|carrying) (pose|position|stance)
        carry (pose|position), (please|arm|with the arm|now)
        carry (pose|position) (please|now|for {arm})
        carrying (pose|position) (please|now|for {arm}|)
        (assume|adopt|take up|go to|get in|strike) (the|a|your) (carry|carrying) (pose|position)
        {arm} as (if|) for carrying (a {load}|something)
        (hold|position|place) {arm} (so that you can|so you can|to) carry (things|something|the {load}|a {load})
    """),
}


def arm(voice: Voice) -> Phrase:
    """The arm to one of its poses."""
    pose = voice.rng.choice(list(POSES))
    template = voice.pick(ANY_POSE if voice.chance(0.35) else POSES[pose])
    load = voice.rng.choice(("box", "cup", "tray", "parcel", "bag", "bottle", "plate", "load", "basket"))
    text = voice.fill(template, arm=voice.fill(ARM), pose=pose, load=load)
    verb = not template.startswith(("{", "up ", "down ", "carry pose", "carry mode", "carry position", "i "))
    return Phrase(text, ({"arm": {"pose": pose}},), verb)


def both(voice: Voice) -> Phrase:
    """Up and down, or the other way."""
    a, b = voice.rng.choice((("up", "down"), ("down", "up")))
    verbs = {"up": "raise", "down": "lower"}
    text = voice.fill(
        f"(move {{arm}} {a} and (then|) {b}|{verbs[a]} and (then|) {verbs[b]} {{arm}}|{{arm}} {a} and {b}|{verbs[a]} {{arm}} and {verbs[b]} it (again|))",
        arm=voice.fill(ARM),
    )
    return Phrase(text, ({"arm": {"pose": a}}, {"arm": {"pose": b}}), not text.startswith(("the", "your", "arm", "that")))
