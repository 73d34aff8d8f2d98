/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Qwark's client for microcontrollers. See qwark.h for its use and docs/WIRE.md for what it sends and why.
 *
 *   1. Numbers of the protocol
 *   2. Checksum                 CRC-32C
 *   3. Seals                    SHA-256, HMAC
 *   4. Fields of a payload      reading
 *   5. Frames to be sent        building, sealing, stuffing, writing
 *   6. Timers                   repetition, and what is done when no answer comes
 *   7. Flows                    a text or upload, sent within a window
 *   8. Session                  Hello, Identify, a lost link
 *   9. Requests                 Generate or Command to Done
 *  10. Safety                   EStop, Reset, Arm
 *  11. Uploads
 *  12. What arrives             unstuffing, checks, dispatch
 *  13. What is sent next        the order of frames, the time until the next one
 *  14. The rest of the interface
 *
 * How it is written: what arrives and what the caller asks for only changes the state, and marks in it which frames are
 * wanted. qwark_poll sends what is wanted, the most urgent first. Where an event is told, the state is changed before, because
 * the caller may change it further from there.
 */
#include "qwark.h"

/* ---- 1. Numbers of the protocol ---- */

#define VERSION 1u
#define HEADER 10u
#define SEAL 12u
#define TAG 8u
#define CRC 4u
#define SMALL_FRAME 320u
#define MAX_CHUNK 3712u /* bytes of text or data in one frame */

enum kind {
    HELLO = 0x01, PING = 0x02, ESTOP = 0x03, RESET = 0x04, ARM = 0x05,
    GENERATE = 0x10, TEXT = 0x11, CANCEL = 0x12, ACK = 0x13, RESEND = 0x14, COMMAND = 0x15,
    UPLOAD_BEGIN = 0x20, UPLOAD_DATA = 0x21, UPLOAD_LIST = 0x22, UPLOAD_DELETE = 0x23,
    FROM_RUNTIME = 0x80,
    IDENTIFY = 0x81, PONG = 0x82, SAFETY = 0x83, HEARTBEAT = 0x84, ERROR = 0x8f,
    TOKEN = 0x90, DONE = 0x91, ACCEPTED = 0x92, COMMAND_REPLY = 0x93, UPLOAD = 0xa0, UPLOAD_ITEM = 0xa1
};

/* Times in ms. */
#define HELLO_EVERY 500u
#define ASK_AGAIN 10000u /* when nothing more comes of an answer: the runtime leaves one that is not acknowledged for long */
#define ESTOP_EVERY 100u
#define ACK_WITHIN 50u
#define FIRST_WAIT 300u
#define LONGEST_WAIT 4000u
#define REPETITIONS 10u
#define SLOW_BAUD 19200u
#define TWO_FRAMES_BITS ((uint32_t)2 * SMALL_FRAME * 10) /* a byte on a serial line has a start and a stop bit */
#define SHORTEST_HEARTBEAT 100u
#define SILENT_HEARTBEATS 3u
#define LONGEST_SILENCE 5000u /* without heartbeats, while something is waited for */
#define LINE_SILENCE 20u /* after that much, a delimiter goes before the next frame */
#define NEVER 0xffffffffu
#define LONGEST_GAP 1024u /* frames: a longer gap in their numbers is no loss, the other end counts anew */

#define DEFAULT_WINDOW 1024u
/* Set in keys that the client gives, so that they are none of the caller's. */
#define OWN_KEY 0x8000000000000000u
/* Ids are told as int32_t. */
#define LAST_ID 0x7fffffffu

#define STATIC_ASSERT(name, condition) typedef char assert_##name[(condition) ? 1 : -1]
STATIC_ASSERT(floats_are_binary32, sizeof(float) == 4);
STATIC_ASSERT(requests_fit, QWARK_MAX_REQUESTS >= 1 && QWARK_MAX_REQUESTS < 255);
STATIC_ASSERT(send_frame_in_range, QWARK_SEND_FRAME >= SMALL_FRAME && QWARK_SEND_FRAME <= 4096);

static uint32_t smaller(uint32_t a, uint32_t b) { return a < b ? a : b; }
static uint32_t larger(uint32_t a, uint32_t b) { return a > b ? a : b; }

/* Whether the time `due` has come; both wrap. */
static bool reached(uint32_t now, uint32_t due) { return now - due < 0x80000000u; }

/* ---- 2. Checksum: CRC-32C, four bits at a time ---- */

static uint32_t crc32c(uint32_t crc, const uint8_t *bytes, size_t len) {
    static const uint32_t table[16] = {
        0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
        0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
    };
    crc = ~crc;
    while (len-- > 0) {
        crc ^= *bytes++;
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

/* ---- 3. Seals ---- */

#ifndef QWARK_NO_SEALS

/* FIPS 180-4. */
typedef struct hasher {
    uint32_t state[8];
    uint64_t len;
    uint8_t block[64];
} hasher;

static uint32_t rotate(uint32_t x, unsigned by) { return x >> by | x << (32 - by); }

static void sha256_begin(hasher *hash) {
    static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memcpy(hash->state, initial, sizeof initial);
    hash->len = 0;
}

static void sha256_block(hasher *hash) {
    static const uint32_t constants[64] = {
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
        0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
        0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
        0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
        0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
        0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
    };
    uint32_t w[16], v[8];
    for (unsigned i = 0; i < 16; i++) {
        const uint8_t *at = hash->block + 4 * i;
        w[i] = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    }
    memcpy(v, hash->state, sizeof v);
    for (unsigned i = 0; i < 64; i++) {
        uint32_t *word = &w[i & 15];
        if (i >= 16) {
            uint32_t before = w[(i + 1) & 15], late = w[(i + 14) & 15];
            *word += w[(i + 9) & 15];
            *word += rotate(before, 7) ^ rotate(before, 18) ^ before >> 3;
            *word += rotate(late, 17) ^ rotate(late, 19) ^ late >> 10;
        }
        uint32_t a = v[0], e = v[4];
        uint32_t first = v[7] + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & v[5]) ^ (~e & v[6])) + constants[i] + *word;
        uint32_t second = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof *v);
        v[4] += first;
        v[0] = first + second;
    }
    for (unsigned i = 0; i < 8; i++) hash->state[i] += v[i];
}

static void sha256_update(hasher *hash, const uint8_t *bytes, size_t len) {
    for (size_t i = 0; i < len; i++) {
        hash->block[hash->len++ % 64] = bytes[i];
        if (hash->len % 64 == 0) sha256_block(hash);
    }
}

static void sha256_end(hasher *hash, uint8_t *out) {
    uint64_t bits = hash->len * 8;
    uint8_t byte = 0x80;
    do {
        sha256_update(hash, &byte, 1);
        byte = 0;
    } while (hash->len % 64 != 56);
    for (unsigned i = 0; i < 8; i++) {
        byte = (uint8_t)(bits >> (56 - 8 * i));
        sha256_update(hash, &byte, 1);
    }
    for (unsigned i = 0; i < QWARK_HASH; i++) out[i] = (uint8_t)(hash->state[i / 4] >> (24 - 8 * (i % 4)));
}

void qwark_sha256(const uint8_t *data, size_t len, uint8_t *out) {
    hasher hash;
    sha256_begin(&hash);
    sha256_update(&hash, data, len);
    sha256_end(&hash, out);
}

/* The key's part of an HMAC: filled up to a block with zeros, each byte changed by `pad`. */
static void hmac_pad(hasher *hash, const uint8_t *key, uint8_t pad) {
    sha256_begin(hash);
    for (unsigned i = 0; i < sizeof hash->block; i++) {
        uint8_t byte = (uint8_t)((i < QWARK_KEY ? key[i] : 0) ^ pad);
        sha256_update(hash, &byte, 1);
    }
}

static void store_u32(uint8_t *at, uint32_t value) {
    for (unsigned i = 0; i < 4; i++) at[i] = (uint8_t)(value >> 8 * i);
}

static void store_u64(uint8_t *at, uint64_t value) {
    store_u32(at, (uint32_t)value);
    store_u32(at + 4, (uint32_t)(value >> 32));
}

