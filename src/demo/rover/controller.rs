//! The rover's controller: it sends what it hears to the runtime, and does what comes back.

use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TryRecvError};
use qwark_wire::SafetyState;

use super::body::{Body, Happening, State, TICK};
use super::commands::{SET_ID, decode};
use crate::links::{Client, ClientError, ClientEvent, LinkAddr, Sentence};

/// How this rover introduces itself.
pub const NAME: &str = concat!("simulated rover ", env!("CARGO_PKG_VERSION"));

/// How long the runtime may take to answer the first Hello.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often the body is looked at, and how long events are waited for.
const LOOK: Duration = Duration::from_millis(20);

/// Simulated time that is caught up with at once: a computer that slept does not make the rover jump.
const MOST_TICKS: usize = 200;

/// What people do at the rover.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// They speak to it.
    Hear {
        /// What they say.
        sentence: String,
        /// They press the red button after so many simulated seconds of what comes of it, or when it comes to rest.
        stop_after: Option<f64>,
    },
    /// They press its red button.
    Stop,
    /// They pull the button out again.
    Rearm,
}

/// What is seen and heard of the rover.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// How it is now.
    State(Box<State>),
    /// Something happened.
    Happening(Happening),
    /// It could not ask: why.
    Failed(String),
    /// What the runtime says that it may do.
    Safety(SafetyState),
    /// Whether it hears from the runtime.
    Linked(bool),
    /// It has done all that it was told, and waits for no answer.
    Rest,
}

/// How fast simulated time goes by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// So many times as fast as time does.
    Times(u32),
    /// As fast as it can be computed, and not at all while there is nothing to do.
    Free,
}

/// A controller with its body.
pub struct Controller {
    client: Client,
    body: Body,
    pace: Pace,
    news: Sender<News>,
    /// Requests that have not ended.
    open: usize,
    /// When the button is pressed, in simulated time.
    stop_at: Option<f64>,
    /// A stop holds, from this rover's button or from elsewhere.
    is_stopped: bool,
    /// The button was pulled out: the runtime is to be armed as soon as it is reset.
    rearming: bool,
    rested: bool,
    /// Simulated time up to here was computed.
    clock: Instant,
}

impl Controller {
    /// Connects to the runtime at `link`.
    ///
    /// # Errors
    /// It does not answer.
    pub fn connect(link: &LinkAddr, pace: Pace, news: Sender<News>) -> Result<Controller, ClientError> {
        let client = Client::connect(link, NAME, PATIENCE)?;
        Ok(Controller {
            client,
            body: Body::default(),
            pace,
            news,
            open: 0,
            stop_at: None,
            is_stopped: false,
            rearming: false,
            rested: true,
            clock: Instant::now(),
        })
    }

    /// Works until nobody gives orders any more, or nobody wants news.
    ///
    /// # Errors
    /// The runtime speaks another version of the protocol by now.
    pub fn run(mut self, orders: &Receiver<Order>) -> Result<(), ClientError> {
        self.look_at_safety()?;
        loop {
            match orders.try_recv() {
                Ok(order) => {
                    self.obey(order)?;
                    continue;
                }
                Err(TryRecvError::Disconnected) => return Ok(()),
                Err(TryRecvError::Empty) => {}
            }
            let event = self.client.next_event(LOOK)?;
            if let Some(event) = event {
                self.hear(event)?;
            }
            self.live();
        }
    }

    fn obey(&mut self, order: Order) -> Result<(), ClientError> {
        match order {
            Order::Hear { sentence, stop_after } => {
                match self.client.command(&Sentence::new(SET_ID, &sentence)) {
                    Ok(_) => self.open += 1,
                    Err(error) => self.tell(News::Failed(error.to_string())),
                }
                self.rested = false;
                self.stop_at = stop_after.map(|seconds| self.body.state().time + seconds);
            }
            Order::Stop => self.stop(),
            Order::Rearm => {
                self.rearming = true;
                match self.client.safety().map(|safety| safety.state) {
                    Some(SafetyState::Disarmed) => self.client.arm()?,
                    _ => self.client.reset()?,
                }
            }
        }
        Ok(())
    }

    /// The motors stop first: that needs nobody.
    fn stop(&mut self) {
        self.body.halt();
        (self.is_stopped, self.stop_at) = (true, None);
        self.client.emergency_stop();
    }

    fn hear(&mut self, event: ClientEvent) -> Result<(), ClientError> {
        match event {
            ClientEvent::Command { bytes, .. } if !self.is_stopped => match decode(&bytes) {
                Ok(command) => self.body.take(&command),
                Err(error) => self.tell(News::Failed(format!("not a command of this rover: {error:?}"))),
            },
            ClientEvent::Done { .. } => self.open = self.open.saturating_sub(1),
            ClientEvent::Unanswered { .. } => {
                self.open = self.open.saturating_sub(1);
                self.tell(News::Failed("the runtime does not answer".to_owned()));
            }
            ClientEvent::Error { id, ends, message, .. } => {
                if id != 0 && ends {
                    self.open = self.open.saturating_sub(1);
                }
                self.tell(News::Failed(message));
            }
            ClientEvent::Safety(safety) => self.be_safe(safety.state)?,
            ClientEvent::Disconnected { .. } => self.tell(News::Linked(false)),
            ClientEvent::Connected { .. } => {
                self.tell(News::Linked(true));
                self.look_at_safety()?;
            }
            _ => {}
        }
        Ok(())
    }

    /// A runtime says what it may do when it is met, too.
    fn look_at_safety(&mut self) -> Result<(), ClientError> {
        self.client.safety().map_or(Ok(()), |safety| self.be_safe(safety.state))
    }

    /// What the runtime says that it may do: a stop from elsewhere stops this rover too.
    fn be_safe(&mut self, state: SafetyState) -> Result<(), ClientError> {
        match state {
            SafetyState::Stopped => {
                self.body.halt();
                self.is_stopped = true;
            }
            SafetyState::Disarmed if self.rearming => self.client.arm()?,
            SafetyState::Disarmed => {}
            _ => (self.is_stopped, self.rearming) = (false, false),
        }
        self.tell(News::Safety(state));
        Ok(())
    }

    /// Lets simulated time go by, and tells what came of it.
    fn live(&mut self) {
        let ticks = match self.pace {
            Pace::Times(times) => {
                let tick = Duration::from_secs_f64(TICK / f64::from(times));
                let due = (self.clock.elapsed().as_secs_f64() / tick.as_secs_f64()) as usize;
                self.clock = if due > MOST_TICKS { Instant::now() } else { self.clock + tick * due as u32 };
                due.min(MOST_TICKS)
            }
            Pace::Free => usize::MAX,
        };
        for _ in 0..ticks {
            if self.pace == Pace::Free && self.body.is_at_rest() {
                break;
            }
            if self.stop_at.is_some_and(|at| self.body.state().time >= at) {
                self.stop();
            }
            self.body.advance();
        }
        let happenings: Vec<Happening> = self.body.happenings().collect();
        happenings.into_iter().for_each(|happening| self.tell(News::Happening(happening)));
        let rests = self.open == 0 && self.body.is_at_rest();
        if rests && self.stop_at.is_some() {
            self.stop();
        }
        self.tell(News::State(Box::new(self.body.state().clone())));
        if rests && !std::mem::replace(&mut self.rested, true) {
            self.tell(News::Rest);
        }
    }

    /// Where nobody listens any more, the orders end too.
    fn tell(&self, news: News) {
        let _ = self.news.send(news);
    }
}
