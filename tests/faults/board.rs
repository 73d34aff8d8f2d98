//! The runtime's end of a simulated line: the real session with the real frames, and a scripted engine instead of a model.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use qwark::session::{Action, Asked, Control, Controls, End, Identity, Session};
use qwark_wire::{
    DELIMITER, Decoder, Done, EStop, ErrorCode, Frame, FromRuntime, Heartbeat, Hello, Identify, MAX_FRAME, Models, NO_TEMPERATURE, Pong,
    Reason, SCHEMA, SMALL_FRAME, Safety, SafetyState, Str, ToRuntime, VERSION_MAX, VERSION_MIN, encode, max_encoded,
};

use crate::script;

/// Microseconds that a token takes.
const TOKEN_US: u64 = 20_000;

/// How much of the line's time may be handed to its driver in advance, as in the runtime.
const AHEAD_US: u64 = 20_000;

/// Tokens that a command takes.
const COMMAND_TOKENS: usize = 8;

/// What comes of a token.
enum Said {
    Text(String),
    Command(Vec<u8>),
    /// Only a part of a command.
    Nothing,
}

/// An answer while it is given.
struct Running {
    serial: u32,
    answer: Vec<Said>,
    said: usize,
}

/// The prompt or sentence, and what the engine is to say, token by token.
fn scripted(asked: Asked) -> (String, Vec<Said>) {
    match asked {
        Asked::Text(request) => {
            let answer = script::tokens(&request.prompt).into_iter().map(Said::Text).collect();
            (request.prompt, answer)
        }
        Asked::Commands(sentence) => {
            let tokens = |command| (1..COMMAND_TOKENS).map(|_| Said::Nothing).chain([Said::Command(command)]);
            let answer = script::commands(&sentence.text).into_iter().flat_map(tokens).collect();
            (sentence.text, answer)
        }
    }
}

/// What was sent of a reply, to tell repetitions.
#[derive(Default)]
struct Sent {
    text: u32,
    end: bool,
}

/// A runtime on a serial line.
pub struct Board {
    began: Instant,
    ahead: usize,
    wait: Duration,
    decoder: Box<Decoder<MAX_FRAME>>,
    session: Option<(u64, Session)>,
    /// What is sent before a session begins.
    controls: Controls,
    seq: u16,
    safety: Safety,
    heartbeat: Option<(u64, u64)>,
    running: Vec<Running>,
    next_token: Option<u64>,
    sent: HashMap<u32, Sent>,
    /// Every prompt that the engine was given.
    prompts: HashSet<String>,
    /// Tokens and ends that were sent before.
    pub repeated: u64,
    /// Requests that the engine was given before.
    pub done_twice: u64,
}

impl Board {
    pub fn new(baud: u32) -> Board {
        let ahead = (u64::from(baud) / 10 * AHEAD_US / 1_000_000).max(1) as usize;
        // As the runtime has it: two long frames, on slow lines, and the time to think.
        let frames = Duration::from_micros(2 * max_encoded(SMALL_FRAME) as u64 * 10_000_000 / u64::from(baud));
        let wait = Duration::from_millis(300) + if baud < 19_200 { frames } else { Duration::ZERO };
        Board {
            began: Instant::now(),
            ahead,
            wait,
            decoder: Box::new(Decoder::new()),
            session: None,
            controls: Controls::default(),
            seq: 0,
            safety: Safety { state: SafetyState::Armed, stop: 0 },
            heartbeat: None,
            running: Vec::new(),
            next_token: None,
            sent: HashMap::new(),
            prompts: HashSet::new(),
            repeated: 0,
            done_twice: 0,
        }
    }

    /// Bytes that the line's driver may have before it is given more.
    pub fn ahead(&self) -> usize {
        self.ahead
    }

    /// Takes bytes from the line.
    pub fn receive(&mut self, bytes: &[u8], now: u64) {
        let mut decoder = std::mem::take(&mut self.decoder);
        decoder.push_all(bytes, |outcome| {
            if let Ok(frame) = outcome {
                self.frame(&frame, now);
            }
        });
        self.decoder = decoder;
    }

    /// What time brings about: tokens, heartbeats and what came too late.
    pub fn tick(&mut self, now: u64) {
        let at = self.instant(now);
        while let Some(due) = self.next_token.filter(|due| *due <= now) {
            self.next_token = Some(due + TOKEN_US);
            self.step(at);
        }
        let Some((_, session)) = &mut self.session else { return };
        session.expire(at);
        if let Some((due, every)) = &mut self.heartbeat
            && *due <= now
        {
            *due = now + *every;
            session.beat(heartbeat(now, self.safety.state, self.running.len()));
        }
    }

