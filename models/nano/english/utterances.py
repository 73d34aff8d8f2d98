"""What people want to have said."""

from __future__ import annotations

from qwark_nano.voice import lines

UTTERANCES = lines("""
    hello
    hello there
    hello world
    hello everyone
    hi
    hi there
    good morning
    good morning everyone
    good evening
    good night
    good afternoon, ladies and gentlemen
    goodbye
    bye bye
    see you later
    see you tomorrow
    thank you
    thank you very much
    thanks a lot
    you're welcome
    excuse me
    sorry
    i am sorry
    please
    yes
    no
    maybe
    of course
    well done
    congratulations
    happy birthday
    happy new year
    merry christmas
    good luck
    get well soon
    welcome
    welcome home
    welcome to our house
    how are you
    how do you do
    nice to meet you
    what's your name
    my name is {name}
    i am {name}
    i am a robot
    i am your friend
    i love you
    i love {thing}s
    i like {word}
    dinner is ready
    lunch is ready
    breakfast is served
    the coffee is ready
    the tea is getting cold
    the {thing} is ready
    the {thing} is {quality}
    your {thing} is here
    your parcel has arrived
    your taxi is waiting
    a visitor is at the door
    {name} is at the door
    {name} is here
    {name} says hello
    {person} is waiting for you
    come here {name}
    come in
    come on
    where is {name}
    where is the {thing}
    where is my {thing}
    who is there
    who are you
    what time is it
    what is that
    what a {quality} {thing}
    why not
    help
    help me
    help me please
    watch out
    look out
    be careful
    mind the step
    mind the gap
    attention please
    make way
    out of my way
    step aside please
    please step back
    please wait
    please wait here
    please follow me
    please close the door
    please open the window
    do not touch the {thing}
    don't forget your {thing}
    don't worry
    don't move
    no problem
    never mind
    all clear
    all done
    all systems go
    mission complete
    mission accomplished
    task finished
    i am ready
    i am done
    i am coming
    i am on my way
    i will be back
    i will be right back
    i'll be back in {n} minutes
    i am back from the {room}
    i can't find the {thing}
    i can't do that
    i have found the {thing}
    i have a {thing} for you
    i need help
    i need a {thing}
    i am lost
    i am {feeling}
    i am {n} metres away
    i am {n} years old
    i see a {animal}
    we are {feeling}
    we are late
    we have guests
    let's go
    let's play
    let's dance
    ready steady go
    on your marks, get set, go
    three two one go
    one two three
    one two three four five
    a b c
    to be or not to be
    open sesame
    abracadabra
    hocus pocus
    eureka
    bingo
    cheers
    knock knock
    ding dong
    beep beep
    ho ho ho
    ha ha ha
    la la la
    meow
    woof woof
    cock a doodle doo
    may the force be with you
    live long and prosper
    elementary my dear {name}
    houston we have a problem
    the quick brown fox jumps over the lazy dog
    how much wood would a woodchuck chuck
    she sells sea shells by the sea shore
    peter piper picked a peck of pickled peppers
    an apple a day keeps the doctor away
    better late than never
    no pain no gain
    time is money
    the early bird catches the worm
    every cloud has a silver lining
    practice makes perfect
    the battery is low
    the battery is empty
    the battery is at {n} percent
    the door is open
    the door is locked
    the kitchen is {quality}
    the floor is wet
    the floor is lava
    the show begins in {n} minutes
    the meeting starts at {time}
    the train leaves at {time} from platform {n}
    the bus to {name} is late
    the answer is {n}
    the code is {code}
    the password is {code}
    room {n}
    number {n} please
    {n} out of {n2}
    {n} plus {n2} makes {n3}
    it is {time}
    it is {n} degrees
    it's {n} euros
    it is time for {word}
    it is raining
    it is {adjective} outside
    today is monday
    today is {name}'s birthday
    happy birthday {name}
    happy birthday aunt {name}
    good morning {name}
    good night {name}
    hello {name}
    hello {name}, how are you
    goodbye {name}
    thank you {name}
    welcome {name}
    {name}
    {name} and {name2}
    {name}, {name2} and {name3}
    {name} loves {name2}
    dear {name}
    doctor {name} to room {n}
    message for {name}
    {name}, your {thing} is ready
    call {name}
    tell {name} that {word} is {quality}
    paging mr {name}
    delivery for {name}, room {n}
    lot {n}, {n2}% off, aisle {n3}
    {word} and {word2}
    {word}
    {word}
    {word} {word2}
    {word} {word2} {word3}
    {word} is {quality}
    {word}, {word2}, {word3}
    the {word}
    the {word} of {word2}
    {thing} and {thing2}
    bread and butter
    salt and pepper
    fish and chips
    rock and roll
    now and then
    left and right
    stop
    go
    left
    right
    forward
    red
    green light
    turn left
    stop it
    wait for me
    go away
    look at me
    drop it
    take it
    i said stop
    halt, who goes there
    freeze
    turn left at the lights
    go straight on and then right
    take the second door on the left
    the light is green
    the arm is up
    battery low
    that's enough
    stay where you are
    up and down
    off we go
    back in a minute
    nobody is home
    anybody home
    is anybody there
    are you there
    are you {feeling}
    are you okay
    can i help you
    can you hear me
    could you move, please
    do you like {word}
    do you speak {word}
    do you want a {thing}
    would you like some {word}
    how old are you
    how was your day
    what's up
    what's for dinner
    what do you think
    where are you going
    who wants {word}
    who ate my {word}
    whose {thing} is this
    if you can read this you are too close
    we come in peace
    resistance is futile
    danger, high voltage
    do not enter
    employees only
    fire
    the building is on fire
    please leave the building
    please take a seat
    please take your {thing}
    please hold the line
    please hand me the {thing}
    one moment please
    next please
    sold
    you are {quality}
    you are late
    you look {quality} today
    you have {n} new messages
    you forgot your {thing}
    your turn
    you win
    you lose
    game over
    checkmate
    goal
    hurray
    hip hip hurray
    hooray for {name}
    oh no
    oh my god
    ouch
    oops
    wow
    yay
    yuck
    shh
    hmm
    okay
    okay, boss
    aye aye captain
    yes sir
    roger that
    over and out
    copy that
    affirmative
    negative
    testing testing
    test
    this is a test
    this is only a test
    this is {name} speaking
    this is the {thing}
    this is not a {thing}
""")
FOREIGN = lines("""
    guten Morgen
    Grüß Gott
    auf Wiedersehen
    Wie geht's dir?
    Bitte nicht stören
    Das Essen ist fertig
    Schöne Grüße aus Köln
    Straße gesperrt
    bonjour
    bonne nuit
    Ça va bien, merci
    s'il vous plaît
    Où est la gare ?
    Joyeux Noël
    à bientôt
    déjà vu
    buenos días
    ¿Cómo estás?
    ¡Feliz cumpleaños!
    mañana por la mañana
    ¡Olé!
    El Niño
    bom dia
    Muito obrigado
    Até amanhã
    coração
    pão de queijo
    buongiorno
    Perché no?
    città bella
    arrivederci
    dzień dobry
    Dziękuję bardzo
    żółty
    Łódź
    dobrý den
    Příliš žluťoučký kůň
    jó napot
    köszönöm szépen
    tack så mycket
    God påske
    Hyvää päivää
    Çok teşekkürler
    günaydın
    îmi pare rău
    Здравствуйте
    Доброе утро
    спасибо
    Добрий день
    Καλημέρα
    ευχαριστώ
    שלום
    مرحبا
    नमस्ते
    สวัสดี
    こんにちは
    ありがとう
    はい
    すみません、通ります
    おはようございます
    東京駅
    你好
    谢谢大家
    欢迎光临
    안녕하세요
    감사합니다
    xin chào
    cảm ơn
    aloha
    namaste
    shalom
    salaam aleikum
    moin moin
    servus
    ciao bella
    hola amigo
    sayonara
    c'est la vie
    carpe diem
    veni vidi vici
    kia ora
    Jambo
    Ĉu vi parolas Esperanton?
    naïve façade
    smörgåsbord
    crème brûlée
    jalapeño
    Zürich
    São Paulo
    Reykjavík
    Málaga
""")
