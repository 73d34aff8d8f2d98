//! Sentences to commands, both engines turn by turn, each with what all prompts begin with in its cache.

mod engine;
#[cfg(feature = "llama")]
mod llama;
mod qwark;
mod steps;

use std::io::{self, Write};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use ::qwark::bench::median;
use ::qwark::commands::CommandSet;
use ::qwark::gguf::Mapping;
use ::qwark::runtime::{Commander as Orders, OpenOptions, Opened, Prompt};
use ::qwark::tokenizer::Special;
use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::engine::Setup;
use crate::worker::{Kind, Ready, Worker};
use steps::Steps;

pub use engine::{Commander, Opening, Said, Sentence};
#[cfg(feature = "llama")]
pub use llama::LlamaCommander;
pub use qwark::Qwark;

/// Pause between two turns, so that the threads of the engine that just ran have gone to sleep.
const SETTLE: Duration = Duration::from_millis(50);

/// Sentences that are not counted: tables are made, pages are touched.
const WARM_UP: usize = 2;

const FREE: &str = "The answers are the models' own: of random weights legal commands that mean nothing.";
const SCRIPTED: &str = "After all the work of a choice, the token of the sentence's right answer is taken, by both: weights may be random.";

/// What one comparison does.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Model, threads and context.
    pub setup: Setup,
    /// The file that Qwark runs: the model, or its packed form.
    pub qwark_model: PathBuf,
    /// The command set.
    pub set: String,
    /// What is said, and answered.
    pub spoken: Vec<Spoken>,
    /// Whether the models' own choices are taken, in place of the answers.
    pub free: bool,
    /// Rounds through all sentences.
    pub rounds: usize,
}

/// A sentence with its commands.
#[derive(Clone, Debug, Deserialize)]
pub struct Spoken {
    /// What is said.
    pub text: String,
    commands: Vec<serde_json::Value>,
}

/// One engine's results: milliseconds, medians of all sentences where nothing else is said. A sentence's value is the median of its rounds.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    name: String,
    begin_ms: f64,
    first_ms: f64,
    total_ms: f64,
    p99_ms: f64,
    /// Of each answer by itself, in place of medians.
    answers_p99_ms: f64,
    /// Without what finding legal tokens and choosing took.
    rest_ms: f64,
    rest_p99_ms: f64,
    prompt_ms: f64,
    grammar_ms: f64,
    head_ms: f64,
    tokens: f64,
    chosen: f64,
    guessed: f64,
}

/// Both engines' results; a ratio above 1 means that Qwark is faster.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    model: String,
    threads: usize,
    /// Whether the models' own choices were taken.
    free: bool,
    sentences: usize,
    rounds: usize,
    beginning_tokens: usize,
    qwark: Figures,
    llama_cpp: Figures,
    /// llama.cpp's time without its grammar sampling, by all of Qwark's.
    ratio: f64,
    ratio_with_grammar: f64,
    /// Qwark's grammar alone, where the answers are given.
    steps: Option<Steps>,
}

/// Runs the comparison.
pub fn run(plan: &Plan) -> Result<Report> {
    let set = CommandSet::parse(&plan.set).map_err(|error| anyhow::anyhow!("line {}: {}", error.line, error.message()))?;
    let (opening, sentences, steps) = prompts(plan, &set)?;
    let qwark_setup = Setup { model: plan.qwark_model.clone(), ..plan.setup.clone() };
    let mut said = [Rounds::new(sentences.len()), Rounds::new(sentences.len())];
    let mut ready = Vec::new();
    for _ in 0..plan.rounds {
        // New ones: an engine may learn from the answers that it gave.
        let mut workers =
            [Worker::start_commander(Kind::Qwark, &qwark_setup, &opening)?, Worker::start_commander(Kind::Llama, &plan.setup, &opening)?];
        // Who goes first changes from sentence to sentence.
        for (i, sentence) in sentences.iter().cycle().take(WARM_UP + sentences.len()).enumerate() {
            for turn in 0..2 {
                let who = (i + turn) % 2;
                thread::sleep(SETTLE);
                let answer = workers[who].say(sentence)?;
                for line in answer.text.lines() {
                    set.parse_command(line).with_context(|| format!("{}: {line}", workers[who].ready.name))?;
                }
                if i >= WARM_UP {
                    said[who].0[i % sentences.len()].push(answer);
                }
            }
        }
        ready.push(workers.map(|worker| worker.ready.clone()));
    }
    let [qwark, llama_cpp] = [0, 1].map(|who| Figures::new(&ready.iter().map(|ready| &ready[who]).collect::<Vec<_>>(), &said[who]));
    Ok(Report {
        model: plan.setup.model.display().to_string(),
        threads: plan.setup.threads,
        free: plan.free,
        sentences: sentences.len(),
        rounds: plan.rounds,
        beginning_tokens: opening.beginning.len(),
        ratio: llama_cpp.rest_ms / qwark.total_ms,
        ratio_with_grammar: llama_cpp.total_ms / qwark.total_ms,
        qwark,
        llama_cpp,
        steps,
    })
}

