use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use qwark_wire::host::ClientEvent;
use qwark_wire::{Done, ErrorCode, Form, GrammarForm, Hash, Reason, Sampling, Thinking, UploadState};

use super::args::{AskArgs, Common};
use super::commands::read_set;
use super::interrupt::Interrupt;
use super::output;
use crate::chat::Tools;
use crate::commands::CommandSet;
use crate::generation::GenerationParams;
use crate::grammar::Grammar;
use crate::links::{Client, Request, Sentence};
use crate::session::Asked;

/// How this program introduces itself.
const NAME: &str = concat!("qwark ask ", env!("CARGO_PKG_VERSION"));
/// How long each wait is, between looks at Ctrl-C.
const TICK: Duration = Duration::from_millis(50);

pub(super) fn run(common: &Common, args: &AskArgs) -> Result<()> {
    let (link, timeout) = (&args.at.link, args.at.timeout()?);
    let set = args.set.as_deref().map(read_set).transpose()?;
    let (params, grammar) = (args.sampling.params(common)?, args.grammar.grammar()?);
    let (asked, mut answer) = match set {
        Some(set) => {
            let sentence = sentence(args, &set, &output::prompt_or_stdin(args.prompt.as_deref())?)?;
            (Asked::Commands(sentence), Answer::Commands { set, lines: String::new() })
        }
        None => {
            let (request, tools) = request(args, params)?;
            // A grammar counts in place of the tools'.
            let tools = tools.filter(|_| grammar.is_none());
            (Asked::Text(request), Answer::Text { text: String::new(), tools })
        }
    };
    let interrupt = Interrupt::install(|| ())?;
    let client = Client::connect_with(link, NAME, args.at.key()?, timeout)?;
    let mut asking = Asking { args, timeout, client, interrupt, is_cancelled: false, heard: Instant::now(), lost: None };

    let id = match asked {
        Asked::Commands(sentence) => asking.client.command(&sentence)?,
        Asked::Text(request) => {
            let grammar = grammar.map(|grammar| asking.upload(&grammar)).transpose()?;
            asking.client.generate(&Request { grammar, ..request })?
        }
    };
    loop {
        match asking.next(id)? {
            ClientEvent::Token { id: of, text, .. } if of == id => answer.text(&text, common)?,
            ClientEvent::Command { id: of, bytes, .. } if of == id => answer.command(&bytes, common)?,
            ClientEvent::Done { id: of, done } if of == id => return answer.end(&done, common),
            _ => {}
        }
    }
}

/// What has come of the answer.
enum Answer {
    Text {
        text: String,
        /// By which its calls are read.
        tools: Option<Tools>,
    },
    /// As lines of JSON.
    Commands { set: CommandSet, lines: String },
}

impl Answer {
    fn text(&mut self, more: &str, common: &Common) -> Result<()> {
        let Answer::Text { text, .. } = self else { return Ok(()) };
        *text += more;
        if common.json { Ok(()) } else { output::stream(more) }
    }

    fn command(&mut self, bytes: &[u8], common: &Common) -> Result<()> {
        let Answer::Commands { set, lines } = self else { return Ok(()) };
        let start = lines.len();
        set.write_json(&set.decode(bytes)?, lines)?;
        lines.push('\n');
        if common.json { Ok(()) } else { output::stream(&lines[start..]) }
    }

    /// Reports the end.
    fn end(&self, done: &Done, common: &Common) -> Result<()> {
        match self {
            Answer::Text { text, tools } => {
                let counts = text.get(done.answer_at as usize..).unwrap_or_default();
                if common.json {
                    return output::answer(output::Answer::remote(counts, done), tools.as_ref());
                }
                output::stream("\n")?;
                if done.reason == Reason::Fallback {
                    output::note(&format!("the deadline came: the answer is the fallback, {counts:?}\n"));
                }
                tools.as_ref().map(|tools| tools.read(counts)).transpose()?;
            }
            Answer::Commands { lines, .. } if common.json => output::answer(output::Answer::remote(lines.trim_end(), done), None)?,
            Answer::Commands { .. } => match done.reason {
                Reason::Stop => {}
                Reason::Fallback => output::note("the deadline came: the last command is the fallback\n"),
                reason => bail!("the answer is not whole ({}): what is printed is all of it", output::reason_name(reason)),
            },
        }
        Ok(())
    }
}

