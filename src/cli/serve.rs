use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Error, Result, bail, ensure};
use crossbeam_channel::bounded;
use serde_json::{Value, json};

use super::args::{Common, ServeArgs};
use super::beginning::begin_with;
use super::commands::read_set_with_text;
use super::interrupt::Interrupt;
use super::output;
use crate::capture::{Header, Record, Settings, VERSION, Writer};
use crate::gguf::Mapping;
use crate::links::{self, Access, Crossed, Identity, LinkAddr, Recorder, Setup, Wanted, read_key};
use crate::runtime::{Commander, OpenOptions, Opened, Runtime};
use crate::serve::{MAX_EVENTS, serve};

/// Requests whose keys and values are kept while a more important one takes their place.
pub(super) const SPARE: usize = 1;

pub(super) fn run(common: &Common, args: &ServeArgs) -> Result<()> {
    let start = Instant::now();
    ensure!(args.link.iter().filter(|link| **link == LinkAddr::Stdio).count() <= 1, "--link stdio: there is only one");
    let wanted = wanted(args)?;
    let set = args.commands.as_deref().map(read_set_with_text).transpose()?;
    // Before a model is packed for it.
    set.iter().try_for_each(|(set, _)| links::check_fits(set).map_err(Error::from).and_then(|()| common.check_set(set)))?;
    let file = common.map_to_run()?;
    let opened = Opened::new(file.mapping()).with_context(|| common.model_name())?;
    let mut runtime = opened.runtime(&OpenOptions { parallel: args.parallel, spare: SPARE, ..common.open_options() })?;
    let commander = set.as_ref().map(|(set, _)| Commander::new(&runtime, set.clone())).transpose()?;
    if let Some(commander) = &commander {
        begin_with(common, &mut runtime, &file, commander.beginning());
    }
    let interrupt = Interrupt::install(|| ())?;
    if let Some(commander) = &commander {
        commander.explore(&runtime);
    }

    let identity = Identity {
        boot_id: links::random(),
        model: opened.model.config.name.clone(),
        context: runtime.engine().options().context.try_into().unwrap_or(u32::MAX),
        max_parallel: runtime.parallel().try_into().unwrap_or(u16::MAX),
        commands: commander.as_ref().map(|commander| Arc::new(commander.set().clone())),
    };
    let access = Access { mode: args.socket_mode, users: (!args.allow_user.is_empty()).then(|| args.allow_user.clone()) };
    let recording =
        args.record.as_ref().map(|path| record(path, &identity, &runtime, file.mapping(), set.map(|(_, text)| text))).transpose()?;
    let setup = Setup { access, recorder: recording.clone().map(recorder), start, ..Setup::new(identity, runtime.control().clone()) };
    let (sender, events) = bounded(MAX_EVENTS);
    let close = Arc::new(AtomicBool::new(false));
    let links = links::serve(&wanted, setup, sender, Arc::clone(&close))?;

    for listening in links.listening() {
        let addr = &listening.client_addr;
        let report = json!({ "listening": addr.to_string() });
        say(common, args, &report, &format!("listening on {addr}\n"))?;
    }
    if let Some(commander) = &commander {
        let set = commander.set();
        let (name, id) = (set.name(), format!("{:#010x}", set.id()));
        let report = json!({ "commands": name, "id": id });
        say(common, args, &report, &format!("serving the command set {name}, id {id}\n"))?;
    }
    let result = serve(&mut runtime, commander.as_ref(), &events, &interrupt.flag(), start);
    // Readers may wait for room in the channel: without a receiver they see that it is over.
    drop(events);
    close.store(true, Ordering::Relaxed);
    links.join();
    result?;
    if let Some(writer) = recording {
        ensure!(writer.is_recording(), "--record {}: the recording ended before the runtime did, as the log says", writer.path());
    }
    Ok(())
}

/// Says something about the runtime, in words or as JSON. Where standard output is a link, it carries frames and nothing else.
fn say(common: &Common, args: &ServeArgs, report: &Value, words: &str) -> Result<()> {
    if args.link.contains(&LinkAddr::Stdio) {
        output::note(words);
        return Ok(());
    }
    if common.json { output::json(report) } else { output::stream(words) }
}

/// The links with their keys.
fn wanted(args: &ServeArgs) -> Result<Vec<Wanted>> {
    let mut wanted: Vec<Wanted> = args.link.iter().cloned().map(Wanted::from).collect();
    for of in &args.key {
        let Some(link) = wanted.iter_mut().find(|wanted| wanted.addr == of.link) else {
            bail!("--key {}: there is no --link of that name", of.link);
        };
        link.key = Some(read_key(&of.file)?);
    }
    Ok(wanted)
}

/// Writes every frame down in a new file.
fn record(path: &Path, identity: &Identity, runtime: &Runtime<'_>, mapping: &Mapping, commands: Option<String>) -> Result<Writer> {
    let options = runtime.engine().options();
    let header = Header {
        qwark_capture: VERSION,
        boot_id: identity.boot_id,
        model: identity.model.clone(),
        model_sha256: output::model_sha256(mapping),
        settings: Settings {
            kv: options.kv.to_string(),
            context: options.context,
            parallel: runtime.parallel(),
            isa: options.kernels.isa().to_string(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            commands,
        },
    };
    let writer = Writer::create(path, &header).with_context(|| format!("--record {}", path.display()))?;
    if Path::new(writer.path()) != path {
        output::note(&format!("{} is there already: recording to {}\n", path.display(), writer.path()));
    }
    Ok(writer)
}

/// What the links hand their frames to.
fn recorder(writer: Writer) -> Recorder {
    Box::new(move |Crossed { at_us, connection, client, sent, frame }| {
        writer.record(Record { t_us: at_us, connection, client, sent, frame: frame.to_vec() });
    })
}