/// What the engines are told: the prompts as the model's chat template has them; and what the grammar takes of the answers.
fn prompts(plan: &Plan, set: &CommandSet) -> Result<(Opening, Vec<Sentence>, Option<Steps>)> {
    let mapping = Mapping::open(&plan.setup.model)?;
    let opened = Opened::new(&mapping)?;
    let runtime = opened.runtime(&OpenOptions { threads: Some(1), context: Some(plan.setup.context), ..OpenOptions::default() })?;
    let orders = Orders::new(&runtime, set.clone())?;
    let beginning = orders.beginning().to_vec();
    let end = *opened.tokenizer.eog().first().context("the vocabulary has no token for the end of an answer")?;
    let sentence = |Spoken { text, commands }: &Spoken| {
        let Prompt::Chat(chat) = orders.request(text).prompt else { bail!("no conversation") };
        let tokens = opened.template.encode(&opened.tokenizer, &chat)?;
        ensure!(tokens.starts_with(&beginning), "the prompt of {text:?} begins in another way");
        let lines: Vec<String> = commands.iter().map(ToString::to_string).collect();
        set.parse_answer(&lines.join("\n")).with_context(|| text.clone())?;
        let mut answer = opened.tokenizer.encode(&lines.join("\n"), Special::AsText);
        answer.push(end);
        let answer = if plan.free { Vec::new() } else { answer };
        Ok(Sentence { text: text.clone(), tokens: tokens[beginning.len()..].to_vec(), answer })
    };
    let sentences: Vec<Sentence> = plan.spoken.iter().map(sentence).collect::<Result<_>>()?;
    let answers = || sentences.iter().map(|sentence| &*sentence.answer);
    let steps = (!plan.free).then(|| steps::measure(&opened.tokenizer, set, answers())).transpose()?;
    Ok((Opening { set: plan.set.clone(), gbnf: set.gbnf(), beginning }, sentences, steps))
}

/// The 99th percentile.
fn p99(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[(values.len() * 99).div_ceil(100).saturating_sub(1)]
}

/// One engine's answers: of each sentence, those of all rounds.
struct Rounds(Vec<Vec<Said>>);

impl Rounds {
    fn new(sentences: usize) -> Self {
        Self(vec![Vec::new(); sentences])
    }

    /// Of each sentence, the median.
    fn medians(&self, value: impl Fn(&Said) -> f64 + Copy) -> Vec<f64> {
        self.0.iter().map(|said| median(&mut said.iter().map(value).collect::<Vec<_>>())).collect()
    }

    /// Of each answer.
    fn all(&self, value: impl Fn(&Said) -> f64 + Copy) -> Vec<f64> {
        self.0.iter().flatten().map(value).collect()
    }
}

impl Figures {
    fn new(ready: &[&Ready], said: &Rounds) -> Self {
        let middle = |value: fn(&Said) -> f64| median(&mut said.medians(value));
        let high = |value: fn(&Said) -> f64| p99(&mut said.medians(value));
        let rest: fn(&Said) -> f64 = |said| said.total_s - said.grammar_s;
        Self {
            name: ready[0].name.clone(),
            begin_ms: 1e3 * median(&mut ready.iter().map(|ready| ready.load_s).collect::<Vec<_>>()),
            first_ms: 1e3 * middle(|said| said.first_s),
            total_ms: 1e3 * middle(|said| said.total_s),
            p99_ms: 1e3 * high(|said| said.total_s),
            answers_p99_ms: 1e3 * p99(&mut said.all(|said| said.total_s)),
            rest_ms: 1e3 * middle(rest),
            rest_p99_ms: 1e3 * high(rest),
            prompt_ms: 1e3 * middle(|said| said.prompt_s),
            grammar_ms: 1e3 * middle(|said| said.grammar_s),
            head_ms: 1e3 * middle(|said| said.head_s),
            tokens: middle(|said| said.tokens as f64),
            chosen: middle(|said| said.chosen as f64),
            guessed: middle(|said| said.guessed as f64),
        }
    }
}

impl Report {
    /// Writes the report for people.
    pub fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let (q, l) = (&self.qwark, &self.llama_cpp);
        writeln!(
            out,
            "{}, {} threads, {} sentences after {} tokens that are cached, {} rounds; medians, ms",
            self.model, self.threads, self.sentences, self.beginning_tokens, self.rounds
        )?;
        writeln!(out, "{}\n{}\n", q.name, l.name)?;
        writeln!(out, "{:36}{:>12}{:>12}{:>9}", "", "Qwark", "llama.cpp", "ratio")?;
        let mut line = |what: &str, q: f64, l: f64| writeln!(out, "{what:36}{q:12.1}{l:12.1}{:9.2}", l / q);
        line("until the last command", q.total_ms, l.total_ms)?;
        line("the same, p99 of the sentences", q.p99_ms, l.p99_ms)?;
        line("the same, p99 of all answers", q.answers_p99_ms, l.answers_p99_ms)?;
        line("llama.cpp without grammar sampling", q.total_ms, l.rest_ms)?;
        line("the same, p99", q.p99_ms, l.rest_p99_ms)?;
        line("until the first command", q.first_ms, l.first_ms)?;
        line("prompt", q.prompt_ms, l.prompt_ms)?;
        line("grammar", q.grammar_ms, l.grammar_ms)?;
        line("tokens", q.tokens, l.tokens)?;
        line("chosen tokens", q.chosen, l.chosen)?;
        writeln!(out, "{:36}{:12.1}", "of them guessed", q.guessed)?;
        writeln!(out, "{:36}{:12.1}\n", "output head", q.head_ms)?;
        if let Some(steps) = &self.steps {
            writeln!(
                out,
                "Qwark's grammar: {:.0} ms for tables, {:.0} to look ahead; from a choice to the next {:.0} us, p99 {:.0}",
                steps.tables_ms, steps.explore_ms, steps.step_us, steps.step_p99_us
            )?;
        }
        writeln!(out, "{}", if self.free { FREE } else { SCRIPTED })
    }
}
