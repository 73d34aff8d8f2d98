use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, ensure};
use crossbeam_channel::bounded;
use serde_json::json;

use super::args::{Common, ServeArgs};
use super::interrupt::Interrupt;
use super::output;
use crate::links::{self, Identity, LinkAddr};
use crate::runtime::{OpenOptions, Opened};
use crate::serve::{MAX_EVENTS, serve};

pub(super) fn run(common: &Common, args: &ServeArgs) -> Result<()> {
    ensure!(args.link.iter().filter(|link| **link == LinkAddr::Stdio).count() <= 1, "--link stdio: there is only one");
    let mapping = common.map_to_run()?;
    let opened = Opened::new(&mapping).with_context(|| common.model_name())?;
    let mut runtime = opened.runtime(&OpenOptions { sequences: args.parallel, ..common.open_options() })?;
    let interrupt = Interrupt::install(|| ())?;

    let options = runtime.engine().options();
    let identity = Identity {
        // Fresh random keys each time: all that a boot id needs is to differ from the last one.
        boot_id: RandomState::new().build_hasher().finish(),
        model: opened.model.config.name.clone(),
        context: options.context.try_into().unwrap_or(u32::MAX),
        max_parallel: options.sequences.try_into().unwrap_or(u16::MAX),
    };
    let (sender, events) = bounded(MAX_EVENTS);
    let close = Arc::new(AtomicBool::new(false));
    let links = links::serve(&args.link, identity, sender, Arc::clone(&close))?;

    for listening in links.listening() {
        let addr = &listening.client_addr;
        match addr {
            // Standard output carries frames and nothing else.
            _ if args.link.contains(&LinkAddr::Stdio) => output::note(&format!("listening on {addr}\n")),
            _ if common.json => output::json(&json!({ "listening": addr.to_string() }))?,
            _ => output::stream(&format!("listening on {addr}\n"))?,
        }
    }
    let result = serve(&mut runtime, &events, &interrupt.flag());
    // Readers may wait for room in the channel: without a receiver they see that it is over.
    drop(events);
    close.store(true, Ordering::Relaxed);
    links.join();
    Ok(result?)
}
