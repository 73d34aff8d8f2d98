/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The example at the head of qwark.h, with what it takes for given around it: that it compiles, as C and as C++, is the test. */
#include "../qwark.h"

static void show(const char *text, uint32_t len) { (void)text, (void)len; }
static void finish(uint8_t reason) { (void)reason; }
static void give_up(uint8_t code) { (void)code; }
static uint32_t millis(void) { return 0; }

static size_t uart_read(uint8_t *bytes, size_t room) {
    (void)bytes, (void)room;
    return 0;
}

#include "example.inc"

static size_t uart_write(void *context, const uint8_t *bytes, size_t len) {
    (void)context, (void)bytes;
    return len;
}

static uint64_t draw(void *context) {
    (void)context;
    return 0;
}