/* HMAC-SHA-256 (RFC 2104) of what a seal covers, into QWARK_HASH bytes; the tag is the first TAG of them. */
static void seal_tag(const qwark_client *c, uint8_t direction, uint32_t counter, const uint8_t *frame, size_t len, uint8_t *out) {
    uint8_t salt[29];
    store_u64(salt, c->client_nonce);
    store_u64(salt + 8, c->runtime_nonce);
    store_u64(salt + 16, c->config.client);
    salt[24] = direction;
    store_u32(salt + 25, counter);
    hasher hash;
    hmac_pad(&hash, c->config.key, 0x36);
    sha256_update(&hash, salt, sizeof salt);
    sha256_update(&hash, frame, len);
    sha256_end(&hash, out);
    hmac_pad(&hash, c->config.key, 0x5c);
    sha256_update(&hash, out, QWARK_HASH);
    sha256_end(&hash, out);
}

#endif

/* ---- 4. Fields of a payload: reading ---- */

/* A frame that arrived and held. */
typedef struct frame {
    uint8_t version, kind;
    uint32_t id;
    uint16_t seq;
    const uint8_t *bytes, *payload, *seal; /* seal: NULL if it has none */
    uint16_t len;                          /* of the payload */
} frame;

/* Where int has 16 bits, a byte shifted by 8 is more than it holds. */
static uint16_t load_u16(const uint8_t *at) { return (uint16_t)(at[0] | (uint16_t)at[1] << 8); }

