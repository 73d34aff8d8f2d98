//! A runtime that echoes: the other half of the protocol, as far as a client can see it, without a model or a clock.

#![allow(dead_code, reason = "not every test looks at all of it")]

use std::collections::BTreeMap;

use qwark_wire::*;

use crate::common::crc32c;

/// Milliseconds after which it sends a Token or an end again.
const RETRY_MS: u64 = 300;

/// Bytes of text that may be on their way to it.
const TEXT_WINDOW: u32 = 700;

/// Most bytes of one Token.
const TOKEN: usize = 7;

/// One request and its answer, which is its own text, or its words as commands.
#[derive(Debug, Default)]
pub struct Asked {
    pub key: u64,
    pub stops: Vec<String>,
    /// The id of the command set, and the fallback, where commands are asked for.
    pub commands: Option<(u32, Vec<u8>)>,
    len: usize,
    crc: u32,
    text: Vec<u8>,
    window: u32,
    sent: usize,
    acknowledged: usize,
    next: u64,
    end_at: u64,
    cancelled: bool,
    pub ended: bool,
}

impl Asked {
    fn complete(&self) -> bool {
        self.text.len() == self.len
    }

    fn answer_len(&self) -> usize {
        if self.cancelled { self.sent } else { self.len }
    }

    /// Where the next piece ends: a few characters, or one command whole.
    fn next(&self) -> usize {
        let text = str::from_utf8(&self.text).expect("it was checked");
        match self.commands {
            None => text.floor_char_boundary(self.limit().min(self.sent + TOKEN)).max(self.sent),
            Some(_) => {
                let end = command_end(text.as_bytes(), self.sent);
                if end <= self.limit() { end } else { self.sent }
            }
        }
    }

    fn limit(&self) -> usize {
        if self.window == 0 { self.len } else { self.answer_len().min(self.acknowledged + self.window as usize) }
    }
}

/// Where the command that begins at `start` ends: behind the next space.
pub fn command_end(text: &[u8], start: usize) -> usize {
    text[start..].iter().position(|byte| *byte == b' ').map_or(text.len(), |space| start + space + 1)
}

/// The runtime's end of a line.
pub struct Runtime {
    pub boot_id: u64,
    pub state: SafetyState,
    pub stop: u32,
    pub asked: BTreeMap<u32, Asked>,
    /// Keys in the order in which they were first asked.
    pub keys: Vec<u64>,
    pub hellos: Vec<(u64, u64)>,
    pub seen: Vec<u8>,
    pub uploads: BTreeMap<u32, (u32, Vec<u8>)>,
    /// Answers nothing at all.
    pub deaf: bool,
    /// Says nothing more about its requests until one is asked again, as a runtime does that has repeated often enough.
    pub stalled: bool,
    /// Refuses what is asked, for this reason, in a way that ends nothing.
    pub refuses: Option<ErrorCode>,
    pub heartbeat_ms: u16,
    heartbeat_at: u64,
    session: bool,
    decoder: Decoder<MAX_FRAME>,
    seq: u16,
    out: Vec<Vec<u8>>,
    #[cfg(feature = "seal")]
    pub key: Option<Key>,
    #[cfg(feature = "seal")]
    seals: Option<Seals>,
    /// Of the session that the last Hello began, and no sealed frame has confirmed.
    #[cfg(feature = "seal")]
    pending: Option<Seals>,
}

impl Runtime {
    pub fn new(boot_id: u64) -> Self {
        Runtime {
            boot_id,
            state: SafetyState::Armed,
            stop: 0,
            asked: BTreeMap::new(),
            keys: Vec::new(),
            hellos: Vec::new(),
            seen: Vec::new(),
            uploads: BTreeMap::new(),
            deaf: false,
            stalled: false,
            refuses: None,
            heartbeat_ms: 0,
            heartbeat_at: 0,
            session: false,
            decoder: Decoder::new(),
            seq: 0,
            out: Vec::new(),
            #[cfg(feature = "seal")]
            key: None,
            #[cfg(feature = "seal")]
            seals: None,
            #[cfg(feature = "seal")]
            pending: None,
        }
    }

