/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "runtime.h"

#include <string.h>

#include "../qwark.h"
#include "check.h"

enum {
    HELLO = 0x01, PING = 0x02, ESTOP = 0x03, RESET = 0x04, ARM = 0x05,
    GENERATE = 0x10, TEXT = 0x11, CANCEL = 0x12, ACK = 0x13, RESEND = 0x14, COMMAND = 0x15,
    UPLOAD_BEGIN = 0x20, UPLOAD_DATA = 0x21, UPLOAD_LIST = 0x22, UPLOAD_DELETE = 0x23,
    IDENTIFY = 0x81, PONG = 0x82, SAFETY = 0x83, HEARTBEAT = 0x84, ERROR = 0x8f,
    TOKEN = 0x90, DONE = 0x91, ACCEPTED = 0x92, COMMAND_REPLY = 0x93, UPLOAD = 0xa0, UPLOAD_ITEM = 0xa1,
    WINDOW = 400, TOKEN_BYTES = 48, BYTES_PER_TOKEN = 3, FIRST_WAIT = 300, LONGEST_WAIT = 4000, REPETITIONS = 10
};

uint8_t answer_byte(uint32_t text_crc, uint32_t at) { return (uint8_t)('a' + ((text_crc >> at % 24) + at) % 26); }

void runtime_start(runtime *r, uint64_t boot_id) {
    line *out = r->out;
    const uint8_t *key = r->key;
    uint32_t corrupted = r->corrupted;
    uint64_t nonces = r->nonces;
    memset(r, 0, sizeof *r);
    r->out = out;
    r->key = key;
    r->corrupted = corrupted;
    r->nonces = nonces + 1;
    r->boot_id = boot_id;
}

/* Tokens wait while the line has more to send than it does in a few milliseconds: control frames do not. */
static bool room_on_line(const runtime *r) { return r->out->len < 16 * (size_t)r->out->bytes_per_ms + 16; }

static void transmit(runtime *r, packet *p, bool sealed) {
    uint8_t bytes[MAX_STUFFED];
    p->seq = r->seq++;
    size_t len = encode(p, sealed && r->key ? &r->with : NULL, bytes);
    for (size_t at = 0; at < len;) {
        size_t taken = line_write(r->out, bytes + at, len - at);
        if (taken == 0) return; /* the rest is lost, as any frame may be */
        at += taken;
    }
}

static void send_error(runtime *r, uint32_t id, uint8_t code, bool ends, bool sealed) {
    packet p;
    packet_begin(&p, ERROR, id);
    packet_number(&p, code, 1);
    packet_number(&p, ends, 1);
    packet_text(&p, "no", 2);
    transmit(r, &p, sealed);
}

static void send_safety(runtime *r) {
    packet p;
    packet_begin(&p, SAFETY, 0);
    packet_number(&p, r->safety, 1);
    packet_number(&p, r->stop, 4);
    transmit(r, &p, r->session);
}

static void send_accepted(runtime *r, const reply *y) {
    packet p;
    packet_begin(&p, ACCEPTED, y->id);
    packet_number(&p, y->text_received, 4);
    packet_number(&p, WINDOW, 4);
    transmit(r, &p, true);
}

/* Most bytes of a frame of the answer. */
static uint32_t piece(const reply *y) { return y->is_sentence ? COMMAND_BYTES : TOKEN_BYTES; }

/* Bytes up to `at` that may be sent: commands go whole or not at all. */
static uint32_t whole(const reply *y, uint32_t at) { return y->is_sentence ? at - at % COMMAND_BYTES : at; }

/* A window that holds less than a command holds one all the same. */
static uint32_t at_least_one(const reply *y, uint32_t window) {
    return y->is_sentence && window > 0 && window < QWARK_MAX_COMMAND ? QWARK_MAX_COMMAND : window;
}

static void send_piece(runtime *r, const reply *y, uint32_t offset, uint32_t len) {
    uint8_t text[TOKEN_BYTES];
    packet p;
    for (uint32_t i = 0; i < len; i++) text[i] = answer_byte(y->text_crc, offset + i);
    packet_begin(&p, y->is_sentence ? COMMAND_REPLY : TOKEN, y->id);
    packet_number(&p, offset, 4);
    packet_text(&p, text, len);
    transmit(r, &p, true);
}

