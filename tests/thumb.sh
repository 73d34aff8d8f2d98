#!/usr/bin/env bash
# Builds qwark-wire for a Cortex-M4, which has neither std nor an allocator. Needs Debian's rustc-web and rust-web-src
# (tests/cortex_m4.sh --install installs them), because building core takes the sources that match the compiler.
set -euo pipefail
cd "$(dirname "$0")/.."
RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 cargo build --release --package qwark-wire \
  -Zbuild-std=core --target thumbv7em-none-eabihf --target-dir target/thumb