    /// Takes bytes from the line.
    pub fn receive(&mut self, bytes: &[u8], now: u64) {
        let mut decoder = std::mem::take(&mut self.decoder);
        decoder.push_all(bytes, |frame| {
            if let Ok(frame) = frame
                && !self.deaf
            {
                self.frame(&frame, now);
            }
        });
        self.decoder = decoder;
    }

    /// Frames to send now.
    pub fn transmit(&mut self, now: u64) -> Vec<Vec<u8>> {
        if self.deaf {
            return Vec::new();
        }
        if self.session && self.heartbeat_ms > 0 && now >= self.heartbeat_at {
            self.heartbeat_at = now + u64::from(self.heartbeat_ms);
            self.send(0, &heartbeat());
        }
        let (mut asked, stalled) = (std::mem::take(&mut self.asked), self.stalled);
        for (&id, request) in asked.iter_mut().filter(|(_, request)| request.complete() && !request.ended && !stalled) {
            self.answer(id, request, now);
        }
        self.asked = asked;
        std::mem::take(&mut self.out)
    }

    fn answer(&mut self, id: u32, request: &mut Asked, now: u64) {
        // All that fits into the window was sent, and no Ack came.
        if request.window > 0 && now >= request.next && request.sent > request.acknowledged && request.next() == request.sent {
            request.sent = request.acknowledged;
        }
        loop {
            let end = request.next();
            if end == request.sent {
                break;
            }
            let (offset, piece) = (request.sent as u32, &request.text[request.sent..end]);
            match request.commands {
                None => self.send(id, &Token { offset, text: Str::cut(str::from_utf8(piece).expect("whole characters")) }),
                Some(_) => self.send(id, &CommandReply { offset, data: Bytes::new(piece).expect("a short word") }),
            }
            request.sent = end;
            request.next = now + RETRY_MS;
        }
        if request.sent == request.answer_len() && now >= request.end_at {
            let reason = if request.cancelled { Reason::Cancelled } else { Reason::Stop };
            self.send(id, &done(reason, request.sent));
            request.end_at = now + RETRY_MS;
            request.ended = request.window == 0;
        }
    }

    pub fn send(&mut self, id: u32, message: &impl Message) {
        let mut buffer = [0; max_encoded(MAX_FRAME)];
        #[cfg(feature = "seal")]
        let seals = if message.kind() == Identify::KIND { self.pending.as_mut().or(self.seals.as_mut()) } else { self.seals.as_mut() };
        #[cfg(feature = "seal")]
        let encoded = match seals {
            Some(seals) => seals.encode(message, id, self.seq, &mut buffer),
            None => encode(message, id, self.seq, &mut buffer),
        };
        #[cfg(not(feature = "seal"))]
        let encoded = encode(message, id, self.seq, &mut buffer);
        self.out.push([&[DELIMITER], encoded.expect("it fits")].concat());
        self.seq = self.seq.wrapping_add(1);
    }

    /// Whether a frame is taken, by its seal; `None` if it is not even answered.
    #[cfg(feature = "seal")]
    fn believes(&mut self, frame: &Frame<'_>) -> Option<bool> {
        if self.key.is_none() {
            return Some(true);
        }
        let free = matches!(frame.kind, Hello::KIND | Ping::KIND | EStop::KIND);
        let Some(seal) = frame.seal else { return Some(free) };
        if self.seals.as_mut().is_some_and(|seals| seals.accept(&seal)) {
            return Some(true);
        }
        if self.pending.as_mut().is_some_and(|seals| seals.accept(&seal)) {
            (self.seals, self.session) = (self.pending.take(), true);
            return Some(true);
        }
        (!self.seals.as_ref().is_some_and(|seals| seals.is_repeated(&seal))).then_some(free)
    }

    #[cfg(not(feature = "seal"))]
    fn believes(&mut self, _: &Frame<'_>) -> Option<bool> {
        Some(true)
    }

