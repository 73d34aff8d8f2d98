#!/usr/bin/env bash
# Times the ARM kernels by a pipeline model: builds this crate for 64-bit ARM as it ships, takes the loops of the packed matrix products
# out of the program, and asks llvm-mca what they cost on each core. Prints one line per kernel and core.
#
#   kernels/mca.sh [--install] [FILTER]     the output is kept in kernels/mca.txt: kernels/mca.sh > kernels/mca.txt
#
# --install  first installs what is missing, by apt (Debian, Ubuntu; needs root)
# FILTER     only kernels whose line contains it, such as Q4_0 or "gemv neon"
#
# The instructions are those of the program, found by name and shape (kernels/mca.py says how); nothing marks the loops in the source, so
# nothing disturbs what the compiler makes of them. The model knows each core's pipelines and latencies but no caches: it bounds the
# compute side. No figure here was measured on a board.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=tests/arm_common.sh
source tests/arm_common.sh

mca=llvm-mca-19
objdump=llvm-objdump-19

missing() {
    missing_toolchain
    command -v "$mca" >/dev/null || echo "llvm-19 the pipeline model $mca"
    command -v "$objdump" >/dev/null || echo "llvm-19 the disassembler $objdump"
    command -v python3 >/dev/null || echo "python3 finding the loops"
}

read_arguments "$@"

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target/mca}
prepare_toolchain "$install" >&2
# Names with their generic arguments, in the symbols alone: the code is the same.
export RUSTFLAGS="-C symbol-mangling-version=v0"
cargo build --quiet --release --target "$target" -p qwark-kernels --example time_kernels
python3 kernels/mca.py "$CARGO_TARGET_DIR/$target/release/examples/time_kernels" "$objdump" "$mca" "${operands[0]:-}"
