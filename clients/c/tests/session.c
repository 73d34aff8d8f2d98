/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A client and a runtime at the two ends of a line that loses, damages, repeats and invents bytes: every answer arrives complete,
 * each byte of it once, and its end once; and so after a cancel, an emergency stop, a pulled cable and a restart.
 *
 *     session [SEEDS]      default: 20 lines of each kind
 */
#include <string.h>

#include "../qwark.h"
#include "check.h"
#include "line.h"
#include "runtime.h"

enum { ASKS = 8, LONGEST_ANSWER = 8192, LONGEST_PROMPT = 3000, ENDLESS = 20000 };

/* A request, and what was told about it. */
typedef struct ask {
    int32_t id;
    bool is_sentence;
    uint32_t text_crc, received, accepted, ends;
    uint8_t reason, error;
    qwark_done done;
} ask;

/* One line with both ends. */
static struct world {
    uint32_t now;
    line up, down;
    runtime runtime;
    qwark_client client;
    uint64_t seed;
    ask asks[ASKS];
    unsigned ask_count;
    uint32_t identified, lost, pongs, heartbeats, orders_failed;
    bool up_cut; /* nothing of what the client sends arrives */
    qwark_safety safety;
    uint32_t upload_ends, items;
    uint8_t upload_state;
    qwark_upload_item item;
} w;

static char prompt[LONGEST_PROMPT];
static const uint8_t link_key[QWARK_KEY] = "a key of thirty-two bytes, yes!";

static size_t write_up(void *context, const uint8_t *bytes, size_t len) {
    (void)context;
    /* A part only, now and then. */
    return line_write(&w.up, bytes, len > 7 && draw_below(&w.seed, 2) ? 7 : len);
}

static uint64_t next_nonce(void *context) {
    (void)context;
    return draw(&w.seed);
}

static ask *find_ask(uint32_t id) {
    for (unsigned i = 0; i < w.ask_count; i++) {
        if ((uint32_t)w.asks[i].id == id) return &w.asks[i];
    }
    return NULL;
}

static void on_text(ask *a, const qwark_piece *text) {
    CHECK(a->accepted == 1 && a->ends == 0, "text before Accepted or after the end");
    CHECK(text->offset == a->received && text->len > 0, "at %u, not %u", text->offset, a->received);
    for (uint32_t i = 0; i < text->len; i++) {
        CHECK((uint8_t)text->at[i] == answer_byte(a->text_crc, a->received + i), "byte %u differs", a->received + i);
    }
    a->received += text->len;
}

static void on_command(ask *a, const qwark_command_bytes *command) {
    CHECK(a->is_sentence && command->len == COMMAND_BYTES, "%u bytes are no command", command->len);
    qwark_piece text;
    text.offset = command->offset;
    text.len = command->len;
    text.at = (const char *)command->at;
    on_text(a, &text);
}

static void on_event(void *context, const qwark_event *event) {
    (void)context;
    ask *a = find_ask(event->id);
    switch (event->kind) {
    case QWARK_EVENT_IDENTIFIED: w.identified++; break;
    case QWARK_EVENT_LINK_LOST: w.lost++; break;
    case QWARK_EVENT_ACCEPTED: a->accepted++; break;
    case QWARK_EVENT_TEXT:
        CHECK(!a->is_sentence, "text for a sentence");
        on_text(a, &event->as.text);
        break;
    case QWARK_EVENT_COMMAND: on_command(a, &event->as.command); break;
    case QWARK_EVENT_DONE:
        a->ends++;
        a->reason = event->as.done.reason;
        a->done = event->as.done;
        CHECK(a->received == event->as.done.text_len, "%u bytes of %u", a->received, event->as.done.text_len);
        break;
    case QWARK_EVENT_ERROR:
        if (a) {
            a->ends += event->as.error.ends;
            a->error = event->as.error.code;
        } else {
            w.orders_failed += event->as.error.code == QWARK_ERROR_NO_ANSWER;
        }
        break;
    case QWARK_EVENT_HEARTBEAT: w.heartbeats++; break;
    case QWARK_EVENT_SAFETY: w.safety = event->as.safety; break;
    case QWARK_EVENT_PONG: w.pongs += event->as.pong == 77; break;
    case QWARK_EVENT_UPLOAD:
        w.upload_state = event->as.upload.state;
        w.upload_ends += w.upload_state != QWARK_UPLOAD_RECEIVING;
        break;
    case QWARK_EVENT_UPLOAD_ITEM:
        w.items++;
        w.item = event->as.item;
        break;
    default: CHECK(false, "event %d", event->kind);
    }
}

