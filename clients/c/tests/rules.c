/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Rules of docs/WIRE.md that a line of random faults tries seldom: each by the very frames that it is about, said to a client one by one.
 */
#include <string.h>

#include "../qwark.h"
#include "check.h"
#include "codec.h"

enum {
    HELLO = 0x01, ESTOP = 0x03, RESET = 0x04, ARM = 0x05, GENERATE = 0x10, ACK = 0x13,
    IDENTIFY = 0x81, PONG = 0x82, SAFETY = 0x83, ERROR = 0x8f, TOKEN = 0x90, ACCEPTED = 0x92, COMMAND_REPLY = 0x93,
    HOUR = 3600000
};

static const uint8_t link_key[QWARK_KEY] = "a key of thirty-two bytes, yes!";

static struct world {
    qwark_client client;
    qwark_config config;
    uint32_t now;
    size_t room; /* bytes that the line takes in a turn of the main loop */
    size_t taken;
    uint8_t frame[MAX_STUFFED]; /* the one that is on its way */
    size_t frame_len;
    unsigned sent[256]; /* whole frames, by kind */
    uint64_t hello_nonce;
    seals with;
    unsigned told[QWARK_EVENT_UPLOAD_ITEM + 1]; /* events, by kind */
    qwark_safety safety;                        /* what the last ones said */
    qwark_error error;
} w;

static void on_sent(const uint8_t *bytes, size_t len) {
    packet p;
    if (len == 0 || !decode(bytes, len, &p)) return; /* broken off */
    w.sent[p.kind]++;
    if (p.kind != HELLO) return;
    read_bytes(&p, 2 + 8);
    w.hello_nonce = read_number(&p, 8);
}

static size_t write_line(void *context, const uint8_t *bytes, size_t len) {
    (void)context;
    size_t taken = 0;
    for (; taken < len && w.taken < w.room; w.taken++, taken++) {
        if (bytes[taken] != 0) {
            w.frame[w.frame_len++] = bytes[taken];
            continue;
        }
        on_sent(w.frame, w.frame_len);
        w.frame_len = 0;
    }
    return taken;
}

static uint64_t next_nonce(void *context) {
    static uint64_t nonce = 1;
    (void)context;
    return nonce++;
}

static void on_event(void *context, const qwark_event *event) {
    (void)context;
    w.told[event->kind]++;
    if (event->kind == QWARK_EVENT_SAFETY) w.safety = event->as.safety;
    if (event->kind == QWARK_EVENT_ERROR) w.error = event->as.error;
}

static uint32_t poll_once(void) {
    w.taken = 0;
    return qwark_poll(&w.client, w.now);
}

static void run(uint32_t ms) {
    for (; ms > 0; ms--, w.now++) poll_once();
}

static void say(const packet *p) {
    uint8_t bytes[MAX_STUFFED];
    qwark_receive(&w.client, bytes, encode(p, &w.with, bytes), w.now);
}

static void say_safety(uint8_t state, uint32_t stop) {
    packet p;
    packet_begin(&p, SAFETY, 0);
    packet_number(&p, state, 1);
    packet_number(&p, stop, 4);
    say(&p);
}

static void say_accepted(int32_t id) {
    packet p;
    packet_begin(&p, ACCEPTED, (uint32_t)id);
    packet_number(&p, 0, 4);
    packet_number(&p, 400, 4);
    say(&p);
}

static void say_token(int32_t id, const char *text) {
    packet p;
    packet_begin(&p, TOKEN, (uint32_t)id);
    packet_number(&p, 0, 4);
    packet_text(&p, text, strlen(text));
    say(&p);
}

static void say_error(int32_t id, uint8_t code, bool ends) {
    packet p;
    packet_begin(&p, ERROR, (uint32_t)id);
    packet_number(&p, code, 1);
    packet_number(&p, ends, 1);
    packet_text(&p, "no", 2);
    say(&p);
}

/* Answers the last Hello. */
static void identify(uint64_t boot_id, uint8_t state, uint32_t stop) {
    packet p;
    w.with.client_nonce = w.hello_nonce;
    w.with.runtime_nonce++;
    w.with.sent = 0;
    packet_begin(&p, IDENTIFY, 0);
    packet_number(&p, 0x0101, 2);
    packet_number(&p, boot_id, 8);
    packet_number(&p, 0, 8);
    packet_number(&p, w.hello_nonce, 8);
    packet_number(&p, w.with.runtime_nonce, 8);
    packet_number(&p, 0, 2 + 4);
    packet_number(&p, state, 1);
    packet_number(&p, stop, 4);
    packet_number(&p, 320, 2);
    packet_bytes(&p, (const uint8_t[27]){0}, 27); /* limits, and no names */
    say(&p);
}

