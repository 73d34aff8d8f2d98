/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The golden frames: what the client sends is theirs byte for byte, and what it takes from them, put together again, is theirs too.
 *
 *     golden wire/tests/golden/v1
 *
 * The client's source is included, because its frames are compared one by one. Every file must have its row in the table.
 */
#define _POSIX_C_SOURCE 200809L
#define QWARK_SEND_FRAME 4096
#include "../qwark.c"

#include <dirent.h>

#include "check.h"
#include "codec.h"

static qwark_client client;
static qwark_event event, identified; /* the last one, and the last of its kind */
static unsigned events;

static size_t take_nothing(void *context, const uint8_t *bytes, size_t len) {
    (void)context, (void)bytes, (void)len;
    return 0;
}

static uint64_t golden_nonce(void *context) {
    (void)context;
    return 0x1111222233334444;
}

static void keep_event(void *context, const qwark_event *told) {
    (void)context;
    event = *told;
    if (told->kind == QWARK_EVENT_IDENTIFIED) identified = *told;
    events++;
}

static const uint8_t golden_key[QWARK_KEY] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                              16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31};
static uint8_t hash_of_abc[QWARK_HASH];
static char letters[301];

static qwark_slot *slot(void) { return &client.slots[0]; }

/* ---- What the client sends ---- */

static void send_golden_hello(void) { send_hello(&client, 0); }

static void send_golden_ping(void) {
    client.ping_nonce = 0x01020304;
    send_ping(&client, 0);
}

static void send_golden_estop(void) { send_estop(&client, 0); }

static void send_golden_order(void) {
    client.order_stop = 1;
    send_order(&client, 0);
}

static void send_golden_reset(void) {
    client.order = RESET;
    send_golden_order();
}

static void send_golden_arm(void) {
    client.order = ARM;
    send_golden_order();
}

static void send_golden_generate(void) {
    qwark_request request;
    qwark_request_init(&request);
    request.key = 0xc0ffee;
    request.priority = QWARK_HIGH;
    request.deadline_ms = 1500;
    request.window = 512;
    request.sampling.max_tokens = 64;
    request.sampling.temperature = 0.75f;
    request.sampling.top_k = 40;
    request.sampling.top_p = 0.5f;
    request.sampling.min_p = 0.0625f;
    request.sampling.repetition_penalty = 1.25f;
    request.sampling.presence_penalty = 0.5f;
    request.sampling.frequency_penalty = -0.25f;
    request.sampling.seed = 0x0123456789abcdef;
    request.thinking = QWARK_THINKING_OFF;
    request.system = qwark_string("Be brief.");
    request.prompt = qwark_string("drive 1.5 cm\xe2\x86\x92");
    request.fallback = qwark_string("halt");
    request.stops[0] = qwark_string("\n\n");
    request.stops[1] = qwark_string("</s>");
    request.stop_count = 2;
    request.grammar = QWARK_REGEX;
    request.grammar_hash = hash_of_abc;
    client.next_id = 6;
    CHECK(qwark_generate(&client, &request) == 7, "generate");
    send_opening(&client, slot(), 0);
}

static void ask_long(void) {
    qwark_request request;
    qwark_request_init(&request);
    request.window = 0;
    request.form = QWARK_RAW;
    request.prompt = qwark_string(letters);
    client.next_id = 7;
    CHECK(qwark_generate(&client, &request) == 8, "generate");
}

static void send_golden_generate_raw(void) {
    ask_long();
    slot()->request.key = 0;
    client.max_frame = 125; /* leaves no room for text */
    send_opening(&client, slot(), 0);
}

static void send_golden_command(void) {
    static const uint8_t stop = 0x0a;
    qwark_sentence sentence;
    qwark_sentence_init(&sentence, 0x5c0a1b2d);
    sentence.text = qwark_string("zur\xc3\xbc" "ck, 30 cm");
    sentence.key = 0xc0ffee;
    sentence.priority = QWARK_HIGH;
    sentence.deadline_ms = 1500;
    sentence.window = 512;
    sentence.fallback = &stop;
    sentence.fallback_len = 1;
    client.next_id = 11;
    CHECK(qwark_command(&client, &sentence) == 12, "command");
    send_opening(&client, slot(), 0);
}

