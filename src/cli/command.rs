use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use qwark_wire::Reason;

use super::args::{CommandArgs, Common};
use super::commands::read_set;
use super::interrupt::Interrupt;
use super::model::ModelFile;
use super::output;
use super::run::answer_locally;
use crate::chat::{Chat, Message, Role};
use crate::commands::CommandSet;
use crate::generation::GenerationParams;
use crate::runtime::{Answered, Opened, Prompt, Request, Runtime};
use crate::sampler::SamplingParams;

pub(super) fn run(common: &Common, args: &CommandArgs) -> Result<()> {
    let set = read_set(&args.set)?;
    let file = common.map_to_run()?;
    let opened = Opened::new(file.mapping()).with_context(|| common.model_name())?;
    let mut runtime = opened.runtime(&common.open_options())?;
    let sentence = output::prompt_or_stdin(args.sentence.as_deref())?;
    // A model would answer it with some command all the same.
    ensure!(!sentence.trim().is_empty(), "the sentence is empty");

    let system = set.prompt();
    let chat = |sentence: &str| Chat {
        enable_thinking: Some(false),
        ..Chat::new(vec![Message::new(Role::System, system.clone()), Message::new(Role::User, sentence.to_owned())])
    };
    // What the prompts of all sentences have in common.
    let [first, second] = ["a", "0"].map(|sentence| opened.template.encode(&opened.tokenizer, &chat(sentence)));
    let beginning: Vec<u32> = first?.into_iter().zip(second?).take_while(|(a, b)| a == b).map(|(token, _)| token).collect();
    let chat = chat(sentence.trim());
    let default = GenerationParams::default();
    let max_tokens = common.max_tokens.unwrap_or(default.max_tokens);
    let params = GenerationParams { sampling: SamplingParams::greedy(), max_tokens, ..default };
    let grammar = runtime.compile_grammar(&set.grammar())?;
    let request = Request { grammar: Some(grammar), ..Request::new(Prompt::Chat(chat), params) };

    if !common.no_cache {
        begin_with(common, &mut runtime, &file, &beginning);
    }
    let interrupt = Interrupt::install(|| ())?;
    let mut lines = Lines { set: &set, start: Instant::now(), rest: String::new(), first: None };
    let answered = answer_locally(&mut runtime, &request, &interrupt, |text| lines.take(text))?;
    match answered.finished.reason {
        Reason::Stop => lines.line_is_whole()?,
        reason => bail!("the answer is not whole ({}): what is printed is all of it", output::reason_name(reason)),
    }
    if args.timings {
        output::note(&report(&answered, lines.first.unwrap_or_default()));
    }
    Ok(())
}

/// Maps the keys and values of what all prompts begin with, which are computed first where that was not done before. Where there is no
/// place for them, a line says so.
fn begin_with(common: &Common, runtime: &mut Runtime<'_>, file: &ModelFile, tokens: &[u32]) {
    let mut attach = || -> Result<()> {
        let bar = output::prompt_bar()?;
        bar.set_length(tokens.len() as u64);
        let came = runtime.begin_with(tokens, file.mapping(), &common.cache()?, |done| bar.set_position(done as u64));
        bar.finish_and_clear();
        came.map(drop).map_err(Into::into)
    };
    if let Err(error) = attach() {
        output::note(&format!("qwark: reading the prompt anew: {}\n", output::one_line(&error)));
    }
}

/// The commands of an answer as they become whole, each checked again before it is printed.
struct Lines<'s> {
    set: &'s CommandSet,
    start: Instant,
    rest: String,
    first: Option<Duration>,
}

impl Lines<'_> {
    fn take(&mut self, text: &str) -> Result<()> {
        let mut pieces = text.split('\n');
        self.rest += pieces.next().unwrap_or_default();
        for piece in pieces {
            self.line_is_whole()?;
            self.rest += piece;
        }
        Ok(())
    }

    fn line_is_whole(&mut self) -> Result<()> {
        let line = std::mem::take(&mut self.rest);
        self.set.parse_command(&line).with_context(|| format!("not a command, and not printed as one: {line}"))?;
        self.first.get_or_insert_with(|| self.start.elapsed());
        output::stream(&(line + "\n"))
    }
}

fn report(answered: &Answered, first: Duration) -> String {
    let Answered { finished, work } = answered;
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let t = &finished.timings;
    format!(
        "prompt  {:6.1} ms  {} tokens, {} of them in the cache\n\
         first   {:6.1} ms  until the first command\n\
         all     {:6.1} ms  until the last\n\
         tokens  {:6}     {} forced, {} chosen, from {} rows of the output head\n",
        ms(t.prefill),
        finished.prompt_tokens,
        finished.cached_tokens,
        ms(first),
        ms(t.total),
        finished.output_tokens,
        work.forced,
        work.chosen,
        work.head_rows,
    )
}
