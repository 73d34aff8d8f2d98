//! How long an emergency stop and a cancel take in the middle of a prompt, when the model computes as hard as it can.
//!
//!     cargo run --release --example stop_latency -- MODEL.gguf [--count N] [--threads N] [--json]
//!
//! A runtime serves a Unix socket; a client on it asks a question with a prompt of 512 tokens, and at a random moment of the prompt's work
//! sends an EStop or a Cancel. What counts is the time from writing that frame to the arrival of the Safety, or of the Done, that answers it.
//! A measurement that came too early or too late (the work had not begun, or a token was there) is made again.

use std::collections::VecDeque;
use std::error::Error;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use qwark::gguf::Mapping;
use qwark::links::{self, Identity, LinkAddr, Setup, random};
use qwark::runtime::{OpenOptions, Opened};
use qwark::serve::{MAX_EVENTS, serve};
use qwark_wire::{
    Arm, Bytes, Cancel, Crc32c, Decoder, Done, EStop, ErrorCode, Form, FromRuntime, Generate, Hello, MAX_FRAME, Message, Reason, Reset,
    SMALL_FRAME, Safety, SafetyState, Sampling, Str, VERSION_MAX, VERSION_MIN, encode, max_encoded,
};

/// Tokens of the prompt, at least.
const PROMPT_TOKENS: u32 = 512;

/// Tokens of the answer: the measured requests never get there.
const ANSWER_TOKENS: u32 = 2;

/// Nothing here takes longer on any board that is fit for the job.
const PATIENCE: Duration = Duration::from_secs(120);

/// How often a measurement is tried again before the program gives up.
const TRIES: usize = 20;

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse(std::env::args().skip(1))?;
    let start = Instant::now();
    let mapping = Mapping::open(&options.model)?;
    let opened = Opened::new(&mapping)?;
    let mut runtime = opened.runtime(&OpenOptions { threads: options.threads, ..OpenOptions::default() })?;

    let context = runtime.engine().options().context as u32;
    let identity = Identity { boot_id: random(), model: opened.model.config.name.clone(), context, max_parallel: 1, commands: None };
    let path = std::env::temp_dir().join(format!("qwark-stop-latency-{}.sock", std::process::id()));
    let setup = Setup::new(identity, runtime.control().clone());
    let (sender, events) = crossbeam_channel::bounded(MAX_EVENTS);
    let stop = Arc::new(AtomicBool::new(false));
    let links = links::serve(&[LinkAddr::Unix(path.clone()).into()], setup, sender, Arc::clone(&stop))?;
    let result = std::thread::scope(|scope| {
        let client = scope.spawn(|| {
            let result = measure(&path, &options).map_err(|error| error.to_string());
            stop.store(true, Ordering::Relaxed);
            result
        });
        let served = serve(&mut runtime, None, &events, &stop, start).map_err(|error| error.to_string());
        let measured = client.join().unwrap_or_else(|_| Err("the client panicked".to_owned()));
        served.and(measured)
    });
    drop(events);
    links.join();
    Ok(result?)
}

/// The command line.
struct Options {
    model: PathBuf,
    count: usize,
    threads: Option<usize>,
    json: bool,
}

impl Options {
    fn parse(mut args: impl Iterator<Item = String>) -> Result<Options, Box<dyn Error>> {
        let (mut model, mut count, mut threads, mut json) = (None, 200, None, false);
        while let Some(arg) = args.next() {
            let mut number = || args.next().ok_or(format!("{arg} needs a number"))?.parse().map_err(|_| format!("{arg} needs a number"));
            match arg.as_str() {
                "--count" => count = number()?,
                "--threads" => threads = Some(number()?),
                "--json" => json = true,
                _ => model = Some(PathBuf::from(arg)),
            }
        }
        Ok(Options { model: model.ok_or("which model?")?, count, threads, json })
    }
}

/// What ends the prompt's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Stop,
    Cancel,
}