typedef struct kind {
    const char *name;
    uint32_t hit_per_mille, bytes_per_ms;
    uint16_t heartbeat_ms;
    uint32_t start; /* of the clock */
    bool sealed;
} kind;

static const kind kinds[] = {
    {"clean", 0, 100, 500, 0, false},
    {"1 %", 10, 100, 500, 0, false},
    {"10 %", 100, 100, 500, 0, false},
    {"30 %", 300, 100, 500, 0, false},
    {"10 % at 115,200 baud, the clock wraps", 100, 11, 500, 0xfffff000, false},
    {"10 % at 19,200 baud", 100, 2, 1000, 0x7ffff000, false},
    {"10 %, no heartbeat", 100, 100, 0, 0, false},
    {"clean, sealed", 0, 100, 500, 0, true},
    {"10 %, sealed", 100, 100, 500, 0, true},
};

static void set_up(const kind *k, uint64_t seed) {
    qwark_config config;
    memset(&w, 0, sizeof w);
    memset(&config, 0, sizeof config);
    w.now = k->start;
    w.seed = seed * 0x9e3779b97f4a7c15;
    w.up.seed = draw(&w.seed);
    w.down.seed = draw(&w.seed);
    w.up.hit_per_mille = w.down.hit_per_mille = k->hit_per_mille;
    w.up.bytes_per_ms = w.down.bytes_per_ms = k->bytes_per_ms;
    w.up.buffer = 360; /* a frame and little more */
    w.down.buffer = LINE_ROOM / 2;
    w.runtime.out = &w.down;
    w.runtime.key = k->sealed ? link_key : NULL;
    w.runtime.nonces = draw(&w.seed);
    runtime_start(&w.runtime, draw(&w.seed));
    config.write = write_up;
    config.nonce = next_nonce;
    config.event = on_event;
    config.client = draw(&w.seed);
    config.name = "test";
    config.heartbeat_ms = k->heartbeat_ms;
    config.key = w.runtime.key;
    CHECK(qwark_init(&w.client, &config) == QWARK_OK, "init");
}

static void run(uint32_t ms) {
    uint8_t bytes[256];
    for (; ms > 0; ms--, w.now++) {
        if (!w.runtime.deaf) {
            size_t len = line_read(&w.up, bytes, sizeof bytes);
            if (!w.up_cut) runtime_receive(&w.runtime, bytes, len, w.now);
            qwark_receive(&w.client, bytes, line_read(&w.down, bytes, sizeof bytes), w.now);
        }
        runtime_step(&w.runtime, w.now);
        qwark_poll(&w.client, w.now);
    }
}

#define RUN_UNTIL(condition, limit_ms)                                                                                                   \
    do {                                                                                                                                 \
        uint32_t left = (limit_ms);                                                                                                      \
        while (!(condition) && left-- > 0) run(1);                                                                                       \
        CHECK(condition, "not within %u ms", (unsigned)(limit_ms));                                                                      \
    } while (0)

/* Asks with a prompt of so many bytes, of which the first third is system text if there is one. */
static ask *start_ask(uint32_t prompt_len, bool with_system, uint32_t tokens, uint32_t window) {
    qwark_request request;
    CHECK(w.ask_count < ASKS, "too many");
    ask *a = &w.asks[w.ask_count];
    memset(a, 0, sizeof *a);
    qwark_request_init(&request);
    uint32_t system_len = with_system ? prompt_len / 3 : 0;
    uint32_t at = draw_below(&w.seed, LONGEST_PROMPT - prompt_len + 1);
    if (with_system) {
        request.system.at = prompt + at;
        request.system.len = system_len;
    }
    request.prompt.at = prompt + at + system_len;
    request.prompt.len = prompt_len - system_len;
    request.window = window;
    request.sampling.max_tokens = tokens;
    a->text_crc = codec_crc((const uint8_t *)prompt + at, prompt_len);
    a->id = qwark_generate(&w.client, &request);
    CHECK(a->id > 0, "refused: %d", a->id);
    w.ask_count++;
    return a;
}

