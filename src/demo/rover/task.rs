//! A command that waits or is being done: it owns its words, and says what it is.

use std::fmt;

use super::commands::{ArmPose, Command, GotoPlace, GripperAction, LightColor, RefuseReason, ReportWhat};
use super::flat;

/// What is to be done, in the units of the simulation.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Task {
    Drive { distance: f64, speed: Option<f64> },
    Turn { angle: f64 },
    Go { place: GotoPlace },
    Grip { action: GripperAction },
    Lift { pose: ArmPose },
    Look { pan: Option<f64>, tilt: Option<f64> },
    Shine { color: LightColor },
    Say { text: String },
    Wait { seconds: f64 },
    Tell { what: ReportWhat },
}

/// Why a command is nothing to be done in its turn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum NoTask {
    /// It ends what is being done.
    Stop,
    /// It says that there is nothing to do.
    Refuse(RefuseReason),
}

impl Task {
    /// What `command` asks for.
    pub fn of(command: &Command<'_>) -> Result<Task, NoTask> {
        Ok(match *command {
            Command::Drive(drive) => Task::Drive { distance: drive.distance.into(), speed: drive.speed.map(f64::from) },
            Command::Turn(turn) => Task::Turn { angle: turn.angle.into() },
            Command::Goto(goto) => Task::Go { place: goto.place },
            Command::Gripper(gripper) => Task::Grip { action: gripper.action },
            Command::Arm(arm) => Task::Lift { pose: arm.pose },
            Command::Look(look) => Task::Look { pan: look.pan.map(f64::from), tilt: look.tilt.map(f64::from) },
            Command::Light(light) => Task::Shine { color: light.color },
            Command::Say(say) => Task::Say { text: say.text.to_owned() },
            Command::Wait(wait) => Task::Wait { seconds: wait.seconds.into() },
            Command::Report(report) => Task::Tell { what: report.what },
            Command::Refuse(refuse) => return Err(NoTask::Refuse(refuse.reason)),
            Command::Stop => return Err(NoTask::Stop),
        })
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Task::Drive { distance, .. } if *distance < 0.0 => write!(f, "backing up {:.2} m", -distance),
            Task::Drive { distance, .. } => write!(f, "driving {distance:.2} m"),
            Task::Turn { angle } if *angle < 0.0 => write!(f, "turning right {}°", -angle),
            Task::Turn { angle } => write!(f, "turning left {angle}°"),
            Task::Go { place } => write!(f, "going to the {}", flat::name(*place)),
            Task::Grip { action: GripperAction::Open } => f.write_str("opening the gripper"),
            Task::Grip { action: GripperAction::Close } => f.write_str("closing the gripper"),
            Task::Lift { .. } => f.write_str("moving the arm"),
            Task::Look { .. } => f.write_str("looking"),
            Task::Shine { .. } => f.write_str("setting the light"),
            Task::Say { .. } => f.write_str("speaking"),
            Task::Wait { seconds } => write!(f, "waiting {seconds:.1} s"),
            Task::Tell { .. } => f.write_str("reporting"),
        }
    }
}
