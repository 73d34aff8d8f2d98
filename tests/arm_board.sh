#!/usr/bin/env bash
# Asks an emulated 64-bit ARM board over its serial line, end to end: QEMU's machine `virt` boots Debian's own kernel, on it
# `qwark serve` opens the UART, and the other end of that line is a pseudo-terminal here, on which this machine's own `qwark ask`
# asks. What tests/arm.sh cannot test, since user-mode emulation has no serial ports, is tested here: the port's set-up by a real
# driver, and answers, a cancelled request and a dead client over it. The emulated line has no speed: baud rates are set, not kept.
#
#   tests/arm_board.sh [--install] [CPU]
#
# CPU        what `qemu-system-aarch64 -cpu` takes; default: cortex-a76
# --install  first installs what is missing, by apt (Debian; needs root)
#
# CARGO_TARGET_DIR is honoured; the default is target/arm64 for ARM's program and target for this machine's. The kernel is kept
# in the former, under board/. Exit status: 0 when everything held.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=tests/arm_common.sh
source tests/arm_common.sh

system_emulator=qemu-system-aarch64
# The UART of the machine `virt`, a PL011, and what clocks it, in Hz.
uart=/dev/ttyAMA0
uart_clock=24000000
baud=115200
golden_model=tests/golden/models/qwen2-q4_0.gguf
prompt="The rover drives forward and turns left at the door."

# Limits, in seconds.
boot_limit=120
ask_limit=60
# How long the request that is cancelled has run by then.
cancel_after=5

step() { printf '== %s (%ds)\n' "$1" "$SECONDS"; }

missing() {
    missing_toolchain
    command -v "$system_emulator" >/dev/null || echo "qemu-system-arm the emulator $system_emulator"
    command -v cpio >/dev/null || echo "cpio the board's file system"
}

read_arguments "$@"
cpu=${operands[0]:-cortex-a76}

host_target_dir=${CARGO_TARGET_DIR:-target}
host_rustc=${RUSTC:-rustc}
prepare_toolchain "$install"
kept=$CARGO_TARGET_DIR/board