static void send_golden_command_plain(void) {
    qwark_sentence sentence;
    qwark_sentence_init(&sentence, 0x5c0a1b2d);
    sentence.text = qwark_string(letters);
    sentence.window = 0;
    client.next_id = 12;
    CHECK(qwark_command(&client, &sentence) == 13, "command");
    slot()->request.key = 0;
    client.max_frame = 48; /* leaves no room for text */
    send_opening(&client, slot(), 0);
}

static void send_golden_text(void) {
    ask_long();
    acknowledge_flow(&client, &slot()->flow, true, 0, 1000);
    send_text(&client, slot(), 0);
}

static void send_golden_cancel(void) {
    slot()->id = 7;
    slot()->wants = WANT_CANCEL;
    send_for_slot(&client, slot(), 0);
}

static void send_golden_ack(void) { send_ack(&client, 7, 120, 512, false, 0); }

static void send_golden_resend(void) {
    slot()->id = 7;
    slot()->received = 120;
    slot()->seen = 184;
    slot()->wants = WANT_RESEND;
    send_for_slot(&client, slot(), 0);
}

static void begin_golden_upload(void) {
    qwark_upload upload;
    memset(&upload, 0, sizeof upload);
    upload.data = (const uint8_t *)"abc";
    upload.size = 3;
    upload.sha256 = hash_of_abc;
    upload.keep_s = 600;
    upload.name = qwark_string("moves.lark");
    upload.what = QWARK_GRAMMAR;
    client.next_id = 8;
    CHECK(qwark_upload_begin(&client, &upload) == 9, "upload");
}

static void send_golden_upload_begin(void) {
    begin_golden_upload();
    send_for_transfer(&client, 0);
}

static void send_golden_upload_data(void) {
    begin_golden_upload();
    client.transfer.wanted = false;
    client.transfer.begun = true;
    acknowledge_flow(&client, &client.transfer.flow, true, 0, 100);
    send_for_transfer(&client, 0);
}

static void send_golden_upload_list(void) {
    client.next_id = 9;
    CHECK(qwark_upload_list(&client, 1) == 10, "list");
    send_for_transfer(&client, 0);
}

static void send_golden_upload_delete(void) {
    client.next_id = 10;
    CHECK(qwark_upload_delete(&client, hash_of_abc) == 11, "delete");
    send_for_transfer(&client, 0);
}

static void send_golden_sealed_ping(void) {
    client.config.key = golden_key;
    send_golden_ping();
}

/* ---- What it takes: a state to take it in, and the payload put together from what was told ---- */

static void before_identify(void) {
    client.linked = false;
    client.client_nonce = golden_nonce(NULL);
}

static void after_identify(packet *p) {
    const qwark_identity *said = &identified.as.identity;
    CHECK(identified.kind == QWARK_EVENT_IDENTIFIED && client.linked && event.kind == QWARK_EVENT_SAFETY, "kind %d", event.kind);
    packet_number(p, said->version_min, 1);
    packet_number(p, said->version_max, 1);
    packet_number(p, said->boot_id, 8);
    packet_number(p, said->schema, 8);
    packet_number(p, client.client_nonce, 8);
    packet_number(p, client.runtime_nonce, 8);
    packet_number(p, said->kept, 2);
    packet_number(p, said->features, 4);
    packet_number(p, said->safety, 1);
    packet_number(p, said->stop, 4);
    packet_number(p, said->max_frame, 2);
    packet_number(p, said->max_text, 4);
    packet_number(p, said->context, 4);
    packet_number(p, said->max_parallel, 2);
    packet_number(p, said->max_requests, 2);
    packet_number(p, said->linger_s, 2);
    packet_number(p, said->upload_quota, 4);
    packet_number(p, said->set, 4);
    packet_number(p, said->model_count, 1);
    for (unsigned i = 0; i < said->model_count; i++) packet_text(p, said->models[i].at, said->models[i].len);
    packet_text(p, said->commands.at, said->commands.len);
}

static void before_nothing(void) {}

static void after_pong(packet *p) {
    CHECK(event.kind == QWARK_EVENT_PONG, "kind %d", event.kind);
    packet_number(p, event.as.pong, 4);
}

