#!/usr/bin/env bash
# Builds the kernel, protocol and whole-program tests for 64-bit ARM and runs them under QEMU,
# once per core: the emulator traps what that core lacks, so each run covers one instruction set.
# It says whether the code is right, never how fast it is.
#
#   tests/arm.sh [--install] [CPU...]
#
# CPU        what `qemu-aarch64-static -cpu` takes; default: cortex-a53 cortex-a76 max
# --install  first installs what is missing, by apt (Debian, Ubuntu; needs root)
#
# CARGO_TARGET_DIR is honoured; the default is target/arm64. Exit status: 0 when every run passed.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=tests/arm_common.sh
source tests/arm_common.sh

# Tests of the root package to run, by file name under tests/.
root_tests=(golden links program serve)
# Tests of those that QEMU's user mode cannot run: it does not know TCGETS2, by which serial ports and pseudo-terminals are set up.
not_emulated=(lines:: commands:: grammars:: sockets::one_runtime_serves_several_links pseudo_terminal)
# Member crates whose tests run whole.
crates=(qwark-kernels qwark-wire)
default_cpus=(cortex-a53 cortex-a76 max)

# The instruction set that must be detected on a core; nothing for a core not listed here.
expected_isa() {
    case $1 in
        cortex-a53 | cortex-a72) echo neon ;;
        cortex-a55 | cortex-a76) echo dotprod ;;
        max) echo i8mm ;;
    esac
}

missing() { missing_toolchain; }

read_arguments "$@"
cpus=("${operands[@]}")
[[ ${#cpus[@]} -gt 0 ]] || cpus=("${default_cpus[@]}")

prepare_toolchain "$install"

crate_options=()
for crate in "${crates[@]}"; do crate_options+=(-p "$crate"); done
root_options=()
for test in "${root_tests[@]}"; do
    [[ -e tests/$test.rs || -e tests/$test/main.rs ]] || die "tests/$test.rs is in the list of this script and not in tests/"
    root_options+=(--test "$test")
done

skip_options=()
for test in "${not_emulated[@]}"; do skip_options+=(--skip "$test"); done

# The runner is no part of what is built: only the first round compiles.
test_all() {
    local status=0
    cargo test --target "$target" "${crate_options[@]}" --lib --tests "$@" || status=1
    cargo test --target "$target" -p qwark "${root_options[@]}" "$@" -- "${skip_options[@]}" || status=1
    return $status
}

test_all --no-run

echo "arm.sh: left out, since the emulator has no terminals: ${not_emulated[*]}"
failed=()
for cpu in "${cpus[@]}"; do
    echo "== $cpu"
    QWARK_TEST_RUNNER=$(emulator_for "$cpu")  # for tests that start the program themselves
    export QWARK_TEST_RUNNER
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER=$QWARK_TEST_RUNNER
    QWARK_EXPECT_ISA=$(expected_isa "$cpu")
    export QWARK_EXPECT_ISA
    start=$SECONDS
    test_all --no-fail-fast || failed+=("$cpu")
    echo "== $cpu: $((SECONDS - start)) s"
done
[[ ${#failed[@]} -eq 0 ]] || die "failed on: ${failed[*]}"
echo "arm.sh: all tests passed on ${cpus[*]}"
