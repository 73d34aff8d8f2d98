/* Reads commands in hexadecimal, one a line; writes each back as the generated code encodes what it decoded, or - where it refused. */
/* The macros of <limits.h> clash with no name. */
#include <limits.h>
#include <stdio.h>
#include SET_HEADER

#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)

int main(void) {
    static char line[16384];
    static uint8_t bytes[8192];
    static JOIN(SET, _command_t) command;
    while (fgets(line, sizeof line, stdin)) {
        size_t len = 0;
        size_t i;
        unsigned byte;
        while (sscanf(line + 2 * len, "%2x", &byte) == 1) bytes[len++] = (uint8_t)byte;
        if (JOIN(SET, _decode)(bytes, len, &command) == 0) {
            if (JOIN(SET, _encode)(&command, bytes, sizeof bytes, &len) != 0) return 1;
            /* One byte too little is refused. */
            if (JOIN(SET, _encode)(&command, bytes, len - 1, &i) == 0) return 2;
            for (i = 0; i < len; i++) printf("%02x", bytes[i]);
        } else {
            putchar('-');
        }
        putchar('\n');
    }
    return 0;
}
