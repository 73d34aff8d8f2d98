//! The client's half of the protocol: a state machine that neither reads, writes nor waits.
//!
//! Bytes that arrived go into [`Client::receive`], frames to send come out of [`Client::transmit`], and whatever happens is an [`Event`].
//! Time is an argument, in milliseconds since any beginning: a microcontroller's tick counter will do. The client keeps the session, sends
//! again what is not answered, asks for what is missing, puts answers together and repeats an emergency stop until it holds, as
//! `docs/WIRE.md` has it. There is no allocator: `REQUESTS` says how many requests can be open at once, and the texts of a request are
//! held as `B`, a reference or something that owns them, until it has ended.
//!
//! The caller's loop, whatever the line is:
//!
//! ```
//! use qwark_wire::client::{Client, Event, Question, SMALL_OUT, Settings};
//!
//! # fn read(_: u64) -> Option<u8> { None }
//! # fn write(_: &[u8]) {}
//! # fn millis() -> u64 { 0 }
//! let settings = Settings { client: 0x5eed, seed: 0x5eed, name: "rover", baud: 115_200, ..Settings::default() };
//! let mut client = Client::<&str, 2>::new(&settings);
//! let id = client.ask(Question::new("Go forward."), millis())?;
//! # for _ in 0..3 {
//! // loop {
//!     while let Some(byte) = read(client.next_wake()) {
//!         match client.receive(byte, millis()) {
//!             Some(Event::Token { text, .. }) => { /* the answer, piece by piece */ }
//!             _ => {}
//!         }
//!     }
//!     while let Some(event) = client.poll(millis()) {
//!         if let Event::Done { id, done } = event { /* its end */ }
//!     }
//!     let mut out = [0; SMALL_OUT];
//!     while let Some(len) = client.transmit(millis(), &mut out) {
//!         write(&out[..len]);
//!     }
//! // }
//! # }
//! # Ok::<(), qwark_wire::client::AskError>(())
//! ```

mod answer;
mod asked;
mod control;
mod event;
#[cfg_attr(not(feature = "seal"), path = "unguarded.rs")]
mod guard;
mod machine;
mod question;
mod receive;
mod sending;
mod sentence;
mod slot;

mod timer;
mod transmit;

use answer::Answer;
use asked::Asked;
use guard::Guard;
use machine::Machine;
use sending::Sending;
use slot::Task;
use transmit::longest_frame;

#[cfg(feature = "seal")]
use crate::Key;
use crate::{Counters, Decoder, Hash, MAX_FRAME, SMALL_FRAME, Safety, max_encoded};

pub use event::Event;
pub use question::{AskError, DEFAULT_WINDOW, NewUpload, Question};
pub use sentence::Sentence;

/// Bytes that [`Client::transmit`] needs for the frames that every runtime takes.
pub const SMALL_OUT: usize = 1 + max_encoded(SMALL_FRAME);

/// Bytes that [`Client::transmit`] can use at most.
pub const MAX_OUT: usize = 1 + max_encoded(MAX_FRAME);

/// Shortest time between two heartbeats, in milliseconds.
pub const MIN_HEARTBEAT_MS: u16 = 100;

/// Who the client is, and what it knows of its line.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    /// Unlike that of any other client and of any earlier start; 0 for a client whose requests end with its link.
    pub client: u64,
    /// Where nonces and keys are drawn from: unlike that of any earlier start too. Not a secret.
    pub seed: u64,
    /// The client's name, for the runtime's log.
    pub name: &'a str,
    /// How often the runtime is to say how it is, in milliseconds; 0 for never. Without, a client that waits for an answer takes
    /// five seconds of silence for a lost link.
    pub heartbeat_ms: u16,
    /// The serial line's bits per second; 0 for anything that is faster than a serial line.
    pub baud: u32,
    /// The link's key, if it has one: then nothing is believed without a seal.
    #[cfg(feature = "seal")]
    pub key: Option<Key>,
}

impl Default for Settings<'_> {
    /// A nameless client without a session of its own, on a fast line, with a heartbeat every second.
    fn default() -> Self {
        Settings {
            client: 0,
            seed: 0,
            name: "",
            heartbeat_ms: 1000,
            baud: 0,
            #[cfg(feature = "seal")]
            key: None,
        }
    }
}

