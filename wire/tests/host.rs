//! The blocking client over a real socket whose other end closes it, goes away and comes back.
#![cfg(all(unix, feature = "host"))]

#[path = "common/mod.rs"]
mod common;
#[path = "client/runtime.rs"]
mod runtime;

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use qwark_wire::client::Question;
use qwark_wire::host::{Client, ClientError, ClientEvent, Config};
use qwark_wire::{Identify, Reason, Safety, SafetyState};

use crate::runtime::{Runtime, identify};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A runtime behind a socket, in a thread.
struct Served {
    path: PathBuf,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Runtime>>,
}

impl Served {
    /// Connection number `n` is closed after `closes[n]` bytes were sent on it.
    fn start(name: &str, mut runtime: Runtime, closes: &'static [usize]) -> Served {
        let path = std::env::temp_dir().join(format!("qwark-wire-{name}-{}.sock", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(&path).expect("a socket");
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut closes = closes.iter().copied().chain(std::iter::repeat(usize::MAX));
            while !stopped.load(Ordering::Relaxed) {
                let (stream, _) = listener.accept().expect("a client");
                serve(&stream, &mut runtime, closes.next().expect("there are more"), &stopped);
            }
            runtime
        });
        Served { path, stop, thread: Some(thread) }
    }

    fn connect(&self) -> Client<UnixStream> {
        let path = self.path.clone();
        Client::connect(&Config::named("test"), move || UnixStream::connect(&path), PATIENCE).expect("the runtime answers")
    }

    fn stop(mut self) -> Runtime {
        self.stop.store(true, Ordering::Relaxed);
        let _ = UnixStream::connect(&self.path);
        let _ = std::fs::remove_file(&self.path);
        self.thread.take().expect("once").join().expect("it ends well")
    }
}

fn serve(mut stream: &UnixStream, runtime: &mut Runtime, mut left: usize, stop: &AtomicBool) {
    let start = Instant::now();
    stream.set_read_timeout(Some(Duration::from_millis(2))).expect("a socket");
    let mut buffer = [0; 512];
    while !stop.load(Ordering::Relaxed) {
        match stream.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => runtime.receive(&buffer[..count], start.elapsed().as_millis() as u64),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => return,
        }
        for frame in runtime.transmit(start.elapsed().as_millis() as u64) {
            left = left.saturating_sub(frame.len());
            if left == 0 || stream.write_all(&frame).is_err() {
                return;
            }
        }
    }
}

/// The answer to request `id`, why it ended, and how often the link was lost before.
fn finish(client: &mut Client<UnixStream>, id: u32) -> (String, Reason, usize) {
    let (mut answer, mut lost) = (String::new(), 0);
    for event in client.events(PATIENCE) {
        match event {
            ClientEvent::Token { id: of, offset, text } => {
                assert_eq!((of, offset as usize), (id, answer.len()));
                answer += &text;
            }
            ClientEvent::Done { id: of, done } if of == id => return (answer, done.reason, lost),
            ClientEvent::Disconnected { .. } => lost += 1,
            ClientEvent::Connected { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    panic!("it ends without an end, after {answer:?}");
}

#[test]
fn an_answer_outlives_its_connections() {
    let served = Served::start("lost", Runtime::new(7), &[900, 400, 600]);
    let mut client = served.connect();
    assert_eq!(client.runtime().boot_id, 7);
    let prompt = "Was hier steht, kommt einmal an, wie oft die Verbindung auch abreißt. ".repeat(20);
    let id = client.ask(Question { window: 300, ..Question::new(prompt.clone().into_bytes()) }).expect("asked");
    assert_eq!(finish(&mut client, id), (prompt, Reason::Stop, 3));
    assert_eq!(client.losses().sessions, 4);
    drop(client);
    assert_eq!(served.stop().keys.len(), 1, "it was done once");
}

#[test]
fn stop_reset_and_arm_reach_the_runtime() {
    let served = Served::start("stop", Runtime::new(1), &[]);
    let mut client = served.connect();
    let until = |client: &mut Client<UnixStream>, state| {
        let event = client.next_event(PATIENCE).expect("it answers");
        assert_eq!(event, Some(ClientEvent::Safety(Safety { state, stop: 1 })));
    };
    client.emergency_stop();
    until(&mut client, SafetyState::Stopped);
    client.reset().expect("a runtime is known");
    until(&mut client, SafetyState::Disarmed);
    client.arm().expect("a runtime is known");
    until(&mut client, SafetyState::Armed);
    client.ping(3);
    assert_eq!(client.next_event(PATIENCE).expect("it answers"), Some(ClientEvent::Pong { nonce: 3 }));
    assert_eq!(client.next_event(Duration::from_millis(50)).expect("the link holds"), None);
    drop(client);
    served.stop();
}

#[test]
fn nobody_and_somebody_newer_are_errors() {
    let nowhere = || UnixStream::connect("/nonexistent/qwark.sock");
    let error = Client::connect(&Config::named("test"), nowhere, PATIENCE).err().expect("nobody is there");
    assert!(matches!(error, ClientError::Link(_)), "{error}");

    let (ours, _theirs) = UnixStream::pair().expect("a pair");
    let mut once = Some(ours);
    let open = move || once.take().ok_or(ErrorKind::NotFound.into());
    let error = Client::connect(&Config::named("test"), open, Duration::from_millis(300)).err().expect("nobody answers");
    assert!(matches!(error, ClientError::NoAnswer(_)), "{error}");

    let (ours, theirs) = UnixStream::pair().expect("a pair");
    let newer = std::thread::spawn(move || answer_hello(theirs, &Identify { version_min: 2, version_max: 2, ..identify() }));
    let mut once = Some(ours);
    let open = move || once.take().ok_or(ErrorKind::NotFound.into());
    let error = Client::connect(&Config::named("test"), open, PATIENCE).err().expect("it is too new");
    assert!(matches!(error, ClientError::Version(2, 2)), "{error}");
    newer.join().expect("it answered");
}

/// Answers one Hello with `identify`.
fn answer_hello(mut stream: UnixStream, identify: &Identify<'_>) {
    use qwark_wire::{Decoder, SMALL_FRAME, ToRuntime, encode_small};
    let (mut decoder, mut buffer, mut nonce) = (Decoder::<SMALL_FRAME>::new(), [0; 256], None);
    while nonce.is_none() {
        let count = stream.read(&mut buffer).expect("a Hello");
        decoder.push_all(&buffer[..count], |frame| match ToRuntime::parse(&frame.expect("whole")) {
            Ok(ToRuntime::Hello(hello)) => nonce = Some(hello.nonce),
            other => panic!("{other:?}"),
        });
    }
    let identify = Identify { client_nonce: nonce.expect("it came"), ..identify.clone() };
    stream.write_all(&encode_small(&identify, 0, 0).expect("it fits")).expect("it reads");
}
