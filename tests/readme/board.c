/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A computer in the place of the microcontroller, for the program on the README's page: the serial line is the terminal that is named. */
#define _DEFAULT_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "qwark.h"
#include "rover.h"

static void obey(const rover_command_t *command) {
    if (command->kind == ROVER_DRIVE) printf("drive %.2f\n", (double)command->as.drive.distance);
    else printf("command %d\n", (int)command->kind);
}

static void give_up(uint8_t code) {
    fprintf(stderr, "error %d\n", code);
    exit(1);
}

#include "page.inc"

static int line;

static size_t uart_write(void *context, const uint8_t *bytes, size_t len) {
    ssize_t written = write(line, bytes, len);
    (void)context;
    return written < 0 ? 0 : (size_t)written;
}

static uint64_t draw(void *context) {
    (void)context;
    return (uint64_t)random() << 32 ^ (uint64_t)random();
}

static uint32_t millis(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)(now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

static bool over;

static void until_done(void *context, const qwark_event *event) {
    on_event(context, event);
    over |= event->kind == QWARK_EVENT_DONE;
}

/* board LINE SENTENCE */
int main(int argc, char **argv) {
    static qwark_client client;
    qwark_config config = {0};
    struct termios raw;
    uint32_t start = millis();
    uint8_t bytes[64];
    if (argc != 3) return 2;
    line = open(argv[1], O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (line < 0 || tcgetattr(line, &raw)) return 2;
    cfmakeraw(&raw);
    tcsetattr(line, TCSANOW, &raw);
    srandom((unsigned)getpid());
    config.write = uart_write;
    config.nonce = draw;
    config.event = until_done;
    config.client = draw(NULL);
    config.name = "page";
    if (qwark_init(&client, &config) != QWARK_OK) return 2;
    ask(&client, argv[2]);
    while (!over && millis() - start < 20000) {
        ssize_t len = read(line, bytes, sizeof bytes);
        if (len > 0) qwark_receive(&client, bytes, (size_t)len, millis());
        qwark_poll(&client, millis());
        if (len <= 0) usleep(500);
    }
    return over ? 0 : 1;
}
