//! The client's end of a simulated line: the real client, which asks one question after the other and checks every byte of what it is told.

use std::collections::HashMap;

use qwark_wire::client::{Client, Event, Question, SMALL_OUT, Sentence, Settings};
use qwark_wire::{Reason, SafetyState};

use crate::random::Random;
use crate::script;

/// Requests that are open at once.
const OPEN: usize = 2;

/// Longest pause before the next question.
const THINK_US: u64 = 50_000;

/// A request that has not ended.
struct Asked {
    at: u64,
    expected: Vec<u8>,
    got: Vec<u8>,
    /// Where each command ends, if the answer is commands.
    ends: Vec<usize>,
}

impl Asked {
    /// Takes a piece of the answer, if it is what is to come next.
    fn take(&mut self, offset: u32, piece: &[u8]) -> bool {
        let (at, end) = (self.got.len(), self.got.len() + piece.len());
        let right = offset as usize == at && self.expected.get(at..end) == Some(piece);
        if right {
            self.got.extend_from_slice(piece);
        }
        right
    }

    /// The same of one command.
    fn take_command(&mut self, offset: u32, command: &[u8]) -> bool {
        let at = self.got.len();
        self.ends.iter().find(|end| **end > at) == Some(&(at + command.len())) && self.take(offset, command)
    }
}

/// Every so many requests, one is a sentence.
const SENTENCES: u64 = 3;

/// What came of all requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    pub asked: u64,
    /// Answered, with the expected text.
    pub answered: u64,
    /// Ended early by an emergency stop, with a beginning of the expected text.
    pub stopped: u64,
    /// Ended in any other way.
    pub lost: u64,
    /// Ends of requests that had ended before.
    pub ended_twice: u64,
    /// Bytes that are not the answer's, or came twice.
    pub wrong: u64,
    /// Microseconds from each question to the end of its answer.
    pub latencies: Vec<u64>,
    /// Microseconds from each emergency stop to its confirmation; those before the line was whole again are not counted.
    pub stops: Vec<u64>,
}

/// What the emergency stop is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// None is asked for before this time.
    Idle { until: u64 },
    /// It was asked for at this time, after `before` others.
    Stopping { at: u64, before: u32 },
    /// It holds, and is to be ended.
    Stopped,
    /// Arming was asked for.
    Arming,
}

/// A robot that talks to the board.
pub struct Robot {
    client: Client<String, { OPEN + 1 }>,
    random: Random,
    questions: u64,
    stops: u64,
    open: HashMap<u32, Asked>,
    next_question: u64,
    stop: Stop,
    pub record: Record,
}

impl Robot {
    /// Asks `questions`, then stops the board `stops` times while it answers.
    pub fn new(baud: u32, questions: u64, stops: u64, mut random: Random) -> Robot {
        let settings = Settings { client: random.draw(), seed: random.draw(), name: "robot", baud, ..Settings::default() };
        Robot {
            client: Client::new(&settings),
            random,
            questions,
            stops,
            open: HashMap::new(),
            next_question: 0,
            stop: Stop::Idle { until: 0 },
            record: Record::default(),
        }
    }

    /// Whether everything was asked, answered and stopped.
    pub fn is_finished(&self) -> bool {
        self.questions == 0 && self.stops == 0 && self.open.is_empty()
    }

    /// Requests and steps that the client sent again.
    pub fn repeated(&self) -> u64 {
        self.client.losses().repeated.into()
    }

    /// The line is whole again. `noticed`: the robot's own port was closed, and is opened anew.
    pub fn mended(&mut self, noticed: bool, now: u64) {
        if noticed {
            self.client.connect(now / 1000);
        }
        if let Stop::Stopping { at, .. } = &mut self.stop {
            *at = now;
        }
    }

    pub fn receive(&mut self, bytes: &[u8], now: u64) {
        for &byte in bytes {
            if let Some(event) = self.client.receive(byte, now / 1000) {
                note(&mut self.open, &mut self.record, &mut self.stop, &event, now);
            }
        }
    }

    /// Does what is due.
    pub fn tick(&mut self, now: u64) {
        while let Some(event) = self.client.poll(now / 1000) {
            note(&mut self.open, &mut self.record, &mut self.stop, &event, now);
        }
        if self.questions > 0 {
            while self.open.len() < OPEN && self.questions > 0 && self.next_question <= now {
                self.questions -= 1;
                self.ask(now);
            }
        } else if self.stops > 0 {
            self.exercise_stop(now);
        }
    }

