//! Emergency stop, Reset and Arm: repeated until the runtime confirms them.

use super::timer::{Line, Retry};
use crate::{Arm, EStop, Reset, Safety, SafetyState};

/// Milliseconds between two EStops, without an end.
const ESTOP_MS: u64 = 100;

/// An emergency stop that is not confirmed yet.
#[derive(Clone, Copy, Debug)]
struct Stopping {
    due: u64,
    /// The stop that confirms it has at least this number: a late word about an earlier one does not.
    least: u32,
}

/// A Reset or an Arm that is not confirmed yet.
#[derive(Clone, Copy, Debug)]
struct Step {
    stop: u32,
    retry: Retry,
}

/// Where a state stands among those of one boot: by the stop, then in the order in which they follow each other.
fn order(Safety { state, stop }: Safety) -> (u32, u8) {
    let step = match state {
        SafetyState::Stopped => 0,
        SafetyState::Disarmed => 1,
        _ => 2,
    };
    (stop, step)
}

/// What was asked of the runtime's safety state, and what is known of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Control {
    known: Option<Safety>,
    estop: Option<Stopping>,
    reset: Option<Step>,
    arm: Option<Step>,
    /// What was given up and not reported yet.
    unconfirmed: Option<SafetyState>,
}

impl Control {
    /// What the runtime said last.
    pub(super) fn known(&self) -> Option<Safety> {
        self.known
    }

    /// Begins an emergency stop. What was to end an earlier one is dropped.
    pub(super) fn stop(&mut self, now: u64) {
        let least = match self.known {
            Some(Safety { state: SafetyState::Stopped, stop }) => stop,
            Some(Safety { stop, .. }) => stop.saturating_add(1),
            None => 0,
        };
        (self.reset, self.arm) = (None, None);
        self.estop = Some(Stopping { due: now, least });
    }

    /// Begins to end the last stop. False if none is known.
    pub(super) fn reset(&mut self, now: u64, line: &Line) -> bool {
        self.reset = self.known.map(|safety| Step { stop: safety.stop, retry: Retry::now(now, line) });
        self.reset.is_some()
    }

    /// Begins to arm the runtime, after a Reset that is not confirmed yet. False if no runtime is known.
    pub(super) fn arm(&mut self, now: u64, line: &Line) -> bool {
        self.arm = self.known.map(|safety| Step { stop: safety.stop, retry: Retry::now(now, line) });
        self.arm.is_some()
    }

    /// Whether the runtime was asked for something and has not said so yet.
    pub(super) fn waits(&self) -> bool {
        self.estop.is_some() || self.reset.is_some() || self.arm.is_some()
    }

    /// Whether `safety` comes late, as far as this boot is known.
    fn is_late(&self, safety: Safety) -> bool {
        self.known.is_some_and(|known| order(safety) < order(known))
    }

    /// Whether a stop that is asked for may have been answered by a runtime that has restarted, and counts anew.
    pub(super) fn is_doubtful(&self, safety: Safety) -> bool {
        self.estop.is_some() && safety.state == SafetyState::Stopped && self.is_late(safety)
    }

    /// Takes a state whose frame nothing proves to be the runtime's: it may confirm a stop, and is not remembered. True if it does.
    pub(super) fn confirm(&mut self, safety: Safety) -> bool {
        self.estop.take_if(|asked| safety.state == SafetyState::Stopped && safety.stop >= asked.least).is_some()
    }

    /// Takes what the runtime says. True if it is news, or was asked for. What comes late, or once more, changes nothing.
    pub(super) fn note(&mut self, safety: Safety) -> bool {
        if self.is_late(safety) {
            return false;
        }
        let Safety { state, stop } = safety;
        let waiting = self.waits();
        self.confirm(safety);
        let ended = matches!(state, SafetyState::Disarmed | SafetyState::Armed);
        self.reset.take_if(|step| step.stop != stop || ended);
        self.arm.take_if(|step| step.stop != stop || state == SafetyState::Armed);
        let news = self.known.replace(safety) != Some(safety);
        news || waiting
    }

    /// The runtime has restarted and counts its stops anew.
    pub(super) fn forget(&mut self) {
        self.known = None;
        if let Some(asked) = &mut self.estop {
            asked.least = 0;
        }
    }

