//! The rover's body: what it does with commands, one after the other, in simulated time.

use std::collections::VecDeque;

use super::commands::{ArmPose, Command, GotoPlace, GripperAction, LightColor, RefuseReason, ReportWhat};
use super::flat::{self, Point};
use super::motion::{Spin, Straight, swing, wrap};
use super::task::{NoTask, Task};

/// Simulated seconds of one [`Body::advance`].
pub const TICK: f64 = 0.02;

/// Seconds that the gripper takes.
const GRIP: f64 = 0.6;
/// Seconds that words take: some to begin with, and some for each character.
const SPEAK: (f64, f64) = (0.5, 0.06);
/// Seconds for which words stay to be read.
const READ: f64 = 4.0;

/// Share of the battery that each second, and each metre driven, takes; and what the dock gives back each second.
const DRAIN: (f64, f64, f64) = (2e-5, 5e-4, 2e-3);
/// Degrees Celsius of the motors at rest and at work, and the share of the difference that is made up for each second.
const WARMTH: (f64, f64, f64) = (24.0, 46.0, 0.01);

/// Where the rover is and which way it looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pose {
    /// Where its middle is.
    pub at: Point,
    /// Degrees counter-clockwise from the east, above -180 up to 180.
    pub heading: f64,
}

/// Everything that can be seen of the rover.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Where it is.
    pub pose: Pose,
    /// Metres per second, negative backwards.
    pub speed: f64,
    /// Whether the gripper is open.
    pub open: bool,
    /// The pose that the arm was told to take.
    pub arm: ArmPose,
    /// How high the arm is, in degrees.
    pub lift: f64,
    /// Where the camera looks, in degrees to the left of the heading.
    pub pan: f64,
    /// Degrees up.
    pub tilt: f64,
    /// The light.
    pub light: LightColor,
    /// What was said last, while it can be read.
    pub words: Option<String>,
    /// 0 to 1.
    pub battery: f64,
    /// Degrees Celsius.
    pub temperature: f64,
    /// What it does, in words; empty at rest.
    pub doing: String,
    /// Commands that wait.
    pub waiting: usize,
    /// Simulated seconds since the beginning.
    pub time: f64,
}

/// Something that people want to know of.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    /// Something was in the way, with this many metres to go.
    Blocked(f64),
    /// A reading that was asked for.
    Reading(String),
    /// The order was not one that can be carried out, for this reason.
    Refused(RefuseReason),
}

/// What is being done.
#[derive(Debug)]
enum Motion {
    Straight(Straight),
    Spin(Spin),
    /// Points to go to, the next one last.
    Way(Vec<Point>),
    Swing,
    Pause(f64),
}

/// A rover in its flat, which begins at the dock.
#[derive(Debug)]
pub struct Body {
    state: State,
    tasks: VecDeque<Task>,
    /// The parts of the task at hand, the next one last.
    motions: Vec<Motion>,
    pan_to: f64,
    tilt_to: f64,
    /// When the words are to be forgotten.
    words_until: f64,
    happenings: Vec<Happening>,
}

impl Default for Body {
    fn default() -> Body {
        let state = State {
            pose: Pose { at: flat::stand(GotoPlace::Dock), heading: 90.0 },
            speed: 0.0,
            open: false,
            arm: ArmPose::Home,
            lift: lift(ArmPose::Home),
            pan: 0.0,
            tilt: 0.0,
            light: LightColor::Off,
            words: None,
            battery: 0.87,
            temperature: WARMTH.0,
            doing: String::new(),
            waiting: 0,
            time: 0.0,
        };
        Body { state, tasks: VecDeque::new(), motions: Vec::new(), pan_to: 0.0, tilt_to: 0.0, words_until: 0.0, happenings: Vec::new() }
    }
}

impl Body {
    /// What can be seen.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Takes a command, to be done after those before it. A stop does not wait, nor does a refusal, which is nothing to do.
    pub fn take(&mut self, command: &Command<'_>) {
        match Task::of(command) {
            Ok(task) => self.tasks.push_back(task),
            Err(NoTask::Stop) => self.halt(),
            Err(NoTask::Refuse(reason)) => {
                self.happenings.push(Happening::Refused(reason));
                self.speak(refusal(reason).to_owned());
            }
        }
        self.state.waiting = self.tasks.len();
    }

    /// Ends all motion now, and forgets what waits.
    pub fn halt(&mut self) {
        self.tasks.clear();
        self.motions.clear();
        (self.pan_to, self.tilt_to) = (self.state.pan, self.state.tilt);
        (self.state.speed, self.state.waiting) = (0.0, 0);
        self.state.doing.clear();
    }

