//! `qwark wire`: the protocol made visible.

mod decode;
mod heard;
mod lines;
mod monitor;

use anyhow::Result;

use super::args::{Common, WireCommand};

pub(super) fn run(common: &Common, command: &WireCommand) -> Result<()> {
    match command {
        WireCommand::Decode(args) => decode::run(common, args),
        WireCommand::Monitor(args) => monitor::run(common, args),
    }
}