fn measure(path: &std::path::Path, options: &Options) -> Result<(), Box<dyn Error>> {
    let mut client = Client::connect(path)?;
    let (words, prefill, tokens) = client.calibrate()?;
    let mut times = Vec::new();
    for end in [End::Stop, End::Cancel] {
        let measured: Result<Vec<Duration>, _> = (0..options.count).map(|_| client.interrupted(end, words, prefill)).collect();
        let mut measured = measured?;
        measured.sort_unstable();
        times.push(measured);
    }
    report(&times, tokens, prefill, options.json);
    Ok(())
}

fn report(times: &[Vec<Duration>], tokens: u32, prefill: Duration, json: bool) {
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    if json {
        let figures = |times: &[Duration]| {
            serde_json::json!({
                "count": times.len(), "median_ms": ms(quantile(times, 50)), "p99_ms": ms(quantile(times, 99)), "max_ms": ms(quantile(times, 100)),
            })
        };
        let report = serde_json::json!({
            "prompt_tokens": tokens, "prefill_ms": ms(prefill), "stop": figures(&times[0]), "cancel": figures(&times[1]),
        });
        println!("{report}");
        return;
    }
    println!("in the middle of a prompt of {tokens} tokens that takes {:.0} ms:", ms(prefill));
    for (what, times) in ["EStop to Safety", "Cancel to Done"].into_iter().zip(times) {
        let (median, p99, max) = (ms(quantile(times, 50)), ms(quantile(times, 99)), ms(quantile(times, 100)));
        println!("{what:<16} median {median:7.2} ms   99 % within {p99:7.2} ms   worst {max:7.2} ms   ({} times)", times.len());
    }
}

/// The smallest of the sorted `times` that `percent` of 100 do not exceed.
fn quantile(times: &[Duration], percent: usize) -> Duration {
    times.get((times.len() * percent).div_ceil(100).saturating_sub(1)).copied().unwrap_or_default()
}

/// A message of the runtime, as far as it is looked at.
enum Said {
    Safety(Safety),
    Token,
    Done(Done),
    Error(String),
}

/// A client with nothing between it and the socket.
struct Client {
    socket: UnixStream,
    decoder: Decoder<SMALL_FRAME>,
    said: VecDeque<(u32, Said)>,
    seq: u16,
    last_id: u32,
}

impl Client {
    fn connect(path: &std::path::Path) -> Result<Client, Box<dyn Error>> {
        let socket = UnixStream::connect(path)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        let mut client = Client { socket, decoder: Decoder::new(), said: VecDeque::new(), seq: 0, last_id: 0 };
        let name = Str::cut("stop_latency");
        let hello = Hello { version_min: VERSION_MIN, version_max: VERSION_MAX, client: 0, nonce: 1, heartbeat_ms: 0, name };
        client.send(&hello, 0)?;
        Ok(client)
    }

    fn send(&mut self, message: &impl Message, id: u32) -> Result<(), Box<dyn Error>> {
        let mut out = [0; max_encoded(MAX_FRAME)];
        let frame = encode(message, id, self.seq, &mut out)?;
        self.seq = self.seq.wrapping_add(1);
        Ok(self.socket.write_all(frame)?)
    }

    /// What the runtime says next, and about which request.
    fn next(&mut self) -> Result<(u32, Said), Box<dyn Error>> {
        loop {
            match self.said.pop_front() {
                Some((_, Said::Error(message))) => return Err(message.into()),
                Some(said) => return Ok(said),
                None => {}
            }
            let mut buffer = [0; 4096];
            let count = self.socket.read(&mut buffer)?;
            if count == 0 {
                return Err("the runtime has closed the link".into());
            }
            let Client { decoder, said, .. } = self;
            decoder.push_all(&buffer[..count], |outcome| {
                let Ok(frame) = outcome else { return };
                let message = match FromRuntime::parse(&frame) {
                    Ok(FromRuntime::Safety(safety)) => Said::Safety(safety),
                    Ok(FromRuntime::Token(_)) => Said::Token,
                    Ok(FromRuntime::Done(done)) => Said::Done(done),
                    // A Cancel that came after the end: that is measured again.
                    Ok(FromRuntime::Error(error)) if error.code == ErrorCode::UnknownId => return,
                    Ok(FromRuntime::Error(error)) => Said::Error(error.message.get().to_owned()),
                    Ok(_) => return,
                    Err(error) => Said::Error(error.to_string()),
                };
                said.push_back((frame.id, message));
            });
        }
    }