    /// The link is lost: an emergency stop goes on, nothing else does.
    pub(super) fn lost(&mut self) {
        if self.reset.take().is_some() {
            self.unconfirmed = Some(SafetyState::Disarmed);
        }
        if self.arm.take().is_some() {
            self.unconfirmed = Some(SafetyState::Armed);
        }
    }

    /// What was given up, once.
    pub(super) fn unconfirmed(&mut self, now: u64) -> Option<SafetyState> {
        if [self.reset, self.arm].into_iter().flatten().any(|step| step.retry.is_exhausted(now)) {
            self.lost();
        }
        self.unconfirmed.take()
    }

    /// Whether an EStop is to be sent; it is taken for sent.
    pub(super) fn estop_due(&mut self, now: u64) -> Option<EStop> {
        let asked = self.estop.as_mut().filter(|asked| asked.due <= now)?;
        asked.due = now.saturating_add(ESTOP_MS);
        Some(EStop {})
    }

    /// The Reset that is to be sent; it is taken for sent. True if it had been before.
    pub(super) fn reset_due(&mut self, now: u64, line: &Line) -> Option<(Reset, bool)> {
        let step = self.reset.as_mut().filter(|step| step.retry.is_due(now))?;
        Some((Reset { stop: step.stop }, step.retry.sent(now, line)))
    }

    /// The Arm that is to be sent; it is taken for sent. True if it had been before.
    pub(super) fn arm_due(&mut self, now: u64, line: &Line) -> Option<(Arm, bool)> {
        let step = self.arm.as_mut().filter(|step| self.reset.is_none() && step.retry.is_due(now))?;
        Some((Arm { stop: step.stop }, step.retry.sent(now, line)))
    }

    /// When the next EStop is due.
    pub(super) fn estop_wake(&self) -> u64 {
        self.estop.map_or(u64::MAX, |asked| asked.due)
    }

    /// When a Reset or an Arm is due next.
    pub(super) fn wake(&self) -> u64 {
        self.reset.or(self.arm).map_or(u64::MAX, |step| step.retry.at())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn safety(state: SafetyState, stop: u32) -> Safety {
        Safety { state, stop }
    }

    #[test]
    fn an_emergency_stop_is_repeated_until_that_very_stop_is_confirmed() {
        let mut control = Control::default();
        control.note(safety(SafetyState::Armed, 1));
        control.stop(0);
        assert!(control.estop_due(0).is_some() && control.estop_due(99).is_none() && control.estop_due(100).is_some());
        control.note(safety(SafetyState::Stopped, 1));
        assert!(control.estop_due(200).is_some(), "that was the stop before");
        control.note(safety(SafetyState::Stopped, 2));
        assert_eq!(control.estop_wake(), u64::MAX);
    }

    #[test]
    fn arm_waits_for_the_reset_and_both_for_their_stop() {
        let (mut control, line) = (Control::default(), Line::new(0));
        assert!(!control.reset(0, &line) && !control.arm(0, &line), "which stop?");
        control.note(safety(SafetyState::Stopped, 3));
        assert!(control.reset(0, &line) && control.arm(0, &line));
        assert_eq!((control.reset_due(0, &line), control.arm_due(0, &line)), (Some((Reset { stop: 3 }, false)), None));
        control.note(safety(SafetyState::Disarmed, 3));
        assert_eq!(control.arm_due(5, &line), Some((Arm { stop: 3 }, false)));
        assert_eq!(control.arm_due(305, &line), Some((Arm { stop: 3 }, true)));
        assert!(control.note(safety(SafetyState::Armed, 3)));
        assert_eq!(control.wake(), u64::MAX);
        assert!(!control.note(safety(SafetyState::Armed, 3)), "that is no news");
    }

    #[test]
    fn a_newer_stop_makes_an_arm_void_and_a_lost_link_gives_it_up() {
        let (mut control, line) = (Control::default(), Line::new(0));
        control.note(safety(SafetyState::Disarmed, 3));
        control.arm(0, &line);
        control.note(safety(SafetyState::Stopped, 4));
        assert_eq!((control.wake(), control.unconfirmed(1)), (u64::MAX, None));
        control.reset(1, &line);
        control.lost();
        assert_eq!((control.unconfirmed(1), control.unconfirmed(1)), (Some(SafetyState::Disarmed), None));
    }
}