impl Settings<'_> {
    #[cfg(feature = "seal")]
    fn guard(&self) -> Guard {
        Guard::new(self.key, self.client)
    }

    #[cfg(not(feature = "seal"))]
    fn guard(&self) -> Guard {
        Guard
    }
}

/// How good the line is, since the client was made. Each count stops at its maximum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Frames that arrived whole, and those that did not, by cause.
    pub frames: Counters,
    /// Frames from the runtime that are missing, as far as the numbers of those that came tell.
    pub missing: u32,
    /// Good frames that were no message for this client, or had no seal that holds.
    pub refused: u32,
    /// Frames that this client sent again.
    pub repeated: u32,
    /// Sessions that began or went on.
    pub sessions: u32,
}

/// One client: see the [module](self) for how it is used.
#[derive(Clone, Debug)]
pub struct Client<B, const REQUESTS: usize = 4> {
    decoder: Decoder<SMALL_FRAME>,
    machine: Machine<B, REQUESTS>,
}

impl<B: AsRef<[u8]>, const REQUESTS: usize> Client<B, REQUESTS> {
    /// A client that says Hello with its first frame.
    pub fn new(settings: &Settings<'_>) -> Self {
        let heartbeat_ms = if settings.heartbeat_ms > 0 { settings.heartbeat_ms.max(MIN_HEARTBEAT_MS) } else { 0 };
        Client { decoder: Decoder::new(), machine: Machine::new(&Settings { heartbeat_ms, ..*settings }) }
    }

