/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A program that changes a size for itself only, as a sketch for Arduino may, has a smaller client than qwark.c knows: it is told so,
 * and what lies behind that client stays as it is.
 */
#define QWARK_MAX_REQUESTS 1
#include "../qwark.h"

#include "check.h"

static struct {
    qwark_client client;
    uint8_t behind[1024];
} memory;

static size_t take_all(void *context, const uint8_t *bytes, size_t len) {
    (void)context, (void)bytes;
    return len;
}

static uint64_t one_nonce(void *context) {
    (void)context;
    return 1;
}

static void ignore(void *context, const qwark_event *event) { (void)context, (void)event; }

int main(void) {
    qwark_config config;
    memset(&config, 0, sizeof config);
    config.write = take_all;
    config.nonce = one_nonce;
    config.event = ignore;
    config.name = "sizes";
    memset(&memory, 0x55, sizeof memory);
    int32_t refusal = qwark_init(&memory.client, &config);
    for (size_t i = 0; i < sizeof memory.behind; i++) CHECK(memory.behind[i] == 0x55, "byte %zu is written over", i);
    CHECK(refusal == QWARK_INVALID, "%d", (int)refusal);
    printf("sizes: held\n");
    return 0;
}
