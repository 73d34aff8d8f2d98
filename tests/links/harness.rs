//! A runtime without a model behind real links: an engine that echoes, and a client that can send anything.
//!
//! To a sentence it answers by saying each of its words: a command of the rover.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use qwark::commands::{Command, CommandSet, Value};
use qwark::grammar::Grammar;
use qwark::links::{
    Client, ClientEvent, ClientId, Identity, LinkAddr, LinkEvent, Links, Request, Sentence, SessionHandle, Setup, Wanted, What, serve,
};
use qwark::runtime::Control;
use qwark::session::End;
use qwark_wire::{DELIMITER, Decoder, Done, Frame, FromRuntime, Identify, MAX_FRAME, Message, Reason, SMALL_FRAME, encode, max_encoded};

use crate::frames::{NONCE, hello};

/// Longer than anything here takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Prompts that the engine treats in their own way; it echoes all others.
pub const HOLD: &str = "hold this request until it is cancelled";
pub const FLOOD: &str = "answer until the client's queue is full";
pub const SLEEP: &str = "be busy until the test wakes you";

/// What the engine saw.
#[derive(Debug, PartialEq)]
pub enum Seen {
    Connected(ClientId),
    Generate(ClientId, u32, Request, Option<Grammar>),
    Command(ClientId, u32, Sentence),
    Cancel(ClientId, u32),
    Reset(u32),
    Arm(u32),
    Disconnected(ClientId),
    Full,
    /// It takes no events until [`Runtime::wake`].
    Asleep,
}

/// Links with the echoing engine behind them.
pub struct Runtime {
    pub seen: Receiver<Seen>,
    /// What its links may do to the engine.
    pub control: Control,
    links: Option<Links>,
    stop: Arc<AtomicBool>,
    alarm: Sender<()>,
    engine: Option<JoinHandle<()>>,
}

impl Runtime {
    pub fn start(addrs: &[LinkAddr]) -> Runtime {
        let wanted: Vec<Wanted> = addrs.iter().cloned().map(Wanted::from).collect();
        Runtime::set_up(&wanted, setup())
    }

    pub fn set_up(wanted: &[Wanted], setup: Setup) -> Runtime {
        let (events, taken) = bounded(16);
        let (tell, seen) = unbounded();
        let (alarm, rings) = unbounded();
        let stop = Arc::new(AtomicBool::new(false));
        let control = setup.control.clone();
        let links = serve(wanted, setup, events, Arc::clone(&stop)).expect("the links open");
        let engine = thread::spawn(move || engine(&taken, &tell, &rings));
        Runtime { seen, control, links: Some(links), stop, alarm, engine: Some(engine) }
    }

    pub fn pty() -> Runtime {
        Runtime::start(&[LinkAddr::Pty])
    }

    /// What a client writes to reach the first link.
    pub fn addr(&self) -> LinkAddr {
        self.links.as_ref().expect("not stopped").listening()[0].client_addr.clone()
    }

    /// The path of the first link's device.
    pub fn device(&self) -> PathBuf {
        match self.addr() {
            LinkAddr::Serial { device, .. } => device,
            other => panic!("{other} has no device"),
        }
    }

    pub fn connect(&self) -> Client {
        Client::connect(&self.addr(), "test", PATIENCE).expect("the runtime answers")
    }

    /// Waits for something that the engine sees.
    pub fn until(&self, wanted: impl Fn(&Seen) -> bool) -> Seen {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let seen = self.seen.recv_deadline(deadline).expect("the engine sees what is waited for");
            if wanted(&seen) {
                return seen;
            }
        }
    }

    /// Ends what [`SLEEP`] began.
    pub fn wake(&self) {
        // The engine may have ended.
        let _ = self.alarm.send(());
    }

    /// Stops everything, and tells how long that took.
    pub fn stop(mut self) -> Duration {
        let begin = Instant::now();
        self.shut_down();
        begin.elapsed()
    }

    fn shut_down(&mut self) {
        self.wake();
        self.stop.store(true, Ordering::Relaxed);
        if let Some(links) = self.links.take() {
            links.join();
        }
        if let Some(engine) = self.engine.take() {
            engine.join().expect("the engine ends well");
        }
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.shut_down();
    }
}