static void set_up(uint16_t heartbeat_ms, const uint8_t *key) {
    qwark_config config;
    memset(&w, 0, sizeof w);
    memset(&config, 0, sizeof config);
    w.room = 1000;
    w.now = 1000;
    w.with.key = key;
    w.with.client = 1;
    w.with.direction = 1;
    config.write = write_line;
    config.nonce = next_nonce;
    config.event = on_event;
    config.client = 1;
    config.name = "rules";
    config.heartbeat_ms = heartbeat_ms;
    config.key = key;
    CHECK(qwark_init(&w.client, &config) == QWARK_OK, "init");
    poll_once();
    CHECK(w.sent[HELLO] == 1, "%u Hellos", w.sent[HELLO]);
}

/* A client without heartbeats whose runtime has said that. */
static void set_up_linked(uint8_t state, uint32_t stop) {
    set_up(0, NULL);
    identify(1, state, stop);
    run(10);
    CHECK(w.told[QWARK_EVENT_SAFETY] == 1 && w.safety.state == state && w.safety.stop == stop, "state %d", w.safety.state);
}

static int32_t ask(uint32_t window) {
    qwark_request request;
    qwark_request_init(&request);
    request.window = window;
    int32_t id = qwark_generate(&w.client, &request);
    CHECK(id > 0, "refused: %d", id);
    return id;
}

static bool lost(void) { return w.told[QWARK_EVENT_LINK_LOST] > 0; }

/* ---- Emergency stop ---- */

static void expect_estops(bool more) {
    unsigned before = w.sent[ESTOP];
    run(300);
    CHECK((w.sent[ESTOP] > before) == more, "%u EStops, then %u", before, w.sent[ESTOP]);
}

/* The EStop is lost, and the line says again how an earlier one was answered. */
static void an_old_stop_confirms_nothing(void) {
    set_up_linked(QWARK_STOPPED, 1);
    say_safety(QWARK_DISARMED, 1);
    say_safety(QWARK_ARMED, 1);
    qwark_estop(&w.client);
    expect_estops(true);
    say_safety(QWARK_STOPPED, 1);
    CHECK(w.safety.state == QWARK_ARMED, "an old stop was told");
    expect_estops(true);
    identify(1, QWARK_STOPPED, 1); /* the runtime was asked, but its answer was overtaken */
    CHECK(w.safety.state == QWARK_ARMED, "an old stop was told");
    expect_estops(true);
    say_safety(QWARK_STOPPED, 2);
    CHECK(w.safety.state == QWARK_STOPPED && w.safety.stop == 2, "stop %u", w.safety.stop);
    expect_estops(false);
}

static void an_identify_confirms_a_stop(void) {
    set_up_linked(QWARK_ARMED, 1);
    qwark_estop(&w.client);
    qwark_reconnect(&w.client);
    run(10);
    identify(1, QWARK_STOPPED, 2);
    expect_estops(false);
}

/* What is stopped already is stopped by another EStop in the same way, and that is told to who asked. */
static void a_stop_may_be_asked_twice(void) {
    set_up_linked(QWARK_STOPPED, 3);
    qwark_estop(&w.client);
    expect_estops(true);
    say_safety(QWARK_STOPPED, 3);
    CHECK(w.told[QWARK_EVENT_SAFETY] == 2, "told %u times", w.told[QWARK_EVENT_SAFETY]);
    expect_estops(false);
}

/* A runtime that restarted, which no one noticed, counts anew. */
static void a_restarted_runtime_confirms_a_stop(void) {
    set_up_linked(QWARK_ARMED, 5);
    qwark_estop(&w.client);
    run(10);
    say_safety(QWARK_STOPPED, 1);
    run(10);
    CHECK(lost() && w.sent[HELLO] == 2, "%u Hellos", w.sent[HELLO]);
    expect_estops(true);
    identify(2, QWARK_STOPPED, 1);
    CHECK(w.safety.state == QWARK_STOPPED && w.safety.stop == 1, "stop %u", w.safety.stop);
    expect_estops(false);
}

