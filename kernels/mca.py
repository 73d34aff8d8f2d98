"""Finds the loops of the packed matrix products in a program for 64-bit ARM and prints what llvm-mca says of them. See mca.sh.

A kernel is a function whose name holds what it does, the weight type and the way to multiply:

- gemv: products with one token
- gemm: products of a panel with several tokens
- unpack: weights to a panel, once for up to 128 tokens; so its cycles are for 128 weights, whatever the tokens

Its loop is the longest one that has no other in it, a loop being what lies between a branch backwards and its target. How many products
an iteration has is counted from its instructions, so a figure does not depend on how far a loop was unrolled; of unpacking, an
iteration is a tile. Of functions with the same code the program has one, under one of their names.

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
    "Sdot": ("dotprod", ["cortex-a55", "cortex-a76", "neoverse-n1", "cortex-a510", "cortex-a710"]),
    "Smmla": ("i8mm", ["cortex-a510", "cortex-a710"]),
}
# Types, by their names in the program: the first is the one that is listed, the others may have the same loop with several tokens.
TYPES = {
    "Q4_0": ["Q4_0", "Q5_0", "Q8_0", "IQ4NL"],
    "Q8_0": ["Q8_0", "IQ4NL", "Q4_0", "Q5_0"],
    "Q4_K": ["Q4K", "Q4_1"],
    "Q6_K": ["Q6K"],
}
# What is done, by the functions' names; the first found counts.
KINDS = {"gemv": ["::scheduled_gemv::", "::gemv::"], "gemm": ["::add_products"], "unpack": ["::unpack"]}
# Weights of a tile: an iteration of its unpacking, or all of it where a panel holds only one.
TILE_WEIGHTS = {"Q4_0": 256, "Q8_0": 256, "Q4_K": 2048, "Q6_K": 2048}
ITERATIONS = 1000


def functions(program, objdump):
    """Name and instructions of each function: `(address, text, target of a branch)`."""
    command = [objdump, "-d", "--demangle", "--no-show-raw-insn", program]
    name, body = None, []
    for line in subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines():
        if header := re.fullmatch(r"[0-9a-f]+ <(.*)>:", line):
            if name:
                yield name, body
            name, body = (header[1] if "::neon::pa" in header[1] else None), []
        elif name and (instruction := re.match(r" *([0-9a-f]+): +\t?(.*)", line)):
            text = re.sub(r"\s+", " ", instruction[2]).split(" <")[0].split(" //")[0]
            target = re.search(r"\b0x([0-9a-f]+)$", text) if re.match(r"(b|b\.\w+|cbn?z|tbn?z) ", text) else None
            body.append((int(instruction[1], 16), text, int(target[1], 16) if target else None))
    if name:
        yield name, body


def products(instructions):
    return sum(PRODUCTS.get(text.split()[0], 0) for _, text, _ in instructions)


def longest_loop(body):
    """The instructions of an iteration of the longest loop without another in it."""
    index = {address: i for i, (address, _, _) in enumerate(body)}
    found = {(index[target], i) for i, (address, _, target) in enumerate(body) if target in index and target <= address}
    innermost = [a for a in found if not any(a != b and a[0] <= b[0] and b[1] <= a[1] for b in found)]
    first, last = max(innermost, key=lambda loop: loop[1] - loop[0], default=(0, -1))
    return body[first : last + 1]


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


def find(bodies, kind, rust_types, way):
    """The loop of a kernel, or the whole of one without; None where this way has no such kernel of its own."""
    for function in KINDS[kind]:
        for rust in rust_types if kind == "gemm" else rust_types[:1]:
            for name, body in bodies.items():
                if function in name and f"formats::{rust}," in name and re.search(rf"::{way}\b", name):
                    return longest_loop(body) or body
    return None


def main(program, objdump, mca, wanted):
    print("Cycles for 128 weights x 1 token by the pipeline model of llvm-mca; nothing here was measured on a board.")
    print("bound: what the loop's integer multiplications alone, and all its multiplications, would take. Made by kernels/mca.sh.")
    print("unpack: cycles for 128 weights, once for up to 128 tokens, which gemm does not count.\n")
    print(f"{'kernel':<28}{'core':<14}{'cycles':>8}{'int bound':>11}{'bound':>8}{'ratio':>8}")
    bodies = dict(functions(program, objdump))
    for weights, rust_types in TYPES.items():
        for way, (isa, cores) in WAYS.items():
            for kind in KINDS:
                kernel = f"{weights} {kind} {isa}"
                # Unpacking is the same with and without the dot product.
                loop = find(bodies, kind, rust_types, "(LaneSmull|Sdot)" if (kind, isa) == ("unpack", "neon") else way)
                if not loop or wanted not in kernel:
                    continue
                for core in cores:
                    took = cycles(mca, core, loop)[0]
                    if kind == "unpack":
                        print(f"{kernel:<28}{core:<14}{took * 128 / TILE_WEIGHTS[weights]:>8.1f}")
                        continue
                    per = 128 / products(loop)
                    integer = [i for i in loop if i[1].split()[0] in PRODUCTS]
                    every = [i for i in loop if i[1].split()[0] in PRODUCTS.keys() | FLOAT_PRODUCTS]
                    least, bound = (cycles(mca, core, integer)[1], cycles(mca, core, every)[1])
                    print(f"{kernel:<28}{core:<14}{took * per:>8.1f}{least * per:>11.1f}{bound * per:>8.1f}{took / bound:>8.2f}")


main(*sys.argv[1:])
