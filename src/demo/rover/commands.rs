// Commands of the set rover, version 1. Made by `qwark commands codegen --lang rust`: change the set, not this.

/// Is the same where the commands mean the same.
pub const SET_ID: u32 = 0xb76938ae;
/// The version that the set's author gave it.
pub const SET_VERSION: u32 = 1;
/// Most bytes of a command.
pub const MAX_ENCODED: usize = 242;

/// Drive straight. Negative is backwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drive {
    /// -10.0..10.0 m, step 0.01
    pub distance: f32,
    /// 0.05..1.0 m/s, step 0.05
    pub speed: Option<f32>,
}

/// Turn on the spot. Positive is left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Turn {
    /// -360..360 deg
    pub angle: i32,
}

/// One of 6 values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GotoPlace {
    /// dock
    Dock,
    /// kitchen
    Kitchen,
    /// door
    Door,
    /// table
    Table,
    /// window
    Window,
    /// sofa
    Sofa,
}

impl GotoPlace {
    /// All values, in the set's order.
    pub const ALL: [GotoPlace; 6] = [
        GotoPlace::Dock,
        GotoPlace::Kitchen,
        GotoPlace::Door,
        GotoPlace::Table,
        GotoPlace::Window,
        GotoPlace::Sofa,
    ];
}

/// Drive to a known place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Goto {
    /// one of 6 values
    pub place: GotoPlace,
}

/// One of 2 values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GripperAction {
    /// open
    Open,
    /// close
    Close,
}

impl GripperAction {
    /// All values, in the set's order.
    pub const ALL: [GripperAction; 2] = [
        GripperAction::Open,
        GripperAction::Close,
    ];
}

/// Open or close the gripper. 'grab', 'pick it up', 'take' = close; 'let go', 'drop', 'release' = open.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gripper {
    /// one of 2 values
    pub action: GripperAction,
}

/// One of 4 values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArmPose {
    /// home
    Home,
    /// up
    Up,
    /// down
    Down,
    /// carry
    Carry,
}

impl ArmPose {
    /// All values, in the set's order.
    pub const ALL: [ArmPose; 4] = [
        ArmPose::Home,
        ArmPose::Up,
        ArmPose::Down,
        ArmPose::Carry,
    ];
}

/// Move the arm to a stored pose.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Arm {
    /// one of 4 values
    pub pose: ArmPose,
}

/// Point the camera head. Pan: positive is left. Tilt: positive is up. 'look left/right' = pan 45/-45; 'look up/down' = tilt 30/-30; 'look ahead' = both 0. The axis that was not named is left out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    /// -90..90 deg
    pub pan: Option<i32>,
    /// -45..45 deg
    pub tilt: Option<i32>,
}

/// One of 6 values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LightColor {
    /// off
    Off,
    /// white
    White,
    /// red
    Red,
    /// green
    Green,
    /// blue
    Blue,
    /// yellow
    Yellow,
}

impl LightColor {
    /// All values, in the set's order.
    pub const ALL: [LightColor; 6] = [
        LightColor::Off,
        LightColor::White,
        LightColor::Red,
        LightColor::Green,
        LightColor::Blue,
        LightColor::Yellow,
    ];
}

/// Set the light. 'turn the light on' = white.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Light {
    /// one of 6 values
    pub color: LightColor,
}

/// Speak a text aloud: the words asked for, without quotes, otherwise as given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Say<'a> {
    /// text of at most 60 characters
    pub text: &'a str,
}

/// Pause before the next command. 'a second' / 'a moment' = 1; 'half a minute' = 30.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wait {
    /// 0.0..60.0 s, step 0.1
    pub seconds: f32,
}

/// One of 4 values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportWhat {
    /// battery
    Battery,
    /// pose
    Pose,
    /// temperature
    Temperature,
    /// speed
    Speed,
}

impl ReportWhat {
    /// All values, in the set's order.
    pub const ALL: [ReportWhat; 4] = [
        ReportWhat::Battery,
        ReportWhat::Pose,
        ReportWhat::Temperature,
        ReportWhat::Speed,
    ];
}

/// Report a reading. 'where are you' = pose; 'how warm are you' = temperature; 'how much charge is left' = battery; 'how fast are you going' = speed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Report {
    /// one of 4 values
    pub what: ReportWhat,
}

/// One of 3 values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefuseReason {
    /// unclear
    Unclear,
    /// unsupported
    Unsupported,
    /// unsafe
    Unsafe,
}

impl RefuseReason {
    /// All values, in the set's order.
    pub const ALL: [RefuseReason; 3] = [
        RefuseReason::Unclear,
        RefuseReason::Unsupported,
        RefuseReason::Unsafe,
    ];
}

/// The sentence cannot be turned into commands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Refuse {
    /// one of 3 values
    pub reason: RefuseReason,
}

