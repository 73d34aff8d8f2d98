/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The receiver under noise: nothing invented is told, and after any noise the next frame but one is taken. */
#include <string.h>

#include "../qwark.h"
#include "check.h"
#include "codec.h"

enum { PONG = 0x82 };

static qwark_client client;
static uint32_t pongs, others, last_pong;

static size_t take_all(void *context, const uint8_t *bytes, size_t len) {
    (void)context, (void)bytes;
    return len;
}

static uint64_t one_nonce(void *context) {
    (void)context;
    return 1;
}

static void count(void *context, const qwark_event *event) {
    (void)context;
    if (event->kind == QWARK_EVENT_PONG) {
        pongs++;
        last_pong = event->as.pong;
    } else {
        others++;
    }
}

static void set_up(void) {
    qwark_config config;
    memset(&config, 0, sizeof config);
    config.write = take_all;
    config.nonce = one_nonce;
    config.event = count;
    config.name = "noise";
    CHECK(qwark_init(&client, &config) == QWARK_OK, "init");
    pongs = others = 0;
}

static size_t make_pong(uint32_t nonce, uint8_t out[MAX_STUFFED]) {
    packet p;
    packet_begin(&p, PONG, 0);
    packet_number(&p, nonce, 4);
    return encode(&p, NULL, out);
}

/* Every single bit of a frame flipped, the delimiter's too: it is dropped, and at most the next one with it. */
static void flip_every_bit(void) {
    uint8_t damaged[MAX_STUFFED], good[MAX_STUFFED];
    size_t len = make_pong(1, damaged), good_len = make_pong(2, good);
    for (size_t bit = 0; bit < 8 * len; bit++) {
        set_up();
        damaged[bit / 8] ^= (uint8_t)(1 << bit % 8);
        qwark_receive(&client, damaged, len, 0);
        CHECK(pongs == 0, "taken with bit %zu flipped", bit);
        qwark_receive(&client, good, good_len, 0);
        qwark_receive(&client, good, good_len, 0);
        CHECK(pongs >= 1 && last_pong == 2 && others == 0, "after bit %zu", bit);
        damaged[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

/* Noise of any length between frames, each of which has a delimiter before it: none of them is lost. */
static void receive_between_noise(uint64_t seed) {
    uint8_t bytes[2 * QWARK_RECEIVE_FRAME], good[MAX_STUFFED];
    const uint8_t delimiter = 0;
    set_up();
    for (uint32_t i = 0; i < 20000; i++) {
        size_t len = draw_below(&seed, sizeof bytes);
        bool with_zeros = draw_below(&seed, 2);
        for (size_t at = 0; at < len; at++) bytes[at] = (uint8_t)(draw_below(&seed, with_zeros ? 256 : 255) + !with_zeros);
        qwark_receive(&client, bytes, len, i);
        qwark_receive(&client, &delimiter, 1, i);
        qwark_receive(&client, good, make_pong(i, good), i);
        CHECK(pongs == i + 1 && last_pong == i, "frame %u is lost", i);
    }
    const qwark_counters *line = qwark_line(&client);
    CHECK(others == 0, "%u events of noise", others);
    CHECK(line->bad_stuffing > 0 && line->too_short > 0 && line->bad_crc > 0 && line->too_long > 0, "not every cause came up");
}

/* A frame that is too long is dropped to its delimiter: its tail, made to look like a frame, is not taken for one. */
static void discard_a_long_frame(void) {
    uint8_t bytes[MAX_STUFFED];
    packet p;
    set_up();
    packet_begin(&p, PONG, 0);
    for (unsigned i = 0; i < 500; i++) packet_number(&p, 7, 1);
    size_t len = encode(&p, NULL, bytes);
    qwark_receive(&client, bytes, len - 1, 0);
    qwark_receive(&client, bytes, make_pong(3, bytes), 0);
    CHECK(pongs == 0 && qwark_line(&client)->too_long == 1, "its tail was taken");
    qwark_receive(&client, bytes, make_pong(4, bytes), 0);
    CHECK(pongs == 1, "the frame after it was lost");
}

/* A length that does not match, under a checksum that does. */
static void drop_a_wrong_length(void) {
    uint8_t bytes[MAX_STUFFED];
    set_up();
    for (size_t i = 0, len = make_pong(5, bytes); i + 1 < len; i++) qwark_receive(&client, &bytes[i], 1, 0);
    client.in[2] = 3;
    uint32_t crc = codec_crc(client.in, 14);
    for (unsigned i = 0; i < 4; i++) client.in[14 + i] = (uint8_t)(crc >> 8 * i);
    qwark_receive(&client, (const uint8_t *)"", 1, 0);
    CHECK(pongs == 0 && qwark_line(&client)->bad_length == 1, "taken");
}

/* Frames whose checksum holds and whose contents are any: for the sanitisers, and for the client's own bounds. */
static void receive_any_contents(uint64_t seed) {
    static const uint8_t kinds[] = {0x81, 0x82, 0x83, 0x84, 0x85, 0x8f, 0x90, 0x91, 0x92, 0x93, 0xa0, 0xa1, 0xff};
    uint8_t bytes[MAX_STUFFED], sha256[QWARK_HASH] = {0};
    char prompt[600]; /* of more than one frame */
    qwark_request request;
    qwark_sentence sentence;
    set_up();
    qwark_request_init(&request);
    memset(prompt, 'a', sizeof prompt);
    request.prompt.at = prompt;
    request.prompt.len = sizeof prompt;
    qwark_sentence_init(&sentence, 1);
    sentence.text = request.prompt;
    for (uint32_t i = 0; i < 300000; i++) {
        packet p;
        packet_begin(&p, kinds[draw_below(&seed, sizeof kinds)], draw_below(&seed, 8));
        bool small = draw_below(&seed, 2); /* small numbers mean something more often */
        for (uint32_t left = draw_below(&seed, 240); left > 0; left--) {
            packet_number(&p, small && draw_below(&seed, 4) ? 0 : draw_below(&seed, small ? 5 : 256), 1);
        }
        /* Now and then the answer to the Hello, so that the rest is listened to. */
        if (p.kind == 0x81 && p.len > 26) {
            memset(p.payload, 0, 26);
            p.payload[0] = p.payload[1] = p.payload[18] = 1;
        }
        if (p.id == 7) p.id = client.next_id;
        qwark_receive(&client, bytes, encode(&p, NULL, bytes), i);
        qwark_poll(&client, i);
        if (draw_below(&seed, 16) == 0) {
            if (client.next_id > 1000) client.next_id = 0;
            int32_t id = draw_below(&seed, 2) ? qwark_generate(&client, &request) : qwark_command(&client, &sentence);
            if (id > 0 && draw_below(&seed, 4) == 0) qwark_cancel(&client, (uint32_t)id);
            if (draw_below(&seed, 2)) qwark_upload_list(&client, 0);
            else qwark_upload_delete(&client, sha256);
        }
    }
    CHECK(others > 1000, "only %u events", others);
}

int main(void) {
    flip_every_bit();
    discard_a_long_frame();
    drop_a_wrong_length();
    for (uint64_t seed = 1; seed <= 4; seed++) {
        receive_between_noise(seed);
        receive_any_contents(seed);
    }
    printf("noise: held\n");
    return 0;
}
