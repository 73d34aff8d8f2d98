use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use qwark_wire::host::ClientEvent;
use qwark_wire::{ErrorCode, Form, Reason, Sampling, Thinking};

use super::args::{AskArgs, Common};
use super::interrupt::Interrupt;
use super::output;
use crate::generation::GenerationParams;
use crate::links::{Client, Request};

/// How this program introduces itself.
const NAME: &str = concat!("qwark ask ", env!("CARGO_PKG_VERSION"));
/// How long each wait is, between looks at Ctrl-C.
const TICK: Duration = Duration::from_millis(50);

pub(super) fn run(common: &Common, args: &AskArgs) -> Result<()> {
    let params = args.sampling.params(common)?;
    let (link, timeout) = (&args.at.link, args.at.timeout()?);
    let prompt = output::prompt_or_stdin(args.prompt.as_deref())?;
    let interrupt = Interrupt::install(|| ())?;
    let mut client = Client::connect_with(link, NAME, args.at.key()?, timeout)?;
    let id = client.generate(&request(args, params, prompt))?;

    let (mut answer, mut cancelled, mut heard, mut lost) = (String::new(), false, Instant::now(), None);
    loop {
        if interrupt.is_set() && !cancelled {
            client.cancel(id)?;
            cancelled = true;
        }
        let Some(event) = client.next_event(TICK)? else {
            if heard.elapsed() >= timeout {
                let cause = lost.map_or(String::new(), |cause| format!("; the link was lost: {cause}"));
                bail!("{}: no answer for {:.0} s{cause}", link, timeout.as_secs_f32());
            }
            continue;
        };
        match event {
            ClientEvent::Disconnected { cause } => {
                output::note(&format!("{}: the link is lost ({cause}); trying again\n", link));
                lost = Some(cause);
                continue;
            }
            ClientEvent::Connected { restarted } => {
                let what = if restarted { "the runtime has restarted, and is asked again" } else { "the link is back" };
                output::note(&format!("{}: {what}\n", link));
                lost = None;
            }
            ClientEvent::Token { id: of, text, .. } if of == id => {
                answer += &text;
                if !common.json {
                    output::stream(&text)?;
                }
            }
            ClientEvent::Done { id: of, done } if of == id => {
                let counts = answer.get(done.answer_at as usize..).unwrap_or_default();
                if common.json {
                    return output::json(&output::Answer::remote(counts, &done));
                }
                output::stream("\n")?;
                if done.reason == Reason::Fallback {
                    output::note(&format!("the deadline came: the answer is the fallback, {counts:?}\n"));
                }
                return Ok(());
            }
            // Others are about one frame, not about the request, which goes on.
            ClientEvent::Error { id: of, code, ends, message } if (of == id || of == 0) && (ends || code == ErrorCode::Denied) => {
                bail!("{}: {message}", link)
            }
            ClientEvent::Unanswered { id: of } if of == id => bail!("{}: the runtime does not answer the request", link),
            _ => {}
        }
        heard = Instant::now();
    }
}

/// The request as the wire has it.
fn request(args: &AskArgs, params: GenerationParams, prompt: String) -> Request {
    let s = params.sampling;
    Request {
        priority: args.priority,
        deadline: args.deadline.map(|ms| Duration::from_millis(ms.into())),
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
        form: if args.raw { Form::Raw } else { Form::Chat },
        thinking: match args.around.think {
            None => Thinking::Default,
            Some(false) => Thinking::Off,
            Some(true) => Thinking::On,
        },
        system: args.around.system.clone(),
        prompt,
        stops: params.stops,
    }
}