static uint32_t load_u32(const uint8_t *at) {
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint64_t load_u64(const uint8_t *at) { return load_u32(at) | (uint64_t)load_u32(at + 4) << 32; }

typedef struct reader {
    const uint8_t *at;
    size_t left;
    bool ok; /* no field was missing or had a value that it cannot have */
} reader;

/* The next `len` bytes, or NULL. */
static const uint8_t *take(reader *r, size_t len) {
    const uint8_t *at = r->at;
    if (!r->ok || r->left < len) {
        r->ok = false;
        return NULL;
    }
    r->at += len;
    r->left -= len;
    return at;
}

static uint8_t get_u8(reader *r) {
    const uint8_t *at = take(r, 1);
    return at ? *at : 0;
}

static uint16_t get_u16(reader *r) {
    const uint8_t *at = take(r, 2);
    return at ? load_u16(at) : 0;
}

static uint32_t get_u32(reader *r) {
    const uint8_t *at = take(r, 4);
    return at ? load_u32(at) : 0;
}

static uint64_t get_u64(reader *r) {
    const uint8_t *at = take(r, 8);
    return at ? load_u64(at) : 0;
}

static float get_f32(reader *r) {
    uint32_t bits = get_u32(r);
    float value;
    memcpy(&value, &bits, sizeof value);
    if ((bits & 0x7f800000) == 0x7f800000) r->ok = false; /* infinite or not a number */
    return value;
}

static bool get_bool(reader *r) {
    uint8_t byte = get_u8(r);
    if (byte > 1) r->ok = false;
    return byte == 1;
}

static qwark_text get_text(reader *r, uint32_t most) {
    qwark_text text;
    text.len = get_u16(r);
    if (text.len > most) r->ok = false;
    text.at = (const char *)take(r, text.len);
    return text;
}

/* ---- 5. Frames to be sent ---- */

/* Where a frame is built: far enough behind the start of `out` that stuffing never overtakes what it reads. */
#define OUT_ROOM (2 + QWARK_SEND_FRAME / 254)

static void put(qwark_client *c, const void *bytes, size_t len) {
    memcpy(c->out + OUT_ROOM + c->frame_len, bytes, len);
    c->frame_len = (uint16_t)(c->frame_len + len);
}

static void put_u8(qwark_client *c, uint8_t value) { put(c, &value, 1); }

static void put_u16(qwark_client *c, uint32_t value) {
    put_u8(c, (uint8_t)value);
    put_u8(c, (uint8_t)(value >> 8));
}

static void put_u32(qwark_client *c, uint32_t value) {
    put_u16(c, value);
    put_u16(c, value >> 16);
}

static void put_u64(qwark_client *c, uint64_t value) {
    put_u32(c, (uint32_t)value);
    put_u32(c, (uint32_t)(value >> 32));
}

static void put_f32(qwark_client *c, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_u32(c, bits);
}

static void put_text(qwark_client *c, qwark_text text) {
    put_u16(c, text.len);
    if (text.len > 0) put(c, text.at, text.len);
}

static void begin_frame(qwark_client *c, uint8_t kind, uint32_t id) {
    c->frame_len = 0;
    put_u8(c, VERSION);
    put_u8(c, kind);
    put_u16(c, 0); /* its length, when that is known */
    put_u16(c, c->send_seq++);
    put_u32(c, id);
}

/* Bytes that may be added to the payload of the frame that is being built. */
static uint32_t frame_room(const qwark_client *c) {
    return smaller(QWARK_SEND_FRAME, c->max_frame) - CRC - (c->config.key ? SEAL : 0) - c->frame_len;
}

/* COBS, from out + OUT_ROOM to out + 1: the code byte of a block is filled in when the block's end is found. */
static void stuff(qwark_client *c) {
    const uint8_t *from = c->out + OUT_ROOM;
    uint8_t *code = c->out + 1, *to = c->out + 2;
    uint8_t run = 1;
    for (uint16_t i = 0; i < c->frame_len; i++) {
        if (run == 255) {
            *code = run;
            code = to++;
            run = 1;
        }
        uint8_t byte = from[i];
        if (byte == 0) {
            *code = run;
            code = to++;
            run = 1;
        } else {
            *to++ = byte;
            run++;
        }
    }
    *code = run;
    *to++ = 0;
    c->out_len = (uint16_t)(to - c->out);
}

static void end_frame(qwark_client *c, uint32_t now) {
    uint8_t *raw = c->out + OUT_ROOM;
    uint32_t len = c->frame_len - HEADER;
    raw[2] = (uint8_t)len;
    raw[3] = (uint8_t)(len >> 8);
#ifndef QWARK_NO_SEALS
    /* Who says Hello has no session yet, and a stop is not to fail for want of one. */
    if (c->config.key && c->linked && raw[1] != HELLO && raw[1] != ESTOP) {
        uint8_t tag[QWARK_HASH];
        seal_tag(c, 0, ++c->seals_sent, raw, c->frame_len, tag);
        put_u32(c, c->seals_sent);
        put(c, tag, TAG);
    }
#endif
    put_u32(c, crc32c(0, raw, c->frame_len));
    stuff(c);
    /* What came over a silent line by itself is to end before the frame begins. */
    c->out[0] = 0;
    c->out_at = c->dirty || now - c->written_at >= LINE_SILENCE ? 0 : 1;
    c->dirty = false;
    c->counters.sent++;
}

/* Hands over what is to be sent. Whether all of it was taken. */
static bool flush(qwark_client *c, uint32_t now) {
    while (c->out_at < c->out_len) {
        size_t left = (size_t)(c->out_len - c->out_at);
        size_t taken = c->config.write(c->config.context, c->out + c->out_at, left);
        if (taken == 0) return false;
        c->out_at = (uint16_t)(c->out_at + (taken < left ? taken : left));
        c->written_at = now;
    }
    return true;
}

/* ---- 6. Timers ---- */

static void tell(qwark_client *c, qwark_event *event, uint8_t kind, uint32_t id) {
    event->kind = kind;
    event->id = id;
    c->config.event(c->config.context, event);
}

static void tell_error(qwark_client *c, uint32_t id, uint8_t code, bool ends, qwark_text message) {
    qwark_event event;
    event.as.error.code = code;
    event.as.error.ends = ends;
    event.as.error.message = message;
    tell(c, &event, QWARK_EVENT_ERROR, id);
}

/* From now on, with the first waiting time. */
static void start_timer(const qwark_client *c, qwark_timer *timer, uint32_t now) {
    timer->on = true;
    timer->wait = c->first_wait;
    timer->due = now + timer->wait;
    timer->tries = 0;
}

/* When something is sent whose timer may be running because it is sent again. */
static void run_timer(const qwark_client *c, qwark_timer *timer, uint32_t now) {
    if (!timer->on) start_timer(c, timer, now);
}

/* An answer showed progress: the next one may take its time again. */
static void restart_timer(const qwark_client *c, qwark_timer *timer, uint32_t now) {
    start_timer(c, timer, now);
    timer->given_up = false;
}

static void lose_link(qwark_client *c);

enum expiry { WAITING, AGAIN, GIVEN_UP };

/*
 * Whether it is time to send again. After the last repetition the link is taken for lost; when it was there again since, and then
 * nothing answered this either, this alone is given up.
 */
static enum expiry look_at_timer(qwark_client *c, qwark_timer *timer, uint32_t now) {
    if (!timer->on || !reached(now, timer->due)) return WAITING;
    if (timer->tries == REPETITIONS) {
        timer->on = false;
        if (timer->given_up) return GIVEN_UP;
        timer->given_up = true;
        lose_link(c);
        return WAITING;
    }
    timer->tries++;
    timer->wait = smaller(timer->wait * 2, larger(LONGEST_WAIT, c->first_wait));
    timer->due = now + timer->wait;
    c->counters.retransmitted++;
    return AGAIN;
}

/* ---- 7. Flows ---- */

static void begin_flow(qwark_flow *flow, uint32_t total) {
    memset(flow, 0, sizeof *flow);
    flow->total = total;
}

/* What the other end says about it, perhaps for the first time. Whether that is progress. */
static bool acknowledge_flow(qwark_client *c, qwark_flow *flow, bool first, uint32_t received, uint32_t window) {
    if (received > flow->total || received < flow->acknowledged) return false; /* nonsense, or late */
    bool progress = first || received > flow->acknowledged;
    flow->window = smaller(window, flow->total - received);
    if (progress) {
        flow->acknowledged = received;
        flow->went_back = false;
        if (first || flow->sent < received) flow->sent = received;
    } else if (flow->sent > received && !flow->went_back) {
        /* Told again where it stands: something after that was not taken. */
        flow->sent = received;
        flow->went_back = true;
        c->counters.retransmitted++;
    }
    return progress;
}

/* How many bytes may be sent now. */
static uint32_t flow_room(const qwark_flow *flow) {
    uint32_t end = flow->acknowledged + flow->window;
    return end > flow->sent ? end - flow->sent : 0;
}

/* ---- 8. Session ---- */

/* Ends the session on this side: until the runtime has answered a new Hello, nothing but Hello, Ping and EStop is sent. */
static void want_hello(qwark_client *c) {
    for (unsigned i = 0; i < QWARK_MAX_REQUESTS; i++) c->slots[i].timer.on = c->slots[i].cancel_timer.on = false;
    c->transfer.timer.on = false;
    c->order_timer.on = false;
    c->linked = false;
    c->hello_wanted = true;
    c->client_nonce = 0;
}

static void lose_link(qwark_client *c) {
    if (!c->linked) return;
    want_hello(c);
    qwark_event event;
    memset(&event, 0, sizeof event);
    tell(c, &event, QWARK_EVENT_LINK_LOST, 0);
}

static void send_hello(qwark_client *c, uint32_t now) {
    c->client_nonce = c->config.nonce(c->config.context);
    if (c->client_nonce == 0) c->client_nonce = 1; /* 0 means that no Hello waits for its answer */
    begin_frame(c, HELLO, 0);
    put_u8(c, VERSION);
    put_u8(c, VERSION);
    put_u64(c, c->config.client);
    put_u64(c, c->client_nonce);
    put_u16(c, c->config.heartbeat_ms);
    put_text(c, qwark_string(c->config.name));
    end_frame(c, now);
    /* Not before an answer can be here, or on a slow line none would ever be to the last Hello. */
    c->hello_wanted = false;
    c->hello_due = now + larger(HELLO_EVERY, c->first_wait);
}

static void send_ping(qwark_client *c, uint32_t now) {
    begin_frame(c, PING, 0);
    put_u32(c, c->ping_nonce);
    end_frame(c, now);
    c->ping_wanted = false;
}

static void resume_requests(qwark_client *c);
static void resume_transfer(qwark_client *c);
static void note_safety(qwark_client *c, qwark_safety said, bool asked);

static bool on_identify(qwark_client *c, reader *r) {
    qwark_event event;
    qwark_identity *said = &event.as.identity;
    memset(&event, 0, sizeof event);
    said->version_min = get_u8(r);
    said->version_max = get_u8(r);
    said->boot_id = get_u64(r);
    said->schema = get_u64(r);
    uint64_t client_nonce = get_u64(r);
    uint64_t nonce = get_u64(r);
    said->kept = get_u16(r);
    said->features = get_u32(r);
    said->safety = get_u8(r);
    said->stop = get_u32(r);
    said->max_frame = get_u16(r);
    said->max_text = get_u32(r);
    said->context = get_u32(r);
    said->max_parallel = get_u16(r);
    said->max_requests = get_u16(r);
    said->linger_s = get_u16(r);
    said->upload_quota = get_u32(r);
    said->set = get_u32(r);
    said->model_count = get_u8(r);
    if (said->model_count > QWARK_MAX_MODELS) r->ok = false;
    for (unsigned i = 0; r->ok && i < said->model_count; i++) said->models[i] = get_text(r, QWARK_MAX_NAME);
    said->commands = get_text(r, QWARK_MAX_NAME);
    if (!r->ok) return false;

    if (client_nonce == 0 || client_nonce != c->client_nonce || c->linked) {
        /* No answer to the last Hello. But the runtime may have told that it has restarted. */
        if (c->linked && said->boot_id != c->boot_id) lose_link(c);
        return true;
    }
    if (said->version_min > VERSION || said->version_max < VERSION) {
        tell_error(c, 0, QWARK_ERROR_UNSUPPORTED, false, qwark_string("no version in common"));
        return true;
    }
    if (said->boot_id != c->boot_id) c->safety_known = false; /* its stops are counted anew */
    c->linked = true;
    c->boot_id = said->boot_id;
    c->runtime_nonce = nonce;
    c->max_frame = said->max_frame > SMALL_FRAME ? said->max_frame : SMALL_FRAME;
    c->seals_sent = 0;
    if (c->config.key && !c->ping_wanted) {
        /* The session begins with the first sealed frame: there is to be one, even if nothing else is to be sent. */
        c->opening = true;
        c->ping_wanted = true;
        c->ping_nonce = (uint32_t)c->client_nonce;
    }
    resume_requests(c);
    resume_transfer(c);
    qwark_safety safety;
    safety.state = said->safety;
    safety.stop = said->stop;
    tell(c, &event, QWARK_EVENT_IDENTIFIED, 0);
    note_safety(c, safety, true);
    return true;
}

static bool on_pong(qwark_client *c, reader *r) {
    qwark_event event;
    event.as.pong = get_u32(r);
    if (!r->ok) return false;
    bool own = c->opening && event.as.pong == c->ping_nonce;
    if (own) c->opening = false;
    else tell(c, &event, QWARK_EVENT_PONG, 0);
    return true;
}

static bool on_heartbeat(qwark_client *c, reader *r) {
    qwark_event event;
    qwark_heartbeat *said = &event.as.heartbeat;
    said->uptime_ms = get_u64(r);
    said->steps = get_u64(r);
    said->running = get_u16(r);
    said->queued = get_u16(r);
    said->parked = get_u16(r);
    said->safety = get_u8(r);
    said->tokens_per_s = get_f32(r);
    said->temperature = get_f32(r);
    said->free_kib = get_u32(r);
    said->lost = get_u32(r);
    if (r->ok) tell(c, &event, QWARK_EVENT_HEARTBEAT, 0);
    return r->ok;
}

/* ---- 9. Requests ---- */

enum wants { WANT_CANCEL = 1, WANT_ACK = 2, WANT_RESEND = 4, WANT_OPENING = 8 };

static qwark_slot *find_slot(qwark_client *c, uint32_t id) {
    for (unsigned i = 0; id != 0 && i < QWARK_MAX_REQUESTS; i++) {
        if (c->slots[i].id == id) return &c->slots[i];
    }
    return NULL;
}

static uint32_t give_id(qwark_client *c) {
    do {
        c->next_id = c->next_id == LAST_ID ? 1 : c->next_id + 1;
    } while (find_slot(c, c->next_id) || (c->transfer.kind != 0 && c->transfer.id == c->next_id));
    return c->next_id;
}

void qwark_request_init(qwark_request *request) {
    memset(request, 0, sizeof *request);
    request->priority = QWARK_NORMAL;
    request->window = DEFAULT_WINDOW;
    request->sampling.top_p = 1;
    request->sampling.repetition_penalty = 1;
}

void qwark_sentence_init(qwark_sentence *sentence, uint32_t set) {
    memset(sentence, 0, sizeof *sentence);
    sentence->set = set;
    sentence->priority = QWARK_NORMAL;
    sentence->window = DEFAULT_WINDOW;
}

/* Bytes of Generate's payload without the text's first bytes; 0 if a part is too long. */
static uint32_t generate_len(const qwark_request *request) {
    if (request->stop_count > QWARK_MAX_STOPS || request->fallback.len > QWARK_MAX_FALLBACK) return 0;
    uint32_t len = 106 + 2 + request->fallback.len + 1 + 2;
    for (unsigned i = 0; i < request->stop_count; i++) {
        if (request->stops[i].len > QWARK_MAX_STOP) return 0;
        len += 2 + request->stops[i].len;
    }
    return len;
}

/* Of a sentence, `request` has what both kinds of requests have. */
static int32_t begin_request(qwark_client *c, const qwark_request *request, const qwark_sentence *sentence) {
    qwark_slot *slot = NULL;
    for (unsigned i = 0; i < QWARK_MAX_REQUESTS && !slot; i++) {
        if (c->slots[i].id == 0) slot = &c->slots[i];
    }
    if (!slot) return QWARK_NO_ROOM;
    uint32_t id = give_id(c);
    memset(slot, 0, sizeof *slot);
    slot->id = id;
    slot->request = *request;
    slot->is_sentence = sentence != NULL;
    if (sentence) slot->set = sentence->set;
    if (!request->system.at) slot->request.system.len = 0;
    if (!request->fallback.at) slot->request.fallback.len = 0;
    if (request->key == 0) slot->request.key = OWN_KEY | id;
    slot->text_crc = crc32c(0, (const uint8_t *)request->system.at, slot->request.system.len);
    slot->text_crc = crc32c(slot->text_crc, (const uint8_t *)request->prompt.at, request->prompt.len);
    begin_flow(&slot->flow, slot->request.system.len + request->prompt.len);
    slot->wants = WANT_OPENING;
    return (int32_t)id;
}

int32_t qwark_generate(qwark_client *c, const qwark_request *request) {
    uint32_t len = generate_len(request);
    if (len == 0 || HEADER + len + SEAL + CRC > SMALL_FRAME) return QWARK_INVALID;
    if ((!request->prompt.at && request->prompt.len > 0) || request->prompt.len > NEVER - request->system.len) return QWARK_INVALID;
    if (request->grammar != QWARK_NO_GRAMMAR && !request->grammar_hash) return QWARK_INVALID;
    return begin_request(c, request, NULL);
}

int32_t qwark_command(qwark_client *c, const qwark_sentence *sentence) {
    qwark_request request;
    if (sentence->fallback && (sentence->fallback_len == 0 || sentence->fallback_len > QWARK_MAX_COMMAND)) return QWARK_INVALID;
    if (!sentence->text.at && sentence->text.len > 0) return QWARK_INVALID;
    qwark_request_init(&request);
    request.prompt = sentence->text;
    request.fallback.at = (const char *)sentence->fallback;
    request.fallback.len = sentence->fallback_len;
    request.priority = sentence->priority;
    request.deadline_ms = sentence->deadline_ms;
    request.window = sentence->window;
    request.key = sentence->key;
    return begin_request(c, &request, sentence);
}

int32_t qwark_cancel(qwark_client *c, uint32_t id) {
    qwark_slot *slot = find_slot(c, id);
    if (!slot) return QWARK_UNKNOWN_ID;
    if (slot->cancelling || slot->ended) return QWARK_OK;
    slot->cancelling = true;
    slot->wants = (uint8_t)((slot->wants & ~WANT_OPENING) | WANT_CANCEL);
    if (!slot->taken) slot->timer.on = false;
    return QWARK_OK;
}

/* After an Identify, every request begins anew; the runtime knows by its key what it has of it, and the client by the offset. */
static void resume_requests(qwark_client *c) {
    for (unsigned i = 0; i < QWARK_MAX_REQUESTS; i++) {
        qwark_slot *slot = &c->slots[i];
        if (slot->id == 0) continue;
        begin_flow(&slot->flow, slot->flow.total);
        slot->timer.on = slot->cancel_timer.on = false;
        slot->accepted = slot->taken = slot->ended = false;
        slot->seen = slot->received;
        slot->asked = 0;
        slot->wants = slot->cancelling ? WANT_CANCEL : WANT_OPENING;
    }
}

static void put_fallback(qwark_client *c, const qwark_request *request) {
    put_u8(c, request->fallback.at != NULL);
    put_text(c, request->fallback);
}

/* Part of the request's text, which is the system text followed by the prompt. */
static void put_part(qwark_client *c, const qwark_request *request, uint32_t offset, uint32_t len) {
    put_u16(c, len);
    if (offset < request->system.len) {
        uint32_t first = smaller(len, request->system.len - offset);
        put(c, request->system.at + offset, first);
        offset += first;
        len -= first;
    }
    if (len > 0) put(c, request->prompt.at + (offset - request->system.len), len);
}

/* What Generate has between the window and the text. */
static void put_question(qwark_client *c, const qwark_slot *slot) {
    static const uint8_t no_hash[QWARK_HASH] = {0};
    const qwark_request *request = &slot->request;
    const qwark_sampling *sampling = &request->sampling;
    put_u32(c, sampling->max_tokens);
    put_f32(c, sampling->temperature);
    put_u32(c, sampling->top_k);
    put_f32(c, sampling->top_p);
    put_f32(c, sampling->min_p);
    put_f32(c, sampling->repetition_penalty);
    put_f32(c, sampling->presence_penalty);
    put_f32(c, sampling->frequency_penalty);
    put_u64(c, sampling->seed);
    put_u8(c, request->form);
    put_u8(c, request->thinking);
    put_u8(c, request->system.at != NULL);
    put_u32(c, request->system.len);
    put_u32(c, request->prompt.len);
    put_u32(c, slot->text_crc);
    put_u8(c, request->grammar);
    put(c, request->grammar == QWARK_NO_GRAMMAR ? no_hash : request->grammar_hash, QWARK_HASH);
    put_fallback(c, request);
    put_u8(c, request->stop_count);
    for (unsigned i = 0; i < request->stop_count; i++) put_text(c, request->stops[i]);
}

/* What Command has there. */
static void put_sentence(qwark_client *c, const qwark_slot *slot) {
    put_u32(c, slot->set);
    put_u32(c, slot->request.prompt.len);
    put_u32(c, slot->text_crc);
    put_fallback(c, &slot->request);
}

/* The frame that begins a request. */
static void send_opening(qwark_client *c, qwark_slot *slot, uint32_t now) {
    const qwark_request *request = &slot->request;
    begin_frame(c, slot->is_sentence ? COMMAND : GENERATE, slot->id);
    put_u64(c, request->key);
    put_u8(c, request->priority);
    put_u32(c, request->deadline_ms);
    put_u32(c, request->window);
    if (slot->is_sentence) put_sentence(c, slot);
    else put_question(c, slot);
    uint32_t len = smaller(smaller(frame_room(c) - 2, MAX_CHUNK), slot->flow.total);
    put_part(c, request, 0, len);
    end_frame(c, now);
    if (slot->flow.sent < len) slot->flow.sent = len;
    slot->wants &= (uint8_t)~WANT_OPENING;
    slot->offered = true;
    slot->heard_at = now;
    if (!slot->taken) run_timer(c, &slot->timer, now);
}

static void send_text(qwark_client *c, qwark_slot *slot, uint32_t now) {
    begin_frame(c, TEXT, slot->id);
    put_u32(c, slot->flow.sent);
    uint32_t len = smaller(smaller(frame_room(c) - 2, MAX_CHUNK), flow_room(&slot->flow));
    put_part(c, &slot->request, slot->flow.sent, len);
    end_frame(c, now);
    slot->flow.sent += len;
    run_timer(c, &slot->timer, now);
}

static void send_ack(qwark_client *c, uint32_t id, uint32_t received, uint32_t window, bool ended, uint32_t now) {
    begin_frame(c, ACK, id);
    put_u32(c, received);
    put_u32(c, window);
    put_u8(c, ended);
    end_frame(c, now);
}

/* The most urgent frame of a request, if it wants any. */
static bool send_for_slot(qwark_client *c, qwark_slot *slot, uint32_t now) {
    if (slot->id == 0) return false;
    if (slot->wants & WANT_CANCEL) {
        begin_frame(c, CANCEL, slot->id);
        end_frame(c, now);
        slot->wants &= (uint8_t)~WANT_CANCEL;
        run_timer(c, &slot->cancel_timer, now);
    } else if (slot->wants & WANT_ACK) {
        send_ack(c, slot->id, slot->received, slot->request.window, false, now);
        slot->acknowledged = slot->received;
        slot->wants &= (uint8_t)~WANT_ACK;
    } else if (slot->wants & WANT_RESEND) {
        begin_frame(c, RESEND, slot->id);
        put_u32(c, slot->received);
        put_u32(c, slot->seen - slot->received);
        end_frame(c, now);
        slot->asked = slot->seen;
        slot->wants &= (uint8_t)~WANT_RESEND;
        run_timer(c, &slot->timer, now);
    } else if (slot->wants & WANT_OPENING) {
        send_opening(c, slot, now);
    } else if (!slot->taken && slot->accepted && !slot->cancelling && flow_room(&slot->flow) > 0) {
        send_text(c, slot, now);
    } else {
        return false;
    }
    return true;
}

/* Whether the request's text was not taken yet, or a missing part of the answer has not come. */
static bool awaits_answer(const qwark_slot *slot) {
    return (!slot->taken && !slot->cancelling) || slot->asked > slot->received;
}

/* Whether more of the answer is to come by itself. */
static bool awaits_more(const qwark_slot *slot) {
    return slot->taken && !slot->ended && !slot->cancelling && slot->request.window != 0;
}

/* Whether anything but an Error was said of the request. */
static bool was_heard_of(const qwark_slot *slot) { return slot->accepted || slot->taken || slot->told; }

/* An answer to something of a request showed progress. */
static void note_progress(qwark_client *c, qwark_slot *slot, uint32_t now) {
    bool on = slot->timer.on && awaits_answer(slot);
    restart_timer(c, &slot->timer, now);
    slot->timer.on = on;
}

/* The runtime has all of the request's text. */
static void note_taken(qwark_client *c, qwark_slot *slot) {
    slot->taken = true;
    slot->wants &= (uint8_t)~WANT_OPENING;
    if (slot->told) return;
    slot->told = true;
    qwark_event event;
    memset(&event, 0, sizeof event);
    tell(c, &event, QWARK_EVENT_ACCEPTED, slot->id);
}

/* Has the end of a request acknowledged. If too many are to be, the runtime will tell of it again. */
static void want_end_ack(qwark_client *c, uint32_t id, uint32_t received) {
    if (id == 0) return; /* no request */
    for (unsigned i = 0; i < c->end_count; i++) {
        if (c->ends[i].id == id) return;
    }
    if (c->end_count == sizeof c->ends / sizeof *c->ends) return;
    c->ends[c->end_count].id = id;
    c->ends[c->end_count].received = received;
    c->end_count++;
}

static void send_end_ack(qwark_client *c, uint32_t now) {
    c->end_count--;
    send_ack(c, c->ends[c->end_count].id, c->ends[c->end_count].received, 0, true, now);
}

static void finish(qwark_client *c, qwark_slot *slot) {
    qwark_event event;
    uint32_t id = slot->id;
    event.as.done = slot->done;
    if (slot->offered) want_end_ack(c, id, slot->received);
    slot->id = 0;
    tell(c, &event, QWARK_EVENT_DONE, id);
}

/* Part of the answer up to `seen` is missing: ask for it, unless that is under way. */
static void want_missing(qwark_slot *slot) {
    if (slot->asked <= slot->received) {
        slot->asked = slot->seen;
        slot->wants |= WANT_RESEND;
    }
}

static bool on_accepted(qwark_client *c, const frame *f, reader *r, uint32_t now) {
    uint32_t received = get_u32(r), window = get_u32(r);
    if (!r->ok) return false;
    qwark_slot *slot = find_slot(c, f->id);
    if (!slot || slot->taken) return true;
    bool first = !slot->accepted;
    slot->accepted = true;
    if (acknowledge_flow(c, &slot->flow, first, received, window)) note_progress(c, slot, now);
    if (slot->flow.acknowledged == slot->flow.total) {
        note_taken(c, slot);
        slot = find_slot(c, f->id);
        if (slot) note_progress(c, slot, now);
    }
    return true;
}

/* A Token or a CommandReply: the next piece of an answer, or one command of it. */
static bool on_piece(qwark_client *c, const frame *f, reader *r, uint32_t now) {
    bool is_command = f->kind == COMMAND_REPLY;
    uint32_t offset = get_u32(r);
    qwark_text text = get_text(r, is_command ? QWARK_MAX_COMMAND : QWARK_RECEIVE_FRAME);
    if (!r->ok || text.len > NEVER - offset) return false;
    qwark_slot *slot = find_slot(c, f->id);
    if (!slot || slot->is_sentence != is_command) return true;
    bool secured = slot->request.window != 0;
    if (!slot->taken || !slot->told) {
        note_taken(c, slot);
        slot = find_slot(c, f->id);
        if (!slot) return true;
        note_progress(c, slot, now);
    }
    uint32_t end = offset + text.len;
    slot->heard_at = now;
    if (end > slot->seen) slot->seen = end;
    if (offset > slot->received) {
        if (secured) slot->wants |= WANT_ACK;
        want_missing(slot);
        return true;
    }
    if (end <= slot->received) {
        if (secured) slot->wants |= WANT_ACK;
        return true;
    }
    qwark_event event;
    if (is_command && offset != slot->received) {
        slot->id = 0;
        tell_error(c, f->id, QWARK_ERROR_INTEGRITY, true, qwark_string("the commands are not those of before the restart"));
        return true;
    } else if (is_command) {
        event.as.command.offset = offset;
        event.as.command.at = (const uint8_t *)text.at;
        event.as.command.len = text.len;
    } else {
        /* What of it is new: after a restart of the runtime, pieces may be cut in other places. */
        event.as.text.offset = slot->received;
        event.as.text.at = text.at + (slot->received - offset);
        event.as.text.len = end - slot->received;
    }
    bool all_acknowledged = slot->received == slot->acknowledged;
    slot->received = end;
    if (secured) {
        if (all_acknowledged) slot->ack_due = now + ACK_WITHIN;
        if (slot->received - slot->acknowledged >= (slot->request.window + 1) / 2) slot->wants |= WANT_ACK;
    }
    if (slot->seen > slot->received) want_missing(slot);
    else slot->wants &= (uint8_t)~WANT_RESEND;
    note_progress(c, slot, now);
    tell(c, &event, is_command ? QWARK_EVENT_COMMAND : QWARK_EVENT_TEXT, f->id);
    slot = find_slot(c, f->id);
    if (slot && slot->ended && slot->received >= slot->done.text_len) finish(c, slot);
    return true;
}

static bool on_done(qwark_client *c, const frame *f, reader *r, uint32_t now) {
    qwark_done done;
    done.reason = get_u8(r);
    done.prompt_tokens = get_u32(r);
    done.output_tokens = get_u32(r);
    done.text_len = get_u32(r);
    done.answer_at = get_u32(r);
    done.queue_us = get_u64(r);
    done.prefill_us = get_u64(r);
    done.first_token_us = get_u64(r);
    done.total_us = get_u64(r);
    if (!r->ok) return false;
    qwark_slot *slot = find_slot(c, f->id);
    if (!slot) {
        want_end_ack(c, f->id, done.text_len);
        return true;
    }
    bool first = !slot->ended;
    slot->done = done;
    slot->ended = slot->taken = true;
    slot->wants &= (uint8_t)~(WANT_CANCEL | WANT_OPENING);
    slot->cancel_timer.on = false;
    if (slot->received >= done.text_len) {
        finish(c, slot);
        return true;
    }
    slot->seen = done.text_len;
    want_missing(slot);
    if (first) note_progress(c, slot, now);
    return true;
}

static void look_at_slot(qwark_client *c, qwark_slot *slot, uint32_t now) {
    if (slot->id == 0) return;
    if (slot->cancelling && !slot->offered) {
        /* The runtime never heard of it. */
        slot->done.reason = QWARK_REASON_CANCELLED;
        finish(c, slot);
        return;
    }
    if (slot->request.window != 0 && slot->received != slot->acknowledged && reached(now, slot->ack_due)) slot->wants |= WANT_ACK;
    if (awaits_more(slot) && reached(now, slot->heard_at + ASK_AGAIN)) slot->wants |= WANT_OPENING;
    enum expiry cancel = look_at_timer(c, &slot->cancel_timer, now), answer = look_at_timer(c, &slot->timer, now);
    if (cancel == GIVEN_UP || answer == GIVEN_UP) {
        uint32_t id = slot->id;
        slot->id = 0;
        tell_error(c, id, QWARK_ERROR_NO_ANSWER, true, qwark_string("never answered"));
        return;
    }
    if (cancel == AGAIN) slot->wants |= WANT_CANCEL;
    if (answer == AGAIN) {
        if (slot->taken) slot->wants |= WANT_RESEND;
        /* A first frame that comes again is answered by Accepted, too: so it also asks whether the window is open again. */
        else if (!slot->accepted || slot->flow.window == 0) slot->wants |= WANT_OPENING;
        else slot->flow.sent = slot->flow.acknowledged;
    }
}

/* ---- 10. Safety ---- */

static void drop_order(qwark_client *c) {
    c->order = 0;
    c->order_wanted = false;
    c->order_timer.on = false;
}

static void fail_order(qwark_client *c) {
    drop_order(c);
    tell_error(c, 0, QWARK_ERROR_NO_ANSWER, false, qwark_string("reset or arm had no effect"));
}

void qwark_estop(qwark_client *c) {
    /* Once is enough: a caller that asks in every turn would break each EStop off by the next. */
    if (!c->stopping) c->stopping = c->stop_at_once = true;
    drop_order(c); /* it was not meant for this stop */
}

static int32_t give_order(qwark_client *c, uint8_t kind, uint32_t stop) {
    if (c->order != 0) return QWARK_NO_ROOM;
    c->order = kind;
    c->order_stop = stop;
    c->order_wanted = true;
    c->order_timer.on = c->order_timer.given_up = false;
    return QWARK_OK;
}

int32_t qwark_reset(qwark_client *c, uint32_t stop) {
    return give_order(c, RESET, stop);
}

int32_t qwark_arm(qwark_client *c, uint32_t stop) {
    return give_order(c, ARM, stop);
}

static void send_estop(qwark_client *c, uint32_t now) {
    if (c->out_at < c->out_len) c->dirty = true; /* breaks that frame off: the runtime drops it, and it is sent again if it matters */
    begin_frame(c, ESTOP, 0);
    end_frame(c, now);
    c->stop_at_once = false;
    c->stop_due = now + ESTOP_EVERY;
}

static void send_order(qwark_client *c, uint32_t now) {
    begin_frame(c, c->order, 0);
    put_u32(c, c->order_stop);
    end_frame(c, now);
    c->order_wanted = false;
    run_timer(c, &c->order_timer, now);
}

/* Where a state stands within one boot: by the number of the stop, then in the order in which states follow it. */
static uint64_t safety_order(qwark_safety safety) {
    unsigned step = safety.state == QWARK_STOPPED ? 0 : safety.state == QWARK_DISARMED ? 1 : 2;
    return (uint64_t)safety.stop << 2 | step;
}

/* Whether it was true before what is known: the line held it back, or repeated it. */
static bool is_late(const qwark_client *c, qwark_safety said) { return c->safety_known && safety_order(said) < safety_order(c->safety); }

/* Ends the Reset or Arm under way, if there is one, when it has done what it should or can do nothing any more. */
static void note_order(qwark_client *c) {
    uint8_t state = c->safety.state;
    if (c->order == 0) return;
    c->order_timer.given_up = true; /* it was answered: if nothing comes of it in the end, the link is not to blame */
    if (c->safety.stop != c->order_stop || (c->order == ARM && state == QWARK_STOPPED)) fail_order(c);
    else if (c->order == RESET ? state != QWARK_STOPPED : state == QWARK_ARMED) drop_order(c);
}

/* Takes in what the runtime may do, unless that is late, and tells what is known then if it is news or was asked for. */
static void note_safety(qwark_client *c, qwark_safety said, bool asked) {
    bool news = !c->safety_known || said.state != c->safety.state || said.stop != c->safety.stop;
    if (!is_late(c, said)) {
        c->safety = said;
        c->safety_known = true;
        if (said.state == QWARK_STOPPED) c->stopping = false;
        note_order(c);
    }
    if (!news && !asked) return;
    qwark_event event;
    event.as.safety = c->safety;
    tell(c, &event, QWARK_EVENT_SAFETY, 0);
}

/* Nothing proves that the runtime said it: it may confirm a stop, and is not remembered. */
static void on_unproven_stop(qwark_client *c, qwark_safety said) {
    if (!c->stopping || is_late(c, said)) return;
    c->stopping = false;
    qwark_event event;
    event.as.safety = said;
    tell(c, &event, QWARK_EVENT_SAFETY, 0);
}

static bool on_safety(qwark_client *c, const frame *f, reader *r) {
    qwark_safety said;
    said.state = get_u8(r);
    said.stop = get_u32(r);
    if (!r->ok) return false;
    if (c->config.key && !f->seal) {
        on_unproven_stop(c, said);
    } else if (!is_late(c, said)) {
        note_safety(c, said, c->stopping || c->order != 0);
    } else if (c->stopping && said.state == QWARK_STOPPED) {
        /* Late, or from a runtime that has restarted and counts anew: the answer to a Hello tells which. */
        lose_link(c);
    }
    return true;
}

static void look_at_order(qwark_client *c, uint32_t now) {
    /* Nothing arms a robot long after it was asked. */
    if (c->order != 0 && !c->linked) fail_order(c);
    switch (look_at_timer(c, &c->order_timer, now)) {
    case WAITING:
        break;
    case GIVEN_UP:
        fail_order(c);
        break;
    case AGAIN:
        c->order_wanted = true;
        break;
    }
}

/* ---- 11. Uploads ---- */

static int32_t begin_transfer(qwark_client *c, uint8_t kind, const qwark_upload *upload, uint16_t index) {
    qwark_transfer *t = &c->transfer;
    if (t->kind != 0) return QWARK_NO_ROOM;
    uint32_t id = give_id(c);
    memset(t, 0, sizeof *t);
    t->kind = kind;
    t->id = id;
    t->index = index;
    if (upload) t->upload = *upload;
    begin_flow(&t->flow, t->upload.size);
    t->wanted = true;
    return (int32_t)id;
}

int32_t qwark_upload_begin(qwark_client *c, const qwark_upload *upload) {
    if (!upload->sha256 || (!upload->data && upload->size > 0) || upload->name.len > QWARK_MAX_NAME) return QWARK_INVALID;
    return begin_transfer(c, UPLOAD_BEGIN, upload, 0);
}

int32_t qwark_upload_list(qwark_client *c, uint16_t index) {
    return begin_transfer(c, UPLOAD_LIST, NULL, index);
}

int32_t qwark_upload_delete(qwark_client *c, const uint8_t *sha256) {
    qwark_upload upload;
    if (!sha256) return QWARK_INVALID;
    memset(&upload, 0, sizeof upload);
    upload.sha256 = sha256;
    return begin_transfer(c, UPLOAD_DELETE, &upload, 0);
}

static void resume_transfer(qwark_client *c) {
    qwark_transfer *t = &c->transfer;
    begin_flow(&t->flow, t->flow.total);
    t->timer.on = false;
    t->begun = false;
    t->wanted = t->kind != 0;
}

static bool send_for_transfer(qwark_client *c, uint32_t now) {
    qwark_transfer *t = &c->transfer;
    if (t->kind == 0) return false;
    if (t->wanted) {
        begin_frame(c, t->kind, t->id);
        if (t->kind == UPLOAD_BEGIN) {
            put_u8(c, t->upload.what);
            put_u32(c, t->upload.size);
            put(c, t->upload.sha256, QWARK_HASH);
            put_u32(c, t->upload.keep_s);
            put_text(c, t->upload.name);
        } else if (t->kind == UPLOAD_LIST) {
            put_u16(c, t->index);
        } else {
            put(c, t->upload.sha256, QWARK_HASH);
        }
        t->wanted = false;
    } else if (t->begun && flow_room(&t->flow) > 0) {
        begin_frame(c, UPLOAD_DATA, t->id);
        put_u32(c, t->flow.sent);
        uint32_t len = smaller(smaller(frame_room(c) - 2, MAX_CHUNK), flow_room(&t->flow));
        put_u16(c, len);
        put(c, t->upload.data + t->flow.sent, len);
        t->flow.sent += len;
    } else {
        return false;
    }
    end_frame(c, now);
    run_timer(c, &t->timer, now);
    return true;
}

static bool on_upload(qwark_client *c, const frame *f, reader *r, uint32_t now) {
    qwark_transfer *t = &c->transfer;
    qwark_event event;
    uint8_t state = event.as.upload.state = get_u8(r);
    uint32_t received = event.as.upload.received = get_u32(r);
    uint32_t window = get_u32(r);
    event.as.upload.expires_s = get_u32(r);
    if (!r->ok) return false;
    if (f->id != t->id || (t->kind != UPLOAD_BEGIN && t->kind != UPLOAD_DELETE)) return true;
    bool progress = true;
    if (state == (t->kind == UPLOAD_BEGIN ? QWARK_UPLOAD_STORED : QWARK_UPLOAD_DELETED)) {
        t->kind = 0;
    } else if (state == QWARK_UPLOAD_RECEIVING && t->kind == UPLOAD_BEGIN) {
        bool first = !t->begun;
        t->begun = true;
        progress = acknowledge_flow(c, &t->flow, first, received, window);
        if (progress) restart_timer(c, &t->timer, now);
    } else {
        progress = false;
    }
    if (progress) tell(c, &event, QWARK_EVENT_UPLOAD, f->id);
    return true;
}

static bool on_upload_item(qwark_client *c, const frame *f, reader *r) {
    qwark_event event;
    qwark_upload_item *item = &event.as.item;
    item->index = get_u16(r);
    item->count = get_u16(r);
    item->what = get_u8(r);
    item->size = get_u32(r);
    item->received = get_u32(r);
    item->expires_s = get_u32(r);
    item->sha256 = take(r, QWARK_HASH);
    item->name = get_text(r, QWARK_MAX_NAME);
    if (!r->ok) return false;
    if (c->transfer.kind != UPLOAD_LIST || f->id != c->transfer.id) return true;
    c->transfer.kind = 0;
    tell(c, &event, QWARK_EVENT_UPLOAD_ITEM, f->id);
    return true;
}

static void look_at_transfer(qwark_client *c, uint32_t now) {
    qwark_transfer *t = &c->transfer;
    if (t->kind == 0) return;
    switch (look_at_timer(c, &t->timer, now)) {
    case WAITING:
        break;
    case GIVEN_UP:
        t->kind = 0;
        tell_error(c, t->id, QWARK_ERROR_NO_ANSWER, true, qwark_string("never answered"));
        break;
    case AGAIN:
        if (!t->begun || t->flow.window == 0) t->wanted = true;
        else t->flow.sent = t->flow.acknowledged;
        break;
    }
}

/* ---- 12. What arrives ---- */

static bool on_error(qwark_client *c, const frame *f, reader *r) {
    uint8_t code = get_u8(r);
    bool ends = get_bool(r);
    qwark_text message = get_text(r, QWARK_RECEIVE_FRAME);
    if (!r->ok) return false;
    if (code == QWARK_ERROR_NO_SESSION) {
        lose_link(c);
        return true;
    }
    qwark_slot *slot = find_slot(c, f->id);
    bool transfer = c->transfer.kind != 0 && c->transfer.id == f->id && f->id != 0;
    /* What the runtime does not have, or what goes on there, has no end to be acknowledged. */
    if (ends && !transfer && code != QWARK_ERROR_UNKNOWN_ID) want_end_ack(c, f->id, slot ? slot->received : 0);
    /* If nothing else was said of it before, it is the request itself that was refused: it never began. */
    if (slot ? !was_heard_of(slot) : transfer && !c->transfer.begun) ends = true;
    if (slot && ends) slot->id = 0;
    if (transfer && ends) c->transfer.kind = 0;
    if (f->id == 0 || slot || transfer) tell_error(c, f->id, code, ends, message);
    return true;
}

/* Whether a frame comes from who has the link's key, in this session and for the first time. */
static bool believe(qwark_client *c, const frame *f) {
#ifdef QWARK_NO_SEALS
    (void)c;
    (void)f;
    return true;
#else
    if (!c->config.key) return true;
    if (!f->seal) return f->kind == PONG || (!c->linked && f->kind == SAFETY && f->len > 0 && f->payload[0] == QWARK_STOPPED);
    uint32_t counter = load_u32(f->seal);
    if (c->linked) {
        if (counter <= c->seals_received) return false;
    } else {
        /* Only the Identify that answers the last Hello; it brings the other nonce with it. */
        if (f->kind != IDENTIFY || f->len < 34 || load_u64(f->payload + 18) != c->client_nonce) return false;
        c->runtime_nonce = load_u64(f->payload + 26);
    }
    uint8_t tag[QWARK_HASH], difference = 0;
    seal_tag(c, 1, counter, f->bytes, HEADER + f->len, tag);
    for (unsigned i = 0; i < TAG; i++) difference |= (uint8_t)(tag[i] ^ f->seal[4 + i]);
    if (difference == 0) c->seals_received = counter;
    return difference == 0;
#endif
}

/* The numbers of the runtime's frames say how many were lost. */
static void note_seq(qwark_client *c, uint16_t seq) {
    uint16_t ahead = (uint16_t)(seq - c->receive_seq);
    if (!c->numbered) ahead = 0;
    if (ahead >= 0x8000) {
        c->counters.repeated++;
        return;
    }
    c->numbered = true;
    if (ahead <= LONGEST_GAP) c->counters.missing += ahead;
    c->receive_seq = (uint16_t)(seq + 1);
}

/* Hands a frame on by its kind. Whether its payload was well-formed. */
static bool dispatch(qwark_client *c, const frame *f, uint32_t now) {
    reader r;
    r.at = f->payload;
    r.left = f->len;
    r.ok = true;
    switch (f->kind) {
    case IDENTIFY: return on_identify(c, &r);
    case PONG: return on_pong(c, &r);
    case SAFETY: return on_safety(c, f, &r);
    default: break;
    }
    /* Before the Identify, the rest may be meant for who used the line before. */
    if (!c->linked) return true;
    switch (f->kind) {
    case HEARTBEAT: return on_heartbeat(c, &r);
    case ERROR: return on_error(c, f, &r);
    case TOKEN:
    case COMMAND_REPLY: return on_piece(c, f, &r, now);
    case DONE: return on_done(c, f, &r, now);
    case ACCEPTED: return on_accepted(c, f, &r, now);
    case UPLOAD: return on_upload(c, f, &r, now);
    case UPLOAD_ITEM: return on_upload_item(c, f, &r);
    default: c->counters.unknown++; return true;
    }
}

/* A delimiter came: checks what is in the buffer, and handles it. */
static void on_frame(qwark_client *c, uint32_t now) {
    size_t len = c->in_len;
    if (len < HEADER + CRC) {
        c->counters.too_short++;
        return;
    }
    if (crc32c(0, c->in, len - CRC) != load_u32(c->in + len - CRC)) {
        c->counters.bad_crc++;
        return;
    }
    frame f;
    f.bytes = c->in;
    f.version = c->in[0];
    f.kind = c->in[1];
    f.len = load_u16(c->in + 2);
    f.seq = load_u16(c->in + 4);
    f.id = load_u32(c->in + 6);
    f.payload = c->in + HEADER;
    uint32_t bare = (uint32_t)HEADER + CRC + f.len; /* in 16 bits it would wrap */
    if (len != bare && len != bare + SEAL) {
        c->counters.bad_length++;
        return;
    }
    f.seal = len == bare ? NULL : f.payload + f.len;
    if (f.kind < FROM_RUNTIME) {
        c->counters.echoed++;
        return;
    }
    c->counters.received++;
    /* Three kinds of the runtime stay what they are in every version. */
    if (f.version != VERSION && f.kind != IDENTIFY && f.kind != SAFETY && f.kind != ERROR) {
        c->counters.unknown++;
        return;
    }
    if (!believe(c, &f)) {
        c->counters.bad_seal++;
        /* Who answers an EStop so may be a runtime that has restarted and knows no session. */
        if (c->linked && c->stopping && f.kind == SAFETY && !f.seal) lose_link(c);
        return;
    }
    if (f.kind == IDENTIFY && !c->linked) c->numbered = false; /* it may count anew */
    note_seq(c, f.seq);
    /* What needs no seal needs no session: it does not show that this one lives. */
    if (f.seal || !c->config.key) c->heard_at = now;
    if (!dispatch(c, &f, now)) c->counters.malformed++;
}

static void take_in(qwark_client *c, uint8_t byte) {
    if (c->in_len == sizeof c->in) {
        c->counters.too_long++;
        c->discarding = true;
    } else {
        c->in[c->in_len++] = byte;
    }
}

void qwark_receive(qwark_client *c, const uint8_t *bytes, size_t len, uint32_t now) {
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = bytes[i];
        if (byte == 0) {
            if (c->in_frame && !c->discarding) {
                if (c->block_left > 0) c->counters.bad_stuffing++;
                else on_frame(c, now);
            }
            c->in_frame = c->discarding = c->zero_owed = false;
            c->block_left = 0;
            c->in_len = 0;
        } else if (c->discarding) {
            /* the tail of a frame that was too long */
        } else if (c->block_left > 0) {
            c->block_left--;
            take_in(c, byte);
        } else {
            /* The code of the next block. The zero that ended the last one was not the end of the frame. */
            if (c->zero_owed) take_in(c, 0);
            c->in_frame = true;
            c->block_left = (uint8_t)(byte - 1);
            c->zero_owed = byte < 255;
        }
    }
}

