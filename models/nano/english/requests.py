"""Requests that have nothing to do with a robot like a small rover."""

from __future__ import annotations

from fractions import Fraction

from qwark_nano.voice import Voice, lines, words

from . import lengths, texts
from . import vocabulary as v

FOODS = words("""
    coffee tea a_sandwich dinner lunch breakfast a_pizza two_eggs some_pasta soup a_cake pancakes a_salad a_steak some_rice toast cookies a_burger
    hot_chocolate a_beer a_smoothie noodles an_omelette bread sushi a_milkshake lemonade popcorn a_curry the_potatoes fish_and_chips porridge
""")
CHORES = words("""
    dishes floor windows laundry carpet bathroom kitchen living_room car plants lawn garden toilet bed table shelves curtains clothes
    walls stairs fridge oven garage rubbish bin garbage bookshelf mirror hallway cat_litter hamster_cage fish_tank driveway shirt trousers
""")
GADGETS = words("""
    tv television radio music oven heating heater washing_machine dishwasher computer laptop fan air_conditioning coffee_machine alarm printer
    vacuum_cleaner doorbell microwave stereo wifi router projector kettle fridge toaster garage_door sprinkler thermostat hoover fountain engine
    phone humidifier shower tap stove hair_dryer lawnmower playstation camera_flash microphone
""")
OPENABLES = words("""
    door front_door window drawer fridge cupboard curtains blinds box bottle can jar gate garage_door app file book umbrella envelope parcel
    letter tin safe lid wardrobe suitcase bag mailbox email cage oven tent shutters champagne wine
""")
SUBJECTS = words("""
    weather football news stock_market president traffic history physics love life politics music bitcoin price_of_milk moon dinosaurs
    cricket tennis world_cup election queen king universe capital_of_france speed_of_light meaning_of_life recipe_for_bread next_bus
""")
MEDIA = words(
    "jazz music a_song some_music the_radio a_film my_playlist rock_music beethoven chess a_game cards football the_piano the_guitar hide_and_seek the_news tetris mozart"
)
BODIES = words(
    "wave dance jump sing sleep smile sneeze cough bow whistle hop laugh cry swim fly climb dig nod blink yodel juggle sit kneel crouch limbo wiggle shiver bounce gallop crawl_under_the_bed float hover explode dive skip_rope roll_over play_dead somersault moonwalk meditate"
)
TASKS = lines("""
    (make|cook|bake|fry|prepare|brew|fix|get|bring|buy|order|serve|heat up) (me|us|) {food}
    (make|cook|bake|fry|prepare|brew|bring|order|serve) (me|us|{person}|the guests) {food}
    make me a (sandwich|coffee|cup of tea|cup of coffee|drink|toast|present)
    (clean|wash|mop|sweep|vacuum|hoover|scrub|dust|tidy|polish|tidy up|clean up|wipe) the {chore}
    (clean|wash|mop|sweep|vacuum|hoover|scrub|dust|tidy|polish|tidy up|clean up|wipe) the {chore}
    do the (dishes|laundry|shopping|cleaning|ironing|homework|gardening|washing up|washing|hoovering)
    (water|feed|walk|wash|brush|pet|chase|call|find|train|groom) the (plants|dog|cat|hamster|fish|birds|flowers|chickens|rabbit|horse|baby|kids|guests)
    (iron|fold|sew|wash|mend|hang up|dry) (my|the) (shirt|clothes|trousers|laundry|socks|towels|curtains)
    take out the (rubbish|trash|garbage|bins)
    (turn|switch) on the {gadget}
    (turn|switch) off the {gadget}
    (turn|switch) the {gadget} (on|off|up|down)
    (start|stop|restart|reboot|charge|repair|fix|update|install|reset|unplug) (the|my) {gadget}
    (open|close|shut|lock|unlock|knock on|paint|hold) (the|my|that|this|a) {openable}
    (open|close|shut|lock|unlock) the {openable}
    (open|close|shut|lock|unlock) the {openable}
    set the (temperature|thermostat|heating|oven) to {n} (degrees|)
    (turn|set) (up|down) the (volume|heating|music|temperature|sound|brightness|thermostat)
    (play|put on|stream) {media}
    (play|put on|start) (some|) {media} (for me|with me|in the kitchen|on the speaker|)
    sing (me|us|) a (song|lullaby|carol|duet)
    sing (happy birthday|something|along|louder|the national anthem|a song for {person})
    tell me a (joke|story|secret|riddle|fairy tale|bedtime story|poem|lie|fun fact)
    tell me (about|something about|more about|everything about) (the|) {subject}
    tell me (what's wrong|what you think|what you see|who i am|the time|the date|the news|the weather|your name|how you feel|the score|what day it is|your age)
    (what|who|when|where) (is|was) (the|) {subject}
    what('s| is) the (weather|time|date|news|score|capital of france|meaning of life|matter|plan|weather like|price of gold|wifi password|square root of {n})
    what time is it
    what (day|date|month|year) is (it|today)
    what('s| is) (your name|your favourite {thing}|in the {thing}|that noise|for dinner|on tv|your age|my name|up|wrong with you|that {thing})
    what('s| is) the weather (like|going to be|forecast for) (today|tomorrow|this week|in london|tonight)
    what is {n} (plus|minus|times|divided by) {n2}
    what can you (do|see|hear|say|lift|cook)
    what do you (see|think|want|hear|like|know about {subject}|think of {person})
    what are you (doing|thinking|made of|called|for|afraid of)
    what does {word} mean
    who (are you|am i|made you|built you|is {name}|is at the door|won the {subject}|is the president|invented the {thing}|ate my {thing}|let the dogs out)
    who (won|lost|scored|played|called|died) (last night|yesterday|today)
    how (old|tall|heavy|big|smart|much|strong|expensive) are you
    how (is the weather|do i get to the {room}|do you say {word} in french|far is it to the {room}|many {thing}s do you see|do planes fly|much does a {thing} cost)
    how (far away|wide|high|long|big|heavy|old) is (the|that|this) (door|{thing}|table|room|wall|window)
    how (is|was) your (day|night|weekend|mother)
    why (is the sky blue|are you here|did you do that|is it so {adjective}|do cats purr|don't you listen|are you so slow)
    when (is|does|do|will) (the {subject}|the next bus|dinner|the shop close|christmas|we eat|my meeting start|easter|the train leave)
    where is (my|the|your) {thing}
    where is {name}
    where (are|is) (my|the) (keys|glasses|{thing}|{person}|{animal}|nearest shop|toilet|remote|charger)
    do you (love me|like {word}|know {name}|speak {word}|dream|have feelings|want to play|understand me|remember me|believe in god|have a brother|ever sleep)
    (are|were) you (happy|sad|alive|human|a robot|married|smart|sentient|lonely|a boy or a girl|a spy|listening)
    can you (swim|fly|sing|dance|hear me|understand french|read|cook|smell|see me|feel pain|speak chinese|count to {n}|lie)
    is it (raining|{adjective} outside|safe|monday|late|true|christmas yet)
    is (the door locked|anyone home|{name} here|the oven on|there any milk left|my car outside)
    (call|phone|ring|text|email|message|contact|video call) (my mum|mum|{person}|{name}|the police|the doctor|an ambulance|my office|the fire brigade|a taxi)
    (send|write|forward) (an email|a message|a text|a letter|a fax|a postcard|flowers|my location|a reminder|the report) to {name}
    (read|check|answer|delete) my (emails|messages|mail|diary|texts|notifications)
    (book|reserve|cancel|buy|order) (a table|a flight|a taxi|tickets|a hotel|a pizza|an uber|a haircut|groceries|new shoes|a {thing}|two {thing}s)
    (set|cancel|stop|start) (an alarm|a timer|a reminder|the timer|the alarm|an egg timer) (for {n} minutes|for seven|at noon|)
    remind me (to call {name}|to buy {thing}s|in an hour|tomorrow|about the meeting|to {chore_verb})
    wake me (up|) (at seven|in an hour|tomorrow|at {n})
    (take|make|shoot|snap|record) a (photo|picture|selfie|video|film|photograph|screenshot|panorama|movie|recording) (of me|of {person}|of the {thing}|of us|)
    (film|photograph|record|video) (me|the dog|{person}|the {thing}|us|this|everything)
    take a (selfie|nap|bath|shower|walk|seat|guess|picture|note|bow|bite|sip|vote|hike|day off)
    take (me|{person}) (home|with you|out|to the airport|to the {room}|to dinner|for a ride)
    (translate|spell|define|pronounce|google|search|look up) {word} (into french|for me|in german|online|)
    (search|google|look) (for|up) (a {thing}|{word}|{subject}|recipes|flights|jobs)
    (solve|calculate|compute|add|multiply) {n} (and|times|plus) {n2}
    (count|add up) (the {thing}s|to {n}|my {thing}s|backwards from {n}|the people)
    (fix|repair|paint|build|assemble|break|destroy|sell|steal|hide|weigh|wrap|cut|fold|throw|throw away|kick|eat|burn|draw|clean|dry|lick|smell|taste|bury|bend|melt|recycle|measure|polish|describe|count) (the|my|a|that|this) {thing}
    (throw|kick|toss|hand|pass|bring|fetch|give|deliver|carry|send|lend|show) (me|{person}|us) (the|a|my|your|that) {thing}
    bring (the|a|my|this) {thing} to {person}
    (fetch|find|get|bring) (me|) (the|a|my) {thing} from the {room}
    go and (get|find|fetch|buy|wash|wake|kill|hug|help) (a|the|my) {thing}
    (find|look for|search for|locate|track|chase|scare|follow|hug|kiss|guard|protect|attack|bite|hit|help|greet|ignore|massage|tickle|watch|entertain|marry) (the|my|that) {animal}
    (find|look for|follow|hug|kiss|guard|protect|attack|hit|help|wake|ignore|tickle|watch|entertain|catch|ask|join|marry|visit) {person}
    follow (me|him|her|us|them|that car|the line|the wall|{person}|the {animal}|the leader)
    come (here|to me|with me|closer to me|and sit here|to bed|to my room|to papa|in|over here)
    {body}
    {body}
    {body} (for me|now|please|like a monkey|twice|on the table|higher|to the music)
    do a (backflip|dance|trick|somersault|handstand|little dance|magic trick|wheelie|barrel roll|cartwheel|twirl|headstand|pirouette|moonwalk|stunt)
    (jump|hop|leap) (over the {thing}|up|up and down|twice|off the table|onto the sofa|through the window|ahead|forward)
    (climb|go up|go down|walk up|drive up) the (stairs|ladder|wall|tree|ramp|mountain|curtain|rope)
    (fly|float|swim|dive|levitate|sail|teleport|beam me) (up|to the ceiling|up to the ceiling|away|across the room|to the moon|through the pool|out of the window|to mars)
    (move|go|drive|slide|strafe|step|roll|shift|shuffle) (sideways|to the side|diagonally|sideward|crabwise)
    (move|slide|strafe|go) (sideways|diagonally) {n} (cm|centimetres|metres|inches)
    strafe (left|right)
    strafe {n} (cm|centimetres) to the (left|right)
    drive in (a circle|circles|a figure of eight|a spiral|a square|zigzag)
    drive (until you (hit|see|reach|find) (the wall|{person}|something|a {thing})|along the wall|around the table|over the {thing}|under the {thing}|through the wall|off a cliff)
    (go|drive) (around|under|over|behind|through) the (table|sofa|{thing}|tunnel|puddle|tree)
    (speed up|slow down|go faster|go slower|accelerate|drive more slowly|faster|slower|change gear)
    (set|change|limit) your (speed limit|maximum speed|name|voice|language|password|default speed|wake word|volume)
    (avoid|detect|map|scan|measure|inspect|explore|patrol|search|clear) the (room|obstacles|house|area|wall|kitchen|garden|building)
    look (at me|behind you|for my keys|at {person}|at the {thing}|around|after the {animal}|through the keyhole|under the sofa|it up|inside the box|over your shoulder|happy)
    (zoom in|zoom out|focus|zoom in on the {thing}|start recording|stop recording|turn the camera off|turn on the camera|switch to night vision)
    (wave|wave to {person}|shake hands|shake my hand|clap|clap your hands|give me five|high five|point at the {thing}|thumbs up|salute)
    (raise|lower|lift|move) the arm (by|) {n} (cm|degrees|centimetres|inches)
    (bend|stretch|twist|rotate|extend|shorten) (your|the) (elbow|wrist|arm|shoulder|gripper|fingers)
    (rotate|tilt|turn) the (gripper|wrist|hand) (by {n} degrees|a bit|left|upside down)
    squeeze harder
    wait (for me|until i come back|until {n} o'clock|for {person}|until the {animal} is gone|till i say go|until tomorrow|for the bus|for my signal|until it stops raining)
    (wait|stop) when you (see|hear|reach) (me|{person}|the {thing}|the wall|a {animal})
    (undo|undo that|redo|repeat that|do it again|do that again|repeat|once more|cancel that order|go back to what you were doing|do the opposite|continue what you were doing)
    (shut down|power off|turn yourself off|reboot|restart|go to sleep|wake up|sleep|switch yourself off|update yourself|reset yourself|hibernate|log out|restart the system|self destruct)
    (shut up|be quiet|mute|unmute|speak louder|whisper from now on|speak french|change your voice|stop talking|turn down your voice|talk slower)
    (charge|unload|load|scan|drive|print|park|rent|wash) (my|the) (phone|car|dishwasher|barcode|truck|document|bike|trailer)
    (record|play|stop|pause|skip) (the|my|this) (song|video|message|track|podcast|movie|audiobook)
    (add|put) {thing}s (to|on) (my|the) shopping list
    (put|place|set|lay|throw|hang|store|stack) the {thing} (on the table|in the box|into the drawer|on the shelf|next to the {thing}|in the bin|back|away)
    (pour|fill|stir|mix|drink|eat|chop|peel|slice|boil|spill) (the|some|my|a) (water|milk|soup|coffee|wine|carrots|onions|tea|juice|bread)
    (teach|help|show|play with|read to|talk to|listen to|babysit|feed|dress|bathe) (me|the kids|{person}|the baby|{name})
    (teach me {word}|help me with my homework|help me up|help|help me move the sofa|play with me|talk to me|dance with me|marry me|sit down|stand up|lie down)
    (guess|imagine|think of|draw|write|paint|compose|invent|recommend) (a number|a {thing}|a poem|something|a song|a {animal}|a book|a haiku|a story about {word})
    (connect|disconnect|pair) (to|from|with) (the wifi|the internet|bluetooth|my phone|the {gadget}|the server)
    (buy|sell|download|upload|post|share|tweet|print|save|delete|rename|copy) (a {thing}|this|the file|the photo|my {thing}|it online|some shares)
    (mow|rake|plough|dig up|trim|fertilise) the (lawn|leaves|field|garden|hedge)
    (write|solve|do|mark|check) my (homework|essay|exam|taxes|sudoku|crossword)
    (arrest|kill|shoot|fight|scare|spy on|insult|poison) (the {animal}|{person}|the burglar|{name}|the neighbour)
    (empty|refill|fill up|unload) the (dishwasher|{thing}|bin|washing machine|bath|bucket)
    i (want|need|would like) (a {thing}|{food}|a hug|a divorce|some sleep|to go home|a new {thing}|a holiday|help with my homework|to watch a film|a massage)
    {nonsense} the {thing}
    {nonsense} the {nonsense2}
    {nonsense} (my|a|your) {nonsense2}
    the {animal} needs {food}, make some
    give me (a hug|a kiss|your {thing}|the {thing}|a massage|some money|an answer|advice|a lift|a ride|a hand|{food}|the news)
    give {person} (a hug|the {thing}|some {food}|a present|the bill|a kiss)
    (slide|move|shift|strafe|step|scoot|go|roll|drive) {far} (to the |to your |)(left|right)
    (slide|move|shift|strafe|step|scoot|roll) (to the |to your |)(left|right) (by |for |){far}
    {far} (to the|to your) (left|right)
    {far} sideways
    (move|drive|slide) sideways (by |){far}
    how far (is it|are we|are you|away is it) (to|from) the {spot}
    how far is the {spot}
    (who|what) is (in|on|at|near|behind) the {spot}
    (what|who)'s (in|on|at|under|near) the {spot}
    is (there (anyone|somebody|anything|a {thing})|{name}|{person}|my {thing}) (in|on|at|near) the {spot}
    is the {spot} (clean|open|closed|empty|free|dirty|locked|far|occupied|messy)
    (clean|wipe|paint|sell|move|decorate|describe|measure|push|pull|carry|lift|repair|break|hide behind|hide under|tidy|set|lay|clear) the {spot}
    (sit|lie|jump|stand|climb|sleep) (on|onto) the {spot}
    (drive|go|roll|run|fly|look) (under|around|over|behind|past|through|out of|on top of) the {spot}
    look (at|out of|behind|under|through) the {spot}
    (stare|look|glance|peek|point the camera) at (the {thing}|{person}|me|the {spot}|that {thing}|the {animal}|my {thing})
    (turn|face|rotate|spin) (to|towards|toward) (the {spot}|me|{person}|the {thing}|the wall|the light|north|the sun)
    face (the {spot}|me|{person}|the {thing}|the wall|the other robot)
    (put|place|set|leave|drop off|deliver) (the|that|my|this) {thing} (on|in|at|by|under) the {spot}
    bring (the|my|a|me a|me the) {thing} (to|from) the {spot}
    (take|carry|deliver|bring) (the|my|this|that) {thing} to (the {spot}|{person}|me|my room)
    (open|close|shut|lock|unlock|clean|knock on|break|guard|watch) the (door|window)
    (open|close|shut|lock|unlock) (a|my|that|the kitchen|the front|the back|the car|every) (door|window)
    (ring|answer|unlock|knock at) the (door|doorbell|bell)
    (set|lay|clear) the table
    (call|order|take|book|get) (a|me a) (taxi|cab|break from work|doctor|plumber)
    (turn|switch) (on|off) (the|all the|my) ({gadget}|{gadget}s)
    (raise|lower) (the|your) (arm|head|camera) (by|to) {far}
    (move|raise|lift|lower|extend) the arm (by |){far} (up|down|higher|lower)
    open the gripper (by |to |){n} (percent|%|cm|mm|degrees)
    (open|close) the gripper (halfway|half way|a bit|a little|slightly|three times)
    (wave|wiggle|swing|shake|stretch|flap|rotate|spin) (the|your) (arm|gripper|hand|camera)
    (set|change) the (volume|brightness|speed limit|alarm|clock|password) to {n}
    {verb}
    {verb} (now|please|for me|again)
    {unknown} (the|a|my|your) {thing}
    {unknown} (the|a|my|your) {thing} (for me|now|again|over there|quickly|to {person})
    {unknown} (me|{person}|us|him|her|them)
    {unknown} (for|with|to|like|at) (me|{person}|us|the {thing}|a {animal}|{name})
    (start|stop|begin|keep|try) {unknown2}ing
    can you {unknown} (the {thing}|a {thing}|me|for me|)
    i want you to {unknown} (the {thing}|a {thing}|me|for me)
    do (the|a|your|my) {word}
    do the {thing} (thing|trick|dance|job)
    (make|create|craft|knit|cook|produce|whip up|rustle up) (a|some|me a|us some) ({food}|{thing}|{word})
    (play|do) (a {word}|the {word}|{word}) (game|tune|song|trick|)
    (play|sing|hum|whistle) (a tune|a melody|something|some music|a song|along|the anthem)
    (photograph|film|x-ray|scan|video|snap|capture a photo of|shoot a video of) (the|my|this) ({animal}|{thing}|{spot})
    (who|what|when|where|why|how|which) (is|are|was|were|did|does|do|can|will|would) {word} {word2}
    (tell|show|teach|ask) me (who|what|why|when|how) (won|{word}|to {word}|the {word} is|{name} did it)
    (what|who) (is|was|are) ({word}|a {word}|the {word}|{name})
    (explain|describe|define|discuss|summarise) ({word}|the {subject}|{word} to me|yourself|quantum physics)
    (how much|how many) ({thing}s|{word}|money|time) (is|are|do we have|do you have|is left|are there)
    where (does|did|do|is|are|can i find|can i buy) ({name}|{word}|the {thing}|a {thing}|my {thing}) (live|go|come from|now|)
    set (a|the|my) (timer|alarm|reminder|oven|thermostat) (for|to) {n} (minutes|degrees|seconds|hours)
    (remember|forget|memorise|record) (this|this place|that|my name|{name}|the {thing}|what i said)
    (add|save|name) this (place|spot|room) as {word}
    (follow|chase|copy|imitate|obey) (me|{person}|the {animal}|the {thing}|{name})
    come (over|here|closer|to me|with us|to {person}|to {name}|back to me|over here|this way)
    (go|drive) (home|away|to bed|to work|to sleep|outside|inside|upstairs|downstairs|shopping|there|over there|somewhere|nuts)
    (drive|roll) (up|down) the (ramp|stairs|hill|slope)
    (do|run|perform|start) a (self test|diagnosis|diagnostic|system check|software update|calibration|scan|full scan|demo)
    (report|measure|tell me|check|read) the (humidity|air pressure|pressure|noise level|co2 level|air quality|altitude|brightness|voltage|time|date|weather|wind speed|moisture|radiation|water level|distance to the wall|wifi signal|outside temperature|room temperature|temperature outside)
    what('s| is) the (humidity|air pressure|noise level|altitude|air quality|temperature outside|outside temperature|temperature of the (oven|soup|water|room)|speed of (light|sound|that car|a {animal})|voltage|weight of the {thing}|size of the {spot}|number of {thing}s)
    how (humid|windy|noisy|bright|dusty|crowded|safe|deep|wide) is it (in here|in this room|outside|there|today|)
    how (warm|hot|cold|cool) (is it|will it be|was it|does it get) (outside|tomorrow|today|in {name}'s room|in the kitchen|in summer|in paris|tonight|on the moon|yesterday|over there)
    how (warm|hot|cold) is the (soup|coffee|oven|water|sun|room|tea|{thing}|weather|pool)
    how fast (can|does|do|could|did) (a {animal}|{animal}s|a train|light|{name}|{person}|the {animal}|cars|that) (run|go|travel|move|swim|drive|fly)
    how (fast|far|high|long) can (you|{person}|a {animal}) (fly|jump|swim|climb|run|throw|sleep|see)
    how much (battery|charge) (does|has) (my phone|my laptop|the {thing}|{person}|your brother) have left
    how much (power|energy|juice) does (the|my|a) ({gadget}|{thing}) (use|need|have)
    where (is|are|was|were) ({person}|{name}|the {animal}|my {thing}|the nearest {room}|your brother|everyone|the toilets|we going)
    where (do|did|does) (you|{name}|{person}) (live|come from|work|buy the {thing}|sleep|grow up)
    what (colour|color|size|kind|make|brand|shape) is (my|the|your|that|this) {thing}
    what (colour|color) (are|is) (my eyes|the sky|your favourite|{name}'s hair|the wall|the {animal})
    wat is {n} (times|plus|minus|divided by) {n2}
    what('s| is) {n} (x|times|plus|minus|over|percent of) {n2}
    (is|are) (the|my) ({gadget}|{openable}|{thing}) (on|off|open|closed|locked|broken|empty|ready)
    (fire|hire|promote|sack|ask|invite|insult|arrest|interview|hug|wake|feed|train) (the|my|our) (intern|boss|chef|staff|manager|cook|gardener|teacher|lawyer|secretary)
    take a (pic|photo|selfie|picture|snap|video|snapshot|shot|film) (of|with) (my|the|a|your|that|this) ({animal}|{thing}|{spot}|garden|cake|baby|sunset)
    (take|snap|shoot|get) (a|some) (pics|photos|pictures|snaps) (of|for) (me|us|{person}|my {animal}|the {thing})
    i (have|am|feel) (much |very |so |)(cold|hot|hungry|thirsty|tired), (can|could|would) you (close|open|bring|turn on|make) (the |)(window|door|blanket|heating|{food}|{gadget})
    (can|could|would) you (close|shut|open|lock) (the|my|) (window|door|curtains|fridge|gate|drawer|blinds)
    (close|open|shut|lock) (window|door|fridge|curtains)
    (close|shut|open) the {openable} (behind you|after you|for me|a bit|halfway|for the {animal})
    (if|when|whenever|once|as soon as) (you (see|hear|find|reach|hit|smell|feel|meet)|there is|there's) (a|the|any) ({animal}|{thing}|noise|wall|person|obstacle), (stop|turn left|go to the {spot}|say hello|back up|wait|close the gripper|turn around|look left|light red)
    (if|when|whenever|once|as soon as) ({person}|{name}|the {animal}|someone|it|the doorbell|the phone|the timer) (comes|rings|arrives|leaves|barks|wakes up|goes off|starts to rain), (stop|turn left|go to the {spot}|say hello|back up|turn around|turn the light on|open the gripper)
    (if|when|once) (the|your) battery (is|gets|falls|drops) (low|empty|below {n} percent|under {n} percent), (go to the dock|stop|tell me|go home|say help)
    (stop|turn left|go to the {spot}|say hello|back up|turn around|wait|close the gripper|turn the light on) (if|when|whenever|as soon as) (you (see|hear|find|hit|smell|feel|meet) (a|the|any) ({animal}|{thing}|noise|wall|person)|({person}|{name}|the {animal}|someone) (comes|rings|arrives|leaves|barks|calls)|the battery is (low|empty))
    (drive|go|turn|keep going|move|roll|keep turning|keep driving) (forward |back |left |right |)until (you (see|hear|find|hit|smell|feel|reach|touch) (a|the|any|something|{person})|i say|{person} comes|it gets dark|the battery is empty|you get there|you can't any more)
    (drive|go|keep driving|roll|wander|turn|spin) (around |)(forever|endlessly|all day|aimlessly|nonstop|in circles|in zigzags|back and forth|to and fro|here and there|randomly)
    (repeat|do) (that|this|it|the last order|the same|everything) (again|{n} times|ten times|until i say stop|forever|backwards|in reverse|every {n} minutes|every day)
    (every|each) (morning|hour|day|{n} minutes|monday|evening), (go to the {spot}|turn the light on|report the battery|say hello|clean the {chore}|wake me)
    (at|by) (noon|midnight|{n} o'clock|seven|half past six|dawn), (go to the {spot}|turn the light on|say good morning|wake me|open the gripper)
    (go to the {spot}|turn the light on|say good morning|open the gripper|drive forward) (at (noon|midnight|seven|half past six|dawn|sunrise)|tomorrow|tonight|next week|on monday|every day|in the morning)
    (drive|go|move|turn) (faster|slower|more quickly|more slowly|less fast) (than (before|{person}|a {animal})|next time|from now on|please|)
    (set|change|raise|lower|increase|decrease|reduce) (the|your) (speed|maximum speed|default speed|speed limit|volume|brightness|sensitivity) (to {n} percent|to the maximum|a bit|a little|by half|)
    (calibrate|recalibrate|reset|update|upgrade|test|clean|lubricate|oil|check|inspect|repair) (your|the) (wheels|motors|sensors|firmware|software|gyro|compass|memory|arm|camera|gripper|lens|joints)
    (enable|disable|activate|deactivate|enter|leave|turn on|turn off|switch to|start) (autopilot|auto mode|follow mode|night vision|sleep mode|eco mode|demo mode|manual mode|the microphone|bluetooth|wifi|gps|recording|cruise control|silent mode|dance mode)
    (press|push|pull|flip|hit|ring|turn) (the|that|this) (button|switch|lever|knob|bell|handle|red button|light switch|key|tap|doorbell)
    (turn|screw|twist|wind) the (key|screw|knob|tap|handle|bolt|lid|page|{thing}) (left|right|clockwise|off|on|over|a bit|)
    (lean|bend|crouch|duck|tilt yourself|kneel|bow|squat) (forward|back|down|left|right|to the left|over|)
    (roll|flip|tip|fall|lie|stand) (over|onto your back|on your head|on one wheel|on your side|sideways|upside down)
    (jump|hop|climb|fly|crawl|float|swim) (forward|back|up|down|left|right|{far}|over {far}|onto the {spot}|to the {spot}|under the {spot})
    (fly|swim|jump|climb|teleport|levitate) (forward|ahead|up|down|back) {far}
    (drive|go|move|climb|come|roll) (up|down) (the (stairs|steps|ramp|ladder|hill|slope|wall)|{far}|a floor|to the first floor|to the attic)
    (go|drive|move|rise|descend|climb) (up|down) (by |){far}
    (go|move|float|rise|fly) (upwards|downwards|upstairs|skyward)
    (draw|drive|trace|write|make) (a|an) (circle|square|triangle|star|figure eight|zigzag|spiral|oval|letter|heart|{word})
    (drive|go) in (a|an) (square|triangle|big circle|arc|curve|zigzag|wavy line|spiral|s shape)
    (drive|steer|curve|swerve) (in a curve|along a curve|in an arc) (to the |)(left|right|around the {spot})
    (flash|blink|strobe|dim|pulse|fade) (your|the) (light|lights|lamp|led) (red|green|{n} times|twice|slowly|quickly|at me|please|)
    (make|turn|set) (your|the) (light|lamp) (brighter|dimmer|warmer|half as bright|a bit darker|softer|as bright as you can|to {n} percent)
    (whistle|hum|sing|beep|honk|bark|meow|buzz|toot|moo|ring|clap|applaud|scream|cheer|growl) (for me|loudly|twice|like a {animal}|at {person}|three times|now|along|)
    (play|make|do) (a|some|the|an) (sound|noise|beep|alarm sound|siren|fanfare|drum roll|animal noise|tune|funny sound)
    (speak|talk|whisper|read) (louder|quieter|slower|faster|more clearly|in french|in german|with a deeper voice|less)
    (learn|forget|memorise|remember|save|store|record|map|name) (this|that|the|my|a) (room|route|place|position|word|face|name|trick|path|pose|order)
    (bring|take|carry|get|fetch|deliver|hand|give|pass|throw|send|show) (me|him|her|us|{person}|{name}) (my|the|a|your|some|that) ({thing}|{food}|{thing} from the {spot}|{thing} from the {room})
    (bring|take|carry|deliver|return) (the|that|this|my) {thing} (back |over |)(to|into) (the {spot}|the {room}|{person}|{name}|its place|where it belongs)
    (put|place|set|stack|hang|lay|insert|drop off|store) (the|that|this|my) {thing} (back |)(into|in|under|behind|on top of|next to|inside) the ({spot}|{thing}|{room})
    (look|search|watch out|keep an eye out|hunt|check) for (my|the|a|any) ({thing}|{animal}|{person}|danger|signs of life|exit)
    (look|stare|gaze|wink|smile|nod|wave|point|shout|bark) at (me|{person}|{name}|the {animal}|the {thing}|that|us)
    (count|name|list|identify|recognise|describe|detect|track|photograph) (the|all|all the|my|those|any) ({thing}s|{animal}s|people|objects|colours|cars)
    (who|whose|what|which) (is|was) (that|this|the|your|my) ({thing}|{animal}|noise|voice|smell|favourite {thing}|man|woman)
    (do|can|will|would|could|should|may) (you|we|i) (dance|sing|play|dream|talk|cook|swim|help|eat|drink|read|drive a car|have a {thing}|see the {thing}|hear {name})
    (push|pull|drag|lift|tow|shove|kick|roll|tip over|knock over) (the|that|my|a) ({spot}|{thing}|chair|cart|trolley|{animal})
    (open|close) the gripper (to|by) {n} (percent|millimetres|cm|mm|degrees|%)
    (grip|squeeze|hold) (it|the {thing}) (with {n} newtons|harder|softer|more gently|less tightly)
    (raise|lower|lift|extend|stretch|bend) (your|the) arm (to|by) (half|{n} percent|{n} degrees|shoulder height|the middle|an inch|forty-five degrees|a bit|a little|slightly)
    (rotate|turn|twist|spin|swing|move) (your|the) arm (left|right|around|to the side|by {n} degrees|in a circle|forward|backwards)
    (change|switch|adjust|turn) (the|my|your) (channel|station|language|voice|battery|tyre|bulb|wheel|password|settings|wallpaper)
    (text|call|message|tell|warn|notify|alert|email) ({person}|{name}|the police|my boss) (that|when|if) (i'm late|dinner is ready|the {animal} is out|it rains|you are done|i'm home)
    (order|buy|get|book|reserve|find) (some|a|an|two|me a|us a) ({food}|{thing}|{word}|{thing} online|table for {n}|taxi|new {thing})
    (say|tell me|give me) (the (time|date|weather|news|score|answer|password|name of {word})|something (funny|nice|clever|about {word}|in french)|what you (see|think|hear|want)|a (joke|fact|number|word|rhyme))
    (what|which) (is|are) (the|your) (best|biggest|fastest|favourite|cheapest|nearest|oldest|tallest) ({thing}|{animal}|{word}|{room}|colour|food)
    (drop|throw|toss|chuck|fling|hurl|launch) (it|the {thing}) (at|to|over|out of|into) ({person}|the window|the {room}|the wall|me|the river)
    (hide|sleep|dance|sit|stay|play|rest) (under|behind|on|in) the ({spot}|{thing}|bed|{room})
    (guard|watch|protect|clean|lock|decorate|paint|measure|leave|enter|search) (the|my|our) (house|room|{room}|{spot}|door|{thing})
    (wait|stay|hold on|pause) until ({person} (comes|arrives|is back|calls)|the {animal} (leaves|sleeps|is gone)|(i|we) (call|say so|come back|whistle)|it (rains|stops|is dark|is {adjective})|{n} o'clock|tomorrow|morning|noon)
    (park|reverse|drive) (my|the|that) (car|van|truck|bus|tractor|bike)
    (go|drive|take me|head|move) (home|outside|inside|away|back inside|out|far away|nowhere|everywhere|abroad|east|north|south|west|to {name}|to {person})
    (go|drive|turn|face|head) (north|south|east|west|northwards|towards the north|to {person}|to {name}|towards me|towards the {animal})
    light (a|the|my) (candle|fire|match|cigarette|stove|fireplace|oven|barbecue|campfire)
    turn (the page|the pancake|the oven down|the heating up|over a new leaf|into a frog|the music off|the tv on|the record over|my bed round|the key twice|the meat)
    arm the (alarm|burglar alarm|bomb|soldiers|security system|rebels)
    report (the incident|a crime|the bug|the accident|{name}|my neighbour|a problem) (to the police|to my boss|to the office|)
    drive (me (home|crazy|to work|to the station)|the car|my car to work|a nail into the wall|the kids to school|a hard bargain)
    look (up (the capital of france|the meaning of {word}|{name}'s number|a recipe|the word {word}|{word})|into it|after the {animal}|forward to christmas|like {name}|in the mirror)
    (wait tables|wait on me|bear with me while i cook)
    open (a bank account|a tab|a restaurant|the file|my email|the app|your heart|your mouth|your eyes|an umbrella)
    close (the deal|your eyes|the app|the file|my account|the shop|the meeting|your mouth)
    pick (a card|a number|a winner|a fight|the lock|some flowers|an apple from the tree|a colour|a film)
    pick (me|{name}|the kids|{person}) up (from school|from the station|at {n}|from work)
    drop (me off|me at the station|by the shop|a line to {name}|the kids at school|the subject|out of school)
    take (the bus|a shower|my temperature|notes|the dog for a walk|the day off|a break from work|my pulse|care of {person}|minutes|a photo of {name})
    raise (money|the rent|my salary|a flag|the curtain|the price|the blinds|taxes|the {animal}|a toast)
    lower (the price|the blinds|the flag|the rent|your voice|the curtain|the volume|my taxes)
    back up (my files|my data|the hard drive|my phone|the computer|my story)
    reverse (the charges|the decision|the list|the video|a string|my car|the polarity)
    forward (this email|my calls|the letter|the message to {name}|my mail)
    move (my appointment|house|the meeting to monday|the chair|the {thing} to the left|the {thing} over there|the piano|my queen to e4)
    rotate (the picture|the tyres|my screen|the image|the map|the crops)
    tilt the (picture|table|screen|mirror|bottle|{thing})
    spin (a yarn|the wheel of fortune|a record|some wool|the {thing})
    carry (me|the baby|{person}|my bags) (to|into|up to) (bed|the {room}|the car|the {spot})
    say (what|how|why) (you|it|that) (think|is|mean|are|happened)
    grab (me|us) (a|some) ({thing}|{food}|drink)
    go (shopping|fishing|on holiday|nuts|for a walk with {person}|swimming|dancing|crazy|to bed|to sleep|to hell|to school)
    speed (up|dial {name}|read this)
    (battery|temperature|speed|position) of (my|the) (phone|car|{gadget}|oven|sun|laptop|{animal}|world)
    (charge|recharge) (my|the|{person}'s) (phone|laptop|car|customer|card|{thing}|toothbrush)
    (knit|sew|bake|build|draw|paint|write|buy|fetch|pour|mix|carve|print|order|find|cut|lend) (me|us|{person}|{name}) (a|some|another|two|the) ({thing}|{thing}s|{word})
    (report|measure|check|read) (humidity|air pressure|noise|brightness|voltage|weather|altitude|wind speed|air quality|radiation|time|distance|weight|pressure)
    (make|brew|cook|fetch|bring|serve|pour|order|buy|get) (coffee|tea|dinner|lunch|breakfast|soup|pizza|beer|juice|milk|bread|water|ice cream)
    (send|mail|fax|hand|submit|email|forward) (the|my|a|this) (quarterly report|report|invoice|letter|parcel|file|results|{thing}) to (finance|the office|{person}|{name}|my boss|the bank)
""")
VERBS = words("""
    marinate calibrate decorate interrogate photocopy sharpen polish inflate deflate tickle comb shave knit crochet weld solder sand varnish
    lubricate grease translate memorise summarise recite rewrite proofread highlight laminate staple perforate engrave frame hang unwrap
    gift-wrap autograph frisk handcuff sedate vaccinate diagnose bandage massage hypnotise impress amuse bore annoy surprise frighten
    congratulate thank applaud boo interview hire fire promote sue blackmail bribe befriend unfriend adopt vote_for
    barbecue grill roast poach simmer season garnish whisk knead peel grate mash strain carbonate pickle ferment distil
    harvest prune water irrigate sow weed mow fertilise compost milk shear saddle groom leash neuter
    upload stream pixelate crop photograph animate render compile debug deploy refactor reboot defragment encrypt hack
    accelerate levitate vanish evaporate explode implode duplicate multiply shrink enlarge transform hibernate evolve
    applaud giggle sob snore burp hiccup blush frown shrug wink faint stumble trip limp tiptoe hopscotch skateboard ski surf
    paraglide parachute bungee_jump cartwheel pirouette waltz tango tap-dance breakdance headbang twerk salsa
""")
CHORE_VERBS = words("sleep study eat exercise pay_the_rent take_my_pills call_mum feed_the_cat leave breathe")