pub fn identity() -> Identity {
    Identity { boot_id: 0x1234_5678_9abc_def0, model: "echo".to_owned(), context: 2048, max_parallel: 3, commands: None }
}

pub fn setup() -> Setup {
    Setup::new(identity(), Control::default())
}

pub fn request(prompt: &str) -> Request {
    Request { prompt: prompt.to_owned(), ..Request::default() }
}

fn engine(events: &Receiver<LinkEvent>, tell: &Sender<Seen>, rings: &Receiver<()>) {
    let mut clients: HashMap<ClientId, SessionHandle> = HashMap::new();
    for LinkEvent { client, what } in events {
        let seen = match what {
            What::Connected(handle) => {
                clients.insert(client, handle);
                Seen::Connected(client)
            }
            What::Generate { serial, request, grammar, .. } => {
                answer(&clients[&client], serial, &request.prompt, tell, rings);
                Seen::Generate(client, serial, *request, grammar)
            }
            What::Command { serial, sentence, .. } => {
                obey(&clients[&client], serial, &sentence.text);
                Seen::Command(client, serial, *sentence)
            }
            What::Cancel { serial } => {
                clients[&client].end(serial, End::Done(done(Reason::Cancelled, 0)));
                Seen::Cancel(client, serial)
            }
            What::Reset { stop } => Seen::Reset(stop),
            What::Arm { stop } => Seen::Arm(stop),
            What::Disconnected => {
                clients.remove(&client);
                Seen::Disconnected(client)
            }
        };
        let _ = tell.send(seen);
    }
}

fn answer(handle: &SessionHandle, serial: u32, prompt: &str, tell: &Sender<Seen>, rings: &Receiver<()>) {
    match prompt {
        HOLD => return,
        FLOOD => {
            while handle.has_room() {
                handle.say(serial, &"x".repeat(200));
            }
            let _ = tell.send(Seen::Full);
            return;
        }
        SLEEP => {
            let _ = tell.send(Seen::Asleep);
            let _ = rings.recv();
        }
        _ => {}
    }
    let mut offset = 0;
    while offset < prompt.len() {
        let piece = &prompt[offset..prompt.floor_char_boundary(offset + 1000)];
        handle.say(serial, piece);
        offset += piece.len();
    }
    handle.end(serial, End::Done(done(Reason::Stop, prompt.len())));
}

/// The command set of the rover, which [`serving`] serves.
pub fn rover() -> CommandSet {
    CommandSet::parse(include_str!("../../commands/rover.toml")).expect("a command set")
}

/// A runtime like [`setup`]'s that serves the rover's commands.
pub fn serving() -> Setup {
    Setup { identity: Identity { commands: Some(Arc::new(rover())), ..identity() }, ..setup() }
}

/// The command to say `word`.
pub fn say(set: &CommandSet, word: &str) -> Command {
    let index = set.commands().iter().position(|spec| spec.name == "say").expect("a rover speaks");
    Command { index: index as u8, values: vec![Some(Value::Text(word.to_owned()))] }
}

fn obey(handle: &SessionHandle, serial: u32, sentence: &str) {
    if sentence == HOLD {
        return;
    }
    let set = rover();
    for word in sentence.split_whitespace() {
        let mut bytes = Vec::new();
        set.encode(&say(&set, word), &mut bytes).expect("a short word");
        handle.command(serial, &bytes);
    }
    handle.end(serial, End::Done(done(Reason::Stop, 0)));
}

pub fn done(reason: Reason, text_len: usize) -> Done {
    Done {
        reason,
        prompt_tokens: 1,
        output_tokens: 2,
        text_len: text_len as u32,
        answer_at: 0,
        queue_us: 3,
        prefill_us: 4,
        first_token_us: 5,
        total_us: 6,
    }
}

/// What the runtime says next about a request, or in answer to a Ping; `None` if it says nothing for so long.
pub fn next_within(client: &mut Client, patience: Duration) -> Option<ClientEvent> {
    let deadline = Instant::now() + patience;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match client.next_event(left).expect("the client goes on")? {
            ClientEvent::Connected { .. } => {}
            event => return Some(event),
        }
    }
}

