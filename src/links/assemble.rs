//! Puts requests together whose text came in several frames. Time is an argument; nothing here does I/O.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use qwark_wire::{ErrorCode, Generate, Text};
use thiserror::Error;

use super::request::Request;

/// Most bytes of system text and prompt, together, that one request may have.
pub const MAX_TEXT: usize = 256 * 1024;

/// Most requests of one client whose text is still on its way.
pub const MAX_PENDING: usize = 4;

/// How long the next piece of a text may take: the longest frame at 9600 baud takes half of it.
pub const PIECE_TIMEOUT: Duration = Duration::from_secs(10);

/// Refused requests whose late pieces are dropped without another error.
const REMEMBERED: usize = 16;

/// Why a request was refused before anybody looked at its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum Refusal {
    #[error("{0} bytes of text, at most {MAX_TEXT} are taken")]
    TooLong(u64),
    #[error("{MAX_PENDING} requests are already waiting for the rest of their text")]
    Busy,
    #[error("system_len must be 0 without a system text")]
    SystemLen,
    #[error("no request with this id waits for text")]
    Unknown,
    #[error("the text goes on at byte {expected}, this piece is for byte {offset}")]
    Gap { expected: usize, offset: u32 },
    #[error("more text than the request announced")]
    Overrun,
    #[error("the text is not UTF-8")]
    Utf8,
    #[error("the rest of the text did not come within {} s", PIECE_TIMEOUT.as_secs())]
    Late,
}

impl Refusal {
    /// What the client is told.
    pub(super) fn code(self) -> ErrorCode {
        match self {
            Refusal::TooLong(_) => ErrorCode::TooLong,
            Refusal::Busy => ErrorCode::Busy,
            Refusal::SystemLen | Refusal::Overrun => ErrorCode::Malformed,
            Refusal::Unknown => ErrorCode::UnknownId,
            Refusal::Gap { .. } | Refusal::Utf8 | Refusal::Late => ErrorCode::Incomplete,
        }
    }
}

/// A request with all of its text.
#[derive(Debug, PartialEq)]
pub(super) struct Complete {
    pub(super) request: Request,
    pub(super) received: Instant,
}

/// A request that lacks some of its text.
struct Pending {
    id: u32,
    /// Everything but the text.
    request: Request,
    /// The text up to here is the system text, if there is any.
    system_len: usize,
    total: usize,
    text: Vec<u8>,
    received: Instant,
    last_piece: Instant,
}

/// The requests of one client whose text is still on its way.
#[derive(Default)]
pub(super) struct Assembler {
    pending: Vec<Pending>,
    refused: VecDeque<u32>,
}

impl Assembler {
    /// Takes the first frame of request `id`. Gives the request back if nothing is missing.
    pub(super) fn begin(&mut self, id: u32, generate: &Generate<'_>, now: Instant) -> Result<Option<Complete>, Refusal> {
        self.forget(id);
        self.refused.retain(|&refused| refused != id);
        let total = u64::from(generate.system_len) + u64::from(generate.prompt_len);
        let refusal = if total > MAX_TEXT as u64 {
            Some(Refusal::TooLong(total))
        } else if self.pending.len() == MAX_PENDING {
            Some(Refusal::Busy)
        } else if !generate.has_system && generate.system_len > 0 {
            Some(Refusal::SystemLen)
        } else {
            None
        };
        if let Some(refusal) = refusal {
            return Err(self.refuse(id, refusal));
        }
        let request = Request {
            sampling: generate.sampling,
            form: generate.form,
            thinking: generate.thinking,
            system: generate.has_system.then(String::new),
            prompt: String::new(),
            stops: generate.stops.iter().map(|stop| stop.get().to_owned()).collect(),
        };
        self.pending.push(Pending {
            id,
            request,
            system_len: generate.system_len as usize,
            total: total as usize,
            text: Vec::new(),
            received: now,
            last_piece: now,
        });
        self.append(self.pending.len() - 1, &generate.text, now)
    }

    /// Takes the next piece of request `id`. Gives the request back if nothing is missing any more.
    pub(super) fn piece(&mut self, id: u32, piece: &Text<'_>, now: Instant) -> Result<Option<Complete>, Refusal> {
        let Some(at) = self.position(id) else {
            return if self.refused.contains(&id) { Ok(None) } else { Err(Refusal::Unknown) };
        };
        let expected = self.pending[at].text.len();
        let offset = piece.offset as usize;
        if offset + piece.text.len() <= expected && offset < expected {
            return Ok(None); // Sent twice.
        }
        if offset != expected {
            return Err(self.refuse(id, Refusal::Gap { expected, offset: piece.offset }));
        }
        self.append(at, &piece.text, now)
    }

