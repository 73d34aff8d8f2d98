use std::fmt;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail, ensure};
use qwark_wire::{Done, Reason};
use serde_json::json;

use super::args::{Common, ReplayArgs};
use super::interrupt::Interrupt;
use super::model::ModelFile;
use super::output;
use crate::capture::{End, Exchange, Header, Reader, Requests};
use crate::commands::{AnswerReader, CommandSet};
use crate::runtime::{Commander, OpenOptions, Opened, Reply, Request, Runtime};
use crate::scheduler::{ClientId, Finished, RequestKey};
use crate::serve::translate;
use crate::session::Asked;

/// The one client of a runtime within this process.
const LOCAL: ClientId = ClientId(0);

/// Characters around a difference that are shown.
const SHOWN: usize = 40;

pub(super) fn run(common: &Common, args: &ReplayArgs) -> Result<()> {
    let mut reader = Reader::open(&args.capture)?;
    let mut requests = Requests::default();
    for record in &mut reader {
        requests.push(&record?);
    }
    let header = reader.header();
    let file = recorded_file(header, common, args)?;
    let opened = Opened::new(file.mapping()).with_context(|| common.model_name())?;
    let options = options(common, header).with_context(|| args.capture.display().to_string())?;
    let runtime = opened.runtime(&options).with_context(|| format!("{} (--isa replays it on other kernels)", args.capture.display()))?;
    let commander = commander(header, &runtime).with_context(|| args.capture.display().to_string())?;
    let mut replay = Replay { runtime, commander, interrupt: Interrupt::install(|| ())?, next_id: 1 };

    let (mut same, mut different, mut left_out) = (0, 0, 0);
    for exchange in requests.exchanges() {
        let verdict = replay.check(exchange).with_context(|| format!("{} request {}", exchange.owner, exchange.id))?;
        match verdict {
            Verdict::Same { .. } => same += 1,
            Verdict::Different(_) => different += 1,
            Verdict::LeftOut(_) => left_out += 1,
        }
        report(common, exchange, &verdict)?;
    }
    if common.json {
        output::json(&json!({ "identical": same, "different": different, "not_compared": left_out }))?;
    } else {
        output::stream(&format!("{same} identical, {different} different, {left_out} not compared\n"))?;
    }
    ensure!(same + different > 0, "{}: there is no answer to compare", args.capture.display());
    ensure!(different == 0, "{different} of {} answers are not those of the capture", same + different);
    Ok(())
}

/// The file that was run when the capture was made, so that the answers can be the same: the model itself, or its packed form.
fn recorded_file(header: &Header, common: &Common, args: &ReplayArgs) -> Result<ModelFile> {
    let (recorded, own) = (&header.settings.version, env!("CARGO_PKG_VERSION"));
    if recorded != own {
        output::note(&format!("recorded by qwark {recorded}, this is {own}: answers may differ for that reason\n"));
    }
    let named = common.map_as_it_is()?;
    let sha256 = output::model_sha256(named.mapping());
    if sha256 == header.model_sha256 {
        return Ok(named);
    }
    if !common.no_cache {
        let packed = common.map_to_run()?;
        if packed.is_packed() && output::model_sha256(packed.mapping()) == header.model_sha256 {
            return Ok(packed);
        }
    }
    bail!(
        "{} is not the model that {} was recorded with ({}): its SHA-256 is {sha256}, that one's {}",
        common.model_name(),
        args.capture.display(),
        header.model,
        header.model_sha256
    )
}

/// As it was recorded. One request at a time: what else is computed beside it changes no answer.
fn options(common: &Common, header: &Header) -> Result<OpenOptions> {
    let settings = &header.settings;
    Ok(OpenOptions {
        threads: common.threads,
        context: Some(settings.context),
        kv: settings.kv.parse()?,
        // Another instruction set may be asked for, where this CPU does not have that one.
        isa: Some(common.isa.map_or_else(|| settings.isa.parse(), Ok)?),
        ..OpenOptions::default()
    })
}

/// The command set that was served.
fn commander(header: &Header, runtime: &Runtime<'_>) -> Result<Option<Commander>> {
    let Some(text) = &header.settings.commands else { return Ok(None) };
    let set = CommandSet::parse(text).map_err(|error| anyhow!("its command set, line {}: {}", error.line, error.message()))?;
    Ok(Some(Commander::new(runtime, set)?))
}

fn report(common: &Common, exchange: &Exchange, verdict: &Verdict) -> Result<()> {
    let Exchange { owner, id, .. } = exchange;
    if !common.json {
        return output::stream(&format!("{owner} request {id}: {verdict}\n"));
    }
    let (result, bytes, why) = match verdict {
        Verdict::Same { bytes, .. } => ("identical", Some(bytes), None),
        Verdict::Different(difference) => ("different", Some(&difference.at), Some(difference.to_string())),
        Verdict::LeftOut(why) => ("not_compared", None, Some(why.clone())),
    };
    output::json(&json!({ "owner": owner.to_string(), "id": id, "result": result, "bytes": bytes, "why": why }))
}

