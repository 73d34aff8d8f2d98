//! The server: events of the links into the runtime, its replies back to the clients.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use hashbrown::HashMap;
use qwark_wire::{Done, ErrorCode, Form, Thinking};

use crate::chat::{Chat, Message, Role};
use crate::engine::BatchError;
use crate::generation::GenerationParams;
use crate::links::{self, LinkEvent, ReplySender, SendError, What};
use crate::runtime::{Prompt, Reply, Request, RequestError, Runtime};
use crate::scheduler::{ClientId, Refusal, RequestKey};

/// Events that wait for the engine at most; links wait behind that.
pub const MAX_EVENTS: usize = 256;

/// How long the server sleeps where nothing can be computed, before it looks at the stop flag and at slow clients again.
const TICK: Duration = Duration::from_millis(20);

/// Replies kept for a client whose queue is full. A client that lets more pile up does not read at all.
const MAX_BACKLOG: usize = 1024;

/// Serves requests until `stop` is set, or until all links have closed by themselves. Clients whose requests are not answered by
/// then are told that the runtime stops.
///
/// # Errors
/// None in a sound program; see [`Runtime::step`].
pub fn serve(runtime: &mut Runtime<'_>, events: &Receiver<LinkEvent>, stop: &AtomicBool) -> Result<(), BatchError> {
    let mut server = Server { runtime, clients: HashMap::new(), outgoing: Vec::new() };
    let mut worked = true;
    while !stop.load(Ordering::Relaxed) {
        if !worked {
            match events.recv_timeout(TICK) {
                Ok(event) => server.take(event),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        // No more than wait now: a client that never stops sending must not keep the others' steps from being computed.
        events.try_iter().take(MAX_EVENTS).for_each(|event| server.take(event));
        server.deliver();
        worked = server.step()?;
    }
    server.end(events);
    Ok(())
}

struct Server<'r, 'm> {
    runtime: &'r mut Runtime<'m>,
    clients: HashMap<ClientId, Client>,
    /// What the event or step at hand has to say.
    outgoing: Vec<Outgoing>,
}

/// What a client is told about a request.
enum Outgoing {
    Reply(Reply),
    /// The request was refused, which is all that is said about it.
    Refused(RequestKey, RequestError),
    /// The request ends because the runtime does.
    Stopping(RequestKey),
}

impl Outgoing {
    fn key(&self) -> RequestKey {
        match self {
            Outgoing::Reply(reply) => reply.key(),
            Outgoing::Refused(key, _) | Outgoing::Stopping(key) => *key,
        }
    }
}

/// A connected client.
struct Client {
    sender: ReplySender,
    /// Replies that found its queue full, in order.
    backlog: VecDeque<Outgoing>,
}

impl Server<'_, '_> {
    fn take(&mut self, event: LinkEvent) {
        let client = event.client;
        match event.what {
            What::Connected(sender) => {
                self.clients.insert(client, Client { sender, backlog: VecDeque::new() });
            }
            What::Generate { id, request, received } => {
                let key = RequestKey { client, id };
                if let Err(error) = self.runtime.submit(key, &translate(request), received) {
                    self.outgoing.push(Outgoing::Refused(key, error));
                }
            }
            What::Cancel { id } => {
                let outgoing = &mut self.outgoing;
                self.runtime.cancel(RequestKey { client, id }, Instant::now(), &mut |reply| outgoing.push(Outgoing::Reply(reply)));
            }
            What::BadFrame(fault) => log::debug!("client {}: {fault}", client.0),
            What::Disconnected => {
                self.runtime.disconnect(client, Instant::now());
                self.clients.remove(&client);
            }
        }
        self.deliver();
    }

    fn step(&mut self) -> Result<bool, BatchError> {
        let Server { runtime, clients, outgoing } = self;
        let ready = |client| clients.get(&client).is_some_and(|c: &Client| c.backlog.is_empty() && c.sender.has_room());
        let worked = runtime.step(ready, &mut |reply| outgoing.push(Outgoing::Reply(reply)))?;
        self.deliver();
        Ok(worked)
    }

    /// Ends every request, those that are still on their way here among them.
    fn end(&mut self, events: &Receiver<LinkEvent>) {
        let outgoing = &mut self.outgoing;
        self.runtime.cancel_all(Instant::now(), &mut |reply| {
            outgoing.push(match reply {
                Reply::Done { finished, .. } => Outgoing::Stopping(finished.key),
                text @ Reply::Text { .. } => Outgoing::Reply(text),
            });
        });
        for LinkEvent { client, what } in events.try_iter() {
            if let What::Generate { id, .. } = what {
                outgoing.push(Outgoing::Stopping(RequestKey { client, id }));
            }
        }
        self.deliver();
    }

    /// Queues every reply that its client has room for; the others wait in order.
    fn deliver(&mut self) {
        for outgoing in self.outgoing.drain(..) {
            let id = outgoing.key().client;
            // A client that is gone is told nothing.
            let Some(client) = self.clients.get_mut(&id) else { continue };
            if client.backlog.len() < MAX_BACKLOG {
                client.backlog.push_back(outgoing);
            } else {
                // A reply left out would be an answer that never ends: better no session than that.
                log::warn!("client {} does not read: its session ends", id.0);
                client.sender.close();
                client.backlog.clear();
                self.runtime.disconnect(id, Instant::now());
            }
        }
        for client in self.clients.values_mut() {
            while let Some(outgoing) = client.backlog.front() {
                if send(&client.sender, outgoing) == Err(SendError::Full) {
                    break;
                }
                client.backlog.pop_front();
            }
        }
    }
}

fn send(sender: &ReplySender, outgoing: &Outgoing) -> Result<(), SendError> {
    let id = outgoing.key().id;
    match outgoing {
        Outgoing::Refused(_, error) => sender.send_error(id, code(error), &error.to_string()),
        Outgoing::Stopping(_) => sender.send_error(id, ErrorCode::Stopping, "the runtime stops"),
        Outgoing::Reply(Reply::Text { offset, text, .. }) => sender.send_text(id, *offset as u32, text),
        Outgoing::Reply(Reply::Done { finished, text_bytes }) => {
            let timings = finished.timings;
            let micros = |time: Duration| time.as_micros() as u64;
            let done = Done {
                reason: finished.reason,
                prompt_tokens: finished.prompt_tokens as u32,
                output_tokens: finished.output_tokens as u32,
                text_len: *text_bytes as u32,
                queue_us: micros(timings.queue),
                prefill_us: micros(timings.prefill),
                first_token_us: micros(timings.first_token),
                total_us: micros(timings.total),
            };
            sender.send(id, &done)
        }
    }
}

fn code(error: &RequestError) -> ErrorCode {
    match error {
        RequestError::Refused(Refusal::DuplicateId(_)) => ErrorCode::IdInUse,
        RequestError::Refused(Refusal::PromptTooLong { .. }) => ErrorCode::TooLong,
        RequestError::Refused(Refusal::Busy(_)) => ErrorCode::Busy,
        RequestError::Refused(Refusal::EmptyPrompt) | RequestError::Sampling(_) | RequestError::Token { .. } | RequestError::NoTokens => {
            ErrorCode::Parameter
        }
        RequestError::Chat(_) => ErrorCode::Internal,
    }
}

/// A request as the wire has it, as the runtime takes it.
fn translate(request: links::Request) -> Request {
    let links::Request { sampling, form, thinking, system, prompt, stops } = request;
    let prompt = match form {
        Form::Raw => Prompt::Raw(prompt),
        Form::Chat => {
            let system = system.map(|text| Message::new(Role::System, text));
            let messages = system.into_iter().chain([Message::new(Role::User, prompt)]).collect();
            let enable_thinking = match thinking {
                Thinking::Default => None,
                Thinking::Off => Some(false),
                Thinking::On => Some(true),
            };
            Prompt::Chat(Chat { enable_thinking, ..Chat::new(messages) })
        }
    };
    // On the wire, 0 is as many as the context takes.
    let max_tokens = if sampling.max_tokens == 0 { usize::MAX } else { sampling.max_tokens as usize };
    Request { prompt, params: GenerationParams { sampling: sampling.into(), max_tokens, stops, ..GenerationParams::default() } }
}
