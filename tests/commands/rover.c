/* What a controller's author writes: fields in their units, and refusals. */
#include <assert.h>
#include "set.h"

int main(void) {
    const uint8_t drive[] = {0x00, 0x01, 0xe2, 0xff, 0x02};
    const uint8_t far[] = {0x00, 0x00, 0xe9, 0x03};
    rover_command_t command;
    uint8_t bytes[ROVER_MAX_ENCODED];
    size_t len;
    assert(rover_decode(drive, sizeof drive, &command) == ROVER_OK);
    assert(command.kind == ROVER_DRIVE && command.as.drive.has_speed);
    assert(command.as.drive.distance == -0.3f && command.as.drive.speed == 0.1f);
    assert(rover_decode(far, sizeof far, &command) == ROVER_RANGE);
    assert(command.as.drive.distance == 0.0f && !command.as.drive.has_speed);
    assert(rover_decode(drive, 4, &command) == ROVER_TRUNCATED);

    memset(&command, 0, sizeof command);
    command.kind = ROVER_GOTO;
    command.as.goto_.place = ROVER_GOTO_PLACE_KITCHEN;
    assert(rover_encode(&command, bytes, sizeof bytes, &len) == ROVER_OK && len == 2 && bytes[0] == 2 && bytes[1] == 1);
    command.kind = ROVER_DRIVE;
    command.as.drive.distance = 10.01f;
    assert(rover_encode(&command, bytes, sizeof bytes, &len) == ROVER_RANGE && len == 0);
    command.as.drive.distance = 1.004f;
    command.as.drive.has_speed = false;
    assert(rover_encode(&command, bytes, sizeof bytes, &len) == ROVER_OK && len == 4 && bytes[2] == 100);
    /* Halves go away from zero: 12.5 steps are 13. */
    command.as.drive.distance = 0.125f;
    assert(rover_encode(&command, bytes, sizeof bytes, &len) == ROVER_OK && bytes[2] == 13);
    command.as.drive.distance = -0.125f;
    assert(rover_encode(&command, bytes, sizeof bytes, &len) == ROVER_OK && bytes[2] == 0x100 - 13);
    return 0;
}
