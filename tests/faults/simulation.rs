//! A robot and a board on a simulated serial line: no clock but the simulation's own, nothing sleeps, and the same seed gives the same run.

use crate::board::Board;
use crate::injector::{Injector, Kind};
use crate::random::Random;
use crate::robot::{Record, Robot};
use crate::wire::Wire;

/// Longest time that a run may take on the simulated clock: more than two orders above what a clean line needs.
const GIVE_UP: u64 = 24 * 3600 * 1_000_000;

/// What a run is to be.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub baud: u32,
    pub faults: Option<(Kind, u64)>,
    pub questions: u64,
    pub stops: u64,
    pub seed: u64,
}

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub record: Record,
    /// Frames that were sent before, by either end.
    pub repeated: u64,
    /// Requests that the engine was given more than once.
    pub done_twice: u64,
    /// Simulated time, in microseconds.
    pub time: u64,
}

/// Runs `plan` to its end, as fast as the processor can.
///
/// # Panics
/// Some request does not end, or one end wants the processor all the time.
pub fn run(plan: &Plan) -> Outcome {
    let mut random = Random::new(plan.seed);
    let mut injector = || plan.faults.map(|(kind, percent)| Injector::new(kind, percent, random.fork()));
    let (mut up, mut down) = (Wire::new(plan.baud, injector()), Wire::new(plan.baud, injector()));
    let mut board = Board::new(plan.baud);
    let mut robot = Robot::new(plan.baud, plan.questions, plan.stops, random.fork());
    let mut now = 0;
    let mut dead_until = None;
    let mut idle_rounds = 0;
    while !robot.is_finished() {
        assert!(now < GIVE_UP, "{plan:?}: requests are still open: {:?}", robot.record);
        assert!(idle_rounds < 1000, "{plan:?}: an end asks to be woken and has nothing to do, at {now} µs");
        if dead_until.is_some_and(|until| until <= now) {
            dead_until = None;
            up.mend();
            down.mend();
            // Every second cut is one that the robot's own port does not notice.
            robot.mended(random.chance(50), now);
        }
        idle_rounds += 1;
        while let Some(bytes) = up.arrived(now) {
            board.receive(&bytes, now);
            idle_rounds = 0;
        }
        while let Some(bytes) = down.arrived(now) {
            robot.receive(&bytes, now);
            idle_rounds = 0;
        }
        board.tick(now);
        robot.tick(now);
        let mut cut = None;
        if up.ready_at(0) <= now
            && let Some(frame) = robot.transmit(now)
        {
            idle_rounds = 0;
            cut = cut.max(up.send(&frame, now));
        }
        if down.ready_at(board.ahead()) <= now {
            let frames = board.transmit(now);
            if !frames.is_empty() {
                idle_rounds = 0;
                cut = cut.max(down.send(&frames, now));
            }
        }
        if let Some(time) = cut {
            dead_until = Some(now + time.as_micros() as u64);
            up.cut();
            down.cut();
        }
        let arrivals = up.next().into_iter().chain(down.next()).chain(dead_until);
        let robot_at = robot.wake().max(up.ready_at(0));
        let board_at = board.wake(now).max(down.ready_at(board.ahead()));
        let next = arrivals.chain([robot_at, board_at]).min().unwrap_or(u64::MAX);
        // Something that waited for its turn is done a millisecond later: the client's clock has no finer steps.
        now = if next > now { next } else { now + 1000 };
    }
    let repeated = robot.repeated() + board.repeated;
    Outcome { record: robot.record, repeated, done_twice: board.done_twice, time: now }
}