static void after_safety(packet *p) {
    CHECK(event.kind == QWARK_EVENT_SAFETY && event.as.safety.state == QWARK_STOPPED, "kind %d", event.kind);
    packet_number(p, event.as.safety.state, 1);
    packet_number(p, event.as.safety.stop, 4);
}

static void after_heartbeat(packet *p) {
    const qwark_heartbeat *said = &event.as.heartbeat;
    CHECK(event.kind == QWARK_EVENT_HEARTBEAT, "kind %d", event.kind);
    packet_number(p, said->uptime_ms, 8);
    packet_number(p, said->steps, 8);
    packet_number(p, said->running, 2);
    packet_number(p, said->queued, 2);
    packet_number(p, said->parked, 2);
    packet_number(p, said->safety, 1);
    packet_float(p, said->tokens_per_s);
    packet_float(p, said->temperature);
    packet_number(p, said->free_kib, 4);
    packet_number(p, said->lost, 4);
}

static void before_error(void) { slot()->id = 9; }

static void after_error(packet *p) {
    CHECK(event.kind == QWARK_EVENT_ERROR && event.id == p->id, "kind %d", event.kind);
    CHECK((slot()->id == 0) == event.as.error.ends, "the request has ended, or not");
    packet_number(p, event.as.error.code, 1);
    packet_number(p, event.as.error.ends, 1);
    packet_text(p, event.as.error.message.at, event.as.error.message.len);
}

static void before_token(void) {
    slot()->id = 7;
    slot()->told = slot()->taken = true;
    slot()->received = 4;
}

static void after_token(packet *p) {
    CHECK(event.kind == QWARK_EVENT_TEXT && event.id == 7, "kind %d", event.kind);
    packet_number(p, event.as.text.offset, 4);
    packet_text(p, event.as.text.at, event.as.text.len);
}

static void before_command_reply(void) {
    slot()->id = 12;
    slot()->is_sentence = slot()->told = slot()->taken = true;
    slot()->received = 5;
}

static void after_command_reply(packet *p) {
    CHECK(event.kind == QWARK_EVENT_COMMAND && event.id == 12, "kind %d", event.kind);
    packet_number(p, event.as.command.offset, 4);
    packet_text(p, event.as.command.at, event.as.command.len);
}

static void before_done(void) {
    slot()->id = 7;
    slot()->received = 12;
}

static void after_done(packet *p) {
    const qwark_done *said = &event.as.done;
    CHECK(event.kind == QWARK_EVENT_DONE && event.id == 7 && slot()->id == 0, "kind %d", event.kind);
    packet_number(p, said->reason, 1);
    packet_number(p, said->prompt_tokens, 4);
    packet_number(p, said->output_tokens, 4);
    packet_number(p, said->text_len, 4);
    packet_number(p, said->answer_at, 4);
    packet_number(p, said->queue_us, 8);
    packet_number(p, said->prefill_us, 8);
    packet_number(p, said->first_token_us, 8);
    packet_number(p, said->total_us, 8);
}

static void before_accepted(void) {
    slot()->id = 7;
    slot()->flow.total = 100000;
}

static void after_accepted(packet *p) {
    packet_number(p, slot()->flow.acknowledged, 4);
    packet_number(p, slot()->flow.window, 4);
}

static void after_upload(packet *p) {
    CHECK(event.kind == QWARK_EVENT_UPLOAD && event.id == 9 && client.transfer.kind == 0, "kind %d", event.kind);
    packet_number(p, event.as.upload.state, 1);
    packet_number(p, event.as.upload.received, 4);
    packet_number(p, 8192, 4); /* the window of an upload that is complete: not told */
    packet_number(p, event.as.upload.expires_s, 4);
}

static void before_upload_item(void) {
    client.transfer.kind = UPLOAD_LIST;
    client.transfer.id = 10;
}

static void after_upload_item(packet *p) {
    const qwark_upload_item *said = &event.as.item;
    CHECK(event.kind == QWARK_EVENT_UPLOAD_ITEM && event.id == 10, "kind %d", event.kind);
    packet_number(p, said->index, 2);
    packet_number(p, said->count, 2);
    packet_number(p, said->what, 1);
    packet_number(p, said->size, 4);
    packet_number(p, said->received, 4);
    packet_number(p, said->expires_s, 4);
    packet_bytes(p, said->sha256, QWARK_HASH);
    packet_text(p, said->name.at, said->name.len);
}