    /// Whether there is nothing to do.
    pub fn is_at_rest(&self) -> bool {
        self.tasks.is_empty() && self.motions.is_empty()
    }

    /// What happened since it was asked last.
    pub fn happenings(&mut self) -> impl Iterator<Item = Happening> + '_ {
        self.happenings.drain(..)
    }

    /// Lets [`TICK`] go by.
    pub fn advance(&mut self) {
        let from = self.state.pose.at;
        self.state.time += TICK;
        if self.motions.is_empty()
            && let Some(task) = self.tasks.pop_front()
        {
            self.begin(task);
        }
        if let Some(motion) = self.motions.pop() {
            self.go_on(motion);
        }
        if self.is_at_rest() {
            self.state.doing.clear();
        }
        self.state.waiting = self.tasks.len();
        self.wear(from);
        if self.state.time >= self.words_until {
            self.state.words = None;
        }
    }

    fn begin(&mut self, task: Task) {
        self.state.doing = task.to_string();
        match task {
            Task::Drive { distance, speed } => self.motions.push(Motion::Straight(Straight::new(distance, speed))),
            Task::Turn { angle } => self.motions.push(Motion::Spin(Spin::new(self.state.pose.heading, angle))),
            Task::Go { place } => {
                let mut way = flat::route(self.state.pose.at, flat::stand(place));
                way.reverse();
                self.motions.push(Motion::Way(way));
            }
            Task::Grip { action } => {
                self.state.open = action == GripperAction::Open;
                self.motions.push(Motion::Pause(GRIP));
            }
            Task::Lift { pose } => {
                self.state.arm = pose;
                self.motions.push(Motion::Swing);
            }
            Task::Look { pan, tilt } => {
                (self.pan_to, self.tilt_to) = (pan.unwrap_or(self.pan_to), tilt.unwrap_or(self.tilt_to));
                self.motions.push(Motion::Swing);
            }
            Task::Shine { color } => self.state.light = color,
            Task::Say { text } => {
                let takes = self.speak(text);
                self.motions.push(Motion::Pause(takes));
            }
            Task::Wait { seconds } => self.motions.push(Motion::Pause(seconds)),
            Task::Tell { what } => {
                let reading = self.reading(what);
                self.happenings.push(Happening::Reading(reading.clone()));
                let takes = self.speak(reading);
                self.motions.push(Motion::Pause(takes));
            }
        }
    }

    /// Says `words`, and how many seconds that takes.
    fn speak(&mut self, words: String) -> f64 {
        let takes = SPEAK.0 + SPEAK.1 * words.chars().count() as f64;
        self.words_until = self.state.time + takes + READ;
        self.state.words = Some(words);
        takes
    }

    /// Does one tick's worth of `motion`, which is put back unless it has ended.
    fn go_on(&mut self, motion: Motion) {
        match motion {
            Motion::Straight(mut straight) => {
                let step = straight.step(TICK);
                let Pose { at, heading } = self.state.pose;
                let to = at.ahead(heading, step);
                self.state.speed = straight.speed();
                if flat::is_blocked(at, to) {
                    self.happenings.push(Happening::Blocked(straight.left() + step.abs()));
                    self.motions.clear();
                    self.state.speed = 0.0;
                    return;
                }
                self.state.pose.at = to;
                if !straight.is_over() {
                    self.motions.push(Motion::Straight(straight));
                }
            }
            Motion::Spin(mut spin) => {
                self.state.pose.heading = spin.step(TICK);
                if !spin.is_over() {
                    self.motions.push(Motion::Spin(spin));
                }
            }
            Motion::Way(mut way) => {
                let Some(next) = way.pop() else { return };
                let Pose { at, heading } = self.state.pose;
                if !way.is_empty() {
                    self.motions.push(Motion::Way(way));
                }
                let (turn, distance) = (wrap(at.direction(next) - heading), at.distance(next));
                self.motions.push(Motion::Straight(Straight::new(distance, None)));
                self.motions.push(Motion::Spin(Spin::new(heading, turn)));
            }
            Motion::Swing => {
                let state = &mut self.state;
                let joints = [(&mut state.lift, lift(state.arm)), (&mut state.pan, self.pan_to), (&mut state.tilt, self.tilt_to)];
                let there = joints.map(|(angle, to)| swing(angle, to, TICK));
                if there != [true; 3] {
                    self.motions.push(Motion::Swing);
                }
            }
            Motion::Pause(left) if left > TICK => self.motions.push(Motion::Pause(left - TICK)),
            Motion::Pause(_) => {}
        }
    }

    /// The battery and the motors' warmth.
    fn wear(&mut self, from: Point) {
        let moved = self.state.pose.at.distance(from);
        let (second, metre, charge) = DRAIN;
        let docked = self.state.pose.at.distance(flat::stand(GotoPlace::Dock)) < flat::RADIUS && moved == 0.0;
        let change = if docked { charge * TICK } else { -second * TICK - metre * moved };
        self.state.battery = (self.state.battery + change).clamp(0.0, 1.0);
        let (rest, work, share) = WARMTH;
        let aim = if self.motions.is_empty() { rest } else { work };
        self.state.temperature += (aim - self.state.temperature) * share * TICK;
    }

    fn reading(&self, what: ReportWhat) -> String {
        let State { pose: Pose { at, heading }, speed, battery, temperature, .. } = self.state;
        match what {
            ReportWhat::Battery => format!("battery {:.0} %", battery * 100.0),
            ReportWhat::Pose => format!("x {:.2} m, y {:.2} m, heading {heading:.0}°", at.x, at.y),
            ReportWhat::Temperature => format!("motors {temperature:.0} °C"),
            ReportWhat::Speed => format!("speed {speed:.2} m/s"),
        }
    }
}

