//! Who said what over the wire, as the copies of its frames tell.

use std::sync::Arc;

use qwark_wire::{Done, FromRuntime, SafetyState, ToRuntime};

use super::rover::NAME;
use crate::capture::{Bare, Record};
use crate::commands::CommandSet;

/// Sentences that are remembered.
const MOST: usize = 200;

/// A sentence and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchange {
    /// The connection that it came over, counted from 1.
    pub connection: u32,
    /// The session, and the request's id and key there.
    client: u64,
    id: u32,
    key: u64,
    /// What was said; its beginning, where it takes more than a frame.
    pub sentence: String,
    /// When its frame arrived, in microseconds since the start.
    asked_us: u64,
    /// Its commands so far.
    pub commands: Vec<Said>,
    /// Bytes of them.
    received: u32,
    /// What the rover says to it besides.
    pub remarks: Vec<String>,
    /// How it ended.
    pub end: Option<End>,
}

/// A command.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// As a line of JSON.
    pub json: String,
    /// Microseconds from the sentence's arrival to its departure.
    pub after_us: u64,
}

/// How an exchange ended.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// With all commands.
    Done(Done),
    /// It was refused, or failed.
    Error(String),
}

/// What a frame adds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// A sentence was asked.
    Asked,
    /// A command came: which exchange, which of its commands.
    Said(usize, usize),
    /// An exchange ended.
    Ended(usize),
    /// The runtime may do this now.
    Safety(SafetyState),
}

/// All that was said.
#[derive(Debug)]
pub struct Talk {
    set: Arc<CommandSet>,
    /// The simulated rover's connection.
    own: Option<u32>,
    /// The oldest first.
    pub exchanges: Vec<Exchange>,
}

impl Talk {
    /// Nothing yet. Commands are those of `set`.
    pub fn new(set: Arc<CommandSet>) -> Talk {
        Talk { set, own: None, exchanges: Vec::new() }
    }

    /// Whether the simulated rover asked it, and not another.
    pub fn is_own(&self, exchange: &Exchange) -> bool {
        self.own == Some(exchange.connection)
    }

    /// Notes what the simulated rover says to its last sentence, unless that ended by it.
    pub fn remark(&mut self, words: String) {
        let own = self.own;
        let mut exchanges = self.exchanges.iter_mut().rev();
        if let Some(exchange) =
            exchanges.find(|exchange| own == Some(exchange.connection)).filter(|exchange| exchange.error() != Some(&words))
        {
            exchange.remarks.push(words);
        }
    }

    /// Notes a frame, and says what it adds. One that came before adds nothing.
    pub fn note(&mut self, record: &Record) -> Option<Change> {
        let frame = Bare::parse(&record.frame).ok()?.frame;
        if !record.sent {
            let command = match ToRuntime::parse(&frame).ok()? {
                ToRuntime::Command(command) => command,
                // It is the first to say so: it is there before anybody else is served.
                ToRuntime::Hello(hello) if *hello.name == *NAME => {
                    self.own.get_or_insert(record.connection);
                    return None;
                }
                _ => return None,
            };
            if self.exchanges.iter().any(|exchange| (exchange.client, exchange.key) == (record.client, command.key)) {
                return None;
            }
            if self.exchanges.len() == MOST {
                self.exchanges.remove(0);
            }
            self.exchanges.push(Exchange {
                connection: record.connection,
                client: record.client,
                id: frame.id,
                key: command.key,
                sentence: String::from_utf8_lossy(&command.text).into_owned(),
                asked_us: record.t_us,
                commands: Vec::new(),
                received: 0,
                remarks: Vec::new(),
                end: None,
            });
            return Some(Change::Asked);
        }
        let message = FromRuntime::parse(&frame).ok()?;
        if let FromRuntime::Safety(safety) = message {
            return Some(Change::Safety(safety.state));
        }
        let is_open = |exchange: &Exchange| (exchange.client, exchange.id) == (record.client, frame.id) && exchange.end.is_none();
        let number = self.exchanges.iter().rposition(is_open)?;
        let exchange = &mut self.exchanges[number];
        let after_us = record.t_us.saturating_sub(exchange.asked_us);
        match message {
            FromRuntime::CommandReply(reply) if reply.offset == exchange.received => {
                exchange.received += reply.data.len() as u32;
                let mut json = String::new();
                // The runtime checked it; a reader that has another set may not be able to.
                if self.set.decode(&reply.data).and_then(|command| self.set.write_json(&command, &mut json)).is_err() {
                    json = "?".to_owned();
                }
                exchange.commands.push(Said { json, after_us });
                Some(Change::Said(number, exchange.commands.len() - 1))
            }
            FromRuntime::Done(done) => {
                exchange.end = Some(End::Done(done));
                Some(Change::Ended(number))
            }
            FromRuntime::Error(error) if error.ends => {
                exchange.end = Some(End::Error(error.message.get().to_owned()));
                Some(Change::Ended(number))
            }
            _ => None,
        }
    }
}

