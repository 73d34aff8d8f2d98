//! What was asked and answered in a capture: the pieces of each request and of its answer, put together again.

use std::collections::HashMap;
use std::fmt;

use qwark_wire::{Bytes, Done, ErrorCode, FromRuntime, Generate, Hello, ToRuntime};

use super::frame::Bare;
use super::record::Record;
use crate::session::Request;

/// Whose requests they are: ids and keys of one client have nothing to do with another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// The runtime's own number for the session.
    Session(u64),
    /// The number that the client says in its Hello, where the runtime's is not known.
    Client(u64),
    /// A client that says no number: a session of a connection, counted by its Hellos.
    Connection(u32, u32),
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Owner::Session(number) => write!(f, "session {number}"),
            Owner::Client(number) => write!(f, "client {number:#x}"),
            Owner::Connection(connection, hello) => write!(f, "connection {connection}.{hello}"),
        }
    }
}

/// How an answer ended.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// As answers do.
    Done(Done),
    /// By an error.
    Error {
        /// What kind.
        code: ErrorCode,
        /// What happened, for people.
        message: String,
    },
}

/// A request and its answer, repetitions left out.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Whose it is.
    pub owner: Owner,
    /// The id that the client first gave it.
    pub id: u32,
    /// The payload of its Generate.
    generate: Vec<u8>,
    text: Vec<u8>,
    /// The answer's text, as far as it is in the capture without a gap.
    pub answer: Vec<u8>,
    /// Where the capture first has two different bytes for one place of the answer.
    pub contradiction: Option<usize>,
    /// A part of the answer that came later is in the capture, but not what is before it.
    pub gap: bool,
    /// Its end, if the capture has it.
    pub end: Option<End>,
    /// The client may use the id again: it has acknowledged the end, or does not acknowledge.
    released: bool,
    /// The request that had the id before, if it had not ended.
    before: Option<usize>,
}

/// The requests of a capture, in the order in which they were first asked.
///
/// A Generate that repeats a known one, by its key or by the id of a
/// request that has not ended, is the same request; see "At most once" in `docs/WIRE.md`.
#[derive(Clone, Debug, Default)]
pub struct Requests {
    exchanges: Vec<Exchange>,
    /// The request that an id of a client stands for now.
    by_id: HashMap<(Owner, u32), usize>,
    by_key: HashMap<(Owner, u64), Vec<usize>>,
    /// Who said the last Hello of each connection, and how many came before it.
    hellos: HashMap<u32, (Owner, u32)>,
}

impl Requests {
    /// Takes the next record. What is not about a request, or is not a sound frame, says nothing here.
    pub fn push(&mut self, record: &Record) {
        let Ok(Bare { frame, .. }) = Bare::parse(&record.frame) else { return };
        let owner = match (record.client, self.hellos.get(&record.connection)) {
            (0, Some((owner, _))) => *owner,
            (0, None) => Owner::Connection(record.connection, 0),
            (session, _) => Owner::Session(session),
        };
        let at = (owner, frame.id);
        if record.sent {
            if let (Ok(message), Some(&index)) = (FromRuntime::parse(&frame), self.by_id.get(&at)) {
                self.said(at, index, &message);
            }
            return;
        }
        match ToRuntime::parse(&frame) {
            Ok(ToRuntime::Hello(hello)) => self.hello(record.connection, &hello),
            Ok(ToRuntime::Generate(generate)) => self.asked(at, &generate, frame.payload),
            Ok(ToRuntime::Text(text)) => {
                if let Some(exchange) = self.current(at)
                    && text.offset as usize == exchange.text.len()
                {
                    exchange.text.extend_from_slice(&text.text);
                }
            }
            Ok(ToRuntime::Ack(ack)) if ack.ended => {
                if let Some(exchange) = self.current(at) {
                    exchange.released |= exchange.end.is_some();
                }
            }
            _ => {}
        }
    }

    /// All requests so far.
    pub fn exchanges(&self) -> &[Exchange] {
        &self.exchanges
    }

    fn current(&mut self, at: (Owner, u32)) -> Option<&mut Exchange> {
        self.by_id.get(&at).map(|&index| &mut self.exchanges[index])
    }

    fn hello(&mut self, connection: u32, hello: &Hello<'_>) {
        let count = self.hellos.get(&connection).map_or(1, |(_, count)| count + 1);
        let owner = match hello.client {
            0 => Owner::Connection(connection, count),
            client => Owner::Client(client),
        };
        self.hellos.insert(connection, (owner, count));
    }