/* Asks with a sentence of so many bytes for so many commands. */
static ask *start_sentence(uint32_t len, uint32_t commands, uint32_t window) {
    static const uint8_t fallback[QWARK_MAX_COMMAND] = {1};
    qwark_sentence sentence;
    CHECK(w.ask_count < ASKS, "too many");
    ask *a = &w.asks[w.ask_count];
    memset(a, 0, sizeof *a);
    a->is_sentence = true;
    qwark_sentence_init(&sentence, commands);
    sentence.text.at = prompt + draw_below(&w.seed, LONGEST_PROMPT - len + 1);
    sentence.text.len = len;
    sentence.window = window;
    sentence.fallback = fallback;
    sentence.fallback_len = sizeof fallback;
    a->text_crc = codec_crc((const uint8_t *)sentence.text.at, len);
    a->id = qwark_command(&w.client, &sentence);
    CHECK(a->id > 0, "refused: %d", a->id);
    w.ask_count++;
    return a;
}

static bool all_ended(void) {
    for (unsigned i = 0; i < w.ask_count; i++) {
        if (w.asks[i].ends == 0) return false;
    }
    return true;
}

/* What must hold in the end, also after everything that was late has arrived. */
static void check_told_once(void) {
    run(20000);
    for (unsigned i = 0; i < w.ask_count; i++) CHECK(w.asks[i].ends == 1, "request %u: %u ends", i, w.asks[i].ends);
    CHECK(w.runtime.corrupted == 0, "%u texts arrived corrupted", w.runtime.corrupted);
}

static void check_ends(void) {
    check_told_once();
    /* On a line that is much worse, all of ten acknowledgements may be lost. */
    for (unsigned i = 0; i < REPLIES && w.up.hit_per_mille <= 100; i++) {
        const reply *y = &w.runtime.replies[i];
        CHECK(!y->used || y->end_acknowledged, "an end is not acknowledged");
    }
}

static void test_answers(void) {
    static const struct { uint32_t prompt, tokens, window; bool system; } asked[ASKS] = {
        {5, 1, 1024, false}, {3000, 300, 64, true}, {0, 40, 1024, false}, {150, 0, 1024, true},
        {151, 200, 1, false}, {700, 700, 300, true}, {1, 500, 4096, false}, {2999, 3, 1024, true},
    };
    unsigned next = 0;
    for (uint32_t ms = 0; next < ASKS || !all_ended(); ms++) {
        CHECK(ms < 600000, "not within ten minutes");
        unsigned running = 0;
        for (unsigned i = 0; i < w.ask_count; i++) running += w.asks[i].ends == 0;
        /* Some are asked before there is a link. */
        if (next < ASKS && running < QWARK_MAX_REQUESTS && draw_below(&w.seed, 20) == 0) {
            start_ask(asked[next].prompt, asked[next].system, asked[next].tokens, asked[next].window);
            next++;
        }
        run(1);
    }
    check_ends();
    for (unsigned i = 0; i < ASKS; i++) {
        CHECK(w.asks[i].reason == QWARK_REASON_LENGTH && w.asks[i].received == 3 * asked[i].tokens, "%u bytes", w.asks[i].received);
    }
    CHECK(w.runtime.started == ASKS, "%u answers to %d requests", w.runtime.started, ASKS);
}

static void test_commands(void) {
    static const struct { uint32_t len, commands, window; } asked[] = {
        {5, 1, 1024}, {3000, 4, 64}, {0, 0, 1024}, {150, 4, 1}, {700, 100, 300}, {60, 400, 1}, {300, 3, 4096},
    };
    enum { COUNT = sizeof asked / sizeof *asked };
    for (unsigned next = 0; next < COUNT; next += 2) {
        for (unsigned i = next; i < COUNT && i < next + 2; i++) start_sentence(asked[i].len, asked[i].commands, asked[i].window);
        RUN_UNTIL(all_ended(), 600000);
    }
    check_ends();
    for (unsigned i = 0; i < COUNT; i++) {
        CHECK(w.asks[i].reason == QWARK_REASON_LENGTH && w.asks[i].received == COMMAND_BYTES * asked[i].commands, "%u bytes",
              w.asks[i].received);
    }
    CHECK(w.runtime.started == COUNT, "%u answers to %u sentences", w.runtime.started, (unsigned)COUNT);
}

