//! Which frame is sent next: what stops comes first, then what is short, then text and data as far as the line has room.

use super::machine::{Machine, State, Writer};
use super::sending::Part;
use super::slot::{Slot, Task};
use crate::cobs::max_stuffed;
use crate::{
    Ack, Bytes, Cancel, Hello, MAX_FRAME, MAX_PIECE, Monitor, OVERHEAD, Piece, Ping, SEAL, SMALL_FRAME, Str, Text, UploadData,
    UploadDelete, UploadList, VERSION_MAX, VERSION_MIN, payload_len,
};

/// Bytes of a Text or an UploadData before the piece: the offset and the length.
const PIECE_HEADER: usize = 4 + 2;

/// The longest frame whose form on the line, with a delimiter on both sides, fits into `len` bytes.
pub(super) const fn longest_frame(len: usize) -> usize {
    let body = len.saturating_sub(2);
    let mut frame = body;
    while frame > 0 && max_stuffed(frame) > body {
        frame -= 1;
    }
    if frame < MAX_FRAME { frame } else { MAX_FRAME }
}

impl<B: AsRef<[u8]>, const REQUESTS: usize> Machine<B, REQUESTS> {
    /// Writes the frame that is to be sent now, if there is one, into `out`, which has room for frames of `longest` bytes.
    pub(super) fn transmit(&mut self, now: u64, longest: usize, out: &mut [u8]) -> Option<usize> {
        if let Some(estop) = self.control.estop_due(now) {
            return self.writer.unsealed(&estop, now, out);
        }
        if let Some(nonce) = self.ping.take() {
            return self.writer.unsealed(&Ping { nonce }, now, out);
        }
        match self.state {
            State::Seeking => self.hello(now, out),
            State::Incompatible => None,
            State::Open => self.short(now, out).or_else(|| self.long(now, longest, out)),
        }
    }

    fn hello(&mut self, now: u64, out: &mut [u8]) -> Option<usize> {
        if now < self.hello_at {
            return None;
        }
        let nonce = self.nonces.draw();
        let Machine { client, heartbeat_ms, .. } = *self;
        let name = Str::cut(&self.name);
        let hello = Hello { version_min: VERSION_MIN, version_max: VERSION_MAX, client, nonce, heartbeat_ms, name };
        let len = self.writer.unsealed(&hello, now, out)?;
        self.nonce = Some(nonce);
        self.hello_at = self.next_hello(now);
        Some(len)
    }

    /// Everything that has neither text nor data.
    fn short(&mut self, now: u64, out: &mut [u8]) -> Option<usize> {
        let writer = &mut self.writer;
        if let Some(nonce) = self.confirm.filter(|_| !self.confirmed) {
            self.confirmed = true;
            return writer.sealed(&Ping { nonce }, 0, now, out);
        }
        if let Some((reset, again)) = self.control.reset_due(now, &writer.line) {
            writer.note_repeated(again);
            return writer.sealed(&reset, 0, now, out);
        }
        if let Some((arm, again)) = self.control.arm_due(now, &writer.line) {
            writer.note_repeated(again);
            return writer.sealed(&arm, 0, now, out);
        }
        if let Some((id, received)) = self.ended.pop_front() {
            return writer.sealed(&Ack { received, window: 0, ended: true }, id, now, out);
        }
        if let (Some(on), false) = (self.monitor, self.monitor_told) {
            self.monitor_told = true;
            return writer.sealed(&Monitor { on }, 0, now, out);
        }
        for slot in &mut self.slots {
            slot.remind(now, &writer.line);
        }
        self.slots.iter_mut().find_map(|slot| slot.short(now, writer, out))
    }

    /// The next piece of text or data, of each request in its turn.
    fn long(&mut self, now: u64, longest: usize, out: &mut [u8]) -> Option<usize> {
        let runtime = self.known.map_or(SMALL_FRAME, |known| SMALL_FRAME.max(known.max_frame.into()));
        let room = longest.min(runtime).min(self.writer.line.longest_frame()) - OVERHEAD - SEAL;
        let count = self.slots.len();
        for step in 0..count {
            let index = (self.turn + step) % count;
            if let Some(len) = self.slots[index].long(now, room, &mut self.writer, out) {
                self.turn = index + 1;
                return Some(len);
            }
        }
        None
    }
}

