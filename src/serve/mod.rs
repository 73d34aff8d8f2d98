//! The server: events of the links into the runtime, its replies back to the clients.

mod sentences;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use hashbrown::HashMap;
use qwark_wire::{Done, ErrorCode, Form, Heartbeat, Thinking};

use crate::board;
use crate::chat::{Chat, ChatError, Message, Role};
use crate::engine::BatchError;
use crate::generation::GenerationParams;
use crate::grammar::Grammar;
use crate::links::{self, LinkEvent, SessionHandle, What};
use crate::runtime::{Commander, Prompt, Reply, Request, RequestError, Runtime};
use crate::scheduler::{ClientId, Refusal, RequestKey, Safety};
use crate::session::End;
use sentences::Sentences;

/// Events that wait for the engine at most; links wait behind that.
pub const MAX_EVENTS: usize = 4096;

/// How long the server sleeps where nothing can be computed, before it looks at the stop flag and at slow clients again.
const TICK: Duration = Duration::from_millis(20);

/// How long events are taken in before the next step is computed: the tokens of a long prompt take their time.
const TAKE: Duration = Duration::from_millis(10);

/// How often the board's sensors are read.
const SENSE: Duration = Duration::from_secs(1);

/// Serves requests until `stop` is set, or until all links have closed by themselves. Clients whose requests are not answered by
/// then are told that the runtime stops. `commander` has the command set that the links were told of. `start`: when the runtime started.
///
/// # Errors
/// None in a sound program; see [`Runtime::step`].
pub fn serve(
    runtime: &mut Runtime<'_>,
    commander: Option<&Commander>,
    events: &Receiver<LinkEvent>,
    stop: &AtomicBool,
    start: Instant,
) -> Result<(), BatchError> {
    let (safety, sentences) = (runtime.control().safety(), Sentences::default());
    let mut server = Server { runtime, commander, clients: HashMap::new(), sentences, safety, senses: Senses::new(start) };
    let result = server.run(events, stop);
    server.end(events);
    result
}

struct Server<'r, 'm> {
    runtime: &'r mut Runtime<'m>,
    commander: Option<&'r Commander>,
    clients: HashMap<ClientId, SessionHandle>,
    sentences: Sentences<'r>,
    /// What the clients know of the safety state.
    safety: Safety,
    senses: Senses,
}

impl Server<'_, '_> {
    fn run(&mut self, events: &Receiver<LinkEvent>, stop: &AtomicBool) -> Result<(), BatchError> {
        let mut worked = true;
        while !stop.load(Ordering::Relaxed) {
            if !worked {
                match events.recv_timeout(self.patience()) {
                    Ok(event) => self.take(event),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => break,
                }
            }
            self.runtime.clear_interrupt();
            // Not for long: clients that never stop sending must not keep the others' steps from being computed.
            let begin = Instant::now();
            while begin.elapsed() < TAKE
                && let Ok(event) = events.try_recv()
            {
                self.take(event);
            }
            self.beat();
            worked = self.step()?;
        }
        Ok(())
    }

    /// How long nothing need be looked at, if no event comes.
    fn patience(&self) -> Duration {
        let deadline = self.runtime.next_deadline().map(|deadline| deadline.saturating_duration_since(Instant::now()));
        deadline.map_or(TICK, |left| left.min(TICK))
    }

    fn take(&mut self, event: LinkEvent) {
        let (client, now) = (event.client, Instant::now());
        match event.what {
            What::Connected(handle) => drop(self.clients.insert(client, handle)),
            What::Generate { serial, request, grammar, received } => {
                let begun = self.begin(RequestKey { client, id: serial }, *request, grammar, received);
                self.refused(client, serial, begun);
            }
            What::Command { serial, sentence, received } => self.command(client, serial, *sentence, received),
            What::Cancel { serial } => {
                let Server { runtime, clients, sentences, .. } = self;
                runtime.cancel(RequestKey { client, id: serial }, now, &mut |reply| tell(clients, sentences, reply));
            }
            What::Reset { stop } => {
                let Server { runtime, clients, sentences, .. } = self;
                let safety = runtime.reset(stop, now, &mut |reply| tell(clients, sentences, reply));
                self.tell_safety(client, safety);
            }
            What::Arm { stop } => {
                let safety = self.runtime.arm(stop);
                self.tell_safety(client, safety);
            }
            What::Disconnected => {
                self.runtime.disconnect(client, now);
                self.sentences.forget(client);
                self.clients.remove(&client);
            }
        }
    }

