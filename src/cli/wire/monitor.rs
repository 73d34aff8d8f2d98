use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use qwark_wire::{
    Decoder, FromRuntime, Hello, Identify, Message, Mirror, Monitor, SMALL_FRAME, Str, VERSION_MAX, VERSION_MIN, encode_small,
};

use super::heard::Heard;
use super::lines::Lines;
use crate::capture::Mirrors;
use crate::cli::args::{Common, MonitorArgs};
use crate::cli::interrupt::Interrupt;
use crate::links::{self, LinkAddr};

/// How this program introduces itself.
const NAME: &str = concat!("qwark wire ", env!("CARGO_PKG_VERSION"));

/// How long each wait is, between looks at Ctrl-C.
const TICK: Duration = Duration::from_millis(100);

/// Time between two Hellos, and between two attempts to reach a runtime that has gone.
const RETRY: Duration = Duration::from_millis(500);

/// Bytes read at once.
const READ_BUFFER: usize = 4096;

pub(super) fn run(common: &Common, args: &MonitorArgs) -> Result<()> {
    let lines = Lines { json: common.json };
    let interrupt = Interrupt::install(|| ())?;
    match (&args.link, &args.listen) {
        (Some(LinkAddr::Unix(path)), _) => watch(path, lines, &interrupt),
        (Some(other), _) => bail!("--link {other}: a runtime shows its traffic over a Unix socket only, unix:PATH"),
        (_, Some(LinkAddr::Serial { device, baud })) => listen(device, *baud, lines, &interrupt),
        (_, Some(other)) => bail!("--listen {other}: only a serial line can be listened to, serial:DEV[:BAUD]"),
        (None, None) => bail!("where? Name a runtime's socket with --link, or a serial line with --listen"),
    }
}

/// Prints what is heard on a serial line.
fn listen(device: &Path, baud: u32, lines: Lines, interrupt: &Interrupt) -> Result<()> {
    let name = device.display().to_string();
    let mut port = serialport::new(device.to_string_lossy(), baud).timeout(TICK).open_native().with_context(|| name.clone())?;
    let mut heard = Heard::new(lines, Some(Instant::now()));
    heard.read(&mut port, &name, || interrupt.is_set())?;
    heard.summary()
}

/// Prints what a runtime shows, over one connection after the other.
fn watch(path: &Path, lines: Lines, interrupt: &Interrupt) -> Result<()> {
    let name = path.display().to_string();
    let mut socket = Some(connect(path).with_context(|| name.clone())?);
    while !interrupt.is_set() {
        let Some(open) = socket.take() else {
            thread::sleep(RETRY);
            socket = connect(path).ok();
            continue;
        };
        match Watch::new(open, lines).run(interrupt) {
            Err(error) if error.downcast_ref().is_some_and(is_gone) => {
                lines.note(None, &format!("the link to {name} has gone; connecting again"), "disconnected", name.clone())?;
            }
            result => return result,
        }
    }
    Ok(())
}

fn connect(path: &Path) -> io::Result<UnixStream> {
    let socket = UnixStream::connect(path)?;
    socket.set_read_timeout(Some(TICK))?;
    Ok(socket)
}

/// Whether the other end went away, and may come back.
fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)
}

/// One connection to a runtime that shows its traffic.
struct Watch {
    socket: UnixStream,
    lines: Lines,
    sent: u16,
    /// Of the last Hello.
    nonce: u64,
    /// When the next Hello is due; none once one was answered.
    hello_at: Option<Instant>,
    mirrors: Mirrors,
}

impl Watch {
    fn new(socket: UnixStream, lines: Lines) -> Watch {
        Watch { socket, lines, sent: 0, nonce: 0, hello_at: Some(Instant::now()), mirrors: Mirrors::default() }
    }

    /// Prints what comes until an interrupt.
    fn run(mut self, interrupt: &Interrupt) -> Result<()> {
        let mut decoder = Decoder::<SMALL_FRAME>::new();
        let mut buffer = [0; READ_BUFFER];
        while !interrupt.is_set() {
            if self.hello_at.is_some_and(|at| at <= Instant::now()) {
                self.hello()?;
            }
            let count = match self.socket.read(&mut buffer) {
                Ok(0) => return Err(io::Error::from(ErrorKind::UnexpectedEof).into()),
                Ok(count) => count,
                Err(error) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock | ErrorKind::Interrupted) => continue,
                Err(error) => return Err(error.into()),
            };
            for &byte in &buffer[..count] {
                // A frame of a kind or version that is not known here is none of the few that are asked for.
                if let Some(Ok(frame)) = decoder.push(byte)
                    && let Ok(message) = FromRuntime::parse(&frame)
                {
                    self.take(&message)?;
                }
            }
        }
        Ok(())
    }

    fn hello(&mut self) -> Result<()> {
        self.hello_at = Some(Instant::now() + RETRY);
        self.nonce = links::random();
        let nonce = self.nonce;
        self.send(&Hello { version_min: VERSION_MIN, version_max: VERSION_MAX, client: 0, nonce, heartbeat_ms: 0, name: Str::cut(NAME) })
    }

    fn send(&mut self, message: &impl Message) -> Result<()> {
        let frame = encode_small(message, 0, self.sent)?;
        self.sent = self.sent.wrapping_add(1);
        Ok(self.socket.write_all(&frame)?)
    }

    fn take(&mut self, message: &FromRuntime<'_>) -> Result<()> {
        match message {
            FromRuntime::Identify(identify) if self.hello_at.is_some() && identify.client_nonce == self.nonce => self.begin(identify),
            FromRuntime::Mirror(mirror) => self.show(mirror),
            FromRuntime::Error(error) => bail!("the runtime refuses: {} ({:?})", error.message.get(), error.code),
            _ => Ok(()),
        }
    }

    /// The runtime is there: asks it for its traffic.
    fn begin(&mut self, identify: &Identify<'_>) -> Result<()> {
        self.hello_at = None;
        let model = identify.models.first().map_or("", |model| model.get());
        let text = format!("connected: boot {:#x}, model {}", identify.boot_id, model.escape_debug());
        self.lines.note(None, &text, "connected", identify.boot_id)?;
        self.send(&Monitor { on: true })
    }

    fn show(&mut self, mirror: &Mirror<'_>) -> Result<()> {
        let shown = self.mirrors.push(mirror);
        let dropped = self.mirrors.take_dropped();
        if dropped > 0 {
            let text = format!("{dropped} frames are not shown here: they came faster than they could be shown");
            self.lines.note(Some(mirror.at_us), &text, "dropped", dropped)?;
        }
        shown.map_or(Ok(()), |shown| self.lines.record(&shown.into()))
    }
}