/// What became of one request.
enum Verdict {
    /// Both answers are the same.
    Same {
        /// Bytes that were compared.
        bytes: usize,
        /// What else there is to say.
        note: &'static str,
    },
    /// They are not.
    Different(Difference),
    /// There is nothing to compare, for this reason.
    LeftOut(String),
}

/// Where two answers part.
struct Difference {
    /// Bytes that are the same.
    at: usize,
    /// What the capture has from there on.
    recorded: String,
    /// What came now.
    replayed: String,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Same { bytes, note } => write!(f, "identical, {bytes} bytes{note}"),
            Verdict::Different(difference) => write!(f, "DIFFERENT {difference}"),
            Verdict::LeftOut(why) => write!(f, "not compared: {why}"),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { at, recorded, replayed } = self;
        write!(f, "after {at} bytes: recorded {recorded}, now {replayed}")
    }
}

impl Difference {
    /// Of two texts; `None` if they are equal.
    fn between(recorded: &[u8], replayed: &[u8]) -> Option<Difference> {
        let same = recorded.iter().zip(replayed).take_while(|(a, b)| a == b).count();
        if same == recorded.len() && same == replayed.len() {
            return None;
        }
        let shown = |text: &[u8]| match &text[same..] {
            [] => "the end".to_owned(),
            rest => format!("{:?}", String::from_utf8_lossy(rest).chars().take(SHOWN).collect::<String>()),
        };
        Some(Difference { at: same, recorded: shown(recorded), replayed: shown(replayed) })
    }
}

/// What an answer is to be compared with.
struct Expected<'e> {
    text: &'e [u8],
    /// The answer ended by itself, for the reason that its Done says. If not, it may go on differently from where it ended.
    whole: Option<&'e Done>,
    /// Tokens that were generated, if that is known.
    tokens: Option<usize>,
    /// Bytes of text after which nothing more is of interest.
    enough: Option<usize>,
    note: &'static str,
}

/// A runtime that answers again.
struct Replay<'m> {
    runtime: Runtime<'m>,
    /// The command set, if one was served.
    commander: Option<Commander>,
    interrupt: Interrupt,
    next_id: u32,
}

impl Replay<'_> {
    /// Answers a request of the capture again and compares.
    fn check(&mut self, exchange: &Exchange) -> Result<Verdict> {
        let left_out = |why: &str| Ok(Verdict::LeftOut(why.to_owned()));
        let Some(asked) = exchange.asked() else { return left_out("a part of its text is not in the capture") };
        if exchange.lacks_grammar() {
            return left_out("its grammar is not in the capture");
        }
        let expected = match expect(exchange, &asked) {
            Ok(expected) => expected,
            Err(verdict) => return Ok(verdict),
        };
        let Some(request) = self.request(&asked, exchange)? else { return left_out("the command set is not in the capture") };
        let (text, finished) = self.answer(request, &expected)?;
        let text = match (&self.commander, asked) {
            (Some(commander), Asked::Commands(_)) => encoded(commander.set(), &text)?,
            _ => text.into_bytes(),
        };
        let compared = match expected.whole {
            // An answer that was cut off is compared up to there.
            None => &text[..text.len().min(expected.text.len())],
            Some(_) => &text[..],
        };
        if let Some(difference) = Difference::between(expected.text, compared) {
            return Ok(Verdict::Different(difference));
        }
        Ok(match (expected.whole, finished) {
            (Some(done), Some(finished)) if (done.reason, done.output_tokens as usize) != (finished.reason, finished.output_tokens) => {
                let end = |reason: Reason, tokens: usize| format!("the end for {reason:?} with {tokens} tokens");
                Verdict::Different(Difference {
                    at: text.len(),
                    recorded: end(done.reason, done.output_tokens as usize),
                    replayed: end(finished.reason, finished.output_tokens),
                })
            }
            _ => Verdict::Same { bytes: expected.text.len(), note: expected.note },
        })
    }

    /// What is to be computed for it; `None` without the command set that it was for.
    fn request(&self, asked: &Asked, exchange: &Exchange) -> Result<Option<Request>> {
        let request = match asked {
            Asked::Commands(sentence) => self.commander.as_ref().map(|commander| commander.request(&sentence.text)),
            Asked::Text(request) => {
                let grammar = exchange.grammar.as_ref().map(|grammar| self.runtime.compile_grammar(grammar)).transpose()?;
                Some(Request { grammar, ..translate(request.clone(), Instant::now())? })
            }
        };
        // What came before the fallback is compared, and the deadline was that of another machine.
        Ok(request.map(|request| Request { deadline: None, fallback: None, ..request }))
    }

    /// The answer to `request`, as far as it is of interest, and its end, if it has one.
    fn answer(&mut self, mut request: Request, expected: &Expected<'_>) -> Result<(String, Option<Finished<()>>)> {
        if expected.whole.is_none() {
            match expected.tokens {
                Some(0) => return Ok((String::new(), None)),
                // Held-back text is released after as many tokens as it was then.
                Some(tokens) => request.params.max_tokens = request.params.max_tokens.min(tokens),
                None => {}
            }
        }
        let key = RequestKey { client: LOCAL, id: self.next_id };
        self.next_id += 1;
        if let Err(refusal) = self.runtime.submit(key, &request, Instant::now()) {
            bail!("the capture has an answer to a request that is refused now: {refusal}");
        }
        let (mut text, mut end) = (String::new(), None);
        while end.is_none() {
            ensure!(!self.interrupt.is_set(), "interrupted");
            let mut take = |reply| match reply {
                Reply::Text { text: piece, .. } => text += &piece,
                Reply::Done { finished, .. } => end = Some(finished),
            };
            self.runtime.step(|_| true, &mut take)?;
            if end.is_none() && expected.enough.is_some_and(|enough| text.len() >= enough) {
                self.runtime.cancel(key, Instant::now(), &mut |_| ());
                break;
            }
        }
        Ok((text, end))
    }
}