    /// Drops request `id`. False if it is not here.
    pub(super) fn cancel(&mut self, id: u32) -> bool {
        let known = self.forget(id);
        if known {
            self.remember(id);
        }
        known
    }

    /// Drops a request whose next piece is overdue, and says which; call again until there is none.
    pub(super) fn expire(&mut self, now: Instant) -> Option<(u32, Refusal)> {
        let late = |pending: &&Pending| now.saturating_duration_since(pending.last_piece) > PIECE_TIMEOUT;
        let id = self.pending.iter().find(late)?.id;
        Some((id, self.refuse(id, Refusal::Late)))
    }

    fn append(&mut self, at: usize, bytes: &[u8], now: Instant) -> Result<Option<Complete>, Refusal> {
        let pending = &mut self.pending[at];
        if pending.text.len() + bytes.len() > pending.total {
            let id = pending.id;
            return Err(self.refuse(id, Refusal::Overrun));
        }
        pending.text.extend_from_slice(bytes);
        pending.last_piece = now;
        if pending.text.len() < pending.total {
            return Ok(None);
        }
        let pending = self.pending.remove(at);
        let id = pending.id;
        pending.complete().map(Some).map_err(|refusal| self.refuse(id, refusal))
    }

    fn position(&self, id: u32) -> Option<usize> {
        self.pending.iter().position(|pending| pending.id == id)
    }

    fn forget(&mut self, id: u32) -> bool {
        match self.position(id) {
            Some(at) => {
                self.pending.remove(at);
                true
            }
            None => false,
        }
    }

    fn remember(&mut self, id: u32) {
        if self.refused.len() == REMEMBERED {
            self.refused.pop_front();
        }
        self.refused.push_back(id);
    }

    fn refuse(&mut self, id: u32, refusal: Refusal) -> Refusal {
        self.forget(id);
        self.remember(id);
        refusal
    }
}

impl Pending {
    fn complete(mut self) -> Result<Complete, Refusal> {
        let prompt = self.text.split_off(self.system_len);
        let utf8 = |bytes| String::from_utf8(bytes).map_err(|_| Refusal::Utf8);
        self.request.prompt = utf8(prompt)?;
        if let Some(system) = &mut self.request.system {
            *system = utf8(self.text)?;
        }
        Ok(Complete { request: self.request, received: self.received })
    }
}

#[cfg(test)]
mod tests {
    use qwark_wire::{Bytes, Form, MAX_STOPS, Sampling, Stops, Str, Thinking};

    use super::*;

