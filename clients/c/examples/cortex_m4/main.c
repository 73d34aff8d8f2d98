/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a robot's controller does with a language module, once through: it asks, shows the answer as it comes, has a sentence made
 * commands, cancels an answer that is too long, stops everything, finds requests refused, resets, arms and asks again. Each step says PASS or FAIL with its figures;
 * the exit status of the emulator is that of the whole.
 */
#include "board.h"
#include "qwark.h"
#include "rover.h"

#define LINK_LIMIT 120000u /* ms until the runtime must have answered; it may be started after the board */
#define STEP_LIMIT 60000u  /* ms for anything else */
#define SHORT_ANSWER 24u   /* tokens */
#define LONG_ANSWER 100000u
#define ENOUGH_TEXT 40u    /* bytes of an answer, after which it is cancelled or stopped */

static qwark_client client;

/* What was told last. */
static struct {
    bool linked;
    qwark_safety safety;
    /* The request under way */
    uint32_t id, bytes, hash, commands;
    bool accepted, ended, in_order;
    uint8_t reason, error;
    qwark_done done;
} state;

static uint64_t random_state;

/* xorshift64*, Vigna 2014. */
static uint64_t draw(void *context) {
    (void)context;
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * 0x2545f4914f6cdd1du;
}

static void on_text(const qwark_piece *text) {
    if (text->offset != state.bytes) state.in_order = false;
    state.bytes += text->len;
    for (uint32_t i = 0; i < text->len; i++) state.hash = (state.hash ^ (uint8_t)text->at[i]) * 16777619u; /* FNV-1a */
    board_print_bytes(text->at, text->len);
}

/* A command as the code that was generated from the set reads it. */
static void on_command(const qwark_command_bytes *bytes) {
    rover_command_t command;
    if (bytes->offset != state.bytes) state.in_order = false;
    if (rover_decode(bytes->at, bytes->len, &command) != ROVER_OK) state.in_order = false;
    state.bytes += bytes->len;
    state.commands++;
    board_print("command ");
    board_print_number((uint32_t)command.kind);
    board_print("\n");
}

static void on_event(void *context, const qwark_event *event) {
    (void)context;
    if (event->kind == QWARK_EVENT_IDENTIFIED) state.linked = true;
    if (event->kind == QWARK_EVENT_LINK_LOST) state.linked = false;
    if (event->kind == QWARK_EVENT_SAFETY) state.safety = event->as.safety;
    if (event->id != state.id || event->id == 0) return;
    if (event->kind == QWARK_EVENT_ACCEPTED) state.accepted = true;
    if (event->kind == QWARK_EVENT_TEXT) on_text(&event->as.text);
    if (event->kind == QWARK_EVENT_COMMAND) on_command(&event->as.command);
    if (event->kind == QWARK_EVENT_DONE) {
        state.ended = true;
        state.reason = event->as.done.reason;
        state.done = event->as.done;
    }
    if (event->kind == QWARK_EVENT_ERROR) {
        state.ended = state.ended || event->as.error.ends;
        state.error = event->as.error.code;
    }
}

/* ---- Waiting for something ---- */

static bool is_linked(void) { return state.linked; }
static bool has_ended(void) { return state.ended; }
static bool has_text(void) { return state.bytes >= ENOUGH_TEXT || state.ended; }
static bool is_stopped(void) { return state.safety.state == QWARK_STOPPED; }
static bool is_disarmed(void) { return state.safety.state == QWARK_DISARMED; }
static bool is_armed(void) { return state.safety.state == QWARK_ARMED; }

/* The main loop, until a condition holds. Returns the milliseconds that it took, or `limit` if it did not. */
static uint32_t run_until(bool (*holds)(void), uint32_t limit) {
    uint32_t start = board_millis();
    while (!holds()) {
        uint8_t bytes[64];
        uint32_t now = board_millis();
        if (now - start >= limit) return limit;
        qwark_receive(&client, bytes, board_read(bytes, sizeof bytes), now);
        qwark_poll(&client, now);
        board_wait();
    }
    return board_millis() - start;
}

/* ---- Steps ---- */

static void print_figure(const char *name, uint32_t number) {
    board_print(" ");
    board_print(name);
    board_print("=");
    board_print_number(number);
}

static bool report(bool passed, const char *step, uint32_t ms) {
    board_print(passed ? "\nPASS: " : "\nFAIL: ");
    board_print(step);
    print_figure("ms", ms);
    print_figure("safety", state.safety.state);
    board_print("\n");
    return passed;
}

/* With the figures of the last request. */
static bool report_request(bool passed, const char *step, uint32_t ms) {
    report(passed, step, ms);
    board_print("      ");
    print_figure("bytes", state.bytes);
    print_figure("reason", state.reason);
    print_figure("error", state.error);
    print_figure("output_tokens", state.done.output_tokens);
    print_figure("first_token_us", (uint32_t)state.done.first_token_us);
    print_figure("total_us", (uint32_t)state.done.total_us);
    board_print("\n");
    return passed;
}

/* Forgets the request before. */
static void begin(void) {
    qwark_safety safety = state.safety;
    memset(&state, 0, sizeof state);
    state.linked = true;
    state.safety = safety;
    state.hash = 2166136261u;
    state.in_order = true;
}