    /// The frames that are to be sent now.
    pub fn transmit(&mut self, now: u64) -> Vec<u8> {
        let at = self.instant(now);
        let mut out = Vec::new();
        let Board { ahead, session, controls, seq, sent, repeated, .. } = self;
        while out.len() < *ahead {
            let mut put = |id, message: &FromRuntime<'_>| put(&mut out, seq, id, message);
            if let Some((id, control)) = controls.pop() {
                put(id, &control.message());
                continue;
            }
            let Some((_, session)) = session else { break };
            let more = session.transmit(at, &mut |id, message| {
                *repeated += u64::from(sent.entry(id).or_default().again(message));
                put(id, message);
            });
            if !more {
                break;
            }
        }
        out
    }

    /// When there is something to do or to send, if nothing arrives.
    pub fn wake(&self, now: u64) -> u64 {
        if !self.controls.is_empty() {
            return now;
        }
        let at = self.instant(now);
        let session = self.session.as_ref().and_then(|(_, session)| session.wake(at));
        let session = session.map(|wake| wake.saturating_duration_since(self.began).as_micros() as u64);
        let beat = self.heartbeat.map(|(due, _)| due);
        [session, beat, self.next_token].into_iter().flatten().min().unwrap_or(u64::MAX)
    }

    fn instant(&self, now: u64) -> Instant {
        self.began + Duration::from_micros(now)
    }

    fn frame(&mut self, frame: &Frame<'_>, now: u64) {
        if frame.kind == EStop::KIND {
            return self.stop(now);
        }
        match ToRuntime::parse(frame) {
            Ok(ToRuntime::Hello(hello)) => self.hello(&hello, now),
            Ok(ToRuntime::Ping(ping)) => self.controls.push(0, Control::Pong(Pong { nonce: ping.nonce })),
            Ok(ToRuntime::Reset(reset)) => self.arm(reset.stop, SafetyState::Stopped, SafetyState::Disarmed),
            Ok(ToRuntime::Arm(arm)) => self.arm(arm.stop, SafetyState::Disarmed, SafetyState::Armed),
            Ok(message) => self.request(frame, &message, now),
            // This line forges no frames: what the checksum lets through is the client's own.
            Err(error) => panic!("the client sent what cannot be read: {error}"),
        }
    }

    fn hello(&mut self, hello: &Hello<'_>, now: u64) {
        if self.session.as_ref().is_none_or(|(client, _)| *client != hello.client) {
            self.session = Some((hello.client, Session::new(self.wait)));
            self.running.clear();
        }
        let mut kept = 0;
        if let Some((_, session)) = &mut self.session {
            kept = session.kept();
            session.begin(self.wait);
        }
        self.heartbeat = (hello.heartbeat_ms > 0).then(|| (now, u64::from(hello.heartbeat_ms) * 1000));
        let identity = identity(hello.nonce, kept, self.safety);
        self.controls.push(0, Control::Identify(Box::new(identity)));
    }

    fn request(&mut self, frame: &Frame<'_>, message: &ToRuntime<'_>, now: u64) {
        let (id, at) = (frame.id, self.began + Duration::from_micros(now));
        let Some((_, session)) = &mut self.session else {
            let message = "say Hello first".to_owned();
            return self.controls.push(id, Control::Error { code: ErrorCode::NoSession, ends: false, message });
        };
        let refusal = (self.safety.state != SafetyState::Armed).then_some((ErrorCode::Stopped, "stopped"));
        match session.take(id, message, frame.payload, refusal, at) {
            Some(Action::Submit { serial, asked, .. }) => {
                let (prompt, answer) = scripted(*asked);
                self.running.push(Running { serial, answer, said: 0 });
                self.done_twice += u64::from(!self.prompts.insert(prompt));
                self.next_token.get_or_insert(now + TOKEN_US);
            }
            Some(Action::Cancel { serial }) => {
                if let Some(index) = self.running.iter().position(|running| running.serial == serial) {
                    let running = self.running.swap_remove(index);
                    self.end(&running, Reason::Cancelled, at);
                }
            }
            None => {}
        }
    }