/// The same, where something must come.
pub fn next(client: &mut Client) -> ClientEvent {
    next_within(client, PATIENCE).expect("the runtime says more")
}

/// The answer to request `id`, and why it ended. Other requests' answers must not come meanwhile.
pub fn finish(client: &mut Client, id: u32) -> (String, Reason) {
    let mut answer = String::new();
    loop {
        match next(client) {
            ClientEvent::Token { id: of, offset, text } => {
                assert_eq!((of, offset as usize), (id, answer.len()));
                answer += &text;
            }
            ClientEvent::Done { id: of, done } => {
                assert_eq!((of, done.text_len as usize), (id, answer.len()));
                return (answer, done.reason);
            }
            other => panic!("{other:?} in the middle of an answer"),
        }
    }
}

/// A peer that sends any bytes and reads whatever frames come back.
pub struct Raw<S> {
    stream: S,
    decoder: Decoder<SMALL_FRAME>,
    unread: Vec<u8>,
}

impl Raw<UnixStream> {
    pub fn unix(path: &Path) -> Self {
        let stream = UnixStream::connect(path).expect("the socket is there");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        Raw::new(stream)
    }
}

impl Raw<File> {
    /// Opens a pseudo-terminal as `cat` would, without any settings.
    pub fn device(path: &Path) -> Self {
        let stream = File::options().read(true).write(true).open(path).expect("the device is there");
        Raw::new(stream)
    }
}

impl<S: Read + Write> Raw<S> {
    pub fn new(stream: S) -> Self {
        Raw { stream, decoder: Decoder::new(), unread: Vec::new() }
    }

    pub fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the link takes bytes");
    }

    /// Reads until the other end closes the link.
    pub fn wait_for_end(&mut self) {
        io::copy(&mut self.stream, &mut io::sink()).expect("the link ends");
    }

    /// Says Hello as the client of number `client`, and gives the number of its requests that the runtime still has.
    pub fn hello(&mut self, client: u64) -> u16 {
        self.send(&frame(&hello(client), 0));
        self.next_any(|_, message| match message {
            FromRuntime::Identify(Identify { client_nonce: NONCE, kept, .. }) => Some(kept),
            _ => None,
        })
    }

    /// Reads the next good frame that is no Accepted and no Identify nobody asked for, and hands it to `read` with its id.
    pub fn next<T>(&mut self, mut read: impl FnMut(u32, FromRuntime<'_>) -> T) -> T {
        self.next_any(|id, message| match message {
            FromRuntime::Accepted(_) | FromRuntime::Identify(Identify { client_nonce: 0, .. }) => None,
            message => Some(read(id, message)),
        })
    }

    /// Reads messages until `read` makes something of one.
    pub fn next_any<T>(&mut self, mut read: impl FnMut(u32, FromRuntime<'_>) -> Option<T>) -> T {
        self.next_frame(|frame| read(frame.id, FromRuntime::parse(frame).expect("a message")))
    }

    /// Reads good frames until `read` makes something of one.
    pub fn next_frame<T>(&mut self, mut read: impl FnMut(&Frame<'_>) -> Option<T>) -> T {
        loop {
            while !self.unread.is_empty() {
                let byte = self.unread.remove(0);
                if let Some(Ok(frame)) = self.decoder.push(byte)
                    && let Some(read) = read(&frame)
                {
                    return read;
                }
            }
            let mut buffer = [0; 512];
            match self.stream.read(&mut buffer) {
                Ok(0) => panic!("the link ended"),
                Ok(count) => self.unread.extend(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => panic!("nothing more came: {error}"),
            }
        }
    }
}

/// A message as a frame, with the delimiter after it alone.
pub fn frame(message: &impl Message, id: u32) -> Vec<u8> {
    let mut buffer = [0; max_encoded(MAX_FRAME)];
    let encoded = encode(message, id, 0, &mut buffer).expect("fits").to_vec();
    assert_eq!(encoded.last(), Some(&DELIMITER));
    encoded
}
