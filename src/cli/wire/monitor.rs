use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use qwark_wire::Key;
use qwark_wire::host::MirrorPiece;

use super::heard::Heard;
use super::lines::Lines;
use crate::capture::Mirrors;
use crate::cli::args::{Common, MonitorArgs};
use crate::cli::interrupt::Interrupt;
use crate::links::{Client, ClientEvent, LinkAddr, read_key};

/// How this program introduces itself.
const NAME: &str = concat!("qwark wire ", env!("CARGO_PKG_VERSION"));

/// How long each wait is, between looks at Ctrl-C.
const TICK: Duration = Duration::from_millis(100);

/// How long a runtime may take to answer at first.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) fn run(common: &Common, args: &MonitorArgs) -> Result<()> {
    let lines = Lines { json: common.json };
    let interrupt = Interrupt::install(|| ())?;
    match (&args.link, &args.listen) {
        (Some(link @ LinkAddr::Unix(_)), _) => watch(link, args.key.as_deref().map(read_key).transpose()?, lines, &interrupt),
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

/// Prints what a runtime shows, also of one that has restarted.
fn watch(link: &LinkAddr, key: Option<Key>, lines: Lines, interrupt: &Interrupt) -> Result<()> {
    let mut client = Client::connect_with(link, NAME, key, PATIENCE).with_context(|| link.to_string())?;
    let mut mirrors = Mirrors::default();
    ask(&mut client);
    while !interrupt.is_set() {
        match client.next_event(TICK).with_context(|| link.to_string())? {
            Some(ClientEvent::Connected { .. }) => ask(&mut client),
            // What it was asked before that is in force.
            Some(ClientEvent::Pong { .. }) => {
                let info = client.runtime();
                let model = info.models.first().map_or("", String::as_str);
                let text = format!("connected: boot {:#x}, model {}", info.boot_id, model.escape_debug());
                lines.note(None, &text, "connected", info.boot_id)?;
            }
            Some(ClientEvent::Disconnected { cause }) => {
                let text = format!("the link to {link} is lost ({cause}); trying again");
                lines.note(None, &text, "disconnected", link.to_string())?;
            }
            Some(ClientEvent::Mirror(piece)) => show(&mut mirrors, &piece, lines)?,
            Some(ClientEvent::Error { code, message, .. }) => bail!("{link}: the runtime refuses: {message} ({code:?})"),
            _ => {}
        }
    }
    Ok(())
}

/// Asks for all traffic, and to be told when that has been heard.
fn ask(client: &mut Client) {
    client.monitor(true);
    client.ping(0);
}

fn show(mirrors: &mut Mirrors, piece: &MirrorPiece, lines: Lines) -> Result<()> {
    let shown = mirrors.push(piece);
    let dropped = mirrors.take_dropped();
    if dropped > 0 {
        let text = format!("{dropped} frames are not shown here: they came faster than they could be shown");
        lines.note(Some(piece.at_us), &text, "dropped", dropped)?;
    }
    shown.map_or(Ok(()), |shown| lines.record(&shown.into()))
}
