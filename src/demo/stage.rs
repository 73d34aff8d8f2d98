//! Runtime, links and rover, put up for whoever plays.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, anyhow};
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use super::rover::{Controller, News, Order, Pace};
use crate::capture::Record;
use crate::commands::CommandSet;
use crate::links::{self, Crossed, Identity, LinkAddr, Recorder, Setup, Wanted};
use crate::runtime::{Commander, Runtime};
use crate::serve::{MAX_EVENTS, serve};

/// What the one who plays may say about it.
#[derive(Clone, Debug)]
pub struct About {
    /// The model's name.
    pub model: String,
    /// Bytes of the model.
    pub bytes: u64,
    /// The served set.
    pub set: Arc<CommandSet>,
    /// The rover's link, and those that are served besides.
    pub links: Vec<LinkAddr>,
    /// How fast the rover's time goes by.
    pub pace: Pace,
}

/// Everything that can be done and seen.
pub struct Stage {
    /// What it is.
    pub about: About,
    /// To the rover.
    pub orders: Sender<Order>,
    /// From the rover.
    pub news: Receiver<News>,
    /// Copies of all frames.
    pub frames: Receiver<Record>,
    /// It is to end.
    pub over: Arc<AtomicBool>,
}

/// Serves `links`, and a pseudo-terminal with a simulated rover at its other end, for as long as `play` takes and `over` is not set.
///
/// # Errors
/// A link cannot be opened, or what `play` says.
pub fn perform(
    runtime: &mut Runtime<'_>,
    commander: &Commander,
    (model, bytes): (&str, u64),
    links: &[LinkAddr],
    pace: Pace,
    over: &Arc<AtomicBool>,
    play: impl FnOnce(Stage) -> Result<()> + Send,
) -> Result<()> {
    let start = Instant::now();
    let set = Arc::new(commander.set().clone());
    let identity = Identity {
        boot_id: links::random(),
        model: model.to_owned(),
        context: runtime.engine().options().context.try_into().unwrap_or(u32::MAX),
        max_parallel: runtime.parallel().try_into().unwrap_or(u16::MAX),
        commands: Some(Arc::clone(&set)),
    };
    let ((copy, frames), (sender, events)) = (unbounded(), bounded(MAX_EVENTS));
    let setup = Setup { recorder: Some(recorder(copy)), start, ..Setup::new(identity, runtime.control().clone()) };
    let wanted: Vec<Wanted> = [LinkAddr::Pty].iter().chain(links).cloned().map(Wanted::from).collect();
    let close = Arc::new(AtomicBool::new(false));
    let serving = links::serve(&wanted, setup, sender, Arc::clone(&close))?;
    let links: Vec<LinkAddr> = serving.listening().iter().map(|listening| listening.client_addr.clone()).collect();
    let line = links[0].clone();

    let ((orders, ordered), (tell, news)) = (unbounded(), unbounded());
    let stage = Stage { about: About { model: model.to_owned(), bytes, set, links, pace }, orders, news, frames, over: Arc::clone(over) };
    let result = thread::scope(|scope| {
        let rover = scope.spawn(move || Controller::connect(&line, pace, tell)?.run(&ordered));
        let played = scope.spawn(move || {
            // Also when it panics.
            let _over = Over(Arc::clone(&stage.over));
            play(stage)
        });
        let served = serve(runtime, Some(commander), &events, over, start).context("the runtime failed");
        over.store(true, Ordering::Relaxed);
        let played = played.join().unwrap_or_else(|_| Err(anyhow!("the demo failed")));
        let drove = rover.join().map_or_else(|_| Err(anyhow!("the simulated rover failed")), |drove| drove.context("the simulated rover"));
        served.and(drove).and(played)
    });
    drop(events);
    close.store(true, Ordering::Relaxed);
    serving.join();
    result
}

/// Ends the performance when it is dropped.
struct Over(Arc<AtomicBool>);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Copies frames to `copy`, while somebody takes them there.
fn recorder(copy: Sender<Record>) -> Recorder {
    Box::new(move |Crossed { at_us, connection, client, sent, frame }| {
        let _ = copy.send(Record { t_us: at_us, connection, client, sent, frame: frame.to_vec() });
    })
}
