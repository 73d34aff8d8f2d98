#!/usr/bin/env bash
# Builds the kernel, protocol and whole-program tests for 64-bit ARM and runs them under QEMU: those of
# kernels and models once per core, since the emulator traps what that core lacks, so that each run covers
# one instruction set; the others, which no core changes, on the first one.
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

# Member crates whose tests run whole, and tests of the root package, as cargo takes them: those that run on each core, and once.
core_crates=(-p qwark-kernels)
core_files=(--test golden)
once_crates=(-p qwark-wire)
once_files=(--test links --test program --test serve)
# Tests of those that QEMU's user mode cannot run: it does not know TCGETS2, by which serial ports and pseudo-terminals are set up.
not_emulated=(lines:: commands:: grammars:: sockets::one_runtime_serves_several_links pseudo_terminal)
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

skip_options=()
for test in "${not_emulated[@]}"; do skip_options+=(--skip "$test"); done

# Runs the tests of $1, "core" or "once"; the other arguments are cargo's. The runner is no part of what is built: only the first round
# compiles.
test_these() {
    local -n crates=$1_crates files=$1_files
    local status=0
    cargo test --target "$target" "${crates[@]}" --lib --tests "${@:2}" || status=1
    cargo test --target "$target" -p qwark "${files[@]}" "${@:2}" -- "${skip_options[@]}" || status=1
    return $status
}

test_these core --no-run
test_these once --no-run

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
    passed=true
    test_these core --no-fail-fast || passed=false
    [[ $cpu != "${cpus[0]}" ]] || test_these once --no-fail-fast || passed=false
    $passed || failed+=("$cpu")
    echo "== $cpu: $((SECONDS - start)) s"
done
[[ ${#failed[@]} -eq 0 ]] || die "failed on: ${failed[*]}"
echo "arm.sh: all tests passed on ${cpus[*]}"