/* ---- 13. What is sent next ---- */

/* Builds the most urgent frame that is wanted, if there is one. */
static bool send_next(qwark_client *c, uint32_t now) {
    if (c->stopping && reached(now, c->stop_due)) {
        send_estop(c, now);
        return true;
    }
    if (!c->linked) {
        if (c->ping_wanted) send_ping(c, now);
        else if (c->hello_wanted || reached(now, c->hello_due)) send_hello(c, now);
        else return false;
        return true;
    }
    if (c->order_wanted) {
        send_order(c, now);
        return true;
    }
    if (c->ping_wanted) {
        send_ping(c, now);
        return true;
    }
    if (c->end_count > 0) {
        send_end_ack(c, now);
        return true;
    }
    for (unsigned i = 0; i < QWARK_MAX_REQUESTS; i++) {
        if (send_for_slot(c, &c->slots[i], now)) return true;
    }
    return send_for_transfer(c, now);
}

/* For how long nothing may come before the link is taken for lost. */
static uint32_t longest_silence(const qwark_client *c) {
    uint32_t heartbeat = c->config.heartbeat_ms;
    if (heartbeat == 0) return larger(LONGEST_SILENCE, c->first_wait);
    return SILENT_HEARTBEATS * larger(SHORTEST_HEARTBEAT, heartbeat);
}

