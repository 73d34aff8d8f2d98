//! A program that asks for texts and for commands by turns over a real link, and checks every byte of what it is told.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use qwark::links::{Client, ClientEvent, LinkAddr};
use qwark_wire::Reason;

use crate::questions::{question, sentence, set};

/// Requests that are open at once.
const OPEN: usize = 2;

/// Longer than anything here takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A request that has not ended.
struct Asked {
    /// The text, or the lines of commands, that are to come.
    answer: &'static str,
    at: Instant,
    got: String,
    /// Bytes on the wire that `got` was made of.
    bytes: usize,
}

/// A robot's program.
pub struct Asker {
    client: Client,
    open: HashMap<u32, Asked>,
    asked: usize,
    /// From each question to the end of its answer.
    pub latencies: Vec<Duration>,
}

impl Asker {
    /// Connects to `address`; its first question is number `first`.
    pub fn new(address: &str, first: usize) -> Asker {
        let address: LinkAddr = address.parse().expect("an address");
        let deadline = Instant::now() + PATIENCE;
        // A port that has just been pulled cannot be opened: one that begins then tries again.
        let client = loop {
            match Client::connect(&address, "asker", PATIENCE) {
                Ok(client) => break client,
                Err(error) if Instant::now() > deadline => panic!("{address}: {error}"),
                Err(_) => std::thread::sleep(Duration::from_millis(50)),
            }
        };
        Asker { client, open: HashMap::new(), asked: first, latencies: Vec::new() }
    }

    /// Asks until as many requests are open as may be.
    pub fn ask(&mut self) {
        while self.open.len() < OPEN {
            let (id, answer) = if self.asked.is_multiple_of(2) {
                let question = question(self.asked / 2);
                (self.client.generate(&question.request()), question.answer.as_str())
            } else {
                let (sentence, commands) = sentence(self.asked / 2);
                (self.client.command(&sentence), commands)
            };
            let asked = Asked { answer, at: Instant::now(), got: String::new(), bytes: 0 };
            self.open.insert(id.expect("it fits"), asked);
            self.asked += 1;
        }
    }

    /// Frames that it sent again.
    pub fn repeated(&self) -> u32 {
        self.client.losses().repeated
    }

    /// Takes what happens, for up to `time`.
    ///
    /// # Panics
    /// Something happens that should not: a byte that is not the answer's or comes twice, an end that is no answer or comes twice.
    pub fn listen(&mut self, time: Duration) {
        let Some(event) = self.client.next_event(time).expect("both ends speak one version") else { return };
        match event {
            ClientEvent::Token { id, offset, text } => {
                self.take(id, offset, text.len()).got += &text;
            }
            ClientEvent::Command { id, offset, bytes } => {
                let command = set().decode(&bytes).expect("a command");
                let asked = self.take(id, offset, bytes.len());
                set().write_json(&command, &mut asked.got).expect("a command");
                asked.got.push('\n');
            }
            ClientEvent::Done { id, done } => {
                let asked = self.open.remove(&id).unwrap_or_else(|| panic!("request {id} ends twice"));
                assert_eq!(asked.got, asked.answer, "request {id}");
                assert!(matches!(done.reason, Reason::Length | Reason::Stop), "{done:?}");
                self.latencies.push(asked.at.elapsed());
            }
            ClientEvent::Error { ends: false, .. } | ClientEvent::Connected { .. } | ClientEvent::Disconnected { .. } => {}
            event => panic!("{event:?}"),
        }
    }

    /// The request that gets `len` bytes, which are to begin where those before them ended.
    fn take(&mut self, id: u32, offset: u32, len: usize) -> &mut Asked {
        let asked = self.open.get_mut(&id).unwrap_or_else(|| panic!("request {id} has ended and gets {len} bytes"));
        assert_eq!(offset as usize, asked.bytes, "request {id} gets {len} bytes");
        asked.bytes += len;
        asked
    }

    /// Asks on until `count` answers have come.
    pub fn answers(&mut self, count: usize) {
        let deadline = Instant::now() + PATIENCE;
        while self.latencies.len() < count {
            if self.latencies.len() + self.open.len() < count {
                self.ask();
            }
            self.listen(Duration::from_millis(100));
            assert!(Instant::now() < deadline, "{} of {count} answers in {PATIENCE:?}", self.latencies.len());
        }
    }

    /// Waits for the ends of all requests.
    pub fn finish(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        while !self.open.is_empty() {
            self.listen(Duration::from_millis(100));
            assert!(Instant::now() < deadline, "{} requests do not end", self.open.len());
        }
    }
}
