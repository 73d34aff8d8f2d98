//! What was asked and answered in a capture: the pieces of each request and of its answer, put together again.

use std::collections::HashMap;
use std::fmt;

use qwark_wire::{Done, ErrorCode, FromRuntime, Generate, GrammarForm, Hello, Piece, ToRuntime};

use super::frame::Bare;
use super::record::Record;
use super::uploads::Uploads;
use crate::grammar::Grammar;
use crate::links::grammar;
use crate::session::{Asked, Request, Sentence};

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
    /// The kind and the payload of the frame that began it.
    opening: (u8, Vec<u8>),
    text: Vec<u8>,
    /// What the answer had to follow, if that is in the capture.
    pub grammar: Option<Grammar>,
    /// The answer's text, or its commands, as far as it is in the capture without a gap.
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
/// A first frame that repeats a known one, by its key or by the id of a
/// request that has not ended, is the same request; see "At most once" in `docs/WIRE.md`.
#[derive(Clone, Debug, Default)]
pub struct Requests {
    exchanges: Vec<Exchange>,
    /// The request that an id of a client stands for now.
    by_id: HashMap<(Owner, u32), usize>,
    by_key: HashMap<(Owner, u64), Vec<usize>>,
    /// Who said the last Hello of each connection, and how many came before it.
    hellos: HashMap<u32, (Owner, u32)>,
    uploads: Uploads,
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
            Ok(opening @ (ToRuntime::Generate(_) | ToRuntime::Command(_))) => self.asked(at, &opening, (frame.kind, frame.payload)),
            Ok(ToRuntime::UploadBegin(begin)) => self.uploads.begin(at, &begin),
            Ok(ToRuntime::UploadData(data)) => self.uploads.data(at, &data),
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

    fn asked(&mut self, at: (Owner, u32), opening: &ToRuntime<'_>, (kind, payload): (u8, &[u8])) {
        let (owner, id) = at;
        let (key, text, grammar) = match opening {
            ToRuntime::Generate(generate) => (generate.key, generate.text, self.grammar(owner, generate)),
            ToRuntime::Command(command) => (command.key, command.text, None),
            _ => return,
        };
        let current = self.by_id.get(&at).copied().filter(|&index| !self.exchanges[index].released);
        let same = |&index: &usize| self.exchanges[index].is(opening);
        let known = match key {
            0 => current.filter(same),
            key => self.by_key.get(&(owner, key)).and_then(|known| known.iter().rev().copied().find(same)),
        };
        let index = known.unwrap_or_else(|| {
            self.exchanges.push(Exchange {
                owner,
                id,
                opening: (kind, payload.to_vec()),
                text: text.to_vec(),
                grammar,
                answer: Vec::new(),
                contradiction: None,
                gap: false,
                end: None,
                released: false,
                before: current,
            });
            let index = self.exchanges.len() - 1;
            if key != 0 {
                self.by_key.entry((owner, key)).or_default().push(index);
            }
            index
        });
        self.by_id.insert(at, index);
    }

    fn grammar(&self, owner: Owner, generate: &Generate<'_>) -> Option<Grammar> {
        grammar(generate.grammar, self.uploads.get(owner, &generate.grammar_hash)?)
    }

    fn said(&mut self, at: (Owner, u32), index: usize, message: &FromRuntime<'_>) {
        let exchange = &mut self.exchanges[index];
        match message {
            FromRuntime::Token(token) => exchange.answered(token.offset as usize, token.text.as_bytes()),
            FromRuntime::CommandReply(reply) => exchange.answered(reply.offset as usize, &reply.data),
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
    pub fn asked(&self) -> Option<Asked> {
        let text = str::from_utf8(&self.text).ok()?;
        match self.opening()? {
            ToRuntime::Generate(generate) => {
                let len = u64::from(generate.system_len) + u64::from(generate.prompt_len);
                let (system, prompt) = whole(text, len)?.split_at_checked(generate.system_len as usize)?;
                let system = generate.has_system.then(|| system.to_owned());
                Some(Asked::Text(Request { system, prompt: prompt.to_owned(), ..Request::from(&generate) }))
            }
            ToRuntime::Command(command) => {
                let text = whole(text, command.sentence_len.into())?.to_owned();
                Some(Asked::Commands(Sentence { text, ..Sentence::from(&command) }))
            }
            _ => None,
        }
    }

    /// Whether the answer had to follow a grammar that is not in the capture.
    pub fn lacks_grammar(&self) -> bool {
        let constrained = matches!(self.opening(), Some(ToRuntime::Generate(generate)) if generate.grammar != GrammarForm::None);
        constrained && self.grammar.is_none()
    }

    /// The message that began it. There is one, because it was parsed when it came.
    fn opening(&self) -> Option<ToRuntime<'_>> {
        let (kind, payload) = &self.opening;
        let frame = qwark_wire::Frame { version: qwark_wire::VERSION_MAX, kind: *kind, seq: 0, id: self.id.max(1), payload, seal: None };
        ToRuntime::parse(&frame).ok()
    }

    /// Whether `opening` asks for the same: the first piece of the text may be cut elsewhere.
    fn is(&self, opening: &ToRuntime<'_>) -> bool {
        self.opening().is_some_and(|own| without_text(own) == without_text(opening.clone()))
    }

    /// Whether the client asked for the answer without acknowledging it.
    fn unacknowledged(&self) -> bool {
        match self.opening() {
            Some(ToRuntime::Generate(generate)) => generate.window == 0,
            Some(ToRuntime::Command(command)) => command.window == 0,
            _ => false,
        }
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

/// The text, if it has as many bytes as were announced.
fn whole(text: &str, len: u64) -> Option<&str> {
    Some(text).filter(|text| text.len() as u64 == len)
}

/// All fields of a first frame but the first piece of its text.
fn without_text(mut opening: ToRuntime<'_>) -> ToRuntime<'_> {
    match &mut opening {
        ToRuntime::Generate(generate) => generate.text = Piece::default(),
        ToRuntime::Command(command) => command.text = Piece::default(),
        _ => {}
    }
    opening
}