    /// Begins a request for text.
    fn begin(&mut self, key: RequestKey, request: links::Request, grammar: Option<Grammar>, received: Instant) -> Result<(), RequestError> {
        let grammar = grammar.map(|grammar| self.runtime.compile_grammar(&grammar)).transpose()?;
        self.runtime.submit(key, &Request { grammar, ..translate(request, received)? }, received)
    }

    /// Begins a request for commands.
    fn command(&mut self, client: ClientId, serial: u32, sentence: links::Sentence, received: Instant) {
        let refusal = match self.commander {
            // The links have refused it, unless they were told of a set that this is not.
            None => "there is no command set",
            // A model would answer it with some command all the same.
            Some(_) if sentence.text.trim().is_empty() => "the sentence is empty",
            Some(commander) => {
                let begun = self.sentences.begin(self.runtime, commander, RequestKey { client, id: serial }, sentence, received);
                return self.refused(client, serial, begun);
            }
        };
        if let Some(handle) = self.clients.get(&client) {
            handle.end(serial, End::Error(ErrorCode::Parameter, refusal.to_owned()));
        }
    }

    /// Tells a client that its request was refused, if it was.
    fn refused(&self, client: ClientId, serial: u32, begun: Result<(), RequestError>) {
        let (Err(error), Some(handle)) = (begun, self.clients.get(&client)) else { return };
        match error {
            // It was accepted before the stop: it ends as those do that run.
            RequestError::Refused(Refusal::Stopped | Refusal::Disarmed) => handle.stop(serial),
            error => handle.end(serial, End::Error(code(&error), error.to_string())),
        }
    }

    /// Tells everybody what the runtime may do, if that is news, and `asker` in any case.
    fn tell_safety(&mut self, asker: ClientId, safety: Safety) {
        let news = safety != self.safety;
        self.safety = safety;
        self.clients.iter().filter(|(client, _)| news || **client == asker).for_each(|(_, handle)| handle.tell(safety));
    }

    fn step(&mut self) -> Result<bool, BatchError> {
        let Server { runtime, clients, sentences, .. } = self;
        let ready = |client| clients.get(&client).is_some_and(SessionHandle::has_room);
        let worked = runtime.step(ready, &mut |reply| tell(clients, sentences, reply));
        sentences.drop_broken(runtime);
        worked
    }

    /// Sends heartbeats to those that want one now. This is the thread that computes: where it hangs, none are sent.
    fn beat(&mut self) {
        let now = Instant::now();
        let Server { runtime, clients, senses, .. } = self;
        clients.values().for_each(|handle| handle.beat(now, || senses.heartbeat(runtime, now)));
    }

    /// Ends every request: those that run, wait, are on their way here, or lack some of their text.
    fn end(&mut self, events: &Receiver<LinkEvent>) {
        for LinkEvent { client, what } in events.try_iter() {
            if let What::Connected(handle) = what {
                self.clients.insert(client, handle);
            }
        }
        self.clients.values().for_each(|handle| handle.end_all(ErrorCode::Stopping, "the runtime stops"));
    }
}

/// Hands a reply to its client, unless that is gone.
fn tell(clients: &HashMap<ClientId, SessionHandle>, sentences: &mut Sentences<'_>, reply: Reply) {
    let key = reply.key();
    let Some(handle) = clients.get(&key.client) else { return };
    match reply {
        Reply::Text { text, .. } => {
            if !sentences.say(key, &text, handle) {
                handle.say(key.id, &text);
            }
        }
        Reply::Done { finished, text_bytes, answer_at, .. } => {
            let timings = finished.timings;
            let micros = |time: Duration| time.as_micros() as u64;
            let done = Done {
                reason: finished.reason,
                prompt_tokens: finished.prompt_tokens as u32,
                output_tokens: finished.output_tokens as u32,
                text_len: text_bytes as u32,
                answer_at: answer_at as u32,
                queue_us: micros(timings.queue),
                prefill_us: micros(timings.prefill),
                first_token_us: micros(timings.first_token),
                total_us: micros(timings.total),
            };
            handle.end(key.id, sentences.end(key, done, handle));
        }
    }
}

