//! The session that is played where there is no terminal: the same runtime, line and rover, told in lines.

use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Result, bail};
use crossbeam_channel::{RecvTimeoutError, select};
use qwark_wire::SafetyState;
use serde_json::json;

use super::about;
use super::rover::body::{Happening, Pose, State};
use super::rover::{News, Order};
use super::stage::Stage;
use super::talk::{Change, End, Talk};
use crate::bench::Memory;

/// How long is waited, between looks at whether it is to end.
const TICK: Duration = Duration::from_millis(50);

/// What is done.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// A sentence is said.
    Say(&'static str),
    /// A sentence is said, and the red button is pressed after so many seconds of what comes of it.
    SayAndStop(&'static str, f64),
    /// The red button is pulled out.
    Rearm,
}

const STEPS: [Step; 10] = [
    Step::Say("go to the table and turn the light green"),
    Step::Say("look left and say hello"),
    Step::Say("turn left, go forward half a metre and open the gripper"),
    Step::Say("back up 30 cm slowly"),
    Step::Say("how much charge is left"),
    Step::Say("drive 40 metres ahead"),
    Step::SayAndStop("go to the kitchen", 4.0),
    Step::Say("turn left"),
    Step::Rearm,
    Step::Say("go back to the dock"),
];

/// Plays the session, and hands each line to `print`, in words or as JSON.
///
/// # Errors
/// What `print` says, or what failed.
pub fn play(stage: Stage, as_json: bool, print: impl Fn(&str) -> Result<()>) -> Result<()> {
    let about = &stage.about;
    let links: Vec<String> = about.links.iter().map(ToString::to_string).collect();
    let report = json!({ "model": about.model, "bytes": about.bytes, "commands": about.set.name(), "links": links });
    let telling = Telling { as_json, print };
    telling.line(report, || format!("Qwark: {}: {}, on {}", about::LONG, about::model(about), links.join(", ")))?;
    let mut play = Play { talk: Talk::new(about.set.clone()), state: None, safety: SafetyState::Armed, frames: [0; 2], stage, telling };
    STEPS.iter().try_for_each(|step| play.step(*step))?;
    play.summary()
}

/// Where lines go.
struct Telling<P> {
    as_json: bool,
    print: P,
}

impl<P: Fn(&str) -> Result<()>> Telling<P> {
    fn line(&self, json: serde_json::Value, words: impl FnOnce() -> String) -> Result<()> {
        (self.print)(&if self.as_json { format!("{json}\n") } else { words() + "\n" })
    }
}

struct Play<P> {
    stage: Stage,
    telling: Telling<P>,
    talk: Talk,
    state: Option<Box<State>>,
    safety: SafetyState,
    /// To the runtime, and from it.
    frames: [u64; 2],
}

impl<P: Fn(&str) -> Result<()>> Play<P> {
    fn step(&mut self, step: Step) -> Result<()> {
        match step {
            Step::Say(sentence) => {
                self.order(Order::Hear { sentence: sentence.to_owned(), stop_after: None });
                self.wait(|news| *news == News::Rest)?;
                self.state()
            }
            Step::SayAndStop(sentence, seconds) => {
                self.order(Order::Hear { sentence: sentence.to_owned(), stop_after: Some(seconds) });
                let (mut stopped, mut rests) = (false, false);
                self.wait(|news| {
                    stopped |= *news == News::Safety(SafetyState::Stopped);
                    rests |= *news == News::Rest;
                    stopped && rests
                })?;
                self.state()
            }
            Step::Rearm => {
                self.order(Order::Rearm);
                self.wait(|news| *news == News::Safety(SafetyState::Armed))
            }
        }
    }

    fn order(&self, order: Order) {
        // Where the rover is gone, waiting for it says so.
        let _ = self.stage.orders.send(order);
    }

    /// Tells what comes, up to the news that `until` waits for.
    fn wait(&mut self, mut until: impl FnMut(&News) -> bool) -> Result<()> {
        loop {
            // The runtime's frames are copied before the rover has them.
            let (news, frames) = (self.stage.news.clone(), self.stage.frames.clone());
            let news = select! {
                recv(frames) -> record => { record.map_or(Ok(()), |record| self.frame(&record))?; continue }
                recv(news) -> news => news.map_err(|_| RecvTimeoutError::Disconnected),
                default(TICK) => Err(RecvTimeoutError::Timeout),
            };
            while let Ok(record) = self.stage.frames.try_recv() {
                self.frame(&record)?;
            }
            match news {
                Ok(news) => {
                    let is_it = until(&news);
                    self.news(news)?;
                    if is_it {
                        return Ok(());
                    }
                }
                Err(RecvTimeoutError::Disconnected) => bail!("the simulated rover is gone"),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if self.stage.over.load(Ordering::Relaxed) {
                bail!("the session was interrupted");
            }
        }
    }

    fn frame(&mut self, record: &crate::capture::Record) -> Result<()> {
        self.frames[usize::from(record.sent)] += 1;
        let Some(change) = self.talk.note(record) else { return Ok(()) };
        let telling = &self.telling;
        match change {
            Change::Asked => {
                let Some(exchange) = self.talk.exchanges.last() else { return Ok(()) };
                telling.line(json!({ "sentence": exchange.sentence }), || format!("> {}", exchange.sentence))
            }
            Change::Said(number, which) => {
                let said = &self.talk.exchanges[number].commands[which];
                let command: serde_json::Value = serde_json::from_str(&said.json).unwrap_or_default();
                telling.line(json!({ "command": command, "ms": said.ms() }), || format!("{:8.1} ms  {}", said.ms(), said.json))
            }
            Change::Ended(number) => match &self.talk.exchanges[number].end {
                Some(End::Error(message)) => telling.line(json!({ "refused": message }), || format!("             refused: {message}")),
                _ => Ok(()),
            },
            Change::Safety(state) if state != self.safety => {
                self.safety = state;
                let name = about::safety(state);
                telling.line(json!({ "safety": name }), || format!("! {name}"))
            }
            Change::Safety(_) => Ok(()),
        }
    }

    fn news(&mut self, news: News) -> Result<()> {
        match news {
            News::State(state) => self.state = Some(state),
            News::Happening(happening) => {
                let words = about::happening(&happening);
                let json = match happening {
                    Happening::Blocked(left) => json!({ "blocked_m": left }),
                    Happening::Reading(reading) => json!({ "reading": reading }),
                    Happening::Refused(_) => json!({ "rover": words }),
                };
                self.telling.line(json, || format!("             rover: {words}"))?;
            }
            News::Linked(false) => bail!("the rover lost the runtime"),
            _ => {}
        }
        Ok(())
    }

    /// Where the rover is now.
    fn state(&self) -> Result<()> {
        let Some(state) = &self.state else { return Ok(()) };
        let Pose { at, heading } = state.pose;
        let json = json!({ "rover": { "x": at.x, "y": at.y, "heading": heading, "open": state.open, "time": state.time } });
        self.telling.line(json, || format!("             rover: {}", about::state(state)))
    }

    fn summary(&self) -> Result<()> {
        let exchanges = &self.talk.exchanges;
        let first = median(exchanges.iter().filter_map(|exchange| exchange.first_ms()));
        let speed = median(exchanges.iter().filter_map(|exchange| exchange.tokens_per_s()));
        let [to, from] = self.frames;
        let memory = Memory::now().rss_bytes;
        let json = json!({
            "sentences": exchanges.len(), "first_command_ms": first, "tokens_per_s": speed, "frames": { "to": to, "from": from }, "rss_bytes": memory,
        });
        self.telling.line(json, || {
            format!(
                "{} sentences: first command after {first:.1} ms, {speed:.0} tokens/s (medians); {to} frames to the runtime, {from} from it; {:.0} MB of memory",
                exchanges.len(),
                memory as f64 / 1e6
            )
        })
    }
}

/// The one in the middle; 0 of none.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