/* Whether the runtime owes a word: with heartbeats always, else to what is under way. */
static bool awaits_word(const qwark_client *c) {
    bool awaits = c->config.heartbeat_ms != 0 || c->transfer.kind != 0 || c->order != 0 || c->stopping;
    for (unsigned i = 0; i < QWARK_MAX_REQUESTS; i++) awaits = awaits || c->slots[i].id != 0;
    return awaits;
}

static void look_at_silence(qwark_client *c, uint32_t now) {
    bool awaits = awaits_word(c);
    if (awaits && !c->waiting) c->heard_at = now; /* only from now on silence means something */
    c->waiting = awaits;
    if (awaits && reached(now, c->heard_at + longest_silence(c))) lose_link(c);
}

static void look_at_timers(qwark_client *c, uint32_t now) {
    look_at_silence(c, now);
    /* A seal's counter never comes twice in a session. */
    if (c->seals_sent == NEVER) lose_link(c);
    for (unsigned i = 0; i < QWARK_MAX_REQUESTS; i++) look_at_slot(c, &c->slots[i], now);
    look_at_transfer(c, now);
    look_at_order(c, now);
}

static uint32_t time_left(uint32_t now, uint32_t due) { return reached(now, due) ? 1 : due - now; }

static uint32_t timer_left(const qwark_timer *timer, uint32_t now) { return timer->on ? time_left(now, timer->due) : NEVER; }

