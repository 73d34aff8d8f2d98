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


# No number is too large to be refused, and no text is read that has no bytes.
for command in g.Drive(10.01), g.Drive(10**400), g.Wait(-(10**400)), g.Wait(float("nan")), g.Turn(10**400), g.Say("\ud800"):
    assert refused(g.encode, command) and refused(g.to_json, command), command
assert refused(g.from_json, '{"say":{"text":"\ud800"}}')
assert refused(g.from_json, '{"wait":{"seconds":1e999}}') and refused(g.from_json, f'{{"wait":{{"seconds":{10**400}}}}}')
assert steps(1.004) == 100
# Halves go away from zero: 12.5 steps are 13.
assert steps(0.125) == 13 and steps(-0.125) == -13
assert g.to_json(g.Drive(0.125)) == '{"drive":{"distance":0.13}}'