    fn frame(&mut self, frame: &Frame<'_>, now: u64) {
        let id = frame.id;
        let message = ToRuntime::parse(frame).expect("a client sends what is understood");
        self.seen.push(frame.kind);
        let free = matches!(message, ToRuntime::Hello(_) | ToRuntime::Ping(_) | ToRuntime::EStop(_));
        match self.believes(frame) {
            Some(true) => {}
            Some(false) => return self.send(id, &error(ErrorCode::Denied, false)),
            None => return,
        }
        if !free && !self.session {
            return self.send(id, &error(ErrorCode::NoSession, false));
        }
        match message {
            ToRuntime::Hello(hello) => self.hello(&hello),
            ToRuntime::Ping(ping) => self.send(0, &Pong { nonce: ping.nonce }),
            ToRuntime::EStop(_) => {
                self.stop += u32::from(self.state != SafetyState::Stopped);
                self.to(SafetyState::Stopped);
            }
            ToRuntime::Reset(reset) if reset.stop == self.stop && self.state == SafetyState::Stopped => self.to(SafetyState::Disarmed),
            ToRuntime::Arm(arm) if arm.stop == self.stop && self.state == SafetyState::Disarmed => self.to(SafetyState::Armed),
            ToRuntime::Reset(_) | ToRuntime::Arm(_) => self.to(self.state),
            ToRuntime::Generate(generate) => {
                let asked = Asked {
                    key: generate.key,
                    stops: generate.stops.iter().map(|stop| stop.get().to_owned()).collect(),
                    len: (generate.system_len + generate.prompt_len) as usize,
                    crc: generate.text_crc,
                    window: generate.window,
                    ..Asked::default()
                };
                self.ask(id, asked, generate.text.get());
            }
            ToRuntime::Command(command) => {
                let asked = Asked {
                    key: command.key,
                    commands: Some((command.set, command.fallback.to_vec())),
                    len: command.sentence_len as usize,
                    crc: command.text_crc,
                    // As the longest command.
                    window: command.window.max(command.window.min(1) * MAX_COMMAND as u32),
                    ..Asked::default()
                };
                self.ask(id, asked, command.text.get());
            }
            ToRuntime::Text(text) => self.text(id, text.offset as usize, text.text.get()),
            ToRuntime::Cancel(_) => match self.asked.get_mut(&id) {
                Some(request) => {
                    request.cancelled = true;
                    request.len = request.text.len();
                }
                None => self.send(id, &error(ErrorCode::UnknownId, true)),
            },
            ToRuntime::Ack(ack) => {
                if let Some(request) = self.asked.get_mut(&id) {
                    request.acknowledged = request.acknowledged.max(ack.received as usize);
                    request.sent = request.sent.max(request.acknowledged);
                    request.ended |= ack.ended;
                    request.next = now;
                }
            }
            ToRuntime::Resend(resend) => {
                if let Some(request) = self.asked.get_mut(&id) {
                    request.sent = request.sent.min(resend.offset as usize);
                }
            }
            ToRuntime::UploadBegin(begin) => {
                let received = self.uploads.entry(id).or_insert((begin.size, Vec::new())).1.len() as u32;
                self.send(id, &upload(begin.size, received));
            }
            ToRuntime::UploadData(chunk) => {
                let Some((size, data)) = self.uploads.get_mut(&id) else { return };
                if chunk.offset as usize == data.len() {
                    data.extend(chunk.data.get());
                }
                let (size, received) = (*size, data.len() as u32);
                self.send(id, &upload(size, received));
            }
            ToRuntime::UploadList(list) => {
                let (what, sha256, name) = (UploadKind::Image, [7; 32], Str::cut("front"));
                let item = UploadItem { index: list.index, count: 1, what, size: 9, received: 9, expires_s: 1, sha256, name };
                self.send(id, &item);
            }
            ToRuntime::UploadDelete(_) => {
                self.send(id, &Upload { state: UploadState::Deleted, received: 0, window: 0, expires_s: 0 });
            }
            ToRuntime::Monitor(_) => {}
        }
    }