    /// One token of every answer whose client takes it.
    fn step(&mut self, at: Instant) {
        let Some((_, session)) = &mut self.session else { return };
        if session.has_room() {
            for running in &mut self.running {
                match &running.answer[running.said] {
                    Said::Text(text) => session.say(running.serial, text),
                    Said::Command(command) => session.command(running.serial, command),
                    Said::Nothing => {}
                }
                running.said += 1;
            }
        }
        let (ended, running) = std::mem::take(&mut self.running).into_iter().partition(|running| running.said == running.answer.len());
        self.running = running;
        let ended: Vec<Running> = ended;
        ended.iter().for_each(|running| self.end(running, Reason::Stop, at));
        if self.running.is_empty() {
            self.next_token = None;
        }
    }

    fn end(&mut self, running: &Running, reason: Reason, at: Instant) {
        let (output_tokens, prompt_tokens, text_len, answer_at) = (running.said as u32, 0, 0, 0);
        let (queue_us, prefill_us, first_token_us, total_us) = (0, 0, 0, 0);
        let done = Done { reason, prompt_tokens, output_tokens, text_len, answer_at, queue_us, prefill_us, first_token_us, total_us };
        if let Some((_, session)) = &mut self.session {
            session.end(running.serial, End::Done(done), at);
        }
    }

    fn stop(&mut self, now: u64) {
        if self.safety.state != SafetyState::Stopped {
            self.safety = Safety { state: SafetyState::Stopped, stop: self.safety.stop + 1 };
        }
        self.controls.push(0, Control::Safety(self.safety));
        let at = self.instant(now);
        for running in std::mem::take(&mut self.running) {
            self.end(&running, Reason::Stopped, at);
        }
        self.next_token = None;
    }

    /// Reset or Arm of stop number `stop`.
    fn arm(&mut self, stop: u32, from: SafetyState, to: SafetyState) {
        if self.safety == (Safety { state: from, stop }) {
            self.safety.state = to;
        }
        self.controls.push(0, Control::Safety(self.safety));
    }
}

impl Sent {
    /// Whether this was sent before.
    fn again(&mut self, message: &FromRuntime<'_>) -> bool {
        match message {
            FromRuntime::Token(token) => self.piece(token.offset, token.text.len()),
            FromRuntime::CommandReply(reply) => self.piece(reply.offset, reply.data.len()),
            FromRuntime::Done(_) => std::mem::replace(&mut self.end, true),
            _ => false,
        }
    }

    fn piece(&mut self, offset: u32, len: usize) -> bool {
        let before = offset < self.text;
        self.text = self.text.max(offset + len as u32);
        before
    }
}

/// Writes a frame as the runtime does: a delimiter first, where the line was silent.
fn put(out: &mut Vec<u8>, seq: &mut u16, id: u32, message: &FromRuntime<'_>) {
    let mut frame = [0; max_encoded(SMALL_FRAME)];
    let frame = encode(message, id, *seq, &mut frame).expect("every message of the runtime fits into a small frame");
    *seq = seq.wrapping_add(1);
    if out.is_empty() {
        out.push(DELIMITER);
    }
    out.extend_from_slice(frame);
}

fn identity(client_nonce: u64, kept: usize, safety: Safety) -> Identity {
    let fixed = Identify {
        version_min: VERSION_MIN,
        version_max: VERSION_MAX,
        boot_id: 1,
        schema: SCHEMA,
        client_nonce,
        nonce: 1,
        kept: kept as u16,
        features: 0,
        safety: safety.state,
        stop: safety.stop,
        max_frame: MAX_FRAME as u16,
        max_text: qwark::session::MAX_TEXT as u32,
        context: 4096,
        max_parallel: 4,
        max_requests: qwark::session::MAX_REQUESTS as u16,
        linger_s: 30,
        upload_quota: 0,
        set: 0,
        models: Models::new(),
        commands: Str::default(),
    };
    Identity { fixed, models: vec!["scripted".to_owned()], commands: String::new() }
}

fn heartbeat(now: u64, safety: SafetyState, running: usize) -> Heartbeat {
    Heartbeat {
        uptime_ms: now / 1000,
        steps: now / TOKEN_US,
        running: running as u16,
        queued: 0,
        parked: 0,
        safety,
        tokens_per_s: 50.0,
        temperature: NO_TEMPERATURE,
        free_kib: 0,
        lost: 0,
    }
}