impl<B: AsRef<[u8]>> Slot<B> {
    fn short(&mut self, now: u64, writer: &mut Writer, out: &mut [u8]) -> Option<usize> {
        let id = self.id;
        match &mut self.task {
            Task::Answer { answer, cancel, .. } => {
                if let Some(ack) = answer.ack(now) {
                    return writer.sealed(&ack, id, now, out);
                }
                if let Some((resend, again)) = answer.resend(now, &writer.line) {
                    writer.note_repeated(again);
                    return writer.sealed(&resend, id, now, out);
                }
                // Not before the request itself: the runtime would know nothing to cancel.
                let retry = cancel.as_mut().filter(|retry| self.asked && retry.is_due(now))?;
                writer.note_repeated(retry.sent(now, &writer.line));
                writer.sealed(&Cancel {}, id, now, out)
            }
            Task::Upload { .. } => None,
            Task::List { index, retry } => {
                let due = retry.is_due(now).then(|| retry.sent(now, &writer.line))?;
                writer.note_repeated(due);
                self.asked = true;
                writer.sealed(&UploadList { index: *index }, id, now, out)
            }
            Task::Delete { sha256, retry } => {
                let due = retry.is_due(now).then(|| retry.sent(now, &writer.line))?;
                writer.note_repeated(due);
                self.asked = true;
                writer.sealed(&UploadDelete { sha256: *sha256 }, id, now, out)
            }
        }
    }

    /// Sends a piece in a frame with a payload of at most `room` bytes.
    fn long(&mut self, now: u64, room: usize, writer: &mut Writer, out: &mut [u8]) -> Option<usize> {
        if self.unfit || self.is_given_up() {
            return None;
        }
        let id = self.id;
        let (sending, part, written, piece) = match &mut self.task {
            Task::Answer { asked, text_crc, sending, .. } => match sending.next(now, &writer.line)? {
                part @ Part::First => {
                    let Some(room) = room.checked_sub(payload_len(&asked.opening(*text_crc, Piece::default()))) else {
                        self.unfit = true;
                        return None;
                    };
                    let text = Bytes::new(asked.piece(0, room.min(MAX_PIECE)))?;
                    (sending, part, writer.sealed(&asked.opening(*text_crc, text), id, now, out)?, text.len())
                }
                part @ Part::Piece { offset, room: window } => {
                    let text = Bytes::new(asked.piece(offset, piece_len(room, window)))?;
                    (sending, part, writer.sealed(&Text { offset, text }, id, now, out)?, text.len())
                }
            },
            Task::Upload { upload, sending } => match sending.next(now, &writer.line)? {
                part @ Part::First => (sending, part, writer.sealed(&upload.begin(), id, now, out)?, 0),
                part @ Part::Piece { offset, room: window } => {
                    let data = Bytes::new(upload.piece(offset, piece_len(room, window)))?;
                    (sending, part, writer.sealed(&UploadData { offset, data }, id, now, out)?, data.len())
                }
            },
            Task::List { .. } | Task::Delete { .. } => return None,
        };
        self.asked = true;
        let again = sending.sent(part, piece, now, &writer.line);
        writer.note_repeated(again);
        Some(written)
    }
}

/// Bytes of a piece that a payload of `room` bytes has place for and the other end's window allows.
fn piece_len(room: usize, window: u32) -> usize {
    (room - PIECE_HEADER).min(window as usize).min(MAX_PIECE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::max_encoded;

    #[test]
    fn the_longest_frame_that_fits_and_no_longer_one() {
        for frame in [256, SMALL_FRAME, 508, 509, 1000, MAX_FRAME] {
            let len = 1 + max_encoded(frame);
            assert_eq!(longest_frame(len), frame);
            assert!(longest_frame(len - 1) < frame);
        }
        assert_eq!(longest_frame(2 * MAX_FRAME), MAX_FRAME);
    }
}
