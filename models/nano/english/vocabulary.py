"""Words of everyday English, for small talk, for things to grab and to say, and for requests that no robot fulfils."""

from __future__ import annotations

from qwark_nano.voice import Choices, words

THINGS = words("""
    ball cup bottle mug glass plate bowl spoon fork knife pen pencil book newspaper magazine letter parcel package box crate basket bag
    backpack suitcase wallet purse key keys phone remote remote_control charger cable battery torch lamp candle match lighter coin card
    sock shoe sneaker boot hat cap scarf glove shirt jacket sweater towel blanket pillow cushion toy doll teddy teddy_bear block brick
    cube cylinder sphere ring stick rod pipe tube wire rope string ribbon tape scissors screwdriver hammer wrench spanner pliers drill
    saw nail screw bolt nut washer gear wheel tyre spring magnet chip board sensor camera tripod lens apple banana orange lemon pear
    peach plum grape cherry strawberry potato tomato onion carrot pepper cucumber cabbage lettuce mushroom egg bread cheese butter milk
    juice coke soda beer wine water_bottle can tin jar lid cork napkin tissue tissue_box sponge brush broom mop bucket hose trowel pot
    pan kettle tray teapot teacup saucer sugar salt_shaker chocolate_bar biscuit cookie cake sandwich pizza_box cereal rock stone pebble
    leaf flower rose tulip feather shell branch log bone mouse rat duck rubber_duck dinosaur car truck train plane boat figurine puzzle
    dice domino chess_piece marker crayon eraser ruler notebook folder envelope stamp clip paperclip stapler mouse_pad keyboard headset
    microphone speaker usb_stick disk pill pill_box medicine bandage thermometer comb toothbrush soap shampoo mirror umbrella walking_stick
    glasses sunglasses watch bracelet necklace earring trophy medal flag balloon kite frisbee racket bat dart arrow glue slipper tennis_ball
    golf_ball football marble bead button zip needle thread wool lunchbox thermos straw ladle whisk peg clothes_peg hanger tool specimen
    sample test_tube flask beaker yoghurt lollipop peanut walnut acorn pine_cone handle lever rag cloth paper sheet_of_paper piece_of_paper
    receipt ticket leash dog_toy cat_toy thing object item stuff part piece cone
""")
COLOURS = words("red green blue yellow white black grey brown pink purple orange golden silver", keep=False)
QUALITIES = words("""
    big small little tiny large heavy light old new broken empty full round square flat long short thin thick soft hard wet dry dirty
    clean shiny rusty wooden plastic metal glass cheap expensive fragile fancy funny weird strange lovely nice pretty ugly favourite
    other first second next last leftover spare lost missing stupid precious
""")
PEOPLE = words("""
    grandma grandpa mum mom dad my_mother my_father my_sister my_brother my_wife my_husband my_son my_daughter my_boss my_friend
    the_neighbour the_postman the_doctor the_nurse the_visitor the_teacher the_kids the_children the_baby the_boys the_girls everyone
    everybody somebody someone nobody the_guests the_team the_students the_patient the_driver the_delivery_man the_engineer the_plumber
    aunt_mary uncle_bob auntie granny the_cleaner the_professor the_audience my_colleague my_flatmate the_others the_guy_with_the_hat
""")
NAMES = words("""
    Anna Ben Carla David Emma Felix Grace Henry Ida Jack Karen Leo Mia Noah Olivia Paul Quentin Rosa Sam Tina Umar Vera Will Xenia Yusuf
    Zoe Alice Bob Charlie Dora Erik Fatima George Hannah Ivan Julia Kevin Laura Martin Nina Oscar Priya Rahul Sofia Thomas Ursula Victor
    Wendy Ximena Yara Zack Mohammed Aisha Chen Li_Wei Hiroshi Yuki Akira Olga Dmitri Svetlana Jürgen Björn Søren Åsa Łukasz Zofia José
    María Iñigo François Chloé Zoë Renée André Müller O'Brien O'Connor McDonald D'Angelo Smith-Jones Van_der_Berg de_Souza Nguyen
    Mrs_Miller Mr_Smith Ms_Lee Dr_Brown Professor_Oak Captain_Picard Sir_Arthur Lady_Jane Grandma_Rose Uncle_Joe
""")
ANIMALS = words("cat dog puppy kitten hamster parrot rabbit bird mouse spider fly bee wasp turtle goldfish pony")
ROOMS = words("""
    garage bedroom bathroom toilet garden office hallway hall corridor cellar basement attic balcony terrace porch garden_shed shed
    living_room dining_room study library nursery playroom laundry_room pantry cupboard closet wardrobe fridge freezer oven stove sink
    bathtub shower bed cot desk bookshelf shelf piano fireplace stairs staircase lift elevator roof street park school supermarket shop
    station airport hospital church beach moon gym pool swimming_pool car driveway gate fence mailbox workshop lab laboratory warehouse
    reception lobby classroom canteen meeting_room conference_room server_room playground bus_stop town city_centre bakery pub
    neighbours'_house printer coffee_machine tv television vending_machine washing_machine bin recycling_bin tree barn stable
    landing utility_room guest_room spare_room conservatory patio greenhouse entrance exit rug carpet chair armchair bench radiator
""")
FEELINGS = words("""
    tired hungry thirsty happy sad bored cold hot busy late early ready sick ill scared worried excited lonely angry confused sleepy
    in_a_hurry fine lost stuck alone blind drunk curious impressed delighted on_the_phone in_a_meeting
""")
ADJECTIVES = words("""
    nice lovely warm cold dark bright loud quiet late early strange beautiful boring great awful terrible wonderful messy crowded empty
    slippery dangerous safe dusty sunny rainy windy foggy freezing gloomy hot chilly funny brilliant noisy dim narrow tidy wet
""")
SOME_WORDS = words("""
    able about above accident account across action afraid afternoon age agree airport album alarm alien almost alone alphabet already
    always amazing anchor ancient angel animal answer antelope apartment army art asteroid atom august autumn avocado awake baker balance
    bamboo banner barber bargain battle beacon beard beauty because before begin believe better bicycle birthday bishop blossom bonfire
    border borrow bottom brave breakfast breathe bridge brilliant brother bubble budget buffalo builder bumble business butterfly
    cactus calendar candy canyon captain caravan careful castle caution celebrate cello century champion change chapter cheerful
    chimney choir cinema circus citizen city clever climate cloud coast coffee comet common concert copper coral corner cosmos cottage
    country courage cousin cowboy cradle crazy creature cricket crocodile crystal culture curious curtain cycle daily dancer danger
    daughter dawn december delicious delta dentist desert dessert detective diamond dictionary dinner dolphin donkey double dragon dream
    eagle earth east easter easy echo eclipse editor elephant eleven emerald empire energy engine enjoy evening every evidence exam
    example excellent fabric factory fairy falcon family famous farmer fashion father february festival fiction finger finish flamingo
    flavour forest forever forgive fortune fountain freedom french friday friend frozen future galaxy gallery garlic genius gentle ghost
    giant ginger giraffe glacier global glory goodbye gorilla government grammar grandfather granite gravity guitar habit hammock
    happen harbour harvest heaven helmet helpful heritage hero hippo history holiday honest honey horizon horse hospital hotel hundred
    hurricane iceberg idea igloo imagine important india industry insect island ivory jaguar january jasmine jazz jelly jewel jigsaw
    journey judge july jungle june jupiter kangaroo kingdom kiwi knight koala ladder language lantern laptop laughter lavender lawyer
    legend lemonade leopard lesson library lighthouse lightning lizard lobster logic lottery lucky lunar lunch machine magic mango
    manual maple march market marvel meadow melody memory mercury message meteor midnight million miracle mission monday monkey monster
    morning mosquito mother motor mountain museum music mystery nature nebula nephew neptune never night noodle normal north notice
    november number oasis ocean octopus october olive opera orbit orchestra orchid ostrich otter oxygen oyster paint palace panda panther
    parade paradise parrot party passenger peace peanut penguin people perfect person pepper phantom photo physics picnic picture
    pigeon pilot pirate planet plastic platform poem police pony popcorn possible potato power present president prince problem
    promise public pumpkin puppet purple pyramid quality queen question quick rabbit radio rainbow rainy reason recipe record river rocket
    royal safari salad salmon sandwich saturday saturn sausage science season secret september shadow shark shelter silence silver
    singer sister skeleton snail soldier south spaghetti sparrow special spider spirit spring squirrel station statue storm story
    strange strawberry student submarine summer sunday sunset surprise sweet system talent taxi teacher temple tennis theatre thunder
    thursday tiger together tomorrow tornado tourist tower tradition traffic treasure triangle trouble tuesday tunnel turkey turtle
    umbrella uncle unicorn universe valley vampire vegetable velvet venus victory village violin visitor volcano voyage walrus wealth
    weather wednesday weekend welcome west whale whisper winter wizard wonder world yellow yesterday yoga young zebra zero zombie
    gravitational onomatopoeia rhododendron bureaucracy quinoa gazpacho entrepreneur chrysanthemum xylophone hippopotamus pneumonia
    rendezvous labyrinth kaleidoscope juxtaposition serendipity zucchini worcestershire pterodactyl antidisestablishmentarianism
""")
LETTERS = Choices("abcdefghijklmnopqrstuvwxyz")