    fn generate(system: Option<u32>, prompt_len: u32, text: &[u8]) -> Generate<'_> {
        Generate {
            sampling: Sampling::default(),
            form: Form::Chat,
            thinking: Thinking::Default,
            has_system: system.is_some(),
            system_len: system.unwrap_or(0),
            prompt_len,
            stops: Stops::new(),
            text: Bytes::new(text).expect("short enough"),
        }
    }

    fn piece(offset: u32, text: &[u8]) -> Text<'_> {
        Text { offset, text: Bytes::new(text).expect("short enough") }
    }

    fn prompt(outcome: Result<Option<Complete>, Refusal>) -> Option<String> {
        outcome.expect("not refused").map(|complete| complete.request.prompt)
    }

    #[test]
    fn pieces_may_cut_characters_and_the_border_of_system_text_and_prompt() {
        let text = "Größe?→ja".as_bytes();
        for len in 1..=text.len() {
            let now = Instant::now();
            let mut assembler = Assembler::default();
            let mut pieces = text.chunks(len);
            let system_len = "Größe?".len() as u32;
            let first = generate(Some(system_len), text.len() as u32 - system_len, pieces.next().expect("a first piece"));
            let mut outcome = assembler.begin(1, &first, now);
            for (n, text) in pieces.enumerate() {
                assert_eq!(outcome, Ok(None));
                outcome = assembler.piece(1, &piece(((n + 1) * len) as u32, text), now + Duration::from_secs(1));
            }
            let complete = outcome.expect("not refused").expect("complete");
            assert_eq!((complete.request.system.as_deref(), complete.request.prompt.as_str()), (Some("Größe?"), "→ja"));
            assert_eq!(complete.received, now, "it counts from its first frame");
        }
    }

    #[test]
    fn a_request_without_text_is_complete_at_once() {
        let mut assembler = Assembler::default();
        let now = Instant::now();
        assert_eq!(prompt(assembler.begin(1, &generate(None, 0, b""), now)), Some(String::new()));
        let mut with_stops = generate(Some(0), 0, b"");
        with_stops.stops = (0..MAX_STOPS).map(|_| Str::cut("stop")).collect();
        let complete = assembler.begin(1, &with_stops, now).expect("not refused").expect("complete");
        assert_eq!((complete.request.system, complete.request.stops.len()), (Some(String::new()), MAX_STOPS));
    }

    #[test]
    fn a_piece_sent_twice_counts_once() {
        let mut assembler = Assembler::default();
        let now = Instant::now();
        assert_eq!(prompt(assembler.begin(1, &generate(None, 6, b"ab"), now)), None);
        for _ in 0..2 {
            assert_eq!(prompt(assembler.piece(1, &piece(2, b"cd"), now)), None);
            assert_eq!(prompt(assembler.piece(1, &piece(0, b"ab"), now)), None);
        }
        assert_eq!(prompt(assembler.piece(1, &piece(4, b"ef"), now)), Some("abcdef".to_owned()));
    }

    #[test]
    fn every_fault_ends_the_request_and_its_later_pieces_are_quiet() {
        let now = Instant::now();
        for (first, second, refusal) in [
            (generate(None, 6, b"ab"), piece(3, b"d"), Refusal::Gap { expected: 2, offset: 3 }),
            (generate(None, 6, b"ab"), piece(1, b"bc"), Refusal::Gap { expected: 2, offset: 1 }),
            (generate(None, 3, b"ab"), piece(2, b"cd"), Refusal::Overrun),
            (generate(None, 3, b"ab"), piece(2, b"\xff"), Refusal::Utf8),
            (generate(Some(1), 3, "é".as_bytes()), piece(2, b"cd"), Refusal::Utf8),
        ] {
            let mut assembler = Assembler::default();
            assert_eq!(assembler.begin(1, &first, now), Ok(None));
            assert_eq!(assembler.piece(1, &second, now), Err(refusal));
            assert_eq!(assembler.piece(1, &second, now), Ok(None));
            assert_eq!(assembler.piece(2, &second, now), Err(Refusal::Unknown));
        }
    }

    #[test]
    fn what_is_announced_is_checked_before_anything_is_kept() {
        let mut assembler = Assembler::default();
        let now = Instant::now();
        let most = MAX_TEXT as u32;
        assert_eq!(assembler.begin(1, &generate(None, most, b"a"), now), Ok(None));
        assert_eq!(assembler.begin(2, &generate(Some(1), most, b"a"), now), Err(Refusal::TooLong(u64::from(most) + 1)));
        assert_eq!(assembler.begin(2, &generate(Some(u32::MAX), u32::MAX, b"a"), now), Err(Refusal::TooLong(2 * u64::from(u32::MAX))));
        let no_system = Generate { has_system: false, ..generate(Some(1), 1, b"ab") };
        assert_eq!(assembler.begin(2, &no_system, now), Err(Refusal::SystemLen));
        assert_eq!(assembler.begin(2, &generate(None, 1, b"ab"), now), Err(Refusal::Overrun));
    }

    #[test]
    fn few_requests_wait_at_a_time_and_a_new_one_replaces_its_namesake() {
        let mut assembler = Assembler::default();
        let now = Instant::now();
        let most = MAX_PENDING as u32;
        for id in (1..=most).chain([1, most]) {
            assert_eq!(assembler.begin(id, &generate(None, 2, b"a"), now), Ok(None));
        }
        assert_eq!(assembler.begin(most + 1, &generate(None, 2, b"a"), now), Err(Refusal::Busy));
        assert!(assembler.cancel(1));
        assert!(!assembler.cancel(1));
        assert_eq!(assembler.begin(most + 1, &generate(None, 2, b"a"), now), Ok(None));
    }

    #[test]
    fn each_piece_gives_the_next_one_time() {
        let mut assembler = Assembler::default();
        let start = Instant::now();
        assert_eq!(assembler.begin(1, &generate(None, 9, b"a"), start), Ok(None));
        assert_eq!(assembler.begin(2, &generate(None, 9, b"a"), start), Ok(None));
        let later = start + PIECE_TIMEOUT;
        assert_eq!(assembler.piece(1, &piece(1, b"b"), later), Ok(None));
        assert_eq!(assembler.expire(later), None);
        let overdue = later + Duration::from_millis(1);
        assert_eq!(assembler.expire(overdue), Some((2, Refusal::Late)));
        assert_eq!(assembler.expire(overdue), None);
        assert_eq!(assembler.expire(overdue + PIECE_TIMEOUT), Some((1, Refusal::Late)));
    }

    #[test]
    fn refusals_are_remembered_for_a_while_only() {
        let mut assembler = Assembler::default();
        let now = Instant::now();
        for id in 0..=REMEMBERED as u32 {
            assert_eq!(assembler.begin(id, &generate(None, 0, b"a"), now), Err(Refusal::Overrun));
        }
        assert_eq!(assembler.refused.len(), REMEMBERED);
        assert_eq!(assembler.piece(0, &piece(1, b"a"), now), Err(Refusal::Unknown));
        assert_eq!(assembler.piece(1, &piece(1, b"a"), now), Ok(None));
    }
}