/// Any command of the set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Command<'a> {
    /// Drive straight. Negative is backwards.
    Drive(Drive),
    /// Turn on the spot. Positive is left.
    Turn(Turn),
    /// Drive to a known place.
    Goto(Goto),
    /// Open or close the gripper. 'grab', 'pick it up', 'take' = close; 'let go', 'drop', 'release' = open.
    Gripper(Gripper),
    /// Move the arm to a stored pose.
    Arm(Arm),
    /// Point the camera head. Pan: positive is left. Tilt: positive is up. 'look left/right' = pan 45/-45; 'look up/down' = tilt 30/-30; 'look ahead' = both 0. The axis that was not named is left out.
    Look(Look),
    /// Set the light. 'turn the light on' = white.
    Light(Light),
    /// Speak a text aloud: the words asked for, without quotes, otherwise as given.
    Say(Say<'a>),
    /// Pause before the next command. 'a second' / 'a moment' = 1; 'half a minute' = 30.
    Wait(Wait),
    /// Report a reading. 'where are you' = pose; 'how warm are you' = temperature; 'how much charge is left' = battery; 'how fast are you going' = speed.
    Report(Report),
    /// Stop all motion now.
    Stop,
    /// The sentence cannot be turned into commands.
    Refuse(Refuse),
}

/// Why bytes are no command of this set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecodeError {
    /// No command has this number.
    Unknown,
    /// The bytes end too early.
    Truncated,
    /// There are more bytes than the command has.
    Trailing,
    /// A value is out of its range.
    Range,
    /// A text is too long, not UTF-8, or has a control character.
    BadText,
}

/// Why a command has no bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncodeError {
    /// A value is out of its range.
    Range,
    /// A text is too long or has a control character.
    BadText,
    /// There is no room for the bytes.
    NoRoom,
}

struct In<'a>(&'a [u8]);

#[allow(dead_code)]
impl<'a> In<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        if self.0.len() < len {
            return Err(DecodeError::Truncated);
        }
        let (taken, rest) = self.0.split_at(len);
        self.0 = rest;
        Ok(taken)
    }

    /// A number of `width` bytes that must be below `limit`.
    fn unsigned(&mut self, width: usize, limit: u32) -> Result<u32, DecodeError> {
        let value = self.take(width)?.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte));
        if value < limit { Ok(value) } else { Err(DecodeError::Range) }
    }

    /// A number of `width` bytes in two's complement: a multiple of `step` from `min` to `max`.
    fn signed(&mut self, width: usize, min: i32, max: i32, step: i32) -> Result<i32, DecodeError> {
        let unused = 32 - 8 * width as u32;
        let bits = self.take(width)?.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte));
        let value = (bits << unused) as i32 >> unused;
        if value >= min && value <= max && value % step == 0 { Ok(value) } else { Err(DecodeError::Range) }
    }

    /// A text of at most `most` characters.
    fn text(&mut self, width: usize, most: usize) -> Result<&'a str, DecodeError> {
        let len = self.unsigned(width, u32::MAX)? as usize;
        let text = core::str::from_utf8(self.take(len)?).map_err(|_| DecodeError::BadText)?;
        if is_text(text, most) { Ok(text) } else { Err(DecodeError::BadText) }
    }
}

fn is_text(text: &str, most: usize) -> bool {
    text.chars().count() <= most && !text.chars().any(|c| c.is_ascii_control())
}

struct Out<'o> {
    bytes: &'o mut [u8],
    len: usize,
}

#[allow(dead_code)]
impl Out<'_> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        let room = self.bytes.get_mut(self.len..self.len + bytes.len()).ok_or(EncodeError::NoRoom)?;
        room.copy_from_slice(bytes);
        self.len += bytes.len();
        Ok(())
    }

    fn unsigned(&mut self, width: usize, value: u32) -> Result<(), EncodeError> {
        self.put(&value.to_le_bytes()[..width])
    }

    fn signed(&mut self, width: usize, value: i32, min: i32, max: i32, step: i32) -> Result<(), EncodeError> {
        if value < min || value > max || value % step != 0 {
            return Err(EncodeError::Range);
        }
        self.put(&value.to_le_bytes()[..width])
    }

    /// `steps`, rounded, halves away from zero.
    fn steps(&mut self, width: usize, steps: f64, min: i32, max: i32) -> Result<(), EncodeError> {
        if steps > f64::from(min) - 0.5 && steps < f64::from(max) + 0.5 {
            let rounded = if steps < 0.0 { steps - 0.5 } else { steps + 0.5 };
            self.signed(width, rounded as i32, min, max, 1)
        } else {
            Err(EncodeError::Range)
        }
    }

    fn text(&mut self, width: usize, text: &str, most: usize) -> Result<(), EncodeError> {
        if !is_text(text, most) {
            return Err(EncodeError::BadText);
        }
        self.unsigned(width, text.len() as u32)?;
        self.put(text.as_bytes())
    }
}

