use std::io::{IsTerminal, stdin, stdout};

use anyhow::{Context, Result, ensure};

use super::args::{Common, DemoArgs};
use super::beginning::begin_with;
use super::commands::read_set;
use super::interrupt::Interrupt;
use super::output;
use super::serve::SPARE;
use crate::commands::CommandSet;
use crate::demo::{Pace, SET, SET_ID, perform, screen, script};
use crate::links::LinkAddr;
use crate::runtime::{Commander, OpenOptions, Opened};

/// Sentences that are answered at once: the simulated rover's, and a real one's.
const PARALLEL: usize = 2;

/// How many times as fast as ours the rover's time goes by on a screen: nobody likes to wait for a rover.
const PACE: u32 = 3;

pub(super) fn run(common: &Common, args: &DemoArgs) -> Result<()> {
    ensure!(!args.link.contains(&LinkAddr::Stdio), "--link stdio: the demo needs the terminal itself");
    ensure!(
        has_screen() || args.link.is_empty(),
        "--link needs a terminal here; without one, use `qwark serve --commands commands/rover.toml --link LINK`"
    );
    let set = args.set.as_deref().map_or_else(|| Ok(CommandSet::parse(SET)?), read_set)?;
    ensure!(
        set.id() == SET_ID,
        "the simulated rover knows the commands of commands/rover.toml (id {SET_ID:#010x}), those of --set are others (id {:#010x})",
        set.id()
    );
    let file = common.map_to_run()?;
    let opened = Opened::new(file.mapping()).with_context(|| common.model_name())?;
    let mut runtime = opened.runtime(&OpenOptions { parallel: PARALLEL, spare: SPARE, ..common.open_options() })?;
    let commander = Commander::new(&runtime, set)?;
    begin_with(common, &mut runtime, &file, commander.beginning());
    let over = Interrupt::install(|| ())?.flag();

    let model = (opened.model.config.name.as_str(), file.mapping().len_bytes());
    if has_screen() {
        return perform(&mut runtime, &commander, model, &args.link, Pace::Times(PACE), &over, screen::play);
    }
    let play = |stage| script::play(stage, common.json, output::stream);
    perform(&mut runtime, &commander, model, &[], Pace::Free, &over, play)
}

/// Whether there is a terminal to draw on.
fn has_screen() -> bool {
    stdin().is_terminal() && stdout().is_terminal()
}
