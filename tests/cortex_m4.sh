#!/usr/bin/env bash
# Asks from an emulated microcontroller, end to end: QEMU's Cortex-M4 board mps2-an386 runs the example firmwares of the clients,
# its UART0 is a pseudo-terminal here, and on that `qwark serve` answers. Each firmware asks, streams, gets commands, cancels, stops everything,
# finds requests refused, resets, arms and asks again; it says PASS or FAIL for each step, and the emulator exits with its verdict.
# The emulated line has no speed: baud rates are set, not kept.
#
#   tests/cortex_m4.sh [--install] [FIRMWARE]...
#
# FIRMWARE   which ones; default: all of them
# --install  first installs what is missing, by apt (Debian; needs root)
#
# CARGO_TARGET_DIR is honoured; the default is target. Firmwares are built under clients/ in it. Exit status: 0 when everything held.
set -euo pipefail
cd "$(dirname "$0")/.."

# A firmware is a name here and a function build_NAME, which builds it and sets `elf` to its path.
all_firmwares=(c rust)

emulator=qemu-system-arm
cross=arm-none-eabi-
golden_model=tests/golden/models/qwen2-q4_0.gguf

# Limits, in seconds.
start_limit=20
run_limit=180

die() { echo "${0##*/}: $*" >&2; exit 1; }
step() { printf '== %s (%ds)\n' "$1" "$SECONDS"; }

# The comment at the head of the script.
print_help() { sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"; }

# One line per thing that is not here: "package what-it-is-for".
missing() {
    command -v "$emulator" >/dev/null || echo "qemu-system-arm the emulator $emulator"
    command -v "${cross}gcc" >/dev/null || echo "gcc-arm-none-eabi the compiler ${cross}gcc"
    [[ $("${cross}gcc" -print-file-name=nano.specs 2>/dev/null) == */* ]] || echo "libnewlib-arm-none-eabi memcpy and its like"
    command -v make >/dev/null || echo "make the firmwares' build"
    # Rustup's compilers come without the sources that building core for a microcontroller takes.
    [[ -x /usr/bin/rustc ]] || echo "rustc-web the compiler of the Rust firmware"
    [[ -d $(/usr/bin/rustc --print sysroot 2>/dev/null)/lib/rustlib/src/rust/library/core ]] || echo "rust-web-src the sources of core"
}

install=false
firmwares=()
for argument in "$@"; do
    case $argument in
        --install) install=true ;;
        -h | --help) print_help; exit 0 ;;
        -*) die "unknown option $argument (see --help)" ;;
        *)
            [[ " ${all_firmwares[*]} " == *" $argument "* ]] || die "no firmware $argument: there are ${all_firmwares[*]}"
            firmwares+=("$argument")
            ;;
    esac
done
((${#firmwares[@]} > 0)) || firmwares=("${all_firmwares[@]}")

if $install && [[ -n $(missing) ]]; then
    apt-get update -q
    # shellcheck disable=SC2046  # one word per package
    DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $(missing | cut -d' ' -f1)
fi
lacking=$(missing)
[[ -z $lacking ]] || die $'missing (--install gets it by apt):\n'"$(sed 's/^\([^ ]*\) /  package \1: /' <<<"$lacking")"

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}
built=$(mkdir -p "$CARGO_TARGET_DIR/clients" && cd "$CARGO_TARGET_DIR/clients" && pwd)

work=$(mktemp -d)
board_pid=
runtime_pid=
# The board goes first, so that the runtime sees its line end.
end_both() {
    for pid in $board_pid $runtime_pid; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    board_pid=
    runtime_pid=
}
cleanup() {
    end_both
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP

# Ends, with what the board and the runtime said.
fail() {
    echo "-- the board:" >&2
    cat "$work/board.log" >&2 || true
    echo "-- the end of what the runtime said:" >&2
    tail -n 20 "$work/runtime.log" >&2 || true
    die "$1"
}

build_c() {
    make -s -C clients/c/examples/cortex_m4 BUILD="$built/c" CROSS="$cross" QWARK="$qwark" all size
    elf=$built/c/cortex_m4.elf
}

build_rust() {
    "$qwark" commands codegen commands/rover.toml --lang rust >"$built/rover.rs"
    (cd wire/firmware && ROVER_RS=$built/rover.rs RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 cargo build --release --target-dir "$built/rust")
    elf=$built/rust/thumbv7em-none-eabihf/release/qwark-firmware
}

# The firmware $1 on the board, until it ends: what it prints goes to the debugger's console, which is the emulator's output.
start_board() {
    "$emulator" -M mps2-an386 -cpu cortex-m4 -kernel "$1" -display none -monitor none -semihosting-config enable=on,target=native \
        -chardev pty,id=uart -serial chardev:uart >"$work/board.log" 2>&1 &
    board_pid=$!
}

# Waits until file $1 has a line that matches $2, while process $3 lives.
wait_for_line() {
    local deadline=$((SECONDS + start_limit))
    until grep -q "$2" "$1"; do
        kill -0 "$3" 2>/dev/null || fail "it ended before it said '$2'"
        ((SECONDS < deadline)) || fail "it did not say '$2' within $start_limit s"
        sleep 0.05
    done
}

run_firmware() {
    : >"$work/board.log"
    : >"$work/runtime.log"
    start_board "$1"
    wait_for_line "$work/board.log" 'redirected to /dev/' "$board_pid"
    local line status=0 deadline
    line=$(sed -n 's|.*redirected to \(/dev/[^ ]*\).*|\1|p' "$work/board.log")
    "$qwark" serve --no-cache -m "$model" --commands commands/rover.toml --link "serial:$line" >"$work/runtime.log" 2>&1 &
    runtime_pid=$!
    deadline=$((SECONDS + run_limit))
    while kill -0 "$board_pid" 2>/dev/null; do
        kill -0 "$runtime_pid" 2>/dev/null || fail "the runtime is down"
        ((SECONDS < deadline)) || fail "the firmware did not end within $run_limit s"
        sleep 0.1
    done
    wait "$board_pid" || status=$?
    board_pid=
    [[ $status == 0 ]] || fail "the firmware ended with status $status"
    grep -qx 'PASS: all steps' "$work/board.log" || fail "the firmware did not say that all steps passed"
    grep -aE '^(PASS|line):' "$work/board.log"
    end_both
}

step "building the runtime"
cargo build -p qwark --bin qwark
qwark=$(realpath "$CARGO_TARGET_DIR/debug/qwark")

# The golden model, which says that it is made for 64 tokens of context, is made to say 32768: an answer can be long enough to cancel.
model=$work/model.gguf
LC_ALL=C sed 's/\(qwen2\.context_length\x04\x00\x00\x00\)\x40\x00\x00\x00/\1\x00\x80\x00\x00/' "$golden_model" >"$model"
! cmp -s "$golden_model" "$model" || die "$golden_model: no context length of 64 found in it"

for firmware in "${firmwares[@]}"; do
    step "building the firmware: $firmware"
    "build_$firmware"
    step "running it"
    run_firmware "$elf"
done

echo "cortex_m4.sh: everything held for ${firmwares[*]} ($SECONDS s)"
