use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use qwark_wire::host::ClientEvent;
use qwark_wire::{Safety, SafetyState};
use serde_json::json;

use super::args::{Common, StopArgs};
use super::output;
use crate::links::{Client, emergency_stop};

/// How this program introduces itself.
const NAME: &str = concat!("qwark stop ", env!("CARGO_PKG_VERSION"));

pub(super) fn run(common: &Common, args: &StopArgs) -> Result<()> {
    let timeout = args.at.timeout()?;
    if !args.reset && !args.arm {
        return report(common, &args.at.link.to_string(), emergency_stop(&args.at.link, timeout)?);
    }
    let mut client = Client::connect_with(&args.at.link, NAME, args.at.key()?, timeout)?;
    let known = client.safety().map_or(SafetyState::Armed, |safety| safety.state);
    let wanted = if args.arm {
        ensure!(known != SafetyState::Stopped, "{}: an emergency stop is latched: --reset it first", args.at.link);
        client.arm()?;
        SafetyState::Armed
    } else {
        client.reset()?;
        SafetyState::Disarmed
    };
    // It is so already, and nothing changes by asking again.
    if wanted == known {
        return report(common, &args.at.link.to_string(), client.safety().unwrap_or(Safety { state: wanted, stop: 0 }));
    }
    let deadline = Instant::now() + timeout.min(LONGEST_WAIT);
    while let Some(event) = client.next_event(deadline.saturating_duration_since(Instant::now()))? {
        match event {
            ClientEvent::Safety(safety) if safety.state == wanted => return report(common, &args.at.link.to_string(), safety),
            ClientEvent::Unconfirmed { .. } => break,
            ClientEvent::Error { id: 0, message, .. } => bail!("{}: {message}", args.at.link),
            _ => {}
        }
    }
    bail!("{}: the runtime did not confirm within {:.0} s", args.at.link, timeout.as_secs_f32())
}

/// Longer times are taken for this one.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

fn report(common: &Common, link: &str, Safety { state, stop }: Safety) -> Result<()> {
    let (name, words) = match state {
        SafetyState::Stopped => ("stopped", "stopped: nothing is generated until `qwark stop --reset`, and then `qwark stop --arm`"),
        SafetyState::Disarmed => ("disarmed", "disarmed: nothing is generated until `qwark stop --arm`"),
        _ => ("armed", "armed: requests are answered"),
    };
    if common.json {
        return output::json(&json!({ "safety": name, "stop": stop }));
    }
    output::stream(&format!("{link} is {words}\n"))
}