    /// Asks a question of `words` words that nobody asked before, so that no cache has any of it. Gives its id.
    fn ask(&mut self, words: usize) -> Result<u32, Box<dyn Error>> {
        let prompt: String = (0..words).map(|_| format!(" {}", random() % 1000)).collect();
        let prompt = prompt.as_bytes();
        self.last_id += 1;
        let mut crc = Crc32c::new();
        crc.update(prompt);
        let question = Generate {
            sampling: Sampling { max_tokens: ANSWER_TOKENS, ..Sampling::default() },
            form: Form::Raw,
            prompt_len: prompt.len() as u32,
            text_crc: crc.value(),
            text: Bytes::new(prompt).ok_or("the prompt is too long for one frame")?,
            ..Generate::default()
        };
        self.send(&question, self.last_id)?;
        Ok(self.last_id)
    }

    /// Waits for the end of request `id`. Says whether there was a token before it.
    fn done(&mut self, id: u32) -> Result<(Done, bool), Box<dyn Error>> {
        let mut tokens = false;
        loop {
            match self.next()? {
                (of, Said::Done(done)) if of == id => return Ok((done, tokens)),
                (of, Said::Token) if of == id => tokens = true,
                _ => {}
            }
        }
    }

    /// How many words a prompt of [`PROMPT_TOKENS`] needs, how long the work on it takes, and how many tokens it has.
    fn calibrate(&mut self) -> Result<(usize, Duration, u32), Box<dyn Error>> {
        let mut words = PROMPT_TOKENS as usize / 4;
        loop {
            let id = self.ask(words)?;
            let (done, _) = self.done(id)?;
            if done.prompt_tokens >= PROMPT_TOKENS {
                return Ok((words, Duration::from_micros(done.prefill_us), done.prompt_tokens));
            }
            words += (words * (PROMPT_TOKENS - done.prompt_tokens) as usize).div_ceil(done.prompt_tokens.max(1) as usize);
        }
    }

    /// Sends `end` in the middle of a prompt's work. Gives how long its answer took.
    fn interrupted(&mut self, end: End, words: usize, prefill: Duration) -> Result<Duration, Box<dyn Error>> {
        for _ in 0..TRIES {
            let id = self.ask(words)?;
            // Between a twentieth and nine tenths of the way through.
            std::thread::sleep(prefill * (50 + random() % 850) as u32 / 1000);
            let sent = Instant::now();
            let (took, reason) = match end {
                End::Stop => {
                    self.send(&EStop {}, 0)?;
                    let safety = self.safety(SafetyState::Stopped)?;
                    (Some((sent.elapsed(), safety.stop)), Reason::Stopped)
                }
                End::Cancel => {
                    self.send(&Cancel {}, id)?;
                    (None, Reason::Cancelled)
                }
            };
            let (done, tokens) = self.done(id)?;
            let all = sent.elapsed();
            if let Some((_, stop)) = took {
                self.arm(stop)?;
            }
            // In the middle of it: begun, and no token there yet.
            if done.reason == reason && done.output_tokens == 0 && !tokens && done.prefill_us > 0 {
                return Ok(took.map_or(all, |(time, _)| time));
            }
        }
        Err(format!("{end:?} never came in the middle of a prompt").into())
    }

    /// Waits until the runtime says that it is in `state`. What it says of requests meanwhile is kept.
    fn safety(&mut self, state: SafetyState) -> Result<Safety, Box<dyn Error>> {
        let mut others = Vec::new();
        loop {
            match self.next()? {
                (_, Said::Safety(safety)) if safety.state == state => {
                    self.said.extend(others);
                    return Ok(safety);
                }
                other => others.push(other),
            }
        }
    }

    /// Ends stop number `stop`, and lets the runtime generate again.
    fn arm(&mut self, stop: u32) -> Result<(), Box<dyn Error>> {
        self.send(&Reset { stop }, 0)?;
        self.safety(SafetyState::Disarmed)?;
        self.send(&Arm { stop }, 0)?;
        self.safety(SafetyState::Armed)?;
        Ok(())
    }
}