static void test_cancel(void) {
    ask *a = start_ask(100, false, ENDLESS, 512), *b = start_ask(100, false, 400, 512);
    RUN_UNTIL(a->received > 30, 60000);
    CHECK(qwark_cancel(&w.client, (uint32_t)a->id) == QWARK_OK, "cancel");
    /* It is lost at first: that tokens go on coming is no answer to it. */
    w.runtime.ignored = 0x12;
    run(100);
    w.runtime.ignored = 0;
    RUN_UNTIL(all_ended(), 120000);
    CHECK(a->reason == QWARK_REASON_CANCELLED, "reason %d", a->reason);
    CHECK(b->reason == QWARK_REASON_LENGTH && b->received == 1200, "the other one: reason %d", b->reason);
    CHECK(qwark_cancel(&w.client, (uint32_t)a->id) == QWARK_UNKNOWN_ID, "cancelled again");
    check_ends();
}

/* In the middle of the prompt, and before anything was sent. */
static void test_early_cancel(void) {
    w.runtime.deaf = true;
    ask *a = start_ask(100, false, 10, 512);
    qwark_cancel(&w.client, (uint32_t)a->id);
    run(100);
    CHECK(a->ends == 1 && a->reason == QWARK_REASON_CANCELLED, "a request that was never sent has not ended");
    w.runtime.deaf = false;
    RUN_UNTIL(w.identified > 0, 30000);
    ask *b = start_ask(LONGEST_PROMPT, false, 10, 512);
    run(3);
    qwark_cancel(&w.client, (uint32_t)b->id);
    RUN_UNTIL(all_ended(), 60000);
    CHECK(b->reason == QWARK_REASON_CANCELLED || b->error == QWARK_ERROR_UNKNOWN_ID, "reason %d", b->reason);
    check_ends();
}

/* Resets or arms, again whenever the link is lost before that is confirmed. */
static void order_until(int32_t (*order)(qwark_client *client, uint32_t stop), uint8_t state) {
    uint32_t failed;
    do {
        RUN_UNTIL(w.client.linked, 60000);
        failed = w.orders_failed;
        CHECK(order(&w.client, 1) == QWARK_OK, "refused");
        RUN_UNTIL(w.safety.state == state || w.orders_failed > failed, 120000);
    } while (w.safety.state != state);
}

static void test_estop(void) {
    ask *a = start_ask(10, false, ENDLESS, 512), *b = start_ask(2500, true, ENDLESS, 512);
    RUN_UNTIL(a->received > 10, 60000);
    qwark_estop(&w.client);
    RUN_UNTIL(w.safety.state == QWARK_STOPPED, 60000);
    RUN_UNTIL(all_ended(), 60000);
    CHECK(a->reason == QWARK_REASON_STOPPED, "reason %d", a->reason);
    CHECK(b->reason == QWARK_REASON_STOPPED || b->error == QWARK_ERROR_STOPPED, "reason %d", b->reason);
    CHECK(w.runtime.stop == 1, "%u stops", w.runtime.stop);

    ask *refused = start_ask(10, false, 10, 512);
    RUN_UNTIL(all_ended(), 60000);
    CHECK(refused->error == QWARK_ERROR_STOPPED, "code %d while stopped", refused->error);
    order_until(qwark_reset, QWARK_DISARMED);
    refused = start_ask(10, false, 10, 512);
    RUN_UNTIL(all_ended(), 60000);
    CHECK(refused->error == QWARK_ERROR_DISARMED, "code %d while disarmed", refused->error);
    order_until(qwark_arm, QWARK_ARMED);
    ask *last = start_ask(10, false, 10, 512);
    RUN_UNTIL(all_ended(), 60000);
    CHECK(last->reason == QWARK_REASON_LENGTH, "after arming: reason %d", last->reason);
    check_ends();
}

static void test_restart(void) {
    ask *a = start_ask(1000, true, 900, 512), *b = start_ask(10, false, 700, 64);
    for (uint32_t i = 0; i < 3; i++) {
        RUN_UNTIL((a->received > 200 * i && b->received > 100 * i) || all_ended(), 120000);
        runtime_start(&w.runtime, draw(&w.seed));
        w.down.len = w.up.len = 0;
        run(2000);
    }
    RUN_UNTIL(all_ended(), 600000);
    CHECK(a->received == 2700 && b->received == 2100, "%u and %u bytes", a->received, b->received);
    CHECK(w.identified >= 2 && w.lost >= 1, "identified %u times, lost %u times", w.identified, w.lost);
    check_ends();
}