    fn hello(&mut self, hello: &Hello<'_>) {
        self.hellos.push((hello.client, hello.nonce));
        self.heartbeat_ms = hello.heartbeat_ms;
        let nonce = self.hellos.len() as u64;
        #[cfg(feature = "seal")]
        let keyed = self.key.is_some();
        #[cfg(not(feature = "seal"))]
        let keyed = false;
        // Under a key, it begins with the first sealed frame.
        self.session |= !keyed;
        #[cfg(feature = "seal")]
        if let Some(key) = self.key {
            self.pending =
                Some(Seals::new(Session { key, client_nonce: hello.nonce, client: hello.client, runtime_nonce: nonce }, Side::Runtime));
        }
        let (boot_id, safety, stop) = (self.boot_id, self.state, self.stop);
        self.send(0, &Identify { client_nonce: hello.nonce, nonce, boot_id, safety, stop, ..identify() });
    }

    fn to(&mut self, state: SafetyState) {
        self.state = state;
        if state == SafetyState::Stopped {
            let stopped = std::mem::take(&mut self.asked);
            for id in stopped.into_iter().filter(|(_, request)| !request.ended).map(|(id, _)| id) {
                self.send(id, &done(Reason::Stopped, 0));
            }
        }
        self.send(0, &Safety { state, stop: self.stop });
    }

    fn ask(&mut self, id: u32, asked: Asked, text: &[u8]) {
        match self.state {
            SafetyState::Armed => {}
            SafetyState::Stopped => return self.send(id, &error(ErrorCode::Stopped, true)),
            _ => return self.send(id, &error(ErrorCode::Disarmed, true)),
        }
        if let Some(code) = self.refuses {
            return self.send(id, &error(code, false));
        }
        let key = asked.key;
        if self.asked.contains_key(&id) {
            self.stalled = false;
        } else {
            self.keys.push(key);
        }
        let request = self.asked.entry(id).or_insert(asked);
        assert_eq!(request.key, key, "a client asks the same again under the same key");
        // As a runtime does that is asked again: from the last Ack on.
        request.sent = request.acknowledged;
        self.text(id, 0, text);
    }

    fn text(&mut self, id: u32, offset: usize, text: &[u8]) {
        let Some(request) = self.asked.get_mut(&id) else { return self.send(id, &error(ErrorCode::UnknownId, true)) };
        if offset == request.text.len() {
            request.text.extend(text);
        }
        assert!(request.text.len() <= request.len, "more text than announced");
        if request.complete() && !request.cancelled {
            assert_eq!(crc32c(&request.text), request.crc);
        }
        let accepted = Accepted { received: request.text.len() as u32, window: TEXT_WINDOW };
        self.send(id, &accepted);
    }
}

pub fn error(code: ErrorCode, ends: bool) -> Error<'static> {
    Error { code, ends, message: Str::cut("no") }
}

pub fn done(reason: Reason, text_len: usize) -> Done {
    let (prompt_tokens, output_tokens, text_len, answer_at) = (1, 2, text_len as u32, 0);
    Done { reason, prompt_tokens, output_tokens, text_len, answer_at, queue_us: 3, prefill_us: 4, first_token_us: 5, total_us: 6 }
}

pub fn heartbeat() -> Heartbeat {
    Heartbeat {
        uptime_ms: 1,
        steps: 2,
        running: 1,
        queued: 0,
        parked: 0,
        safety: SafetyState::Armed,
        tokens_per_s: 5.0,
        temperature: NO_TEMPERATURE,
        free_kib: 1024,
        lost: 0,
    }
}

/// What all Identifies of these tests have in common.
pub fn identify() -> Identify<'static> {
    Identify {
        version_min: VERSION_MIN,
        version_max: VERSION_MAX,
        boot_id: 1,
        schema: SCHEMA,
        client_nonce: 0,
        nonce: 0,
        kept: 0,
        features: 1,
        safety: SafetyState::Armed,
        stop: 0,
        max_frame: MAX_FRAME as u16,
        max_text: 1 << 20,
        context: 2048,
        max_parallel: 1,
        max_requests: 32,
        linger_s: 30,
        upload_quota: 1 << 20,
        set: 0,
        models: Models::new(),
        commands: Str::default(),
    }
}

fn upload(size: u32, received: u32) -> Upload {
    let state = if received == size { UploadState::Stored } else { UploadState::Receiving };
    Upload { state, received, window: TEXT_WINDOW, expires_s: 60 }
}