static void send_end(runtime *r, const reply *y) {
    packet p;
    if (y->error != 0) {
        send_error(r, y->id, y->error, true, true);
        return;
    }
    packet_begin(&p, DONE, y->id);
    packet_number(&p, y->reason, 1);
    packet_number(&p, y->total / 4, 4);
    packet_number(&p, y->generated / BYTES_PER_TOKEN, 4);
    packet_number(&p, whole(y, y->generated), 4);
    packet_number(&p, 0, 4);
    for (unsigned i = 0; i < 4; i++) packet_number(&p, 1000 * i, 8);
    transmit(r, &p, true);
}

static reply *find_id(runtime *r, uint32_t id) {
    for (unsigned i = 0; i < REPLIES; i++) {
        if (r->replies[i].used && r->replies[i].id == id) return &r->replies[i];
    }
    return NULL;
}

static reply *new_reply(runtime *r) {
    static unsigned next;
    for (unsigned i = 0; i < REPLIES; i++) {
        reply *y = &r->replies[next++ % REPLIES];
        if (!y->used || y->end_acknowledged) {
            memset(y, 0, sizeof *y);
            y->used = true;
            return y;
        }
    }
    CHECK(false, "more requests than the test can have");
    return NULL;
}

static void end_reply(reply *y, uint8_t reason, uint8_t error) {
    if (y->ended) return;
    y->ended = true;
    y->reason = reason;
    y->error = error;
}

static void add_text(runtime *r, reply *y, const uint8_t *bytes, uint32_t len) {
    if (len > y->total - y->text_received) {
        r->corrupted++;
        return;
    }
    if (y->text_received == y->total) return;
    memcpy(y->text + y->text_received, bytes, len);
    y->text_received += len;
    if (y->text_received == y->total && codec_crc(y->text, y->total) != y->text_crc) r->corrupted++;
}

/* A Generate, or a Command, whose `set` says how many commands the answer has. */
static void on_opening(runtime *r, packet *p) {
    bool is_sentence = p->kind == COMMAND;
    uint32_t total = 0;
    read_number(p, 8 + 1 + 4); /* key, priority, deadline */
    uint32_t window = (uint32_t)read_number(p, 4);
    uint32_t answer_len = (uint32_t)read_number(p, 4) * (is_sentence ? COMMAND_BYTES : BYTES_PER_TOKEN);
    if (!is_sentence) {
        read_bytes(p, 36 + 3);
        total = (uint32_t)read_number(p, 4);
    }
    total += (uint32_t)read_number(p, 4);
    uint32_t text_crc = (uint32_t)read_number(p, 4);
    if (!is_sentence) read_bytes(p, 1 + QWARK_HASH);
    read_number(p, 1);
    read_bytes(p, (size_t)read_number(p, 2));
    for (uint64_t stops = is_sentence ? 0 : read_number(p, 1); stops > 0; stops--) read_bytes(p, (size_t)read_number(p, 2));
    size_t fixed_len = p->at;
    uint32_t len = (uint32_t)read_number(p, 2);
    const uint8_t *text = read_bytes(p, len);
    CHECK(!p->short_read && p->at == p->len && fixed_len <= REPLY_FIXED && total <= REPLY_TEXT, "a Generate or Command that is none");

    for (unsigned i = 0; i < REPLIES; i++) {
        reply *y = &r->replies[i];
        if (!y->used || memcmp(y->fixed, p->payload, 8) != 0) continue;
        CHECK(y->fixed_len == fixed_len && memcmp(y->fixed, p->payload, fixed_len) == 0, "the key is reused");
        y->id = p->id;
        y->sent = y->acknowledged;
        y->end_acknowledged = y->end.on = false;
        send_accepted(r, y);
        return;
    }
    reply *y = new_reply(r);
    y->id = p->id;
    memcpy(y->fixed, p->payload, fixed_len);
    y->fixed_len = fixed_len;
    y->total = total;
    y->text_crc = text_crc;
    y->is_sentence = is_sentence;
    y->window = at_least_one(y, window);
    y->answer_len = answer_len;
    r->started++;
    if (r->safety != QWARK_ARMED) {
        end_reply(y, 0, r->safety == QWARK_STOPPED ? QWARK_ERROR_STOPPED : QWARK_ERROR_DISARMED);
        return;
    }
    add_text(r, y, text, len);
    send_accepted(r, y);
}