/* The cable is pulled, for longer than everything is repeated. */
static void test_pulled_cable(void) {
    ask *a = start_ask(1000, false, 500, 512);
    RUN_UNTIL(a->received > 100, 60000);
    uint32_t lost = w.lost;
    w.runtime.deaf = true;
    ask *b = start_ask(500, false, 500, 512);
    run(60000);
    CHECK(a->ends == 0 && b->ends == 0 && w.lost == lost + 1, "lost %u times", w.lost - lost);
    w.runtime.deaf = false;
    RUN_UNTIL(all_ended(), 120000);
    CHECK(a->received == 1500 && b->received == 1500 && w.runtime.started == 2, "%u started", w.runtime.started);
    check_ends();
}

/* One of the line's wires is cut: the runtime is heard, but does not hear, until it has given up repeating. */
static void test_cut_wire(void) {
    ask *a = start_ask(1000, false, 500, 512), *b = start_ask(10, false, 100, 1024);
    RUN_UNTIL(a->received > 0 && b->received > 0, 60000);
    w.up_cut = true;
    run(90000);
    w.up_cut = false;
    RUN_UNTIL(all_ended(), 120000);
    CHECK(a->received == 1500 && b->received == 300, "%u and %u bytes", a->received, b->received);
    check_told_once(); /* an end whose acknowledgements were all lost is not told again */
}

static void test_upload(void) {
    static uint8_t data[UPLOAD_ROOM];
    uint8_t hash[QWARK_HASH];
    qwark_upload upload;
    memset(&upload, 0, sizeof upload);
    for (unsigned i = 0; i < sizeof data; i++) data[i] = (uint8_t)draw(&w.seed);
    qwark_sha256(data, sizeof data, hash);
    upload.data = data;
    upload.size = sizeof data;
    upload.sha256 = hash;
    upload.name = qwark_string("photo");
    upload.what = QWARK_IMAGE;
    CHECK(qwark_upload_begin(&w.client, &upload) > 0, "refused");
    CHECK(qwark_upload_list(&w.client, 0) == QWARK_NO_ROOM, "two at once");
    RUN_UNTIL(w.upload_ends == 1, 300000);
    CHECK(w.upload_state == QWARK_UPLOAD_STORED && w.runtime.stored, "state %d", w.upload_state);
    CHECK(qwark_upload_list(&w.client, 0) > 0, "list");
    RUN_UNTIL(w.items == 1, 60000);
    CHECK(w.item.count == 1 && w.item.size == sizeof data, "%u of %u bytes", w.item.count, w.item.size);
    CHECK(qwark_upload_delete(&w.client, hash) > 0, "delete");
    RUN_UNTIL(w.upload_ends == 2, 60000);
    CHECK(w.upload_state == QWARK_UPLOAD_DELETED && !w.runtime.stored, "state %d", w.upload_state);
    run(10000);
    CHECK(w.upload_ends == 2 && w.items == 1, "told again");
}

static void test_ping(void) {
    RUN_UNTIL(w.identified > 0, 60000);
    for (unsigned i = 0; w.pongs == 0 && i < 100; i++) {
        qwark_ping(&w.client, 77);
        run(500);
    }
    CHECK(w.pongs > 0, "no Pong");
    if (w.client.config.heartbeat_ms != 0) RUN_UNTIL(w.heartbeats > 0, 60000);
}

/* The line works, but one request is never answered: that is told, and nothing else suffers. */
static void test_no_answer(void) {
    RUN_UNTIL(w.identified > 0, 60000);
    w.runtime.ignored = 0x10;
    ask *a = start_ask(10, false, 10, 512);
    for (unsigned i = 0; i < 1200 && a->ends == 0; i++) {
        qwark_ping(&w.client, 77);
        run(100);
    }
    CHECK(a->ends == 1 && a->error == QWARK_ERROR_NO_ANSWER, "ends %u, error %d", a->ends, a->error);
    w.runtime.ignored = 0;
    ask *b = start_ask(10, false, 10, 512);
    RUN_UNTIL(all_ended(), 60000);
    CHECK(b->reason == QWARK_REASON_LENGTH, "reason %d", b->reason);
    check_ends();
}