/// The commands of an answer, as clients get them.
fn encoded(set: &CommandSet, text: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    AnswerReader::new(set).push(text, |_, command| Ok::<(), anyhow::Error>(set.encode(&command, &mut bytes)?))?;
    Ok(bytes)
}

/// What the capture says that the answer is, or why there is nothing to compare.
fn expect<'e>(exchange: &'e Exchange, asked: &Asked) -> Result<Expected<'e>, Verdict> {
    let left_out = |why: &str| Err(Verdict::LeftOut(why.to_owned()));
    let different = |at: usize, recorded: &str, replayed: &str| {
        Err(Verdict::Different(Difference { at, recorded: recorded.to_owned(), replayed: replayed.to_owned() }))
    };
    let Exchange { answer, contradiction, gap, end, .. } = exchange;
    if let Some(at) = *contradiction {
        return different(at, "two different texts", "only one of them can be right");
    }
    if *gap {
        return left_out("a part of its answer is not in the capture");
    }
    let cut = |tokens: Option<usize>, text: &'e [u8], note| {
        let enough = (tokens.is_none() && matches!(asked, Asked::Text(_))).then_some(text.len());
        Ok(Expected { text, whole: None, tokens, enough, note })
    };
    let done = match end {
        Some(End::Done(done)) => done,
        Some(End::Error { code, message }) if answer.is_empty() => {
            return Err(Verdict::LeftOut(format!("it was refused: {code:?}, {message}")));
        }
        Some(End::Error { .. }) => return cut(None, answer, ", up to the error that ended it"),
        None if answer.is_empty() => return left_out("its answer is not in the capture"),
        None => return cut(None, answer, ", its end is not in the capture"),
    };
    match answer.len().cmp(&(done.text_len as usize)) {
        std::cmp::Ordering::Less => return left_out("a part of its answer is not in the capture"),
        std::cmp::Ordering::Greater => return different(done.text_len as usize, "more text than Done says", "nothing"),
        std::cmp::Ordering::Equal => {}
    }
    let tokens = done.output_tokens as usize;
    match done.reason {
        Reason::Stop | Reason::Length | Reason::Context | Reason::StopString | Reason::Grammar => {
            Ok(Expected { text: answer, whole: Some(done), tokens: Some(tokens), enough: None, note: "" })
        }
        Reason::Fallback => {
            let fallback = match asked {
                Asked::Text(request) => request.fallback.as_ref().map(String::as_bytes),
                Asked::Commands(sentence) => sentence.fallback.as_deref(),
            };
            match answer.split_at_checked(done.answer_at as usize) {
                Some((before, after)) if after == fallback.unwrap_or_default() => cut(Some(tokens), before, " and the fallback"),
                _ => different(done.answer_at as usize, "another text than the fallback", "the fallback"),
            }
        }
        Reason::Cancelled => cut(Some(tokens), answer, ", up to where it was cancelled"),
        Reason::Deadline => cut(Some(tokens), answer, ", up to its deadline"),
        Reason::Stopped | Reason::Unknown(_) => cut(Some(tokens), answer, ", up to where it was stopped"),
    }
}