/// What the rover says when it refuses.
pub fn refusal(reason: RefuseReason) -> &'static str {
    match reason {
        RefuseReason::Unclear => "I do not understand",
        RefuseReason::Unsupported => "I cannot do that",
        RefuseReason::Unsafe => "that is not safe",
    }
}

/// How high the arm is in a pose, in degrees.
fn lift(pose: ArmPose) -> f64 {
    match pose {
        ArmPose::Home => 0.0,
        ArmPose::Up => 80.0,
        ArmPose::Down => -30.0,
        ArmPose::Carry => 35.0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::commands::{Arm, Drive, Goto, Gripper, Light, Look, Refuse, Report, Say, Turn, Wait};
    use super::*;

    /// Lets time go by until there is nothing to do.
    fn rest(body: &mut Body) -> f64 {
        let begin = body.state().time;
        while !body.is_at_rest() {
            body.advance();
            assert!(body.state().time - begin < 200.0, "it never ends: {:?}", body.state());
        }
        body.state().time - begin
    }

    fn done(commands: &[Command<'_>]) -> (Body, f64) {
        let mut body = Body::default();
        commands.iter().for_each(|command| body.take(command));
        let took = rest(&mut body);
        (body, took)
    }

    fn drive(distance: f32, speed: Option<f32>) -> Command<'static> {
        Command::Drive(Drive { distance, speed })
    }

    #[track_caller]
    fn near(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-6, "{a} is not {b}");
    }

    #[test]
    fn it_drives_and_turns_as_far_as_it_is_told_and_as_fast() {
        // North from the dock, left, and back.
        let (body, _) = done(&[drive(1.5, None), Command::Turn(Turn { angle: 90 }), drive(-0.25, None)]);
        let Pose { at, heading } = body.state().pose;
        let dock = flat::stand(GotoPlace::Dock);
        near(at.x, dock.x + 0.25);
        near(at.y, dock.y + 1.5);
        near(heading, 180.0);
        // 2 m at 0.1 m/s, and some for speeding up and slowing down.
        let (_, slow) = done(&[drive(2.0, Some(0.1))]);
        assert!((20.0..20.6).contains(&slow), "{slow}");
        let (_, fast) = done(&[drive(2.0, Some(0.8))]);
        assert!((3.0..5.0).contains(&fast), "{fast}");
        let (body, took) = done(&[Command::Turn(Turn { angle: -360 })]);
        near(body.state().pose.heading, 90.0);
        assert!((4.0..5.0).contains(&took), "{took}");
    }

    #[test]
    fn commands_are_done_in_order_and_each_takes_its_time() {
        let mut body = Body::default();
        [
            Command::Wait(Wait { seconds: 1.5 }),
            Command::Light(Light { color: LightColor::Red }),
            Command::Gripper(Gripper { action: GripperAction::Open }),
        ]
        .iter()
        .for_each(|command| body.take(command));
        assert_eq!(body.state().waiting, 3);
        while body.state().time < 1.45 {
            body.advance();
            assert_eq!(body.state().light, LightColor::Off);
        }
        rest(&mut body);
        assert_eq!((body.state().light, body.state().open, body.state().waiting), (LightColor::Red, true, 0));
        near(body.state().time, 1.5 + TICK + GRIP);
    }

    #[test]
    fn arm_and_camera_move_to_where_they_are_told() {
        let (body, took) = done(&[
            Command::Arm(Arm { pose: ArmPose::Up }),
            Command::Look(Look { pan: Some(45), tilt: None }),
            Command::Look(Look { pan: None, tilt: Some(-30) }),
        ]);
        let State { lift: at, pan, tilt, .. } = *body.state();
        assert_eq!((at, pan, tilt), (lift(ArmPose::Up), 45.0, -30.0));
        assert!(took > 1.0, "{took}");
    }

    #[test]
    fn it_finds_its_way_to_every_place_from_every_other() {
        let mut body = Body::default();
        for from in GotoPlace::ALL {
            for place in GotoPlace::ALL {
                for place in [from, place] {
                    body.take(&Command::Goto(Goto { place }));
                    rest(&mut body);
                    assert!(body.state().pose.at.distance(flat::stand(place)) < 1e-6, "{from:?} to {place:?}: {:?}", body.state().pose);
                }
            }
        }
        assert_eq!(body.happenings().count(), 0);
    }

    #[test]
    fn a_wall_ends_a_drive_but_not_what_comes_after_it() {
        let (mut body, _) = done(&[drive(-5.0, None), Command::Light(Light { color: LightColor::Blue })]);
        let happenings: Vec<_> = body.happenings().collect();
        let [Happening::Blocked(left)] = happenings[..] else { panic!("{happenings:?}") };
        let Pose { at, .. } = body.state().pose;
        assert!((flat::RADIUS..flat::RADIUS + 0.02).contains(&at.y), "{at:?}");
        near(left, 5.0 - (flat::stand(GotoPlace::Dock).y - at.y));
        assert_eq!(body.state().light, LightColor::Blue);
    }

    #[test]
    fn a_stop_does_not_wait_and_forgets_what_does() {
        let mut body = Body::default();
        body.take(&drive(3.0, Some(1.0)));
        body.take(&Command::Light(Light { color: LightColor::Red }));
        (0..100).for_each(|_| body.advance());
        assert!(body.state().speed > 0.5);
        body.take(&Command::Stop);
        let then = body.state().pose;
        assert!(body.is_at_rest());
        (0..100).for_each(|_| body.advance());
        assert_eq!((body.state().pose, body.state().light, body.state().speed), (then, LightColor::Off, 0.0));
        // And it goes on with what comes then.
        body.take(&Command::Light(Light { color: LightColor::Green }));
        rest(&mut body);
        assert_eq!(body.state().light, LightColor::Green);
    }

    #[test]
    fn words_stay_to_be_read_and_then_go() {
        let mut body = Body::default();
        body.take(&Command::Say(Say { text: "hello" }));
        rest(&mut body);
        assert_eq!(body.state().words.as_deref(), Some("hello"));
        (0..(READ / TICK) as usize + 2).for_each(|_| body.advance());
        assert_eq!(body.state().words, None);
    }

    #[test]
    fn it_reports_in_its_turn_and_refuses_at_once() {
        let report = |what| Command::Report(Report { what });
        let mut body = Body::default();
        body.take(&report(ReportWhat::Pose));
        body.take(&Command::Refuse(Refuse { reason: RefuseReason::Unsafe }));
        assert_eq!(body.state().words.as_deref(), Some(refusal(RefuseReason::Unsafe)));
        body.take(&report(ReportWhat::Battery));
        rest(&mut body);
        let happenings: Vec<_> = body.happenings().collect();
        let reading = |text: &str| Happening::Reading(text.to_owned());
        let expected = [Happening::Refused(RefuseReason::Unsafe), reading("x 8.20 m, y 0.60 m, heading 90°"), reading("battery 87 %")];
        assert_eq!(happenings, expected);
    }

    #[test]
    fn driving_takes_from_the_battery_and_the_dock_gives_it_back() {
        let (mut body, _) = done(&[drive(3.0, None)]);
        let after = body.state().battery;
        assert!(after < 0.87, "{after}");
        assert!(body.state().temperature > WARMTH.0);
        body.take(&Command::Goto(Goto { place: GotoPlace::Dock }));
        rest(&mut body);
        (0..500).for_each(|_| body.advance());
        assert!(body.state().battery > after);
    }
}