static void say_unsealed_stop(uint32_t stop) {
    packet p;
    uint8_t bytes[MAX_STUFFED];
    packet_begin(&p, SAFETY, 0);
    packet_number(&p, QWARK_STOPPED, 1);
    packet_number(&p, stop, 4);
    qwark_receive(&w.client, bytes, encode(&p, NULL, bytes), w.now);
}

/* Whoever can write to a line with a key may stop the robot, but not make its client believe in a stop that was never heard. */
static void a_stop_that_nothing_seals_is_not_remembered(void) {
    set_up(0, link_key);
    identify(1, QWARK_ARMED, 0);
    run(10);
    say_unsealed_stop(0xffffffff);
    CHECK(w.safety.state == QWARK_ARMED && !lost(), "a stop that nobody proved was told");
    qwark_estop(&w.client);
    expect_estops(true);
    say_unsealed_stop(1); /* the runtime has restarted, and knows no session */
    CHECK(w.safety.state == QWARK_ARMED && !w.client.linked, "confirmed in a session, without its seal");
    say_unsealed_stop(1);
    CHECK(w.safety.state == QWARK_STOPPED && w.safety.stop == 1, "stop %u", w.safety.stop);
    expect_estops(false);
    identify(2, QWARK_ARMED, 0);
    CHECK(w.safety.state == QWARK_ARMED, "the runtime's own word counts");
}

/* A button that is held down, on a line that takes less than an EStop in a turn. */
static void a_held_button_stops(void) {
    set_up_linked(QWARK_ARMED, 0);
    w.room = 5;
    for (unsigned turn = 0; turn < 20; turn++) {
        qwark_estop(&w.client);
        run(1);
    }
    CHECK(w.sent[ESTOP] > 0, "each EStop was broken off by the next");
}

/* ---- Safety ---- */

static void expect_told(uint8_t state, uint32_t stop, unsigned times) {
    CHECK(w.safety.state == state && w.safety.stop == stop, "told state %d, stop %u", w.safety.state, w.safety.stop);
    CHECK(w.told[QWARK_EVENT_SAFETY] == times, "told %u times", w.told[QWARK_EVENT_SAFETY]);
}

static void a_late_state_is_ignored(void) {
    set_up_linked(QWARK_ARMED, 1);
    say_safety(QWARK_STOPPED, 2);
    expect_told(QWARK_STOPPED, 2, 2);
    say_safety(QWARK_ARMED, 1);
    say_safety(QWARK_STOPPED, 2);
    expect_told(QWARK_STOPPED, 2, 2);
    say_safety(QWARK_DISARMED, 2);
    say_safety(QWARK_STOPPED, 2);
    say_safety(QWARK_DISARMED, 2);
    expect_told(QWARK_DISARMED, 2, 3);
    say_safety(QWARK_ARMED, 2);
    say_safety(QWARK_DISARMED, 2);
    expect_told(QWARK_ARMED, 2, 4);
    /* Its next start counts anew. */
    qwark_reconnect(&w.client);
    run(10);
    identify(2, QWARK_ARMED, 0);
    expect_told(QWARK_ARMED, 0, 5);
    CHECK(!lost(), "the link is lost");
}

static void expect_no_effect(unsigned errors) {
    CHECK(w.told[QWARK_EVENT_ERROR] == errors && w.error.code == QWARK_ERROR_NO_ANSWER && !w.error.ends, "%u errors, the last of code %d",
          w.told[QWARK_EVENT_ERROR], w.error.code);
}

/* Nothing arms a robot long after it was asked. */
static void an_order_ends_with_the_link(void) {
    set_up_linked(QWARK_DISARMED, 1);
    CHECK(qwark_arm(&w.client, 1) == QWARK_OK, "arm");
    run(10);
    CHECK(w.sent[ARM] == 1, "%u Arms", w.sent[ARM]);
    qwark_reconnect(&w.client);
    run(10);
    expect_no_effect(1);
    w.now += HOUR;
    run(10);
    identify(1, QWARK_DISARMED, 1);
    run(1000);
    CHECK(w.sent[ARM] == 1, "armed an hour late");
    /* And so if nobody answers, which is noticed. */
    CHECK(qwark_arm(&w.client, 1) == QWARK_OK, "arm");
    run(6000);
    CHECK(lost(), "5 s of silence");
    expect_no_effect(2);
    /* Without a link it is not even begun. */
    CHECK(qwark_arm(&w.client, 1) == QWARK_OK, "arm");
    run(10);
    expect_no_effect(3);
    unsigned arms = w.sent[ARM];
    identify(1, QWARK_DISARMED, 1);
    run(1000);
    CHECK(w.sent[ARM] == arms && w.told[QWARK_EVENT_ERROR] == 3, "armed late");
}