/// Reads one command from all of `bytes`, and checks everything.
pub fn decode(bytes: &[u8]) -> Result<Command<'_>, DecodeError> {
    let mut input = In(bytes);
    let command = match input.unsigned(1, 256)? {
        0 => {
            let there = input.unsigned(1, 2)?;
            Command::Drive(Drive {
                distance: input.signed(2, -1000, 1000, 1)? as f32 * 1.0 / 100.0,
                speed: if there >> 0 & 1 == 1 { Some(input.signed(1, 1, 20, 1)? as f32 * 5.0 / 100.0) } else { None },
            })
        }
        1 => {
            Command::Turn(Turn {
                angle: input.signed(2, -360, 360, 1)?,
            })
        }
        2 => {
            Command::Goto(Goto {
                place: GotoPlace::ALL[input.unsigned(1, 6)? as usize],
            })
        }
        3 => {
            Command::Gripper(Gripper {
                action: GripperAction::ALL[input.unsigned(1, 2)? as usize],
            })
        }
        4 => {
            Command::Arm(Arm {
                pose: ArmPose::ALL[input.unsigned(1, 4)? as usize],
            })
        }
        5 => {
            let there = input.unsigned(1, 4)?;
            Command::Look(Look {
                pan: if there >> 0 & 1 == 1 { Some(input.signed(1, -90, 90, 1)?) } else { None },
                tilt: if there >> 1 & 1 == 1 { Some(input.signed(1, -45, 45, 1)?) } else { None },
            })
        }
        6 => {
            Command::Light(Light {
                color: LightColor::ALL[input.unsigned(1, 6)? as usize],
            })
        }
        7 => {
            Command::Say(Say {
                text: input.text(1, 60)?,
            })
        }
        8 => {
            Command::Wait(Wait {
                seconds: input.signed(2, 0, 600, 1)? as f32 * 1.0 / 10.0,
            })
        }
        9 => {
            Command::Report(Report {
                what: ReportWhat::ALL[input.unsigned(1, 4)? as usize],
            })
        }
        10 => Command::Stop,
        11 => {
            Command::Refuse(Refuse {
                reason: RefuseReason::ALL[input.unsigned(1, 3)? as usize],
            })
        }
        _ => return Err(DecodeError::Unknown),
    };
    if input.0.is_empty() { Ok(command) } else { Err(DecodeError::Trailing) }
}

/// Writes `command` to the beginning of `bytes`, numbers rounded to their step, and returns how many bytes it has.
pub fn encode(command: &Command<'_>, bytes: &mut [u8]) -> Result<usize, EncodeError> {
    let mut out = Out { bytes, len: 0 };
    match *command {
        Command::Drive(c) => {
            out.unsigned(1, 0)?;
            out.unsigned(1, u32::from(c.speed.is_some()) << 0)?;
            let value = c.distance;
            out.steps(2, f64::from(value) * 100.0 / 1.0, -1000, 1000)?;
            if let Some(value) = c.speed {
                out.steps(1, f64::from(value) * 100.0 / 5.0, 1, 20)?;
            }
        }
        Command::Turn(c) => {
            out.unsigned(1, 1)?;
            let value = c.angle;
            out.signed(2, value, -360, 360, 1)?;
        }
        Command::Goto(c) => {
            out.unsigned(1, 2)?;
            let value = c.place;
            out.unsigned(1, value as u32)?;
        }
        Command::Gripper(c) => {
            out.unsigned(1, 3)?;
            let value = c.action;
            out.unsigned(1, value as u32)?;
        }
        Command::Arm(c) => {
            out.unsigned(1, 4)?;
            let value = c.pose;
            out.unsigned(1, value as u32)?;
        }
        Command::Look(c) => {
            out.unsigned(1, 5)?;
            out.unsigned(1, u32::from(c.pan.is_some()) << 0 | u32::from(c.tilt.is_some()) << 1)?;
            if let Some(value) = c.pan {
                out.signed(1, value, -90, 90, 1)?;
            }
            if let Some(value) = c.tilt {
                out.signed(1, value, -45, 45, 1)?;
            }
        }
        Command::Light(c) => {
            out.unsigned(1, 6)?;
            let value = c.color;
            out.unsigned(1, value as u32)?;
        }
        Command::Say(c) => {
            out.unsigned(1, 7)?;
            let value = c.text;
            out.text(1, value, 60)?;
        }
        Command::Wait(c) => {
            out.unsigned(1, 8)?;
            let value = c.seconds;
            out.steps(2, f64::from(value) * 10.0 / 1.0, 0, 600)?;
        }
        Command::Report(c) => {
            out.unsigned(1, 9)?;
            let value = c.what;
            out.unsigned(1, value as u32)?;
        }
        Command::Stop => out.unsigned(1, 10)?,
        Command::Refuse(c) => {
            out.unsigned(1, 11)?;
            let value = c.reason;
            out.unsigned(1, value as u32)?;
        }
    }
    Ok(out.len)
}
