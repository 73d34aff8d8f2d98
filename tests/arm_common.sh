# What tests/arm.sh, tests/arm_board.sh and kernels/mca.sh share: options and the cross toolchain for 64-bit ARM. Sourced by them, with
# `set -euo pipefail`.
#
# A script that sources this defines `missing`, which prints one line per thing that it lacks: "package what-it-is-for".
# shellcheck shell=bash

target=aarch64-unknown-linux-gnu
linker=aarch64-linux-gnu-gcc
emulator=qemu-aarch64-static
cross_libc=/usr/aarch64-linux-gnu

die() { echo "${0##*/}: $*" >&2; exit 1; }

# The comment at the head of the script.
print_help() { sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"; }

# Reads the arguments of the script: sets `install` to true or false, and `operands` to those that are no options.
read_arguments() {
    install=false
    operands=()
    local argument
    for argument in "$@"; do
        case $argument in
            --install) install=true ;;
            -h | --help) print_help; exit 0 ;;
            -*) die "unknown option $argument (see --help)" ;;
            *) operands+=("$argument") ;;
        esac
    done
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

missing_toolchain() {
    command -v "$linker" >/dev/null || echo "gcc-aarch64-linux-gnu the linker $linker"
    [[ -e $cross_libc/lib/crt1.o ]] || echo "libc6-dev-arm64-cross the C library to link with"
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
    DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $packages
}

# Installs what is missing if $1 is true, or ends with a list of it; then sets cargo up to build for the target.
prepare_toolchain() {
    [[ $(uname -m) != aarch64 ]] || die "this machine is 64-bit ARM itself: run 'cargo test --workspace'"
    if $1; then install_missing; fi
    local lacking
    lacking=$(missing)
    [[ -z $lacking ]] || die $'missing (--install gets it by apt):\n'"$(sed 's/^\([^ ]*\) /  package \1: /' <<<"$lacking")"

    RUSTC=$(find_rustc)
    export RUSTC
    export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target/arm64}
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=$linker
}

# How to run a program of the target on core $1: a command, before the program's name.
emulator_for() {
    # Loader and C library must be of one build: where apt has put ARM's own beside the host's, the loader finds that C library first,
    # so the cross compiler's copy of the two serves only where there are no others.
    local libc_option=
    [[ -e /lib/ld-linux-aarch64.so.1 ]] || libc_option="-L $cross_libc"
    echo "$emulator -cpu $1 $libc_option"
}