/* What an order asks for may be so already. */
static void a_needless_order_is_answered(void) {
    set_up_linked(QWARK_ARMED, 1);
    qwark_arm(&w.client, 1);
    run(10);
    say_safety(QWARK_ARMED, 1);
    expect_told(QWARK_ARMED, 1, 2);
    run(5000);
    CHECK(w.sent[ARM] == 1 && w.told[QWARK_EVENT_ERROR] == 0, "%u Arms", w.sent[ARM]);
}

static void an_arm_ends_while_stopped(void) {
    set_up_linked(QWARK_STOPPED, 1);
    qwark_arm(&w.client, 1);
    run(10);
    say_safety(QWARK_STOPPED, 1);
    expect_no_effect(1);
    run(40000);
    CHECK(w.sent[ARM] == 1 && !lost(), "%u Arms", w.sent[ARM]);
    CHECK(qwark_reset(&w.client, 1) == QWARK_OK, "the order is not over");
}

/* Another stop came before it: the order was not for that one. */
static void an_order_ends_with_another_stop(void) {
    set_up_linked(QWARK_STOPPED, 1);
    qwark_reset(&w.client, 1);
    run(10);
    say_safety(QWARK_STOPPED, 2);
    expect_no_effect(1);
    expect_told(QWARK_STOPPED, 2, 2);
}

/* The link is not to blame for a Reset that is answered, but not done. */
static void an_answered_order_does_not_cost_the_link(void) {
    set_up_linked(QWARK_STOPPED, 1);
    qwark_reset(&w.client, 1);
    for (unsigned answered = 0, i = 0; i < 60000; i++) {
        run(1);
        if (w.sent[RESET] == answered) continue;
        answered = w.sent[RESET];
        say_safety(QWARK_STOPPED, 1);
    }
    CHECK(w.sent[RESET] == 11 && !lost(), "%u Resets", w.sent[RESET]);
    expect_no_effect(1);
}

/* ---- Silence ---- */

/* After 5 seconds, of which `spent` are over, the client says Hello until it is answered. */
static void expect_lost_in_silence(uint32_t spent) {
    run(4990 - spent);
    CHECK(!lost(), "lost too early");
    run(20);
    CHECK(lost() && w.sent[HELLO] == 2, "%u Hellos", w.sent[HELLO]);
    run(10000);
    CHECK(w.sent[HELLO] > 20, "%u Hellos", w.sent[HELLO]);
    identify(2, QWARK_ARMED, 0);
    run(10);
    CHECK(w.told[QWARK_EVENT_IDENTIFIED] == 2, "identified %u times", w.told[QWARK_EVENT_IDENTIFIED]);
}

static void silence_costs_the_link_while_something_is_asked(void) {
    set_up_linked(QWARK_ARMED, 0);
    w.now += HOUR; /* with nothing to wait for; the client does not ask to be polled either */
    int32_t id = ask(0);
    run(10);
    say_accepted(id);
    unsigned asked = w.sent[GENERATE];
    expect_lost_in_silence(0);
    CHECK(w.sent[GENERATE] == asked + 1, "asked %u times", w.sent[GENERATE]);

    set_up_linked(QWARK_ARMED, 0);
    qwark_upload_list(&w.client, 0);
    expect_lost_in_silence(0);

    set_up_linked(QWARK_ARMED, 0);
    qwark_estop(&w.client);
    expect_lost_in_silence(0);

    set_up_linked(QWARK_ARMED, 0);
    run(HOUR);
    CHECK(!lost() && w.sent[HELLO] == 1, "lost without anything to wait for");
}

/* On a link with a key, what has no seal may come from a runtime that has restarted. */
static void unsealed_words_are_silence(void) {
    packet p;
    uint8_t bytes[MAX_STUFFED];
    set_up(0, link_key);
    identify(1, QWARK_ARMED, 0);
    int32_t id = ask(512);
    run(10);
    say_accepted(id);
    packet_begin(&p, PONG, 0);
    packet_number(&p, 7, 4);
    for (unsigned i = 0; i < 4; i++) {
        run(1000);
        qwark_receive(&w.client, bytes, encode(&p, NULL, bytes), w.now);
    }
    CHECK(w.told[QWARK_EVENT_PONG] == 4, "told %u times", w.told[QWARK_EVENT_PONG]);
    expect_lost_in_silence(4000);
}