static void before_sealed_pong(void) { client.config.key = golden_key; }

/* ---- The table ---- */

typedef struct golden_row {
    const char *name;
    void (*send)(void); /* for a frame that the client sends */
    void (*before)(void);
    void (*after)(packet *p); /* for one that it takes */
} golden_row;

static const golden_row rows[] = {
    {"hello", send_golden_hello, NULL, NULL},
    {"ping", send_golden_ping, NULL, NULL},
    {"estop", send_golden_estop, NULL, NULL},
    {"reset", send_golden_reset, NULL, NULL},
    {"arm", send_golden_arm, NULL, NULL},
    {"generate", send_golden_generate, NULL, NULL},
    {"generate_raw", send_golden_generate_raw, NULL, NULL},
    {"command", send_golden_command, NULL, NULL},
    {"command_plain", send_golden_command_plain, NULL, NULL},
    {"text", send_golden_text, NULL, NULL},
    {"cancel", send_golden_cancel, NULL, NULL},
    {"ack", send_golden_ack, NULL, NULL},
    {"resend", send_golden_resend, NULL, NULL},
    {"upload_begin", send_golden_upload_begin, NULL, NULL},
    {"upload_data", send_golden_upload_data, NULL, NULL},
    {"upload_list", send_golden_upload_list, NULL, NULL},
    {"upload_delete", send_golden_upload_delete, NULL, NULL},
    {"sealed_ping", send_golden_sealed_ping, NULL, NULL},
    {"identify", NULL, before_identify, after_identify},
    {"pong", NULL, before_nothing, after_pong},
    {"safety", NULL, before_nothing, after_safety},
    {"heartbeat", NULL, before_nothing, after_heartbeat},
    {"error", NULL, before_error, after_error},
    {"error_of_a_newer_version", NULL, before_error, after_error},
    {"token", NULL, before_token, after_token},
    {"command_reply", NULL, before_command_reply, after_command_reply},
    {"done", NULL, before_done, after_done},
    {"accepted", NULL, before_accepted, after_accepted},
    {"upload", NULL, begin_golden_upload, after_upload},
    {"upload_item", NULL, before_upload_item, after_upload_item},
    {"sealed_pong", NULL, before_sealed_pong, after_pong},
    /* For programs on a Unix socket: this client does not ask for it. */
    {"monitor", NULL, NULL, NULL},
    {"mirror", NULL, NULL, NULL},
};

static void set_up(uint16_t seq) {
    qwark_config config;
    memset(&config, 0, sizeof config);
    config.write = take_nothing;
    config.nonce = golden_nonce;
    config.event = keep_event;
    config.client = 0x0102030405060708;
    config.name = "rover";
    config.heartbeat_ms = 500;
    CHECK(qwark_init(&client, &config) == QWARK_OK, "init");
    client.linked = true;
    client.client_nonce = golden_nonce(NULL);
    client.runtime_nonce = 0xaaaabbbbccccdddd;
    client.max_frame = 4096;
    client.send_seq = seq;
    memset(&event, 0, sizeof event);
    events = 0;
}

static void check_same(const char *name, const uint8_t *made, size_t made_len, const uint8_t *golden, size_t len) {
    CHECK(made_len == len && memcmp(made, golden, len) == 0, "%s: %zu bytes, not the %zu of the file", name, made_len, len);
}