/// What heartbeats say of the board, read now and then.
struct Senses {
    start: Instant,
    read: Option<Instant>,
    temperature: f32,
    free_kib: u32,
}

impl Senses {
    fn new(start: Instant) -> Senses {
        Senses { start, read: None, temperature: qwark_wire::NO_TEMPERATURE, free_kib: 0 }
    }

    fn heartbeat(&mut self, runtime: &Runtime<'_>, now: Instant) -> Heartbeat {
        if self.read.is_none_or(|read| now.saturating_duration_since(read) >= SENSE) {
            *self = Senses { read: Some(now), temperature: board::temperature(), free_kib: board::free_kib(), ..*self };
        }
        let health = runtime.health();
        let small = |count: usize| count.try_into().unwrap_or(u16::MAX);
        Heartbeat {
            uptime_ms: now.saturating_duration_since(self.start).as_millis() as u64,
            steps: health.steps,
            running: small(health.requests.running),
            queued: small(health.requests.queued),
            parked: small(health.requests.parked),
            safety: health.safety.state,
            tokens_per_s: health.tokens_per_s,
            temperature: self.temperature,
            free_kib: self.free_kib,
            // The link knows.
            lost: 0,
        }
    }
}

fn code(error: &RequestError) -> ErrorCode {
    match error {
        RequestError::Refused(Refusal::DuplicateId(_)) => ErrorCode::IdInUse,
        RequestError::Refused(Refusal::PromptTooLong { .. }) => ErrorCode::TooLong,
        RequestError::Refused(Refusal::Busy(_)) => ErrorCode::Busy,
        RequestError::Refused(Refusal::Stopped) => ErrorCode::Stopped,
        RequestError::Refused(Refusal::Disarmed) => ErrorCode::Disarmed,
        RequestError::Refused(Refusal::EmptyPrompt)
        | RequestError::Sampling(_)
        | RequestError::Token { .. }
        | RequestError::NoTokens
        | RequestError::Grammar(_)
        | RequestError::Tools(_)
        | RequestError::Chat(ChatError::Conversation(_) | ChatError::Refused(_)) => ErrorCode::Parameter,
        RequestError::Chat(_) => ErrorCode::Internal,
    }
}

/// A request as the wire has it, as the runtime takes it, but for its grammar.
///
/// # Errors
/// [`ChatError::Conversation`], where its prompt should be one and is not.
pub(crate) fn translate(request: links::Request, received: Instant) -> Result<Request, ChatError> {
    let links::Request { priority, deadline, fallback, sampling, form, thinking, system, prompt, stops, grammar: _ } = request;
    let asked = match form {
        Form::Raw => None,
        Form::Chat => Some(Chat::new(vec![Message::new(Role::User, &prompt)])),
        Form::Conversation => Some(Chat::from_json(&prompt)?),
    };
    let prompt = match asked {
        None => Prompt::Raw(prompt),
        Some(chat) => {
            let system = system.map(|text| Message::new(Role::System, text));
            let messages = system.into_iter().chain(chat.messages).collect();
            let enable_thinking = match thinking {
                Thinking::Default => None,
                Thinking::Off => Some(false),
                Thinking::On => Some(true),
            };
            Prompt::Chat(Chat { messages, enable_thinking, ..chat })
        }
    };
    // On the wire, 0 is as many as the context takes.
    let max_tokens = if sampling.max_tokens == 0 { usize::MAX } else { sampling.max_tokens as usize };
    let params = GenerationParams { sampling: sampling.into(), max_tokens, stops, ..GenerationParams::default() };
    Ok(Request { priority, deadline: deadline.map(|limit| received + limit), fallback, ..Request::new(prompt, params) })
}