static void begun(int32_t id) {
    state.id = id > 0 ? (uint32_t)id : 0;
    state.ended = id <= 0;
}

static void ask(uint32_t max_tokens) {
    qwark_request request;
    qwark_request_init(&request);
    request.prompt = qwark_string("The rover drives forward and turns left at the door.");
    request.form = QWARK_RAW;
    request.window = 512;
    request.sampling.max_tokens = max_tokens;
    begin();
    begun(qwark_generate(&client, &request));
}

static bool answered(void) {
    return state.accepted && state.ended && state.in_order && state.error == 0 && state.bytes > 0 && state.bytes == state.done.text_len;
}

static bool ask_and_read(const char *step) {
    ask(SHORT_ANSWER);
    uint32_t ms = run_until(has_ended, STEP_LIMIT);
    return report_request(answered() && (state.reason == QWARK_REASON_LENGTH || state.reason == QWARK_REASON_STOP), step, ms);
}

static bool obey(uint32_t set, const char *step, uint8_t error) {
    static const uint8_t stop = ROVER_STOP;
    qwark_sentence sentence;
    qwark_sentence_init(&sentence, set);
    sentence.text = qwark_string("Drive forward and turn left at the door.");
    sentence.fallback = &stop;
    sentence.fallback_len = sizeof stop;
    sentence.window = 64;
    begin();
    begun(qwark_command(&client, &sentence));
    uint32_t ms = run_until(has_ended, STEP_LIMIT);
    bool obeyed = answered() && state.commands > 0 && state.reason == QWARK_REASON_STOP;
    return report_request(error == 0 ? obeyed : state.error == error && state.bytes == 0, step, ms);
}

static bool cancel(void) {
    ask(LONG_ANSWER);
    run_until(has_text, STEP_LIMIT);
    bool running = !state.ended;
    qwark_cancel(&client, state.id);
    uint32_t ms = run_until(has_ended, STEP_LIMIT);
    return report_request(running && answered() && state.reason == QWARK_REASON_CANCELLED, "a long answer is cancelled", ms);
}

static bool stop(void) {
    ask(LONG_ANSWER);
    run_until(has_text, STEP_LIMIT);
    bool running = !state.ended;
    qwark_estop(&client);
    uint32_t ms = run_until(is_stopped, STEP_LIMIT);
    run_until(has_ended, STEP_LIMIT);
    bool ended = answered() && state.reason == QWARK_REASON_STOPPED;
    return report_request(running && is_stopped() && ended, "an emergency stop ends an answer", ms);
}

static bool refused(const char *step, uint8_t code) {
    ask(SHORT_ANSWER);
    uint32_t ms = run_until(has_ended, STEP_LIMIT);
    return report_request(state.error == code && state.bytes == 0, step, ms);
}

static bool reset(void) {
    qwark_reset(&client, state.safety.stop);
    uint32_t ms = run_until(is_disarmed, STEP_LIMIT);
    return report(is_disarmed(), "reset", ms);
}

static bool arm(void) {
    qwark_arm(&client, state.safety.stop);
    uint32_t ms = run_until(is_armed, STEP_LIMIT);
    return report(is_armed(), "arm", ms);
}

static bool all_steps(void) {
    uint32_t ms = run_until(is_linked, LINK_LIMIT);
    if (!report(state.linked && is_armed(), "the runtime identifies itself", ms)) return false;
    if (!ask_and_read("an answer is streamed")) return false;
    uint32_t hash = state.hash;
    if (!obey(ROVER_SET_ID, "a sentence becomes commands", 0)) return false;
    if (!obey(ROVER_SET_ID ^ 1, "another command set is refused", QWARK_ERROR_PARAMETER)) return false;
    if (!cancel() || !stop()) return false;
    if (!refused("a request is refused while stopped", QWARK_ERROR_STOPPED)) return false;
    if (!reset()) return false;
    if (!refused("a request is refused while disarmed", QWARK_ERROR_DISARMED)) return false;
    if (!arm()) return false;
    if (!ask_and_read("an answer after arming")) return false;
    return report(state.hash == hash, "it is the first answer again", 0);
}

static void print_line(void) {
    const qwark_counters *line = qwark_line(&client);
    board_print("line:");
    print_figure("sent", line->sent);
    print_figure("received", line->received);
    print_figure("retransmitted", line->retransmitted);
    print_figure("damaged", line->bad_stuffing + line->too_short + line->too_long + line->bad_crc + line->bad_length);
    print_figure("missing", line->missing);
    print_figure("overruns", board_overruns());
    board_print("\n");
}

int main(void) {
    static const qwark_config zero;
    qwark_config config = zero;
    board_start();
    random_state = board_seed();
    config.write = board_write;
    config.nonce = draw;
    config.event = on_event;
    config.client = draw(NULL);
    config.name = "cortex-m4";
    config.heartbeat_ms = 500;
    config.baud = BOARD_BAUD;
    qwark_init(&client, &config);
    bool passed = all_steps();
    print_line();
    board_print(passed ? "PASS: all steps\n" : "FAIL\n");
    board_exit(passed);
    return 0;
}
