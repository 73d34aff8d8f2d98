//! A client and a runtime on the two ends of a simulated line, with a simulated clock.

use std::collections::VecDeque;

use qwark_wire::client::{Client, Event, MAX_OUT, SMALL_OUT, Settings};
use qwark_wire::{Done, ErrorCode, Safety, SafetyState, UploadState};

use crate::runtime::Runtime;

/// Milliseconds that a frame is on its way.
const DELAY_MS: u64 = 7;

/// Sends at one time that nothing explains.
const ENDLESS: usize = 10_000;

/// What a client was told, owned.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    Connected { restarted: bool },
    Disconnected,
    Incompatible(u8, u8),
    Accepted(u32),
    Token(u32, u32, String),
    Command(u32, u32, Vec<u8>),
    Done(u32, Done),
    Error(u32, ErrorCode, bool),
    Unanswered(u32),
    Safety(Safety),
    Unconfirmed(SafetyState),
    Pong(u32),
    Upload(u32, UploadState, u32),
    Item(u32, u16, String),
    Other,
}

impl From<Event<'_>> for Told {
    fn from(event: Event<'_>) -> Self {
        match event {
            Event::Connected { restarted, .. } => Told::Connected { restarted },
            Event::Disconnected => Told::Disconnected,
            Event::Incompatible { version_min, version_max } => Told::Incompatible(version_min, version_max),
            Event::Accepted { id } => Told::Accepted(id),
            Event::Token { id, offset, text } => Told::Token(id, offset, text.to_owned()),
            Event::Command { id, offset, bytes } => Told::Command(id, offset, bytes.to_owned()),
            Event::Done { id, done } => Told::Done(id, done),
            Event::Error { id, code, ends, .. } => Told::Error(id, code, ends),
            Event::Unanswered { id } => Told::Unanswered(id),
            Event::Safety(safety) => Told::Safety(safety),
            Event::Unconfirmed { wanted } => Told::Unconfirmed(wanted),
            Event::Pong { nonce } => Told::Pong(nonce),
            Event::Upload { id, upload } => Told::Upload(id, upload.state, upload.received),
            Event::UploadItem { id, item } => Told::Item(id, item.index, item.name.get().to_owned()),
            _ => Told::Other,
        }
    }
}

/// What the line does to a frame: what arrives in its place.
pub type Harm<'h> = Box<dyn FnMut(Vec<u8>) -> Vec<u8> + 'h>;

pub struct Line<'h> {
    pub client: Client<String, 4>,
    pub runtime: Runtime,
    pub now: u64,
    pub told: Vec<Told>,
    /// Bytes of frames that a microcontroller can send, or all that there can be.
    pub small: bool,
    pub harm: Harm<'h>,
    to_runtime: VecDeque<(u64, Vec<u8>)>,
    to_client: VecDeque<(u64, Vec<u8>)>,
}

impl<'h> Line<'h> {
    pub fn new(settings: &Settings<'_>) -> Self {
        let (to_runtime, to_client) = (VecDeque::new(), VecDeque::new());
        let (client, runtime) = (Client::new(settings), Runtime::new(1));
        Line { client, runtime, now: 0, told: Vec::new(), small: true, harm: Box::new(|frame| frame), to_runtime, to_client }
    }

    /// A line whose session has begun.
    pub fn open() -> Self {
        let mut line = Line::new(&settings());
        line.run(50);
        assert!(line.client.is_connected());
        line.told.clear();
        line
    }

    /// Lets `ms` milliseconds pass.
    pub fn run(&mut self, ms: u64) {
        let end = self.now + ms;
        while self.now < end {
            self.step();
        }
    }

    /// Goes on until the client is told something that `wanted` knows, for five simulated minutes at most.
    pub fn until(&mut self, wanted: impl Fn(&Told) -> bool) {
        let end = self.now + 300_000;
        while !self.told.iter().any(&wanted) {
            assert!(self.now < end, "{:?}", self.told);
            self.step();
        }
    }

    /// What is on its way is lost.
    pub fn cut(&mut self) {
        self.to_runtime.clear();
        self.to_client.clear();
    }

    /// The text of the answer to request `id`: each byte once and in order.
    pub fn answer(&self, id: u32) -> String {
        let mut answer = String::new();
        for told in &self.told {
            if let Told::Token(of, offset, text) = told
                && *of == id
            {
                assert_eq!(*offset as usize, answer.len());
                answer += text;
            }
        }
        answer
    }

    /// The commands of the answer to request `id`: each once and in order.
    pub fn commands(&self, id: u32) -> Vec<Vec<u8>> {
        let (mut commands, mut len) = (Vec::new(), 0);
        for told in &self.told {
            if let Told::Command(of, offset, bytes) = told
                && *of == id
            {
                assert_eq!(*offset as usize, len);
                len += bytes.len();
                commands.push(bytes.clone());
            }
        }
        commands
    }

    /// One millisecond.
    fn step(&mut self) {
        let Line { client, runtime, now, told, to_runtime, to_client, harm, .. } = self;
        while let Some((_, bytes)) = to_client.pop_front_if(|(at, _)| *at <= *now) {
            for byte in bytes {
                told.extend(client.receive(byte, *now).map(Told::from));
                told.extend(std::iter::from_fn(|| client.poll(*now)).map(Told::from));
            }
        }
        told.extend(std::iter::from_fn(|| client.poll(*now)).map(Told::from));
        let due = client.next_wake() <= *now;
        let (mut sent, mut small, mut large) = (0, [0; SMALL_OUT], [0; MAX_OUT]);
        while let Some(bytes) = match self.small {
            true => client.transmit(*now, &mut small).map(|len| small[..len].to_vec()),
            false => client.transmit(*now, &mut large).map(|len| large[..len].to_vec()),
        } {
            assert!(due, "it wakes when there is something to send");
            sent += 1;
            assert!(sent < ENDLESS, "it sends without an end");
            to_runtime.push_back((*now + DELAY_MS, harm(bytes)));
        }
        told.extend(std::iter::from_fn(|| client.poll(*now)).map(Told::from));
        told.retain(|told| *told != Told::Other);
        assert!(client.next_wake() > *now, "nothing is left to do: {:?}", client);
        while let Some((_, bytes)) = to_runtime.pop_front_if(|(at, _)| *at <= *now) {
            runtime.receive(&bytes, *now);
        }
        to_client.extend(runtime.transmit(*now).into_iter().map(|frame| (*now + DELAY_MS, harm(frame))));
        *now += 1;
    }
}

/// A client with a session of its own.
pub fn settings() -> Settings<'static> {
    Settings { client: 77, seed: 99, name: "test", ..Settings::default() }
}
