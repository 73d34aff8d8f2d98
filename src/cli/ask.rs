use std::time::Duration;

use anyhow::{Result, bail, ensure};
use qwark_wire::{Form, Sampling, Thinking};

use super::args::{AskArgs, Common};
use super::interrupt::Interrupt;
use super::output;
use crate::generation::GenerationParams;
use crate::links::{Client, ClientEvent, Request};

/// How this program introduces itself.
const NAME: &str = concat!("qwark ask ", env!("CARGO_PKG_VERSION"));
/// How long each wait is, between looks at Ctrl-C.
const TICK: Duration = Duration::from_millis(50);

pub(super) fn run(common: &Common, args: &AskArgs) -> Result<()> {
    let params = args.sampling.params(common)?;
    let timeout = Duration::try_from_secs_f32(args.timeout).map_err(|error| anyhow::anyhow!("--timeout: {error}"))?;
    let prompt = output::prompt_or_stdin(args.prompt.as_deref())?;
    let interrupt = Interrupt::install(|| ())?;
    let mut client = Client::connect(&args.link, NAME, timeout)?;
    let id = client.generate(&request(args, params, prompt))?;

    let (mut answer, mut received, mut cancelled, mut silence) = (String::new(), 0, false, Duration::ZERO);
    loop {
        if interrupt.is_set() && !cancelled {
            client.cancel(id)?;
            cancelled = true;
        }
        let Some(event) = client.next_event(TICK)? else {
            silence += TICK;
            ensure!(silence < timeout, "{}: no answer for {:.0} s", args.link, timeout.as_secs_f32());
            continue;
        };
        silence = Duration::ZERO;
        match event {
            ClientEvent::Token { id: of, offset, text } if of == id => {
                ensure!(offset as usize == received, "a piece of the answer was lost on the way, after {received} bytes");
                received += text.len();
                if common.json { answer += &text } else { output::stream(&text)? }
            }
            ClientEvent::Done { id: of, done } if of == id => {
                ensure!(done.text_len as usize == received, "the end of the answer was lost on the way, after {received} bytes");
                if !common.json {
                    return output::stream("\n");
                }
                return output::json(&output::Answer::remote(&answer, &done));
            }
            ClientEvent::Error { id: of, message, .. } if of == id || of == 0 => bail!("{}: {message}", args.link),
            _ => {}
        }
    }
}

/// The request as the wire has it.
fn request(args: &AskArgs, params: GenerationParams, prompt: String) -> Request {
    let s = params.sampling;
    Request {
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