static void on_text(runtime *r, packet *p) {
    reply *y = find_id(r, p->id);
    uint32_t offset = (uint32_t)read_number(p, 4);
    uint32_t len = (uint32_t)read_number(p, 2);
    const uint8_t *text = read_bytes(p, len);
    CHECK(!p->short_read && p->at == p->len, "a Text that is none");
    if (!y || y->ended) return;
    if (offset == y->text_received) add_text(r, y, text, len);
    send_accepted(r, y);
}

static repeat wait_from(uint32_t now) {
    repeat timer = {now + FIRST_WAIT, FIRST_WAIT, 0, true};
    return timer;
}

static void on_ack(runtime *r, packet *p, uint32_t now) {
    reply *y = find_id(r, p->id);
    uint32_t received = (uint32_t)read_number(p, 4);
    uint32_t window = (uint32_t)read_number(p, 4);
    bool ended = read_number(p, 1);
    if (!y) return;
    if (ended) {
        CHECK(y->ended, "the end of a request is acknowledged that goes on");
        y->end_acknowledged = true;
        return;
    }
    if (received < y->acknowledged) return;
    y->acknowledged = received;
    if (y->sent < received) y->sent = received;
    y->window = at_least_one(y, window);
    y->tokens = wait_from(now);
}

static void on_resend(runtime *r, packet *p) {
    reply *y = find_id(r, p->id);
    uint32_t offset = (uint32_t)read_number(p, 4);
    uint32_t len = (uint32_t)read_number(p, 4);
    if (!y) return;
    uint32_t end = whole(y, y->generated), until = offset + len;
    if (y->is_sentence) until = whole(y, until + COMMAND_BYTES - 1);
    if (until < offset || until > end) until = end;
    for (offset = whole(y, offset); offset < until;) {
        uint32_t part = until - offset < piece(y) ? until - offset : piece(y);
        send_piece(r, y, offset, part);
        offset += part;
    }
}

static void send_upload(runtime *r, uint32_t id, uint8_t state) {
    packet p;
    packet_begin(&p, UPLOAD, id);
    packet_number(&p, state, 1);
    packet_number(&p, r->upload_received, 4);
    packet_number(&p, WINDOW, 4);
    packet_number(&p, 60, 4);
    transmit(r, &p, true);
}

static void on_upload_begin(runtime *r, packet *p) {
    read_number(p, 1);
    uint32_t size = (uint32_t)read_number(p, 4);
    const uint8_t *hash = read_bytes(p, 32);
    CHECK(size <= UPLOAD_ROOM, "an upload of %u bytes", size);
    if (r->upload_size != size || memcmp(r->upload_hash, hash, 32) != 0) {
        r->upload_size = size;
        r->upload_received = 0;
        r->stored = false;
        memcpy(r->upload_hash, hash, 32);
    }
    send_upload(r, p->id, r->stored ? QWARK_UPLOAD_STORED : QWARK_UPLOAD_RECEIVING);
}

static void on_upload_data(runtime *r, packet *p) {
    uint32_t offset = (uint32_t)read_number(p, 4);
    uint32_t len = (uint32_t)read_number(p, 2);
    const uint8_t *data = read_bytes(p, len);
    if (offset == r->upload_received && len <= r->upload_size - offset) {
        memcpy(r->upload + offset, data, len);
        r->upload_received += len;
        if (r->upload_received == r->upload_size) {
            uint8_t hash[32];
            qwark_sha256(r->upload, r->upload_size, hash);
            CHECK(memcmp(hash, r->upload_hash, 32) == 0, "the upload is not what was announced");
            r->stored = true;
        }
    }
    send_upload(r, p->id, r->stored ? QWARK_UPLOAD_STORED : QWARK_UPLOAD_RECEIVING);
}

