use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use qwark_wire::Reason;

use super::args::{CommandArgs, Common};
use super::beginning::begin_with;
use super::commands::read_set;
use super::interrupt::Interrupt;
use super::output;
use super::run::answer_locally;
use crate::commands::AnswerReader;
use crate::runtime::{Answered, Commander, Opened};

pub(super) fn run(common: &Common, args: &CommandArgs) -> Result<()> {
    let set = read_set(&args.set)?;
    common.check_set(&set)?;
    let file = common.map_to_run()?;
    let opened = Opened::new(file.mapping()).with_context(|| common.model_name())?;
    let mut runtime = opened.runtime(&common.open_options())?;
    let sentence = output::prompt_or_stdin(args.sentence.as_deref())?;
    // A model would answer it with some command all the same.
    ensure!(!sentence.trim().is_empty(), "the sentence is empty");

    let commander = Commander::new(&runtime, set)?;
    let mut request = commander.request(&sentence);
    request.params.max_tokens = common.max_tokens.unwrap_or(request.params.max_tokens);
    begin_with(common, &mut runtime, &file, commander.beginning());
    let interrupt = Interrupt::install(|| ())?;
    let (mut reader, start, mut first) = (AnswerReader::new(commander.set()), Instant::now(), None);
    let mut take = |line: &str, _| {
        first.get_or_insert_with(|| start.elapsed());
        output::stream(&format!("{line}\n"))
    };
    let answered = answer_locally(&mut runtime, &request, &interrupt, |text| reader.push(text, &mut take))?;
    match answered.finished.reason {
        Reason::Stop => reader.finish()?,
        reason => bail!("the answer is not whole ({}): what is printed is all of it", output::reason_name(reason)),
    }
    if args.timings {
        output::note(&report(&answered, first.unwrap_or_default()));
    }
    Ok(())
}

fn report(answered: &Answered, first: Duration) -> String {
    let Answered { finished, work } = answered;
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let t = &finished.timings;
    format!(
        "prompt  {:6.1} ms  {} tokens, {} of them in the cache\n\
         first   {:6.1} ms  until the first command\n\
         all     {:6.1} ms  until the last\n\
         grammar {:6.1} ms  to find what is legal\n\
         tokens  {:6}     {} forced, {} chosen from {} rows of the output head, {} of these guessed\n",
        ms(t.prefill),
        finished.prompt_tokens,
        finished.cached_tokens,
        ms(first),
        ms(t.total),
        ms(work.grammar),
        finished.output_tokens,
        work.forced,
        work.chosen,
        work.head_rows,
        work.guessed,
    )
}
