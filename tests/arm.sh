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

# Tests of the root package to run, by file name under tests/.
root_tests=(golden links program serve)
# Tests of those that QEMU's user mode cannot run: it does not know TCGETS2, by which serial ports and pseudo-terminals are set up.
not_emulated=(lines:: sockets::one_runtime_serves_several_links pseudo_terminal)
# Member crates whose tests run whole.
crates=(qwark-kernels qwark-wire)
default_cpus=(cortex-a53 cortex-a76 max)

target=aarch64-unknown-linux-gnu
linker=aarch64-linux-gnu-gcc
emulator=qemu-aarch64-static
cross_libc=/usr/aarch64-linux-gnu

die() { echo "arm.sh: $*" >&2; exit 1; }

# The instruction set that must be detected on a core; nothing for a core not listed here.
expected_isa() {
    case $1 in
        cortex-a53 | cortex-a72) echo neon ;;
        cortex-a55 | cortex-a76) echo dotprod ;;
        max) echo i8mm ;;
    esac
}

# The first compiler that has the standard library of the target: $RUSTC, the toolchain of cargo, Debian's.
find_rustc() {
    local rustc libdir
    for rustc in "${RUSTC:-rustc}" /usr/bin/rustc; do
        libdir=$("$rustc" --print target-libdir --target "$target" 2>/dev/null) || continue
        if compgen -G "$libdir/libstd-*.rlib" >/dev/null; then
            echo "$rustc"
            return
        fi
    done
    return 1
}

# One line per thing that is missing: "package what-it-is-for".
missing() {
    command -v "$linker" >/dev/null || echo "gcc-aarch64-linux-gnu the linker $linker"
    command -v "$emulator" >/dev/null || echo "qemu-user-static the emulator $emulator"
    find_rustc >/dev/null || echo "rustc-web a compiler with the standard library for $target (or: rustup target add $target)"
}

install_missing() {
    local packages
    packages=$(missing | cut -d' ' -f1)
    [[ -n $packages ]] || return 0
    if [[ $packages == *rustc-web* ]]; then
        packages+=" libstd-rust-web-dev:arm64"
        dpkg --add-architecture arm64
    fi
    apt-get update -q
    # shellcheck disable=SC2086  # one word per package
    DEBIAN_FRONTEND=noninteractive apt-get install -qy $packages
}

cpus=()
install=false
for argument in "$@"; do
    case $argument in
        --install) install=true ;;
        -h | --help) sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;;
        -*) die "unknown option $argument (see --help)" ;;
        *) cpus+=("$argument") ;;
    esac
done
[[ ${#cpus[@]} -gt 0 ]] || cpus=("${default_cpus[@]}")

[[ $(uname -m) != aarch64 ]] || die "this machine is 64-bit ARM itself: run 'cargo test --workspace'"
if $install; then install_missing; fi
lacking=$(missing)
[[ -z $lacking ]] || die $'missing (--install gets it by apt):\n'"$(sed 's/^\([^ ]*\) /  package \1: /' <<<"$lacking")"

RUSTC=$(find_rustc)
export RUSTC
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target/arm64}
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=$linker

crate_options=()
for crate in "${crates[@]}"; do crate_options+=(-p "$crate"); done
root_options=()
for test in "${root_tests[@]}"; do
    [[ -e tests/$test.rs || -e tests/$test/main.rs ]] || die "tests/$test.rs is in the list of this script and not in tests/"
    root_options+=(--test "$test")
done

skip_options=()
for test in "${not_emulated[@]}"; do skip_options+=(--skip "$test"); done

# Loader and C library must be of one build: where apt has put ARM's own beside the host's, the loader finds that C library first,
# so the cross compiler's copy of the two serves only where there are no others.
libc_option=
[[ -e /lib/ld-linux-aarch64.so.1 ]] || libc_option="-L $cross_libc"

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
    export QWARK_TEST_RUNNER="$emulator -cpu $cpu $libc_option"  # for tests that start the program themselves
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER=$QWARK_TEST_RUNNER
    QWARK_EXPECT_ISA=$(expected_isa "$cpu")
    export QWARK_EXPECT_ISA
    start=$SECONDS
    test_all --no-fail-fast || failed+=("$cpu")
    echo "== $cpu: $((SECONDS - start)) s"
done
[[ ${#failed[@]} -eq 0 ]] || die "failed on: ${failed[*]}"
echo "arm.sh: all tests passed on ${cpus[*]}"