static void check_taken(const golden_row *row, const packet *p, const uint8_t *golden, size_t len) {
    uint8_t again[MAX_STUFFED];
    seals with = {golden_key, golden_nonce(NULL), 0xaaaabbbbccccdddd, client.config.client, 1, p->counter - 1, 0};
    packet rebuilt;
    row->before();
    qwark_receive(&client, golden, len, 0);
    packet_begin(&rebuilt, p->kind, p->id);
    rebuilt.seq = p->seq;
    row->after(&rebuilt);
    check_same(row->name, again, encode(&rebuilt, p->sealed ? &with : NULL, again), golden, len);

    /* A sealed frame is taken once, and not with any bit of its seal changed. */
    if (!p->sealed) return;
    unsigned told = events;
    qwark_receive(&client, golden, len, 0);
    CHECK(events == told && client.counters.bad_seal == 1, "%s: taken twice", row->name);
    for (unsigned bit = 0; bit < 8 * 12; bit++) {
        size_t at = 10 + p->len;
        set_up(0);
        row->before();
        /* Unstuffed by the client itself, then changed and given a checksum that holds. */
        for (size_t i = 0; i + 1 < len; i++) qwark_receive(&client, &golden[i], 1, 0);
        client.in[at + bit / 8] ^= (uint8_t)(1 << bit % 8);
        uint32_t crc = codec_crc(client.in, at + 12);
        for (unsigned i = 0; i < 4; i++) client.in[at + 12 + i] = (uint8_t)(crc >> 8 * i);
        qwark_receive(&client, &golden[len - 1], 1, 0);
        CHECK(events == 0 && client.counters.bad_seal == 1, "%s: bit %u of the seal does not matter", row->name, bit);
    }
}

static void check_file(const golden_row *row, const uint8_t *golden, size_t len) {
    packet p;
    uint8_t again[MAX_STUFFED];
    CHECK(golden[len - 1] == 0 && decode(golden, len - 1, &p), "%s does not hold", row->name);
    set_up(p.seq);
    if (!p.sealed) check_same(row->name, again, encode(&p, NULL, again), golden, len);
    if (row->send) {
        client.dirty = false;
        row->send();
        check_same(row->name, client.out + 1, client.out_len - 1u, golden, len);
        /* The line's echo of it means nothing. */
        set_up(0);
        qwark_receive(&client, golden, len, 0);
        CHECK(events == 0 && client.counters.echoed + client.counters.too_long == 1, "%s: took its own frame", row->name);
    } else if (row->after) {
        check_taken(row, &p, golden, len);
    } else if (p.kind >= FROM_RUNTIME) {
        qwark_receive(&client, golden, len, 0);
        CHECK(events == 0 && client.counters.unknown == 1, "%s is not ignored", row->name);
    }
}

/* The frame in a file of hexadecimal bytes, with comments behind '#'. */
static size_t read_hex(const char *folder, const char *name, uint8_t *bytes, size_t room) {
    char path[4096], line[256];
    size_t len = 0;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    CHECK(file, "%s cannot be opened", path);
    while (fgets(line, sizeof line, file)) {
        char *at = line, *end;
        if (line[0] == '#') {
            /* A comment may be longer than the buffer. */
            while (!strchr(line, '\n') && fgets(line, sizeof line, file)) {}
            continue;
        }
        for (unsigned long byte = strtoul(at, &end, 16); end != at; byte = strtoul(at, &end, 16)) {
            CHECK(byte < 256 && len < room, "%s", path);
            bytes[len++] = (uint8_t)byte;
            at = end;
        }
    }
    fclose(file);
    CHECK(len > 0, "%s is empty", path);
    return len;
}

int main(int argc, char **argv) {
    CHECK(argc == 2, "give the folder of the golden frames");
    DIR *folder = opendir(argv[1]);
    CHECK(folder, "%s cannot be opened", argv[1]);
    qwark_sha256((const uint8_t *)"abc", 3, hash_of_abc);
    for (unsigned i = 0; i < 300; i++) letters[i] = (char)('a' + i % 26);
    unsigned files = 0;
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        char name[sizeof entry->d_name];
        uint8_t golden[MAX_STUFFED];
        snprintf(name, sizeof name, "%s", entry->d_name);
        char *dot = strrchr(name, '.');
        if (!dot || strcmp(dot, ".hex") != 0) continue;
        size_t len = read_hex(argv[1], name, golden, sizeof golden);
        *dot = 0;
        const golden_row *found = NULL;
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            if (strcmp(rows[i].name, name) == 0) found = &rows[i];
        }
        CHECK(found, "%s: no row in the table", name);
        check_file(found, golden, len);
        files++;
    }
    closedir(folder);
    CHECK(files == sizeof rows / sizeof *rows, "%u files for %zu rows", files, sizeof rows / sizeof *rows);
    printf("golden: %u frames\n", files);
    return 0;
}