static void missing_heartbeats_cost_the_link(void) {
    set_up(500, NULL);
    identify(1, QWARK_ARMED, 0);
    run(1490);
    CHECK(!lost(), "lost too early");
    /* Polled no sooner than it asks to be. */
    w.now += poll_once();
    poll_once();
    CHECK(lost() && w.now < 2600, "three heartbeats are missing");
}

/* The time was read before an interrupt brought what is handed over first. */
static void an_older_time_does_no_harm(void) {
    set_up(500, NULL);
    identify(1, QWARK_ARMED, 0);
    int32_t id = ask(512);
    run(10);
    say_accepted(id);
    say_token(id, "north");
    w.now--;
    poll_once();
    CHECK(!lost() && w.sent[GENERATE] == 1, "asked %u times", w.sent[GENERATE]);
}

/* ---- Errors ---- */

static void expect_end(unsigned errors, uint8_t code) {
    unsigned asked = w.sent[GENERATE];
    run(60000);
    CHECK(w.told[QWARK_EVENT_ERROR] == errors && w.error.code == code && w.error.ends, "%u errors", w.told[QWARK_EVENT_ERROR]);
    CHECK(w.sent[GENERATE] == asked && !lost(), "asked again");
}

static void the_first_error_refuses_a_request(void) {
    set_up_linked(QWARK_ARMED, 0);
    int32_t id = ask(512);
    run(10);
    say_error(id, QWARK_ERROR_DENIED, false);
    say_error(id, QWARK_ERROR_DENIED, false);
    expect_end(1, QWARK_ERROR_DENIED);
    CHECK(w.sent[ACK] == 0 && qwark_cancel(&w.client, (uint32_t)id) == QWARK_UNKNOWN_ID, "it goes on");

    id = qwark_upload_list(&w.client, 0);
    run(10);
    say_error(id, QWARK_ERROR_UNSUPPORTED, false);
    expect_end(2, QWARK_ERROR_UNSUPPORTED);
}

static void a_later_error_refuses_a_frame(void) {
    set_up_linked(QWARK_ARMED, 0);
    int32_t id = ask(512);
    run(10);
    say_accepted(id);
    say_error(id, QWARK_ERROR_UNSUPPORTED, false);
    CHECK(w.told[QWARK_EVENT_ERROR] == 1 && !w.error.ends, "%u errors", w.told[QWARK_EVENT_ERROR]);
    /* What was said before the link failed counts, too. */
    qwark_reconnect(&w.client);
    run(10);
    identify(1, QWARK_ARMED, 0);
    run(10);
    say_error(id, QWARK_ERROR_UNSUPPORTED, false);
    CHECK(!w.error.ends && qwark_cancel(&w.client, (uint32_t)id) == QWARK_OK, "the request has ended");
}

static void no_session_is_answered_by_hello(void) {
    set_up_linked(QWARK_ARMED, 0);
    int32_t id = ask(512);
    run(10);
    say_error(id, QWARK_ERROR_NO_SESSION, false);
    run(10);
    CHECK(lost() && w.sent[HELLO] == 2 && w.told[QWARK_EVENT_ERROR] == 0, "%u Hellos", w.sent[HELLO]);
    identify(2, QWARK_ARMED, 0);
    run(10);
    CHECK(w.sent[GENERATE] == 2, "asked %u times", w.sent[GENERATE]);
}

static void an_unknown_id_has_no_end(void) {
    set_up_linked(QWARK_ARMED, 0);
    int32_t id = ask(512);
    run(10);
    qwark_cancel(&w.client, (uint32_t)id);
    run(10);
    say_error(id, QWARK_ERROR_UNKNOWN_ID, true);
    say_error(id, QWARK_ERROR_UNKNOWN_ID, true);
    run(10);
    CHECK(w.told[QWARK_EVENT_ERROR] == 1 && w.error.ends && w.sent[ACK] == 0, "%u Acks", w.sent[ACK]);
    say_error(id, QWARK_ERROR_STOPPED, true);
    run(10);
    CHECK(w.sent[ACK] == 1, "%u Acks", w.sent[ACK]);
}