impl Exchange {
    /// Milliseconds from the sentence to its first command.
    pub fn first_ms(&self) -> Option<f64> {
        self.commands.first().map(Said::ms)
    }

    /// Milliseconds from the sentence to the end of its answer.
    pub fn total_ms(&self) -> Option<f64> {
        self.done().map(|done| done.total_us as f64 / 1e3)
    }

    /// Tokens of the answer, forced ones included, for each second after the prompt was read.
    pub fn tokens_per_s(&self) -> Option<f64> {
        let done = self.done()?;
        let micros = done.total_us.saturating_sub(done.queue_us + done.prefill_us);
        (micros > 0).then(|| f64::from(done.output_tokens) * 1e6 / micros as f64)
    }

    /// Why it was refused or failed.
    pub fn error(&self) -> Option<&String> {
        match &self.end {
            Some(End::Error(message)) => Some(message),
            _ => None,
        }
    }

    fn done(&self) -> Option<&Done> {
        match &self.end {
            Some(End::Done(done)) => Some(done),
            _ => None,
        }
    }
}

impl Said {
    /// Milliseconds from the sentence to it.
    pub fn ms(&self) -> f64 {
        self.after_us as f64 / 1e3
    }
}

#[cfg(test)]
pub(super) mod tests {
    use qwark_wire::{Command, CommandReply, Encoded, Error, ErrorCode, Hello, Message, Piece, Reason, Safety, Str};

    use super::*;
    use crate::capture::tests::record;

    /// The end of an answer that took no time.
    pub const DONE: Done = Done {
        reason: Reason::Stop,
        prompt_tokens: 0,
        output_tokens: 0,
        text_len: 0,
        answer_at: 0,
        queue_us: 0,
        prefill_us: 0,
        first_token_us: 0,
        total_us: 0,
    };

    fn talk() -> Talk {
        Talk::new(Arc::new(CommandSet::parse(crate::demo::SET).expect("a command set")))
    }

    /// How the simulated rover begins.
    pub fn hello() -> Record {
        record(1, 7, false, 0, &Hello { version_min: 1, version_max: 1, client: 7, nonce: 1, heartbeat_ms: 0, name: Str::cut(NAME) })
    }

    fn at(t_us: u64, sent: bool, id: u32, message: &impl Message) -> Record {
        Record { t_us, ..record(1, 7, sent, id, message) }
    }

