"""What a controller's author writes: fields in their units, and refusals."""
import generated as g


def steps(distance):
    return int.from_bytes(g.encode(g.Drive(distance))[2:], "little", signed=True)


def refused(action, *arguments):
    try:
        action(*arguments)
    except ValueError:
        return True
    return False


assert refused(g.encode, g.Drive(10.01))
assert steps(1.004) == 100
# Halves go away from zero: 12.5 steps are 13.
assert steps(0.125) == 13 and steps(-0.125) == -13
assert g.to_json(g.Drive(0.125)) == '{"drive":{"distance":0.13}}'
