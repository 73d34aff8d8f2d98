//! A runtime that says anything at any time, a line that adds anything, a user who asks anything: the client keeps its promises.
#![no_main]

use std::collections::HashMap;

use libfuzzer_sys::fuzz_target;
use qwark_wire::client::{Client, Event, NewUpload, Question, SMALL_OUT, Sentence, Settings};
use qwark_wire::{
    Accepted, Bytes, CommandReply, Decoder, Done, Frame, FromRuntime, Hello, Key, MAX_COMMAND, Message, Reason, SMALL_FRAME, Safety,
    SafetyState, Seals, Session, Side, Str, ToRuntime, Token, Upload, UploadKind, UploadState, encode, max_encoded,
};

/// More frames than this at one time have no reason.
const ENDLESS: usize = 5000;

/// What a question asks: longer than several small frames.
const PROMPT: &str = concat!(
    "ein Satz, der länger ist als ein Rahmen, weil sonst nichts zu stückeln wäre, und noch einer dazu; ",
    "und damit er es wirklich ist, noch ein dritter, vierter und fünfter, die alle nichts sagen, aber Bytes haben; ",
    "und ein letzter, der die Sache abschließt, sodass mehr als ein Fenster zu füllen ist: das war er schon."
);

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let sealed = input.byte() & 1 == 1;
    let mut world = World::new(sealed, input.byte());
    while !input.0.is_empty() {
        world.act(&mut input);
        world.settle();
    }
});

/// The fuzzer's bytes, one after the other; zeros after the last.
struct Input<'b>(&'b [u8]);

impl<'b> Input<'b> {
    fn byte(&mut self) -> u8 {
        self.0.split_off_first().copied().unwrap_or(0)
    }

    fn number(&mut self) -> u32 {
        u32::from_le_bytes([self.byte(), self.byte(), self.byte(), self.byte()])
    }

    fn some(&mut self) -> &'b [u8] {
        let len = usize::from(self.byte()).min(self.0.len());
        self.0.split_off(..len).unwrap_or_default()
    }
}

/// The client's number.
const CLIENT: u64 = 5;

/// A client, and what its user and the runtime's end of the line know.
struct World {
    client: Client<&'static str, 3>,
    now: u64,
    key: Option<Key>,
    seals: Option<Seals>,
    hello: Option<u64>,
    seq: u16,
    last_id: u32,
    /// Bytes of each answer, and whether it has ended.
    told: HashMap<u32, (usize, bool)>,
    line: Decoder<SMALL_FRAME>,
}

impl World {
    fn new(sealed: bool, choice: u8) -> Self {
        let key = sealed.then_some(Key([9; 32]));
        let baud = [0, 1200, 115_200][usize::from(choice % 3)];
        let heartbeat_ms = if choice & 0x80 == 0 { 0 } else { 200 };
        let settings = Settings { client: CLIENT, seed: 6, name: "fuzz", heartbeat_ms, baud, key };
        let client = Client::new(&settings);
        let (told, line) = (HashMap::new(), Decoder::new());
        World { client, now: 0, key, seals: None, hello: None, seq: 0, last_id: 0, told, line }
    }

    fn act(&mut self, input: &mut Input<'_>) {
        let id = 1 + u32::from(input.byte() % 4);
        let have = self.told.get(&id).map_or(0, |(received, _)| *received as u32);
        match input.byte() % 18 {
            0 => self.hear(input.some()),
            1 => self.now += u64::from(input.byte()),
            2 => self.now += u64::from(input.number() >> 8),
            3 => {
                let window = input.number() >> (input.byte() % 32);
                let question = Question { window, system: (input.byte() & 1 == 1).then_some("System."), ..Question::new(PROMPT) };
                self.asked(|client, now| client.ask(question, now));
            }
            4 => drop(self.client.cancel(id, self.now)),
            5 => match input.byte() % 4 {
                0 => self.client.emergency_stop(self.now),
                1 => drop(self.client.reset(self.now)),
                2 => drop(self.client.arm(self.now)),
                _ => self.client.ping(1),
            },
            6 => match input.byte() % 4 {
                0 => self.client.connect(self.now),
                1 => self.client.monitor(input.byte() & 1 == 1),
                2 => self.asked(|client, now| client.list_uploads(3, now)),
                _ => self.asked(|client, now| client.delete_upload([3; 32], now)),
            },
            7 => {
                let upload = NewUpload { what: UploadKind::Grammar, sha256: [1; 32], keep_s: 0, name: "name", data: PROMPT };
                self.asked(|client, now| client.upload(upload, now));
            }
            8 => self.identify(input),
            9 => {
                let text = &PROMPT[..PROMPT.floor_char_boundary(usize::from(input.byte()) % 200)];
                let offset = have.wrapping_add((input.byte() as i8 as i32 as u32).wrapping_mul(u32::from(input.byte() & 3)));
                self.say(id, &Token { offset, text: Str::cut(text) });
            }
            10 => self.say(id, &done(have.wrapping_add(u32::from(input.byte() % 8)))),
            11 => {
                self.say(id, &Accepted { received: input.number() >> (input.byte() % 32), window: input.number() >> (input.byte() % 32) })
            }
            12 => {
                let state = UploadState::from_number(input.byte());
                self.say(id, &Upload { state, received: input.number() >> (input.byte() % 32), window: input.byte().into(), expires_s: 0 });
            }
            13 => self.say(0, &Safety { state: SafetyState::from_number(input.byte() % 4), stop: (input.byte() % 4).into() }),
            14 => {
                let window = input.number() >> (input.byte() % 32);
                let fallback = (input.byte() & 1 == 1).then_some("\n");
                let sentence = Sentence { window, fallback, ..Sentence::new(7, PROMPT) };
                self.asked(|client, now| client.command(sentence, now));
            }
            15 => {
                let data = Bytes::new(&[5; MAX_COMMAND][..usize::from(input.byte())]).expect("short");
                let offset = have.wrapping_add((input.byte() as i8 as i32 as u32).wrapping_mul(u32::from(input.byte() & 3)));
                self.say(id, &CommandReply { offset, data });
            }
            // Any message at all.
            _ => {
                let (kind, id) = (0x80 | input.byte(), if input.byte() & 1 == 1 { id } else { 0 });
                let frame = Frame { version: 1, kind, seq: 0, id, payload: input.some(), seal: None };
                if let Ok(message) = FromRuntime::parse(&frame) {
                    self.say(id, &message);
                }
            }
        }
    }