static const struct {
    const char *name;
    void (*run)(void);
} tests[] = {
    {"answers", test_answers}, {"commands", test_commands}, {"cancel", test_cancel}, {"early cancel", test_early_cancel}, {"estop", test_estop},
    {"restart", test_restart}, {"pulled cable", test_pulled_cable}, {"cut wire", test_cut_wire}, {"upload", test_upload},
    {"ping", test_ping}, {"no answer", test_no_answer},
};

/* On a line that loses nothing, without acknowledgements. */
static void test_unsecured(void) {
    set_up(&kinds[0], 1);
    ask *a = start_ask(100, true, 2000, 0);
    RUN_UNTIL(all_ended(), 60000);
    CHECK(a->received == 6000 && qwark_line(&w.client)->retransmitted == 0, "%u bytes", a->received);
}

/* On a clean line nothing is sent twice and no more is acknowledged than the rules say. */
static void test_economy(void) {
    set_up(&kinds[0], 1);
    ask *a = start_ask(100, false, 2000, 1000);
    RUN_UNTIL(all_ended(), 60000);
    const qwark_counters *counted = qwark_line(&w.client);
    CHECK(counted->retransmitted == 0 && counted->missing == 0 && counted->repeated == 0, "%u sent again", counted->retransmitted);
    /* Hello, Generate, the end; and an Ack for each half window, or each 50 ms if that is sooner. */
    CHECK(counted->sent < 3 + 1 + a->received / 75 + a->received / 500, "%u frames", counted->sent);
}

static void test_arguments(void) {
    qwark_request request;
    qwark_config config;
    char long_name[40];
    set_up(&kinds[0], 1);
    qwark_request_init(&request);
    request.stop_count = QWARK_MAX_STOPS + 1;
    CHECK(qwark_generate(&w.client, &request) == QWARK_INVALID, "five stop strings");
    request.stop_count = 4;
    for (unsigned i = 0; i < 4; i++) request.stops[i] = qwark_string("thirty-two bytes of a stop string");
    for (unsigned i = 0; i < 4; i++) request.stops[i].len = 32;
    CHECK(qwark_generate(&w.client, &request) > 0, "what the limits allow is refused");
    request.fallback = qwark_string("a text of forty-eight letters, spaces and points");
    CHECK(qwark_generate(&w.client, &request) == QWARK_INVALID, "fallback and stop strings are too long together");
    request.fallback.len = 47;
    CHECK(qwark_generate(&w.client, &request) > 0, "what the limits allow is refused");
    CHECK(qwark_generate(&w.client, &request) == QWARK_NO_ROOM, "a third request");
    qwark_forget(&w.client, 1);
    CHECK(qwark_generate(&w.client, &request) == 3, "a slot that was forgotten is not free");
    CHECK(qwark_reset(&w.client, 1) == QWARK_OK && qwark_arm(&w.client, 1) == QWARK_NO_ROOM, "a reset and an arm at once");
    memset(long_name, 'n', sizeof long_name);
    long_name[33] = 0;
    config = w.client.config;
    config.name = long_name;
    CHECK(qwark_init(&w.client, &config) == QWARK_INVALID, "a name of 33 bytes");
}

int main(int argc, char **argv) {
    unsigned seeds = argc > 1 ? (unsigned)atoi(argv[1]) : 20;
    for (unsigned i = 0; i < LONGEST_PROMPT; i++) prompt[i] = (char)(' ' + i * 7 % 94);
    test_arguments();
    test_unsecured();
    test_economy();
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        uint32_t hits = 0, again = 0;
        for (size_t t = 0; t < sizeof tests / sizeof *tests; t++) {
            for (unsigned seed = 1; seed <= seeds; seed++) {
                set_up(&kinds[k], seed);
                /* Where a check fails, this tells which line it was. */
                if (getenv("VERBOSE")) fprintf(stderr, "%s, %s, seed %u\n", kinds[k].name, tests[t].name, seed);
                tests[t].run();
                hits += w.up.hits + w.down.hits;
                again += qwark_line(&w.client)->retransmitted;
            }
        }
        printf("session: %s: held, with %u frames hit and %u repetitions\n", kinds[k].name, hits, again);
    }
    return 0;
}