    fn sentence(key: u64, text: &str) -> Command<'_> {
        Command { key, sentence_len: text.len() as u32, text: Piece::new(text.as_bytes()).expect("short"), ..Command::default() }
    }

    fn reply(offset: u32, data: &[u8]) -> CommandReply<'_> {
        CommandReply { offset, data: Encoded::new(data).expect("short") }
    }

    #[test]
    fn a_sentence_its_commands_and_its_end_are_put_together() {
        let mut talk = talk();
        assert_eq!(talk.note(&at(1_000, false, 3, &sentence(9, "stop, then wait"))), Some(Change::Asked));
        assert_eq!(talk.note(&at(6_500, true, 3, &reply(0, &[0x0a]))), Some(Change::Said(0, 0)));
        assert_eq!(talk.note(&at(7_000, true, 3, &reply(1, &[8, 15, 0]))), Some(Change::Said(0, 1)));
        let done = Done { output_tokens: 30, prefill_us: 2_000, queue_us: 1_000, total_us: 18_000, ..DONE };
        assert_eq!(talk.note(&at(8_000, true, 3, &done)), Some(Change::Ended(0)));
        let [exchange] = &talk.exchanges[..] else { panic!("{:?}", talk.exchanges) };
        let said: Vec<(&str, f64)> = exchange.commands.iter().map(|said| (said.json.as_str(), said.ms())).collect();
        assert_eq!(said, [("{\"stop\":{}}", 5.5), ("{\"wait\":{\"seconds\":1.5}}", 6.0)]);
        assert_eq!((exchange.first_ms(), exchange.total_ms(), exchange.tokens_per_s()), (Some(5.5), Some(18.0), Some(2_000.0)));
    }

    #[test]
    fn what_comes_twice_counts_once() {
        let mut talk = talk();
        for _ in 0..2 {
            talk.note(&at(1, false, 3, &sentence(9, "stop")));
            talk.note(&at(2, true, 3, &reply(0, &[0x0a])));
        }
        talk.note(&at(3, true, 3, &DONE));
        assert_eq!(talk.note(&at(4, true, 3, &DONE)), None);
        // Asked again under another id, as after a lost link.
        assert_eq!(talk.note(&at(5, false, 4, &sentence(9, "stop"))), None);
        assert_eq!((talk.exchanges.len(), talk.exchanges[0].commands.len()), (1, 1));
    }

    #[test]
    fn a_refusal_ends_an_exchange_and_a_stop_is_for_all() {
        let mut talk = talk();
        talk.note(&hello());
        talk.note(&at(1, false, 3, &sentence(9, "go")));
        let error = Error { code: ErrorCode::Stopped, ends: true, message: Str::cut("stopped") };
        assert_eq!(talk.note(&at(2, true, 3, &error)), Some(Change::Ended(0)));
        assert_eq!(talk.exchanges[0].error().map(String::as_str), Some("stopped"));
        // It says so already.
        talk.remark("stopped".to_owned());
        talk.remark("something else".to_owned());
        assert_eq!(talk.exchanges[0].remarks, ["something else"]);
        let safety = Safety { state: SafetyState::Stopped, stop: 1 };
        assert_eq!(talk.note(&at(3, true, 0, &safety)), Some(Change::Safety(SafetyState::Stopped)));
    }

    #[test]
    fn another_rovers_sentences_are_not_this_ones() {
        let mut talk = talk();
        talk.note(&hello());
        talk.note(&at(1, false, 3, &sentence(9, "mine")));
        talk.note(&record(
            2,
            8,
            false,
            0,
            &Hello { version_min: 1, version_max: 1, client: 8, nonce: 1, heartbeat_ms: 0, name: Str::cut(NAME) },
        ));
        talk.note(&record(2, 8, false, 3, &sentence(9, "theirs")));
        let own: Vec<bool> = talk.exchanges.iter().map(|exchange| talk.is_own(exchange)).collect();
        assert_eq!(own, [true, false]);
        talk.remark("blocked".to_owned());
        assert_eq!((talk.exchanges[0].remarks.len(), talk.exchanges[1].remarks.len()), (1, 0));
    }

    #[test]
    fn the_oldest_sentences_are_forgotten() {
        let mut talk = talk();
        for key in 1..=MOST as u64 + 5 {
            talk.note(&at(1, false, key as u32, &sentence(key, &format!("sentence {key}"))));
        }
        assert_eq!((talk.exchanges.len(), talk.exchanges[0].sentence.as_str()), (MOST, "sentence 6"));
    }
}