    /// The next frame for the line.
    pub fn transmit(&mut self, now: u64) -> Option<Vec<u8>> {
        let mut out = [0; SMALL_OUT];
        self.client.transmit(now / 1000, &mut out).map(|len| out[..len].to_vec())
    }

    /// When there is something to do, if nothing arrives.
    pub fn wake(&self) -> u64 {
        let own = match self.stop {
            _ if self.questions > 0 && self.open.len() < OPEN => self.next_question,
            Stop::Idle { until } if self.questions == 0 && self.stops > 0 => until,
            _ => u64::MAX,
        };
        own.min(self.client.next_wake().saturating_mul(1000))
    }

    fn ask(&mut self, now: u64) {
        let prompt = script::prompt(self.record.asked, &mut self.random);
        let (at, got) = (now, Vec::new());
        if self.record.asked.is_multiple_of(SENTENCES) {
            let commands = script::commands(&prompt);
            let ends = commands.iter().scan(0, |end, command| {
                *end += command.len();
                Some(*end)
            });
            let ends = ends.collect();
            let id = self.client.command(Sentence::new(1, prompt), now / 1000).expect("there is room");
            self.open.insert(id, Asked { at, expected: commands.concat(), got, ends });
        } else {
            let expected = script::answer(&prompt).into_bytes();
            let id = self.client.ask(Question::new(prompt), now / 1000).expect("there is room");
            self.open.insert(id, Asked { at, expected, got, ends: Vec::new() });
        }
        self.record.asked += 1;
        self.next_question = now + self.random.within(0..THINK_US);
    }

    /// Stops the board at some moment of an answer, and arms it again when that has ended.
    fn exercise_stop(&mut self, now: u64) {
        match self.stop {
            Stop::Idle { until } if until <= now => {
                if self.open.is_empty() {
                    self.ask(now);
                    self.stop = Stop::Idle { until: now + self.random.within(0..1_500_000) };
                } else {
                    let before = self.client.safety().map_or(0, |safety| safety.stop);
                    self.client.emergency_stop(now / 1000);
                    self.stop = Stop::Stopping { at: now, before };
                }
            }
            // Said by a Safety, or by the Identify of a new session.
            Stop::Stopping { at, before } if self.is(SafetyState::Stopped, before + 1) => {
                self.record.stops.push(now - at);
                self.stop = Stop::Stopped;
            }
            Stop::Stopped if self.open.is_empty() => {
                self.stop = Stop::Arming;
                // Without a session, this comes again with the next one.
                if self.client.reset(now / 1000).and_then(|()| self.client.arm(now / 1000)).is_err() {
                    self.stop = Stop::Stopped;
                }
            }
            Stop::Arming if self.is(SafetyState::Armed, 0) => {
                self.stops -= 1;
                self.stop = Stop::Idle { until: now };
            }
            _ => {}
        }
    }

    /// Whether the board has said that this is its state, after at least `stops` stops.
    fn is(&self, state: SafetyState, stops: u32) -> bool {
        self.client.safety().is_some_and(|safety| safety.state == state && safety.stop >= stops)
    }
}

/// Writes down what `event` says.
fn note(open: &mut HashMap<u32, Asked>, record: &mut Record, stop: &mut Stop, event: &Event<'_>, now: u64) {
    match event {
        Event::Token { id, offset, text } => {
            let right = open.get_mut(id).is_some_and(|asked| asked.take(*offset, text.as_bytes()));
            record.wrong += if right { 0 } else { text.len() as u64 };
        }
        Event::Command { id, offset, bytes } => {
            let right = open.get_mut(id).is_some_and(|asked| asked.take_command(*offset, bytes));
            record.wrong += if right { 0 } else { bytes.len() as u64 };
        }
        Event::Done { id, done } => {
            let Some(asked) = open.remove(id) else {
                record.ended_twice += 1;
                return;
            };
            match done.reason {
                Reason::Stop if asked.got == asked.expected => {
                    record.answered += 1;
                    record.latencies.push(now - asked.at);
                }
                Reason::Stopped if asked.expected.starts_with(&asked.got) => record.stopped += 1,
                _ => record.lost += 1,
            }
        }
        Event::Error { id, ends: true, .. } | Event::Unanswered { id } => match open.remove(id) {
            // The stop was faster than the question.
            Some(_) if is_stopped(event) => record.stopped += 1,
            Some(_) => record.lost += 1,
            None => record.ended_twice += 1,
        },
        Event::Unconfirmed { .. } => *stop = Stop::Stopped,
        _ => {}
    }
}

fn is_stopped(event: &Event<'_>) -> bool {
    matches!(event, Event::Error { code: qwark_wire::ErrorCode::Stopped, .. })
}