/// A client that waits for something.
struct Asking<'a> {
    args: &'a AskArgs,
    timeout: Duration,
    client: Client,
    interrupt: Interrupt,
    is_cancelled: bool,
    /// When anything was last heard.
    heard: Instant,
    /// Why there is no link at the moment.
    lost: Option<String>,
}

impl Asking<'_> {
    /// What happens next, of request `id` or otherwise. Ctrl-C cancels it.
    fn next(&mut self, id: u32) -> Result<ClientEvent> {
        let link = &self.args.at.link;
        loop {
            if self.interrupt.is_set() && !self.is_cancelled {
                // An upload is nothing that could be cancelled.
                ensure!(self.client.cancel(id).is_ok(), "interrupted");
                self.is_cancelled = true;
            }
            let Some(event) = self.client.next_event(TICK)? else {
                if self.heard.elapsed() >= self.timeout {
                    let cause = self.lost.as_ref().map_or(String::new(), |cause| format!("; the link was lost: {cause}"));
                    bail!("{link}: no answer for {:.0} s{cause}", self.timeout.as_secs_f32());
                }
                continue;
            };
            match event {
                ClientEvent::Disconnected { cause } => {
                    output::note(&format!("{link}: the link is lost ({cause}); trying again\n"));
                    self.lost = Some(cause);
                    continue;
                }
                ClientEvent::Connected { restarted } => {
                    let what = if restarted { "the runtime has restarted, and is asked again" } else { "the link is back" };
                    output::note(&format!("{link}: {what}\n"));
                    self.lost = None;
                }
                // Others are about one frame, not about the request, which goes on.
                ClientEvent::Error { id: of, code, ends, message } if (of == id || of == 0) && (ends || code == ErrorCode::Denied) => {
                    bail!("{link}: {message}")
                }
                ClientEvent::Unanswered { id: of } if of == id => bail!("{link}: the runtime does not answer the request"),
                _ => {}
            }
            self.heard = Instant::now();
            return Ok(event);
        }
    }

    /// Uploads a grammar, and says how a request names it.
    fn upload(&mut self, grammar: &Grammar) -> Result<(GrammarForm, Hash)> {
        let (id, named) = self.client.upload_grammar(grammar, NAME)?;
        loop {
            match self.next(id)? {
                ClientEvent::Upload { id: of, upload } if of == id && upload.state == UploadState::Stored => return Ok(named),
                _ => {}
            }
        }
    }
}

/// The sentence as the wire has it.
fn sentence(args: &AskArgs, set: &CommandSet, text: &str) -> Result<Sentence> {
    let fallback = match &args.fallback {
        None => None,
        Some(line) => {
            let mut bytes = Vec::new();
            let command = set.parse_command(line).map_err(|violation| anyhow::anyhow!("--fallback: {violation}"))?;
            set.encode(&command, &mut bytes)?;
            Some(bytes)
        }
    };
    Ok(Sentence { priority: args.priority, deadline: deadline(args), fallback, ..Sentence::new(set.id(), text) })
}

fn deadline(args: &AskArgs) -> Option<Duration> {
    args.deadline.map(|ms| Duration::from_millis(ms.into()))
}

/// The request as the wire has it, but for its grammar, and the tools that its answer may call.
fn request(args: &AskArgs, params: GenerationParams) -> Result<(Request, Option<Tools>)> {
    let s = params.sampling;
    let text = || output::prompt_or_stdin(args.prompt.as_deref());
    let mut tools = None;
    let (form, system, prompt) = if args.raw {
        (Form::Raw, None, text()?)
    } else if args.conversation.is_given() {
        let chat = args.conversation.chat(&args.around, text)?;
        tools = args.conversation.tools.check(&chat)?;
        (Form::Conversation, None, chat.to_json())
    } else {
        (Form::Chat, args.around.system.clone(), text()?)
    };
    let request = Request {
        priority: args.priority,
        deadline: deadline(args),
        fallback: args.fallback.clone(),
        sampling: Sampling {
            max_tokens: u32::try_from(params.max_tokens).unwrap_or(u32::MAX),
            temperature: s.temperature,
            top_k: s.top_k,
            top_p: s.top_p,
            min_p: s.min_p,
            repetition_penalty: s.repetition_penalty,
            presence_penalty: s.presence_penalty,
            frequency_penalty: s.frequency_penalty,
            seed: s.seed,
        },
        form,
        thinking: match args.around.think {
            None => Thinking::Default,
            Some(false) => Thinking::Off,
            Some(true) => Thinking::On,
        },
        system,
        prompt,
        stops: params.stops,
        grammar: None,
    };
    Ok((request, tools))
}
