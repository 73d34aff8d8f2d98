use std::time::Instant;

use anyhow::{Context, Result};

use super::args::{Common, RunArgs};
use super::interrupt::Interrupt;
use super::output;
use crate::chat::Tools;
use crate::runtime::{Answered, Opened, Prompt, Reply, Request, Runtime};
use crate::scheduler::{ClientId, RequestKey};

/// The one client of a runtime within this process.
const LOCAL: ClientId = ClientId(0);

pub(super) fn run(common: &Common, args: &RunArgs) -> Result<()> {
    let params = args.sampling.params(common)?;
    let file = common.map_to_run()?;
    let opened = Opened::new(file.mapping()).with_context(|| common.model_name())?;
    let mut runtime = opened.runtime(&common.open_options())?;

    let text = || output::prompt_or_stdin(args.prompt.as_deref());
    let prompt = if args.raw { Prompt::Raw(text()?) } else { Prompt::Chat(args.conversation.chat(&args.around, text)?) };
    let compile = |grammar| runtime.compile_grammar(&grammar).with_context(|| args.grammar.name());
    let grammar = args.grammar.grammar()?.map(compile).transpose()?;
    let mut request = Request { grammar, ..Request::new(prompt, params) };
    let mut tools = None;
    if let (Prompt::Chat(chat), None, Some(path)) = (&request.prompt, &request.grammar, &args.conversation.tools.tools) {
        request.grammar = runtime.tools_grammar(chat).with_context(|| path.display().to_string())?;
        tools = request.grammar.is_some().then(|| Tools::new(&chat.tools)).transpose()?;
    }
    // Not before: who reads stdin does not look at it.
    let interrupt = Interrupt::install(|| ())?;
    let mut answer = String::new();
    let answered = answer_locally(&mut runtime, &request, &interrupt, |text| {
        answer += text;
        if common.json { Ok(()) } else { output::stream(text) }
    })?;
    if common.json {
        return output::answer(output::Answer::local(&answer, &answered.finished), tools.as_ref());
    }
    output::stream("\n")?;
    Ok(tools.map(|tools| tools.read(&answer)).transpose().map(drop)?)
}

/// Runs one request to its end and hands its text to `say`; an interrupt cancels it.
pub(super) fn answer_locally(
    runtime: &mut Runtime<'_>,
    request: &Request,
    interrupt: &Interrupt,
    mut say: impl FnMut(&str) -> Result<()>,
) -> Result<Answered> {
    let key = RequestKey { client: LOCAL, id: 0 };
    runtime.submit(key, request, Instant::now())?;
    let prompt = output::prompt_bar()?;
    let mut replies = Vec::new();
    loop {
        if interrupt.is_set() {
            runtime.cancel(key, Instant::now(), &mut |reply| replies.push(reply));
        } else {
            runtime.step(|_| true, &mut |reply| replies.push(reply))?;
        }
        match runtime.prompt_progress(key) {
            Some((done, total)) if done < total => {
                prompt.set_length(total as u64);
                prompt.set_position(done as u64);
            }
            _ => prompt.finish_and_clear(),
        }
        for reply in replies.drain(..) {
            match reply {
                Reply::Text { text, .. } => say(&text)?,
                Reply::Done { finished, work, .. } => return Ok(Answered { finished, work }),
            }
        }
    }
}
