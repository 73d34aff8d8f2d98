//! The demo in words.

use qwark_wire::SafetyState;

use super::rover::body::{Happening, Pose, State, refusal};
use super::rover::commands::{ArmPose, LightColor};
use super::stage::About;

/// What it is.
pub const LONG: &str = "a small language model, on this computer, drives a simulated rover";

/// The same in fewer words.
pub const SHORT: &str = "sentences drive a simulated rover";

/// The model and its size.
pub fn model(about: &About) -> String {
    format!("{} ({:.1} MB)", about.model, about.bytes as f64 / 1e6)
}

/// What the runtime may do.
pub fn safety(state: SafetyState) -> &'static str {
    match state {
        SafetyState::Stopped => "emergency stop",
        SafetyState::Disarmed => "disarmed",
        _ => "armed",
    }
}

/// What happened.
pub fn happening(happening: &Happening) -> String {
    match happening {
        Happening::Blocked(left) => format!("something is in the way, {left:.2} m before the end"),
        Happening::Reading(reading) => reading.clone(),
        Happening::Refused(reason) => refusal(*reason).to_owned(),
    }
}

/// How the rover is.
pub fn state(state: &State) -> String {
    let Pose { at, heading } = state.pose;
    let gripper = if state.open { "open" } else { "closed" };
    format!(
        "x {:.2} m, y {:.2} m, heading {heading:.0}°, gripper {gripper}, arm {}, light {}",
        at.x,
        at.y,
        arm(state.arm),
        light(state.light)
    )
}

/// A pose of the arm.
pub fn arm(pose: ArmPose) -> &'static str {
    match pose {
        ArmPose::Home => "home",
        ArmPose::Up => "up",
        ArmPose::Down => "down",
        ArmPose::Carry => "carry",
    }
}

/// A colour of the light.
pub fn light(color: LightColor) -> &'static str {
    match color {
        LightColor::Off => "off",
        LightColor::White => "white",
        LightColor::Red => "red",
        LightColor::Green => "green",
        LightColor::Blue => "blue",
        LightColor::Yellow => "yellow",
    }
}