work=$(mktemp -d)
board_pid=
cleanup() {
    [[ -z $board_pid ]] || kill "$board_pid" 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP

# Ends, with the last lines of what the board and its emulator said.
fail() {
    echo "-- the end of the board's console:" >&2
    tail -n 30 "$work/console.log" >&2 || true
    echo "-- the emulator:" >&2
    cat "$work/emulator.log" >&2 || true
    die "$1"
}

# Unpacks package $1 of arm64 without installing it, and keeps the file that matches $2 as $3.
fetch() {
    local package=$1 pattern=$2 file=$3
    [[ ! -s $kept/$file ]] || return 0
    mkdir -p "$work/deb" "$kept"
    (cd "$work/deb" && apt-get download -qq -o APT::Sandbox::User="$(id -un)" "$package:arm64") || \
        die "apt cannot download $package:arm64 (are its lists old? apt-get update)"
    dpkg -x "$work/deb/${package}"_*.deb "$work/unpacked"
    cp "$(find "$work/unpacked" -path "$pattern" -type f | head -n 1)" "$work/$file"
    mv "$work/$file" "$kept/$file"
}

fetch_kernel_and_busybox() {
    [[ ! -s $kept/vmlinuz || ! -s $kept/busybox ]] || return 0
    if ! dpkg --print-foreign-architectures | grep -qx arm64; then
        $install || die "apt does not know the architecture arm64, of which the board's kernel is (--install adds it)"
        dpkg --add-architecture arm64
        apt-get update -q
    fi
    # The kernel for virtual machines is the smallest; its package depends on the one of the newest version.
    local kernel
    kernel=$(apt-cache show --no-all-versions linux-image-cloud-arm64:arm64 | sed -n 's/^Depends: \([^ ,:]*\).*/\1/p')
    [[ -n $kernel ]] || die "apt knows no linux-image-cloud-arm64: this needs Debian's package lists (apt-get update)"
    fetch "$kernel" '*/boot/vmlinuz-*' vmlinuz
    fetch busybox-static '*/bin/busybox' busybox
}

# The shared objects that ELF file $1 names, and those that they name.
copy_libraries() {
    local name path
    for name in $("${linker%gcc}readelf" -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
        [[ ! -e $root/lib/$name ]] || continue
        path=$("$linker" -print-file-name="$name")
        [[ -e $path ]] || die "the cross compiler has no $name, which the program needs"
        cp -L "$path" "$root/lib/$name"
        copy_libraries "$root/lib/$name"
    done
}

make_file_system() {
    root=$work/root
    mkdir -p "$root"/{bin,dev,lib,proc}
    cp tests/arm_board/init "$root/init"
    cp "$kept/busybox" "$root/bin/busybox"
    chmod 755 "$root/init" "$root/bin/busybox"
    cp "$model" "$root/model.gguf"
    "${linker%gcc}strip" -o "$root/bin/qwark" "$arm_qwark"
    copy_libraries "$root/bin/qwark"
    (cd "$root" && find . | cpio --quiet -o -H newc -R 0:0) >"$work/initramfs"
}

# The UART is for qwark alone: the console is a serial port of its own, on the PCI bus.
start_board() {
    touch "$work/console.log"
    "$system_emulator" -M virt -cpu "$cpu" -smp 2 -m 256M -accel tcg -nodefaults -display none -monitor none -no-reboot \
        -kernel "$kept/vmlinuz" -initrd "$work/initramfs" -append "console=ttyS0 panic=-1 iomem=relaxed UART=$uart BAUD=$baud" \
        -chardev pty,id=uart -serial chardev:uart \
        -chardev "file,id=console,path=$work/console.log" -device pci-serial,chardev=console \
        >"$work/emulator.log" 2>&1 &
    board_pid=$!
}

# Waits until the board's console has a line that begins with "board: $1".
wait_for_board() {
    local deadline=$((SECONDS + boot_limit))
    until grep -q "^board: $1" "$work/console.log"; do
        kill -0 "$board_pid" 2>/dev/null || fail "the board is down"
        ((SECONDS < deadline)) || fail "the board did not say '$1' within $boot_limit s"
        sleep 0.2
    done
}

ask() { timeout -k 1 "$ask_limit" "$qwark" ask --link "$link" --timeout $((ask_limit / 2)) "$prompt" "$@"; }

# Asks with the arguments, and compares with what the program answers in $1: a way to start it.
expect_answer_of() {
    local run=$1 what=$2
    shift 2
    # shellcheck disable=SC2086  # a command and its arguments
    $run run --no-cache -m "$model" "$prompt" "$@" >"$work/expected"
    ask "$@" >"$work/answer" || fail "$what: ask failed with status $?"
    cmp "$work/expected" "$work/answer" >&2 || fail "$what: the answer differs"
    echo "ok: $what: $(wc -c <"$work/answer") bytes"
}

step "building the board's program"
cargo build --target "$target" -p qwark --bin qwark
arm_qwark=$CARGO_TARGET_DIR/$target/debug/qwark
step "building this machine's"
CARGO_TARGET_DIR=$host_target_dir RUSTC=$host_rustc cargo build -p qwark --bin qwark
qwark=$host_target_dir/debug/qwark

# The golden model, which says that it is made for 64 tokens of context, is made to say 32768: an answer can be long enough to cancel.
model=$work/model.gguf
LC_ALL=C sed 's/\(qwen2\.context_length\x04\x00\x00\x00\)\x40\x00\x00\x00/\1\x00\x80\x00\x00/' "$golden_model" >"$model"
! cmp -s "$golden_model" "$model" || die "$golden_model: no context length of 64 found in it"

step "kernel and file system"
fetch_kernel_and_busybox
make_file_system

step "booting $cpu"
start_board
wait_for_board "listening on serial:$uart"
sed -n 's/^board: //p' "$work/console.log" | tr -d '\r'
# The divisor is of a clock of 16 times the baud rate and counts 64ths. 0x70: FIFOs, 8 data bits, no parity, 1 stop bit.
divisor=$(((uart_clock * 4 + baud / 2) / baud))
registers=$(printf 'IBRD 0x%08X FBRD 0x%08X LCR_H 0x%08X' $((divisor / 64)) $((divisor % 64)) 0x70)
grep -q "^board: $registers" "$work/console.log" || fail "the UART is not set to $baud baud, 8N1: that is $registers"
echo "ok: the UART is set to $baud baud, 8N1"
link=serial:$(sed -n 's|.*redirected to \(/dev/[^ ]*\).*|\1|p' "$work/emulator.log")
[[ -e ${link#serial:} ]] || fail "the emulator names no pseudo-terminal"

step "asking over $link"
# Which of nearly equal tokens is sampled may depend on the instruction set: the same program, under user-mode emulation, must say the same.
arm_run="$(emulator_for "$cpu") $arm_qwark"
sampled=(-n 40 --seed 5)
greedy=(-n 25 --greedy --raw)
expect_answer_of "$arm_run" "a sampled answer, as in user-mode emulation" "${sampled[@]}"
expect_answer_of "$arm_run" "the likeliest answer, as in user-mode emulation" "${greedy[@]}"
expect_answer_of "$qwark" "the likeliest answer, as on this machine" "${greedy[@]}"

endless=("$qwark" ask --link "$link" --timeout $((ask_limit / 2)) "$prompt" -n 100000 --greedy --raw --json)
timeout --preserve-status -s INT -k "$ask_limit" "$cancel_after" "${endless[@]}" >"$work/cancelled" || fail "a cancelled request: status $?"
grep -q '"reason":"cancelled".*"output_tokens":[1-9]' "$work/cancelled" || fail "not cancelled: $(cat "$work/cancelled")"
echo "ok: Ctrl-C: $(grep -o '"output_tokens":[0-9]*' "$work/cancelled"), then cancelled"
expect_answer_of "$arm_run" "an answer after a cancelled one" "${sampled[@]}"

status=0
{ timeout -s KILL "$cancel_after" "${endless[@]}" >"$work/killed"; } 2>/dev/null || status=$?
[[ $status == 137 ]] || fail "a request that was to be killed ended by itself, with status $status: $(cat "$work/killed")"
expect_answer_of "$arm_run" "an answer after a client that died" "${sampled[@]}"

echo "arm_board.sh: everything held on $cpu ($SECONDS s)"
