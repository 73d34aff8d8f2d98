"""Finds the loops of the packed matrix products in a program for 64-bit ARM and prints what llvm-mca says of them. See mca.sh.

A kernel is a function whose name holds `MatmulTile`, the weight type and the way to multiply. Its loop is, of the loops without another
loop of products in them, the one with most multiplications; a loop is what lies between a branch backwards and its target. Where
it is inside another loop of products (the parts of a K type's block of 256), the outer loop is taken, with the inner one as often
as the block has parts. How many products an iteration has is counted from its instructions, so a figure does not depend
on how far a loop was unrolled.

The bounds are llvm-mca's reciprocal throughput of a loop's multiplications alone: the integer ones, and all (the order of float
operations is part of what packed products promise, so the float ones cannot be saved).
"""

import re
import subprocess
import sys

# Products of one instruction.
PRODUCTS = {"sdot": 16, "smmla": 32, "smull": 8, "smull2": 8, "smlal": 8, "smlal2": 8}
FLOAT_PRODUCTS = {"fmul", "fmla"}
# The way to multiply, as the function's name has it: the instruction set, and cores that would run it. Cores of one set
# that the model does not tell apart are left out. llvm-mca 19 takes the Cortex-A76 for an A57; the Neoverse N1 is an A76 with
# a model of its own.
WAYS = {
    "LaneSmull": ("neon", ["cortex-a53", "cortex-a72"]),
    "Sdot": ("dotprod", ["cortex-a55", "cortex-a76", "neoverse-n1", "cortex-a710"]),
    "Smmla": ("i8mm", ["cortex-a510", "cortex-a710"]),
}
TYPES = {"Q4_0": "Q4_0", "Q8_0": "Q8_0", "Q4K": "Q4_K", "Q6K": "Q6_K"}
ROWS_OF_A_TILE = 8
ITERATIONS = 1000


def functions(program, objdump):
    """Name and instructions of each tile: `(address, text, target of a branch)`."""
    command = [objdump, "-d", "--demangle", "--no-show-raw-insn", program]
    name, body = None, []
    for line in subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines():
        if header := re.fullmatch(r"[0-9a-f]+ <(.*)>:", line):
            if name:
                yield name, body
            name, body = (header[1] if "MatmulTile>::tile" in header[1] else None), []
        elif name and (instruction := re.match(r" *([0-9a-f]+): +\t?(.*)", line)):
            text = re.sub(r"\s+", " ", instruction[2]).split(" <")[0].split(" //")[0]
            target = re.search(r"\b0x([0-9a-f]+)$", text) if re.match(r"(b|b\.\w+|cbn?z|tbn?z) ", text) else None
            body.append((int(instruction[1], 16), text, int(target[1], 16) if target else None))
    if name:
        yield name, body


def products(instructions):
    return sum(PRODUCTS.get(text.split()[0], 0) for _, text, _ in instructions)


def loops(body):
    """Loops with products as `(first, last)` indices, the innermost first."""
    index = {address: i for i, (address, _, _) in enumerate(body)}
    found = {(index[target], i) for i, (address, _, target) in enumerate(body) if target in index and target <= address}
    return sorted((loop for loop in found if products(body[loop[0] : loop[1] + 1])), key=lambda loop: loop[1] - loop[0])


def kernel_loop(body, block, tokens):
    """The instructions of one iteration of the loop over the columns; `block` columns are an iteration of the outermost loop."""
    all_loops = loops(body)
    inside = lambda a, b: a != b and b[0] <= a[0] and a[1] <= b[1]
    innermost = [loop for loop in all_loops if not any(inside(other, loop) for other in all_loops)]
    if not innermost:
        return None
    count = lambda loop: products(body[loop[0] : loop[1] + 1])
    first, last = max(innermost, key=count)
    inner = body[first : last + 1]
    outer = next((loop for loop in all_loops if inside((first, last), loop)), None)
    if outer is None:
        return inner
    around = body[outer[0] : first], body[last + 1 : outer[1] + 1]
    left = block * ROWS_OF_A_TILE * tokens - products(around[0]) - products(around[1])
    repeats = left // products(inner)
    return around[0] + inner * repeats + around[1] if repeats > 0 else inner


def cycles(mca, core, instructions):
    """Cycles of an iteration, and its bound."""
    text = re.compile(r"\b0x[0-9a-f]+$")
    lines = [text.sub("around", t) if target or t.startswith("adr") else t for _, t, target in instructions]
    command = [mca, "-mtriple=aarch64", f"-mcpu={core}", "-mattr=+dotprod,+i8mm", f"-iterations={ITERATIONS}", "-instruction-info=0"]
    source = "around:\n" + "\n".join(lines) + "\n"
    result = subprocess.run([*command, "-resource-pressure=0"], input=source, capture_output=True, text=True)
    if result.returncode != 0:
        raise SystemExit(result.stderr)
    total = int(re.search(r"Total Cycles: +(\d+)", result.stdout)[1]) / ITERATIONS
    return total, float(re.search(r"Block RThroughput: +([\d.]+)", result.stdout)[1])


def main(program, objdump, mca, wanted):
    print("Cycles for 128 weights x 1 token by the pipeline model of llvm-mca; nothing here was measured on a board.")
    print("bound: what the loop's integer multiplications alone, and all its multiplications, would take. Made by kernels/mca.sh.\n")
    print(f"{'kernel':<28}{'core':<14}{'cycles':>8}{'int bound':>11}{'bound':>8}{'ratio':>8}")
    kernels = {}
    for name, body in functions(program, objdump):
        shape = re.search(r"::tile::<(\d+), (\d+)>", name)
        weights = next((label for rust, label in TYPES.items() if f"formats::{rust}" in name), None)
        way = next((way for way in WAYS if re.search(rf"::{way}\b", name)), None)
        if shape and weights and way:
            rows, tokens = map(int, shape.groups())
            kernels.setdefault((list(TYPES.values()).index(weights), list(WAYS).index(way), weights, way), []).append((tokens, rows, body))
    for (_, _, weights, way), tiles in sorted(kernels.items()):
        isa, cores = WAYS[way]
        one = [tile for tile in tiles if tile[0] == 1]
        for kind, tile in [("gemv", max(one, key=lambda tile: tile[1], default=None)), ("gemm", max(tiles, key=lambda tile: tile[:2]))]:
            if tile is None or (kind == "gemm" and tile[0] == 1):
                continue
            tokens, rows, body = tile
            loop = kernel_loop(body, 256 if weights.endswith("_K") else 32, tokens)
            kernel = f"{weights} {kind} {isa} {rows * ROWS_OF_A_TILE}x{tokens}"
            if loop is None or wanted not in f"{weights} {kind} {isa}":
                continue
            for core in cores:
                per = 128 / products(loop)
                integer = [i for i in loop if i[1].split()[0] in PRODUCTS]
                every = [i for i in loop if i[1].split()[0] in PRODUCTS.keys() | FLOAT_PRODUCTS]
                took, least, bound = (cycles(mca, core, loop)[0], cycles(mca, core, integer)[1], cycles(mca, core, every)[1])
                print(f"{kernel:<28}{core:<14}{took * per:>8.1f}{least * per:>11.1f}{bound * per:>8.1f}{took / bound:>8.2f}")


main(*sys.argv[1:])