static void say_command(int32_t id, uint32_t offset, uint32_t len) {
    static const uint8_t bytes[QWARK_MAX_COMMAND + 1] = {0};
    packet p;
    packet_begin(&p, COMMAND_REPLY, (uint32_t)id);
    packet_number(&p, offset, 4);
    packet_text(&p, bytes, len);
    say(&p);
}

static int32_t ask_commands(void) {
    qwark_sentence sentence;
    qwark_sentence_init(&sentence, 7);
    sentence.text = qwark_string("go");
    int32_t id = qwark_command(&w.client, &sentence);
    CHECK(id > 0, "refused: %d", id);
    run(10);
    return id;
}

/* After a restart a runtime may answer otherwise: what goes on within a command that was told is not acted on. */
static void commands_that_do_not_go_on_are_an_error(void) {
    set_up_linked(QWARK_ARMED, 0);
    int32_t id = ask_commands();
    say_command(id, 0, 5);
    say_command(id, 0, 5);
    say_command(id, 7, 2);
    say_command(id, 2, 3);
    CHECK(w.told[QWARK_EVENT_COMMAND] == 1 && w.told[QWARK_EVENT_ERROR] == 0, "%u commands", w.told[QWARK_EVENT_COMMAND]);
    say_command(id, 5, 2);
    say_command(id, 5, 8);
    CHECK(w.told[QWARK_EVENT_COMMAND] == 2 && w.told[QWARK_EVENT_ERROR] == 1, "%u commands", w.told[QWARK_EVENT_COMMAND]);
    CHECK(w.error.code == QWARK_ERROR_INTEGRITY && w.error.ends, "code %u", w.error.code);
    CHECK(qwark_cancel(&w.client, (uint32_t)id) == QWARK_UNKNOWN_ID, "the request goes on");
}

static void each_request_is_answered_in_its_kind(void) {
    set_up_linked(QWARK_ARMED, 0);
    int32_t sentence = ask_commands(), question = ask(512);
    run(10);
    say_token(sentence, "go");
    say_command(question, 0, 2);
    say_command(sentence, 0, QWARK_MAX_COMMAND + 1);
    say_command(sentence, 0, 0);
    CHECK(w.told[QWARK_EVENT_TEXT] == 0 && w.told[QWARK_EVENT_COMMAND] == 0, "%u texts", w.told[QWARK_EVENT_TEXT]);
    say_command(sentence, 0, QWARK_MAX_COMMAND);
    CHECK(w.told[QWARK_EVENT_COMMAND] == 1, "the longest command is not taken");
}

static void what_cannot_be_asked_is_refused_at_once(void) {
    static const uint8_t bytes[QWARK_MAX_COMMAND + 1] = {0};
    qwark_sentence sentence;
    qwark_request request;
    set_up_linked(QWARK_ARMED, 0);
    qwark_sentence_init(&sentence, 7);
    sentence.fallback = bytes;
    CHECK(qwark_command(&w.client, &sentence) == QWARK_INVALID, "an empty fallback");
    sentence.fallback_len = sizeof bytes;
    CHECK(qwark_command(&w.client, &sentence) == QWARK_INVALID, "a fallback that is too long");
    qwark_request_init(&request);
    request.grammar = QWARK_REGEX;
    CHECK(qwark_generate(&w.client, &request) == QWARK_INVALID, "a grammar that is not named");
}

int main(void) {
    an_old_stop_confirms_nothing();
    an_identify_confirms_a_stop();
    a_stop_may_be_asked_twice();
    a_restarted_runtime_confirms_a_stop();
    a_stop_that_nothing_seals_is_not_remembered();
    a_held_button_stops();
    a_late_state_is_ignored();
    an_order_ends_with_the_link();
    a_needless_order_is_answered();
    an_arm_ends_while_stopped();
    an_order_ends_with_another_stop();
    an_answered_order_does_not_cost_the_link();
    silence_costs_the_link_while_something_is_asked();
    unsealed_words_are_silence();
    missing_heartbeats_cost_the_link();
    an_older_time_does_no_harm();
    the_first_error_refuses_a_request();
    a_later_error_refuses_a_frame();
    no_session_is_answered_by_hello();
    an_unknown_id_has_no_end();
    commands_that_do_not_go_on_are_an_error();
    each_request_is_answered_in_its_kind();
    what_cannot_be_asked_is_refused_at_once();
    printf("rules: held\n");
    return 0;
}
