//! What the screen shows, and what keys do.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use qwark_wire::{FROM_RUNTIME, SafetyState, TO_RUNTIME};
use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::input::Input;
use crate::bench::Memory;
use crate::capture::{Bare, Record};
use crate::demo::about;
use crate::demo::rover::body::State;
use crate::demo::rover::flat::Point;
use crate::demo::rover::{News, Order};
use crate::demo::stage::About;
use crate::demo::talk::{Change, Talk};

/// Frames that are kept to be shown.
const FRAMES: usize = 100;
/// Points of the trail, and metres between two of them.
const TRAIL: (usize, f64) = (600, 0.05);
/// How often the memory is looked at.
const WEIGH: Duration = Duration::from_secs(1);

/// Frames that come all the time, which are counted and not shown.
const QUIET: [&str; 3] = ["Heartbeat", "Ping", "Pong"];

/// Sentences to try.
pub const HINTS: [&str; 8] = [
    "go to the kitchen and turn the light green",
    "say good morning, then look left",
    "turn around and drive two metres",
    "open the gripper, wait a second and close it",
    "back up 30 cm slowly",
    "how much charge is left",
    "drive 40 metres ahead",
    "go back to the dock",
];

/// A frame as a line shows it.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Seconds since the start.
    pub at: f64,
    /// The connection that it crossed.
    pub connection: u32,
    /// It went to the rover.
    pub sent: bool,
    /// The message's name.
    pub kind: &'static str,
    /// Its request; 0 for none.
    pub id: u32,
    /// Its length, without stuffing.
    pub len: usize,
    /// Its payload.
    pub payload: Vec<u8>,
}

/// Everything that is shown.
pub struct App {
    /// What is played.
    pub about: About,
    /// The sentence that is typed.
    pub input: Input,
    /// What was said over the wire.
    pub talk: Talk,
    /// The rover.
    pub rover: Option<Box<State>>,
    /// Where it was, the oldest first.
    pub trail: VecDeque<Point>,
    /// The last frames, the oldest first.
    pub frames: VecDeque<Frame>,
    /// All frames, and those of them that are not shown.
    pub counts: (u64, u64),
    /// What the runtime may do.
    pub safety: SafetyState,
    /// Whether the rover hears from it.
    pub linked: bool,
    /// Memory of the whole program, in bytes.
    pub memory: u64,
    weighed: Option<Instant>,
    /// The sentence that is suggested next.
    pub hint: usize,
    /// It is to end.
    pub is_over: bool,
}

impl App {
    /// Before anything was said.
    pub fn new(about: About) -> App {
        App {
            talk: Talk::new(about.set.clone()),
            about,
            input: Input::default(),
            rover: None,
            trail: VecDeque::new(),
            frames: VecDeque::new(),
            counts: (0, 0),
            safety: SafetyState::Armed,
            linked: true,
            memory: 0,
            weighed: None,
            hint: 0,
            is_over: false,
        }
    }

    /// Looks at the memory now and then. Whether it changed by so much that it is seen.
    pub fn weigh(&mut self, now: Instant) -> bool {
        if self.weighed.is_some_and(|weighed| now.duration_since(weighed) < WEIGH) {
            return false;
        }
        self.weighed = Some(now);
        let before = std::mem::replace(&mut self.memory, Memory::now().rss_bytes);
        before.abs_diff(self.memory) > 100_000
    }

    /// Takes news. Whether anything changed.
    pub fn news(&mut self, news: News) -> bool {
        match news {
            News::State(state) => {
                let was = self.rover.replace(state);
                let Some(is) = &self.rover else { return true };
                let at = is.pose.at;
                if self.trail.back().is_none_or(|last| last.distance(at) >= TRAIL.1) {
                    keep(&mut self.trail, at, TRAIL.0);
                }
                return was.is_none_or(|was| !looks_like(&was, is));
            }
            News::Happening(happening) => self.talk.remark(about::happening(&happening)),
            News::Failed(cause) => self.talk.remark(cause),
            News::Safety(state) => self.safety = state,
            News::Linked(linked) => self.linked = linked,
            News::Rest => return false,
        }
        true
    }

    /// Takes a copy of a frame.
    pub fn frame(&mut self, record: &Record) {
        if let Some(Change::Safety(state)) = self.talk.note(record) {
            self.safety = state;
        }
        self.counts.0 += 1;
        let Ok(Bare { frame, .. }) = Bare::parse(&record.frame) else { return };
        let table = if record.sent { FROM_RUNTIME } else { TO_RUNTIME };
        let kind = table.iter().find(|kind| kind.number == frame.kind).map_or("?", |kind| kind.name);
        if QUIET.contains(&kind) {
            self.counts.1 += 1;
            return;
        }
        let &Record { t_us, connection, sent, .. } = record;
        let (at, payload) = (t_us as f64 / 1e6, frame.payload.to_vec());
        keep(&mut self.frames, Frame { at, connection, sent, kind, id: frame.id, len: record.frame.len(), payload }, FRAMES);
    }

    /// Takes what was typed, and gives the order for the rover that comes of it.
    pub fn event(&mut self, event: Event) -> Option<Order> {
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => self.key(key),
            Event::Paste(text) => {
                self.input.insert(&text);
                None
            }
            _ => None,
        }
    }

    fn key(&mut self, key: KeyEvent) -> Option<Order> {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('e') if control => return Some(Order::Stop),
            KeyCode::Char('r') if control => return Some(Order::Rearm),
            KeyCode::Char('c' | 'q') if control => self.is_over = true,
            KeyCode::Char('d') if control && self.input.is_empty() => self.is_over = true,
            KeyCode::Tab => {
                self.input.set(HINTS[self.hint]);
                self.hint = (self.hint + 1) % HINTS.len();
            }
            KeyCode::Enter => {
                let sentence = self.input.take();
                // A stop is the button, not the model's to understand.
                return match sentence.to_lowercase().as_str() {
                    "" => None,
                    "stop" => Some(Order::Stop),
                    _ => Some(Order::Hear { sentence, stop_after: None }),
                };
            }
            _ => self.input.key(key),
        }
        None
    }
}

/// Whether two states are shown alike: the time is not, nor the warmth, and of the battery's charge whole percents are.
fn looks_like(was: &State, is: &State) -> bool {
    let percent = |state: &State| (state.battery * 100.0).round();
    percent(was) == percent(is) && *was == State { time: was.time, temperature: was.temperature, battery: was.battery, ..is.clone() }
}

/// Adds to a queue that keeps `most`.
fn keep<T>(queue: &mut VecDeque<T>, item: T, most: usize) {
    if queue.len() == most {
        queue.pop_front();
    }
    queue.push_back(item);
}