static void on_upload_list(runtime *r, packet *p) {
    packet q;
    uint16_t index = (uint16_t)read_number(p, 2);
    packet_begin(&q, UPLOAD_ITEM, p->id);
    packet_number(&q, index, 2);
    packet_number(&q, r->stored, 2);
    packet_number(&q, QWARK_IMAGE, 1);
    packet_number(&q, r->upload_size, 4);
    packet_number(&q, r->upload_received, 4);
    packet_number(&q, 60, 4);
    packet_bytes(&q, r->upload_hash, 32);
    packet_text(&q, "photo", 5);
    transmit(r, &q, true);
}

static void on_hello(runtime *r, packet *p) {
    packet q;
    read_number(p, 2);
    uint64_t client = read_number(p, 8);
    uint64_t nonce = read_number(p, 8);
    if (client != r->client) memset(r->replies, 0, sizeof r->replies);
    r->client = client;
    r->heartbeat_ms = (uint16_t)read_number(p, 2);
    r->session = true;
    r->with.key = r->key;
    r->with.client_nonce = nonce;
    r->with.client = client;
    r->with.runtime_nonce = draw(&r->nonces);
    r->with.direction = 1;
    r->with.sent = r->with.received = 0;
    packet_begin(&q, IDENTIFY, 0);
    packet_number(&q, 1, 1);
    packet_number(&q, 1, 1);
    packet_number(&q, r->boot_id, 8);
    packet_number(&q, 0, 8);
    packet_number(&q, nonce, 8);
    packet_number(&q, r->with.runtime_nonce, 8);
    packet_number(&q, 0, 2);
    packet_number(&q, 1, 4);
    packet_number(&q, r->safety, 1);
    packet_number(&q, r->stop, 4);
    packet_number(&q, 320, 2);
    packet_number(&q, REPLY_TEXT, 4);
    packet_number(&q, 2048, 4);
    packet_number(&q, 4, 2);
    packet_number(&q, REPLIES, 2);
    packet_number(&q, 30, 2);
    packet_number(&q, UPLOAD_ROOM, 4);
    packet_number(&q, 0, 4);
    packet_number(&q, 1, 1);
    packet_text(&q, "letters", 7);
    packet_text(&q, "", 0);
    transmit(r, &q, true);
}

static void on_packet(runtime *r, packet *p, uint32_t now) {
    packet q;
    reply *y = find_id(r, p->id);
    if (p->kind == r->ignored) return;
    if (p->kind == ESTOP) {
        if (r->safety != QWARK_STOPPED) {
            r->safety = QWARK_STOPPED;
            r->stop++;
        }
        for (unsigned i = 0; i < REPLIES; i++) end_reply(&r->replies[i], QWARK_REASON_STOPPED, 0);
        send_safety(r);
        return;
    }
    if (p->kind == HELLO) {
        on_hello(r, p);
        return;
    }
    if (p->kind == PING) {
        packet_begin(&q, PONG, 0);
        packet_number(&q, read_number(p, 4), 4);
        transmit(r, &q, r->session);
        return;
    }
    if (!r->session) {
        send_error(r, p->id, QWARK_ERROR_NO_SESSION, false, false);
        return;
    }
    if (r->key && !seal_holds(p, &r->with)) {
        send_error(r, p->id, QWARK_ERROR_DENIED, false, false);
        return;
    }
    switch (p->kind) {
    case RESET:
    case ARM:
        if (read_number(p, 4) == r->stop) {
            if (p->kind == RESET && r->safety == QWARK_STOPPED) r->safety = QWARK_DISARMED;
            if (p->kind == ARM && r->safety == QWARK_DISARMED) r->safety = QWARK_ARMED;
        }
        send_safety(r);
        break;
    case GENERATE:
    case COMMAND: on_opening(r, p); break;
    case TEXT: on_text(r, p); break;
    case CANCEL:
        if (!y) send_error(r, p->id, QWARK_ERROR_UNKNOWN_ID, true, true);
        else if (!y->ended) end_reply(y, QWARK_REASON_CANCELLED, 0);
        break;
    case ACK: on_ack(r, p, now); break;
    case RESEND: on_resend(r, p); break;
    case UPLOAD_BEGIN: on_upload_begin(r, p); break;
    case UPLOAD_DATA: on_upload_data(r, p); break;
    case UPLOAD_LIST: on_upload_list(r, p); break;
    case UPLOAD_DELETE:
        r->stored = false;
        r->upload_size = 0;
        send_upload(r, p->id, QWARK_UPLOAD_DELETED);
        break;
    default: CHECK(false, "the client sent kind %02x", p->kind);
    }
}