SPOTS = ("table", "sofa", "door", "window", "kitchen", "dock", "table", "sofa", "door", "window", "kitchen")


def request(voice: Voice) -> str:
    """Something that a helper at home or a telephone may do, or nobody."""
    rng = voice.rng
    return voice.say(
        TASKS,
        food=lambda: voice.pick(FOODS),
        chore=lambda: voice.pick(CHORES),
        gadget=lambda: voice.pick(GADGETS),
        openable=lambda: voice.pick(OPENABLES),
        subject=lambda: voice.pick(SUBJECTS),
        media=lambda: voice.pick(MEDIA),
        body=lambda: voice.pick(BODIES),
        person=lambda: voice.pick(v.PEOPLE),
        name=lambda: voice.pick(v.NAMES),
        thing=lambda: voice.pick(v.THINGS),
        animal=lambda: voice.pick(v.ANIMALS),
        room=lambda: voice.pick(v.ROOMS),
        adjective=lambda: voice.pick(v.ADJECTIVES),
        word=lambda: voice.pick(v.SOME_WORDS),
        chore_verb=lambda: voice.pick(CHORE_VERBS),
        nonsense=lambda: texts.pseudo_word(voice),
        nonsense2=lambda: texts.pseudo_word(voice),
        spot=rng.choice(SPOTS),
        far=lengths.within(Fraction(1, 100), Fraction(10), voice).text,
        word2=lambda: voice.pick(v.SOME_WORDS),
        verb=lambda: voice.pick(VERBS),
        unknown=lambda: _unknown(voice),
        unknown2=lambda: _unknown(voice),
        n=str(rng.randint(2, 60)),
        n2=str(rng.randint(2, 99)),
    )


def _unknown(voice: Voice) -> str:
    """A verb that nobody can tell what it asks for, or a rare one."""
    return voice.pick(VERBS) if voice.chance(0.7) else texts.pseudo_word(voice)
