//! A runtime without a model behind real links: an engine that echoes, and a client that can send anything.

use std::collections::HashMap;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use qwark::links::{
    BadFrame, Client, ClientEvent, ClientId, Identity, LinkAddr, LinkEvent, Links, ReplySender, Request, SendError, What, serve,
};
use qwark_wire::{DELIMITER, Decoder, Done, FromRuntime, MAX_FRAME, Message, Reason, SMALL_FRAME, encode, max_encoded};

/// Longer than anything here takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Prompts that the engine treats in their own way; it echoes all others.
pub const HOLD: &str = "hold this request until it is cancelled";
pub const FLOOD: &str = "answer until the client's queue is full";
pub const SLEEP: &str = "be busy for a second";

/// How long [`SLEEP`] keeps the engine from its events.
pub const BUSY: Duration = Duration::from_secs(1);

/// What the engine saw.
#[derive(Debug, PartialEq)]
pub enum Seen {
    Connected(ClientId),
    Generate(ClientId, u32, Request),
    Cancel(ClientId, u32),
    Bad(BadFrame),
    Disconnected(ClientId),
    Full,
}

/// Links with the echoing engine behind them.
pub struct Runtime {
    pub seen: Receiver<Seen>,
    links: Option<Links>,
    stop: Arc<AtomicBool>,
    engine: Option<JoinHandle<()>>,
}

impl Runtime {
    pub fn start(addrs: &[LinkAddr]) -> Runtime {
        let (events, taken) = bounded(16);
        let (tell, seen) = unbounded();
        let stop = Arc::new(AtomicBool::new(false));
        let links = serve(addrs, identity(), events, Arc::clone(&stop)).expect("the links open");
        let engine = thread::spawn(move || engine(&taken, &tell));
        Runtime { seen, links: Some(links), stop, engine: Some(engine) }
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

    /// Stops everything, and tells how long that took.
    pub fn stop(mut self) -> Duration {
        let begin = Instant::now();
        self.shut_down();
        begin.elapsed()
    }

    fn shut_down(&mut self) {
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
    Identity { boot_id: 0x1234_5678_9abc_def0, model: "echo".to_owned(), context: 2048, max_parallel: 3 }
}

pub fn request(prompt: &str) -> Request {
    Request { prompt: prompt.to_owned(), ..Request::default() }
}

fn engine(events: &Receiver<LinkEvent>, tell: &Sender<Seen>) {
    let mut clients: HashMap<ClientId, ReplySender> = HashMap::new();
    for LinkEvent { client, what } in events {
        let seen = match what {
            What::Connected(sender) => {
                clients.insert(client, sender);
                Seen::Connected(client)
            }
            What::Generate { id, request, .. } => {
                answer(&clients[&client], id, &request.prompt, tell);
                Seen::Generate(client, id, request)
            }
            What::Cancel { id } => {
                let _ = clients[&client].send(id, &done(Reason::Cancelled, 0));
                Seen::Cancel(client, id)
            }
            What::BadFrame(cause) => Seen::Bad(cause),
            What::Disconnected => {
                clients.remove(&client);
                Seen::Disconnected(client)
            }
        };
        let _ = tell.send(seen);
    }
}

fn answer(reply: &ReplySender, id: u32, prompt: &str, tell: &Sender<Seen>) {
    match prompt {
        HOLD => return,
        FLOOD => {
            while reply.send_text(id, 0, &"x".repeat(200)).is_ok() {}
            let _ = tell.send(Seen::Full);
            return;
        }
        SLEEP => thread::sleep(BUSY),
        _ => {}
    }
    let mut offset = 0;
    while offset < prompt.len() {
        let piece = &prompt[offset..prompt.floor_char_boundary(offset + 1000)];
        match reply.send_text(id, offset as u32, piece) {
            Ok(()) => offset += piece.len(),
            Err(SendError::Full) => thread::sleep(Duration::from_millis(1)),
            Err(SendError::Closed) => return,
        }
    }
    while reply.send(id, &done(Reason::Stop, prompt.len())) == Err(SendError::Full) {
        thread::sleep(Duration::from_millis(1));
    }
}

pub fn done(reason: Reason, text_len: usize) -> Done {
    Done {
        reason,
        prompt_tokens: 1,
        output_tokens: 2,
        text_len: text_len as u32,
        queue_us: 3,
        prefill_us: 4,
        first_token_us: 5,
        total_us: 6,
    }
}

/// The answer to request `id`, and why it ended. Other requests' answers must not come meanwhile.
pub fn finish(client: &mut Client, id: u32) -> (String, Reason) {
    let mut answer = String::new();
    loop {
        match client.next_event(PATIENCE).expect("the link holds").expect("the answer goes on") {
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

    /// Reads the next good frame and hands it to `read` with its request's id.
    pub fn next<T>(&mut self, mut read: impl FnMut(u32, FromRuntime<'_>) -> T) -> T {
        loop {
            while !self.unread.is_empty() {
                let byte = self.unread.remove(0);
                if let Some(Ok(frame)) = self.decoder.push(byte) {
                    return read(frame.id, FromRuntime::parse(&frame).expect("a message"));
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