/* How long nothing need be done if nothing arrives. */
static uint32_t next_due(const qwark_client *c, uint32_t now) {
    uint32_t left = NEVER;
    if (c->out_at < c->out_len || c->stop_at_once) return 1;
    if (c->stopping) left = time_left(now, c->stop_due);
    if (!c->linked) return smaller(left, c->hello_wanted ? 1 : time_left(now, c->hello_due));
    if (c->waiting) left = smaller(left, time_left(now, c->heard_at + longest_silence(c)));
    for (unsigned i = 0; i < QWARK_MAX_REQUESTS; i++) {
        const qwark_slot *slot = &c->slots[i];
        if (slot->id == 0) continue;
        left = smaller(left, smaller(timer_left(&slot->timer, now), timer_left(&slot->cancel_timer, now)));
        if (slot->request.window != 0 && slot->received != slot->acknowledged) left = smaller(left, time_left(now, slot->ack_due));
        if (awaits_more(slot)) left = smaller(left, time_left(now, slot->heard_at + ASK_AGAIN));
    }
    if (c->transfer.kind != 0) left = smaller(left, timer_left(&c->transfer.timer, now));
    return smaller(left, timer_left(&c->order_timer, now));
}

uint32_t qwark_poll(qwark_client *c, uint32_t now) {
    look_at_timers(c, now);
    if (c->stop_at_once) send_estop(c, now);
    while (flush(c, now) && send_next(c, now)) {}
    return next_due(c, now);
}

