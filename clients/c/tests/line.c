/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "line.h"

#include <stdbool.h>
#include <string.h>

#include "check.h"

static void queue_byte(line *l, uint8_t byte) {
    if (l->len == LINE_ROOM) return; /* an overrun is a loss like others */
    l->queue[(l->head + l->len++) % LINE_ROOM] = byte;
}

static void queue_bytes(line *l, const uint8_t *bytes, size_t len) {
    for (size_t i = 0; i < len; i++) queue_byte(l, bytes[i]);
}

/* What other programs and bad contacts write into a line. */
static void insert_noise(line *l) {
    static const char *const words[] = {"{", "AT\r", "+++", "\r\nlogin: "};
    uint32_t kind = draw_below(&l->seed, 6);
    if (kind < 4) {
        queue_bytes(l, (const uint8_t *)words[kind], strlen(words[kind]));
        return;
    }
    for (uint32_t n = draw_below(&l->seed, 40); n > 0; n--) queue_byte(l, kind == 4 ? 0 : (uint8_t)draw(&l->seed));
}

/* One frame with its delimiter, after which it may have been hit. */
static void queue_frame(line *l) {
    uint8_t *frame = l->frame;
    size_t len = l->frame_len;
    bool hit = draw_below(&l->seed, 1000) < l->hit_per_mille;
    l->frame_len = 0;
    if (!hit) {
        queue_bytes(l, frame, len);
        return;
    }
    l->hits++;
    size_t at = draw_below(&l->seed, (uint32_t)len);
    switch (draw_below(&l->seed, 5)) {
    case 0: /* all of it lost */
        break;
    case 1: /* one byte lost */
        queue_bytes(l, frame, at);
        queue_bytes(l, frame + at + 1, len - at - 1);
        break;
    case 2: /* one bit flipped */
        frame[at] ^= (uint8_t)(1 << draw_below(&l->seed, 8));
        queue_bytes(l, frame, len);
        break;
    case 3: /* sent twice */
        queue_bytes(l, frame, len);
        queue_bytes(l, frame, len);
        break;
    default: /* something written into it */
        queue_bytes(l, frame, at);
        insert_noise(l);
        queue_bytes(l, frame + at, len - at);
        break;
    }
}

size_t line_write(line *l, const uint8_t *bytes, size_t len) {
    size_t taken = 0;
    while (taken < len && l->len + l->frame_len < l->buffer) {
        l->frame[l->frame_len++] = bytes[taken];
        if (bytes[taken++] == 0 || l->frame_len == FRAME_ROOM) queue_frame(l);
    }
    return taken;
}

size_t line_read(line *l, uint8_t *bytes, size_t room) {
    size_t len = 0;
    while (len < room && len < l->bytes_per_ms && l->len > 0) {
        bytes[len++] = l->queue[l->head];
        l->head = (l->head + 1) % LINE_ROOM;
        l->len--;
    }
    return len;
}