    fn asked(&mut self, ask: impl FnOnce(&mut Client<&'static str, 3>, u64) -> Result<u32, qwark_wire::client::AskError>) {
        if let Ok(id) = ask(&mut self.client, self.now) {
            assert!(id != 0 && self.told.insert(id, (0, false)).is_none(), "an id is used once");
            self.last_id = id;
        }
    }

    /// Answers the last Hello, as the runtime of this or another boot.
    fn identify(&mut self, input: &mut Input<'_>) {
        let Some(client_nonce) = self.hello else { return };
        let nonce = input.number().into();
        if let Some(key) = self.key {
            self.seals = Some(Seals::new(Session { key, client_nonce, client: CLIENT, runtime_nonce: nonce }, Side::Runtime));
        }
        let payload = [0; 512];
        let frame = Frame { version: 1, kind: 0x81, seq: 0, id: 0, payload: &payload, seal: None };
        let Ok(FromRuntime::Identify(mut identify)) = FromRuntime::parse(&frame) else { unreachable!("zeros are an Identify") };
        (identify.client_nonce, identify.nonce, identify.boot_id) = (client_nonce, nonce, (input.byte() % 3).into());
        (identify.version_min, identify.version_max) = (1, 1 + input.byte() % 2);
        (identify.max_frame, identify.max_text) = (input.number() as u16, 1 << 20);
        self.say(0, &identify);
    }

    /// The runtime sends a message, sealed if the link has a key.
    fn say(&mut self, id: u32, message: &impl Message) {
        let mut buffer = [0; max_encoded(SMALL_FRAME)];
        self.seq = self.seq.wrapping_add(1);
        let encoded = match &mut self.seals {
            Some(seals) => seals.encode(message, id, self.seq, &mut buffer),
            None => encode(message, id, self.seq, &mut buffer),
        };
        if let Ok(encoded) = encoded {
            let encoded = encoded.to_vec();
            self.hear(&encoded);
        }
    }

    fn hear(&mut self, bytes: &[u8]) {
        let World { client, now, told, .. } = self;
        for &byte in bytes {
            if let Some(event) = client.receive(byte, *now) {
                note(told, &event);
            }
            while let Some(event) = client.poll(*now) {
                note(told, &event);
            }
        }
    }

    /// The client does all that it has to do now, and that is not without an end.
    fn settle(&mut self) {
        let World { client, now, told, line, hello, .. } = self;
        let mut left = ENDLESS;
        loop {
            while let Some(event) = client.poll(*now) {
                note(told, &event);
            }
            let mut out = [0; SMALL_OUT];
            let Some(len) = client.transmit(*now, &mut out) else { break };
            left = left.checked_sub(1).expect("it sends without an end");
            let before = line.counters().frames;
            line.push_all(&out[..len], |frame| {
                let frame = frame.expect("it sends good frames");
                if let ToRuntime::Hello(Hello { nonce, .. }) = ToRuntime::parse(&frame).expect("it sends what is understood") {
                    *hello = Some(nonce);
                }
            });
            assert_eq!(line.counters().frames, before + 1);
        }
        while let Some(event) = client.poll(*now) {
            note(told, &event);
        }
        assert!(client.next_wake() > *now, "nothing is left to do");
    }
}

/// Each byte once and in order, each end once, and nothing after it.
fn note(told: &mut HashMap<u32, (usize, bool)>, event: &Event<'_>) {
    let ended = match *event {
        Event::Token { id, offset, text } => {
            let (received, ended) = told.get_mut(&id).expect("it was asked");
            assert!(!*ended && *received == offset as usize && !text.is_empty());
            *received += text.len();
            return;
        }
        Event::Command { id, offset, bytes } => {
            let (received, ended) = told.get_mut(&id).expect("it was asked");
            assert!(!*ended && *received == offset as usize && !bytes.is_empty());
            *received += bytes.len();
            return;
        }
        Event::Done { id, done } => {
            assert!(told[&id].0 >= done.text_len as usize, "all of the text comes before the end");
            id
        }
        Event::Error { id: id @ 1.., ends: true, .. } | Event::Unanswered { id } | Event::UploadItem { id, .. } => id,
        _ => return,
    };
    let (_, before) = told.get_mut(&ended).expect("it was asked");
    assert!(!std::mem::replace(before, true), "an end comes once");
}

fn done(text_len: u32) -> Done {
    let (prompt_tokens, output_tokens, answer_at) = (0, 0, 0);
    let (queue_us, prefill_us, first_token_us, total_us) = (0, 0, 0, 0);
    Done { reason: Reason::Stop, prompt_tokens, output_tokens, text_len, answer_at, queue_us, prefill_us, first_token_us, total_us }
}