/* ---- 14. The rest of the interface ---- */

int32_t qwark_init_sized(qwark_client *c, size_t size, const qwark_config *config) {
    if (size != sizeof *c) return QWARK_INVALID;
    if (!config->write || !config->nonce || !config->event || !config->name) return QWARK_INVALID;
    if (strlen(config->name) > QWARK_MAX_NAME) return QWARK_INVALID;
#ifdef QWARK_NO_SEALS
    if (config->key) return QWARK_INVALID;
#endif
    memset(c, 0, sizeof *c);
    c->config = *config;
    c->max_frame = SMALL_FRAME;
    c->first_wait = FIRST_WAIT;
    if (config->baud != 0 && config->baud < SLOW_BAUD) c->first_wait += TWO_FRAMES_BITS * 1000 / config->baud;
    c->dirty = c->hello_wanted = true;
    return QWARK_OK;
}

void qwark_reconnect(qwark_client *c) {
    want_hello(c);
    c->in_len = c->out_len = c->out_at = c->send_seq = 0;
    c->block_left = 0;
    c->in_frame = c->discarding = c->zero_owed = false;
    c->dirty = true;
}

void qwark_forget(qwark_client *c, uint32_t id) {
    qwark_slot *slot = find_slot(c, id);
    if (slot) slot->id = 0;
    if (c->transfer.id == id) c->transfer.kind = 0;
}

void qwark_ping(qwark_client *c, uint32_t nonce) {
    c->ping_wanted = true;
    c->opening = false;
    c->ping_nonce = nonce;
}

const qwark_counters *qwark_line(const qwark_client *c) { return &c->counters; }