    fn asked(&mut self, at: (Owner, u32), generate: &Generate<'_>, payload: &[u8]) {
        let (owner, id) = at;
        let current = self.by_id.get(&at).copied().filter(|&index| !self.exchanges[index].released);
        let same = |&index: &usize| self.exchanges[index].is(generate);
        let known = match generate.key {
            0 => current.filter(same),
            key => self.by_key.get(&(owner, key)).and_then(|known| known.iter().rev().copied().find(same)),
        };
        let index = known.unwrap_or_else(|| {
            self.exchanges.push(Exchange {
                owner,
                id,
                generate: payload.to_vec(),
                text: generate.text.to_vec(),
                answer: Vec::new(),
                contradiction: None,
                gap: false,
                end: None,
                released: false,
                before: current,
            });
            let index = self.exchanges.len() - 1;
            if generate.key != 0 {
                self.by_key.entry((owner, generate.key)).or_default().push(index);
            }
            index
        });
        self.by_id.insert(at, index);
    }

    fn said(&mut self, at: (Owner, u32), index: usize, message: &FromRuntime<'_>) {
        let exchange = &mut self.exchanges[index];
        match message {
            FromRuntime::Token(token) => exchange.answered(token.offset as usize, token.text.as_bytes()),
            FromRuntime::Done(done) => {
                // Done counts even after an Error: the same request was asked again, and taken then.
                if !matches!(exchange.end, Some(End::Done(_))) {
                    exchange.end = Some(End::Done(*done));
                }
                exchange.released |= exchange.unacknowledged();
            }
            FromRuntime::Error(error) => {
                let refused = matches!(error.code, ErrorCode::IdInUse | ErrorCode::KeyReused);
                if !error.ends && !refused {
                    return;
                }
                if exchange.end.is_none() {
                    exchange.end = Some(End::Error { code: error.code, message: error.message.get().to_owned() });
                }
                exchange.released |= exchange.unacknowledged();
                // What follows under this id is about the request that has it.
                if let (false, Some(before)) = (error.ends, exchange.before) {
                    self.by_id.insert(at, before);
                }
            }
            _ => {}
        }
    }
}

impl Exchange {
    /// What was asked. `None` if a part of its text is not in the capture or is not UTF-8: nobody can have answered it.
    pub fn request(&self) -> Option<Request> {
        let generate = self.generate()?;
        if self.text.len() as u64 != u64::from(generate.system_len) + u64::from(generate.prompt_len) {
            return None;
        }
        let (system, prompt) = std::str::from_utf8(&self.text).ok()?.split_at_checked(generate.system_len as usize)?;
        Some(Request { system: generate.has_system.then(|| system.to_owned()), prompt: prompt.to_owned(), ..Request::from(&generate) })
    }

    /// Its Generate. There is one, because it was parsed when it came.
    fn generate(&self) -> Option<Generate<'_>> {
        let frame = qwark_wire::Frame {
            version: qwark_wire::VERSION_MAX,
            kind: Generate::KIND,
            seq: 0,
            id: self.id.max(1),
            payload: &self.generate,
            seal: None,
        };
        match ToRuntime::parse(&frame) {
            Ok(ToRuntime::Generate(generate)) => Some(generate),
            _ => None,
        }
    }

    /// Whether `generate` asks for the same: the first piece of the text may be cut elsewhere.
    fn is(&self, generate: &Generate<'_>) -> bool {
        self.generate().is_some_and(|own| without_text(&own) == without_text(generate))
    }

    /// Whether the client asked for the answer without acknowledging it.
    fn unacknowledged(&self) -> bool {
        self.generate().is_some_and(|generate| generate.window == 0)
    }

    /// Takes a piece of the answer; what came before is compared.
    fn answered(&mut self, offset: usize, text: &[u8]) {
        let Some(known) = self.answer.get(offset..) else {
            self.gap = true;
            return;
        };
        let common = known.len().min(text.len());
        let differs = (0..common).find(|&i| known[i] != text[i]).map(|i| offset + i);
        self.contradiction = self.contradiction.or(differs);
        self.answer.extend_from_slice(&text[common..]);
    }
}

/// All fields of a Generate but the first piece of its text.
fn without_text<'a>(generate: &Generate<'a>) -> Generate<'a> {
    Generate { text: Bytes::default(), ..generate.clone() }
}