    /// Takes the next byte from the line, and gives what it brought about. Call [`Client::poll`] after it.
    pub fn receive(&mut self, byte: u8, now: u64) -> Option<Event<'_>> {
        match self.decoder.push(byte)? {
            Ok(frame) => self.machine.frame(&frame, now),
            Err(_) => None,
        }
    }

    /// Gives what happened besides: the end of an answer, and whatever time brings about. Call it until it gives nothing.
    pub fn poll(&mut self, now: u64) -> Option<Event<'static>> {
        self.machine.poll(now)
    }

    /// Writes the next frame that is to be sent into `out`, delimiters included, and gives its length. Call it until it gives nothing, and
    /// not before the line has taken the last one. [`SMALL_OUT`] bytes suffice; longer frames make long texts faster.
    pub fn transmit<const N: usize>(&mut self, now: u64, out: &mut [u8; N]) -> Option<usize> {
        const { assert!(N >= SMALL_OUT, "a buffer must have room for a small frame") };
        self.machine.transmit(now, const { longest_frame(N) }, out)
    }

    /// When [`Client::poll`] or [`Client::transmit`] has something to do, if nothing arrives before: perhaps in the past, and `u64::MAX`
    /// for never.
    pub fn next_wake(&self) -> u64 {
        self.machine.wake()
    }

    /// The line was opened anew, or the other end may have changed: says Hello at once. Requests are kept and asked again.
    pub fn connect(&mut self, now: u64) {
        // The beginning of a frame that came before is none.
        let _ = self.decoder.push(crate::DELIMITER);
        self.machine.connect(now);
    }

    /// Asks `question`, now or as soon as there is a session, and gives its id.
    ///
    /// # Errors
    /// The table of requests is full, or the question does not fit into the protocol. It is not kept then.
    pub fn ask(&mut self, question: Question<B>, now: u64) -> Result<u32, AskError> {
        self.begin(Asked::Question(question), now)
    }

    /// Asks for the commands that `sentence` means, now or as soon as there is a session, and gives the request's id.
    ///
    /// # Errors
    /// The table of requests is full, or the sentence does not fit into the protocol. It is not kept then.
    pub fn command(&mut self, sentence: Sentence<B>, now: u64) -> Result<u32, AskError> {
        self.begin(Asked::Sentence(sentence), now)
    }

    fn begin(&mut self, mut asked: Asked<B>, now: u64) -> Result<u32, AskError> {
        asked.check()?;
        let len = asked.text_len()?;
        if self.machine.known.is_some_and(|known| len > known.max_text) {
            return Err(AskError::TooLong);
        }
        if *asked.key() == 0 {
            *asked.key() = self.machine.nonces.draw();
        }
        let sending = Sending::new(len, now, &self.machine.writer.line);
        let answer = Answer::new(asked.window());
        self.add(Task::Answer { text_crc: asked.text_crc(), asked, sending, answer, cancel: None }, now)
    }

    /// Asks the runtime to end request `id`. Its end follows as an event, as that of every request.
    ///
    /// # Errors
    /// It has ended already.
    pub fn cancel(&mut self, id: u32, now: u64) -> Result<(), AskError> {
        let retry = self.machine.retry(now);
        let slot = self.machine.slots.iter_mut().find(|slot| slot.id == id).ok_or(AskError::UnknownId)?;
        let Task::Answer { cancel, .. } = &mut slot.task else { return Err(AskError::UnknownId) };
        cancel.get_or_insert(retry);
        Ok(())
    }

    /// Stops the runtime, for every client: repeated until it says so.
    pub fn emergency_stop(&mut self, now: u64) {
        self.machine.control.stop(now);
    }

    /// Ends the last emergency stop: the runtime is disarmed then.
    ///
    /// # Errors
    /// No runtime has answered yet.
    pub fn reset(&mut self, now: u64) -> Result<(), AskError> {
        let machine = &mut self.machine;
        machine.control.reset(now, &machine.writer.line).then_some(()).ok_or(AskError::NoSession)
    }

    /// Lets a disarmed runtime generate again. After [`Client::reset`], it waits until that is confirmed.
    ///
    /// # Errors
    /// No runtime has answered yet.
    pub fn arm(&mut self, now: u64) -> Result<(), AskError> {
        let machine = &mut self.machine;
        machine.control.arm(now, &machine.writer.line).then_some(()).ok_or(AskError::NoSession)
    }

    /// Asks once whether the runtime lives; a Pong with the same `nonce` follows.
    pub fn ping(&mut self, nonce: u32) {
        self.machine.ping = Some(nonce);
    }

    /// Asks for a copy of every frame of the runtime's other connections, or for no more of them.
    pub fn monitor(&mut self, on: bool) {
        self.machine.monitor = Some(on);
        self.machine.monitor_told = false;
    }

    /// Sends `upload`, and gives the request's id.
    ///
    /// # Errors
    /// The table of requests is full, or the upload does not fit into the protocol.
    pub fn upload(&mut self, upload: NewUpload<B>, now: u64) -> Result<u32, AskError> {
        let sending = Sending::new(upload.check()?, now, &self.machine.writer.line);
        self.add(Task::Upload { upload, sending }, now)
    }

    /// Asks for entry number `index` of the list of this client's uploads, and gives the request's id.
    ///
    /// # Errors
    /// The table of requests is full.
    pub fn list_uploads(&mut self, index: u16, now: u64) -> Result<u32, AskError> {
        let retry = self.machine.retry(now);
        self.add(Task::List { index, retry }, now)
    }

    /// Asks the runtime to forget the upload with this hash, and gives the request's id.
    ///
    /// # Errors
    /// The table of requests is full.
    pub fn delete_upload(&mut self, sha256: Hash, now: u64) -> Result<u32, AskError> {
        let retry = self.machine.retry(now);
        self.add(Task::Delete { sha256, retry }, now)
    }

    /// Whether there is a session.
    pub fn is_connected(&self) -> bool {
        self.machine.state == machine::State::Open
    }

    /// What the runtime last said about whether it may generate anything; `None` before it said anything.
    pub fn safety(&self) -> Option<Safety> {
        self.machine.control.known()
    }

    /// Requests that have not ended.
    pub fn open_requests(&self) -> usize {
        self.machine.slots.len()
    }

    /// How good the line is.
    pub fn losses(&self) -> Losses {
        Losses { frames: *self.decoder.counters(), repeated: self.machine.writer.repeated, ..self.machine.losses }
    }

    fn add(&mut self, task: Task<B>, now: u64) -> Result<u32, AskError> {
        self.machine.add(task, now).ok_or(AskError::Full)
    }
}