void runtime_receive(runtime *r, const uint8_t *bytes, size_t len, uint32_t now) {
    if (r->deaf) return;
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != 0) {
            if (r->in_len < sizeof r->in) r->in[r->in_len++] = bytes[i];
            continue;
        }
        packet p;
        if (decode(r->in, r->in_len, &p)) on_packet(r, &p, now);
        r->in_len = 0;
    }
}

/* Whether it is time to send, or to repeat; after ten repetitions it is not until the client asks again. */
static bool repeat_due(repeat *timer, uint32_t now) {
    if (!timer->on) {
        *timer = wait_from(now);
        return true;
    }
    if (now - timer->due >= 0x80000000u || timer->tries == REPETITIONS) return false;
    timer->tries++;
    timer->wait = timer->wait * 2 < LONGEST_WAIT ? timer->wait * 2 : LONGEST_WAIT;
    timer->due = now + timer->wait;
    return true;
}

static void step_reply(runtime *r, reply *y, uint32_t now) {
    if (!y->used || y->end_acknowledged || !room_on_line(r)) return;
    if (!y->ended && y->text_received == y->total && now % 2 == 0) {
        if (y->generated < y->answer_len) y->generated += BYTES_PER_TOKEN;
        if (y->generated >= y->answer_len) end_reply(y, QWARK_REASON_LENGTH, 0);
    }
    uint32_t allowed = y->window == 0 ? y->generated : y->acknowledged + y->window;
    if (allowed > y->generated) allowed = y->generated;
    allowed = whole(y, allowed);
    if (y->error == 0 && y->sent < allowed) {
        uint32_t len = allowed - y->sent;
        if (len > piece(y)) len = piece(y);
        send_piece(r, y, y->sent, len);
        y->sent += len;
        y->tokens = wait_from(now);
        return;
    }
    bool all_sent = y->error != 0 || y->sent == whole(y, y->generated);
    if (y->ended && all_sent) {
        if (repeat_due(&y->end, now)) send_end(r, y);
        if (y->window == 0) y->end_acknowledged = true; /* sent once */
    }
    if (y->window != 0 && y->error == 0 && y->acknowledged < y->sent && repeat_due(&y->tokens, now)) {
        uint32_t len = y->sent - y->acknowledged;
        send_piece(r, y, y->acknowledged, len < piece(y) ? len : piece(y));
    }
}

static void send_heartbeat(runtime *r) {
    packet p;
    packet_begin(&p, HEARTBEAT, 0);
    packet_number(&p, r->uptime, 8);
    packet_number(&p, 0, 8 + 2 + 2 + 2); /* steps, running, queued, parked */
    packet_number(&p, r->safety, 1);
    packet_float(&p, 100);
    packet_float(&p, -273.15f);
    packet_number(&p, 1024, 4);
    packet_number(&p, 0, 4);
    transmit(r, &p, true);
}

void runtime_step(runtime *r, uint32_t now) {
    if (r->deaf) return;
    r->uptime++;
    if (!r->session) return;
    if (r->heartbeat_ms != 0 && now - r->heartbeat_due < 0x80000000u) {
        r->heartbeat_due = now + r->heartbeat_ms;
        send_heartbeat(r);
    }
    for (unsigned i = 0; i < REPLIES; i++) step_reply(r, &r->replies[i], now);
}
