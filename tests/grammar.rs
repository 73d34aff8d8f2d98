//! Constrained answers: legal whatever is chosen, and cut as the tokenizer cuts them.

mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use llguidance::toktrie::{InferenceCapabilities, TokEnv, TokRxInfo, TokTrie, TokenizerEnv};
use llguidance::{ParserFactory, TokenParser};
use proptest::prelude::*;
use qwark::chat::{ToolChoice, Tools};
use qwark::commands::CommandSet;
use qwark::engine::Row;
use qwark::generation::GenerationParams;
use qwark::gguf::{Gguf, Mapping};
use qwark::grammar::{CompiledGrammar, Grammar, GrammarError, Grammars};
use qwark::runtime::{Guessing, OpenOptions, Opened, Prompt, Reply, Request};
use qwark::sampler::{Sampler, SamplingParams};
use qwark::scheduler::{ClientId, RequestKey};
use qwark::synth::Vocab;
use qwark::tokenizer::{Special, Tokenizer};
use qwark_kernels::Position;
use qwark_wire::Reason;
use serde_json::json;

use common::support::{small_vocab, vocab_file};
use common::vocabularies::{random, with_tokenizers, with_vocabularies};

/// What an answer took, besides its text.
#[derive(Debug, Default)]
struct Took {
    tokens: Vec<u32>,
    forced: usize,
    chosen: usize,
}

/// An answer whose choices `choose(number of legal tokens)` makes.
fn answer(tokenizer: &Tokenizer<'_>, grammar: &CompiledGrammar, mut choose: impl FnMut(&[u32]) -> u32) -> Took {
    let mut constraint = grammar.start();
    let mut took = Took::default();
    while took.tokens.len() < 400 {
        let forced = constraint.advance(tokenizer).expect("it goes on");
        took.forced += forced.len();
        took.tokens.extend(forced);
        if constraint.is_done(tokenizer) {
            break;
        }
        assert!(constraint.legal().is_sorted_by(|a, b| a < b));
        let token = choose(constraint.legal());
        if tokenizer.eog().contains(&token) {
            break;
        }
        constraint.accept(tokenizer, token).expect("a legal token");
        took.tokens.push(token);
        took.chosen += 1;
    }
    took
}

const ROVER: &str = r#"
start: one ("\n" one){0,3}
one: drive | turn | goto | stop
drive: "{\"drive\":{\"distance\":" DISTANCE (",\"speed\":" SPEED)? "}}"
turn: "{\"turn\":{\"angle\":" ANGLE "}}"
goto: "{\"goto\":{\"place\":" PLACE "}}"
stop: "{\"stop\":{}}"
DISTANCE: /-?(10\.0|[1-9]\.([0-9][1-9]|[0-9]))|0\.0|-?0\.([1-9]|[0-9][1-9])/
SPEED: /0\.([1-9]|05|[1-9]5)|1\.0/
ANGLE: /0|-?([1-9]|[1-9][0-9]|[12][0-9][0-9]|3[0-5][0-9]|360)/
PLACE: "\"dock\"" | "\"kitchen\"" | "\"door\"" | "\"table\"" | "\"window\"" | "\"sofa\""
"#;

#[test]
fn any_choices_make_legal_answers_cut_as_the_tokenizer_cuts_them() {
    with_tokenizers(|tokenizer| {
        let grammars = Grammars::new(tokenizer).expect("tables");
        let grammar = grammars.compile(&Grammar::Lark(ROVER.to_owned())).expect("sound");
        let (mut forced, mut chosen) = (0, 0);
        for seed in 0..300 {
            let took = answer(tokenizer, &grammar, random(seed));
            let text = tokenizer.decode(&took.tokens);
            let commands: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
            assert!((1..=4).contains(&commands.len()), "{text}");
            for command in &commands {
                if let Some(drive) = command.get("drive") {
                    assert!(drive["distance"].as_f64().is_some_and(|d| d.abs() <= 10.0), "{text}");
                }
                if let Some(turn) = command.get("turn") {
                    assert!(turn["angle"].as_i64().is_some_and(|angle| angle.abs() <= 360), "{text}");
                }
            }
            assert_eq!(took.tokens, tokenizer.encode(&text, Special::AsText), "{text}");
            forced += took.forced;
            chosen += took.chosen;
        }
        println!("{} tokens of vocabulary: {forced} tokens forced, {chosen} chosen", tokenizer.vocab_size());
        assert!(forced > chosen, "{forced} forced, {chosen} chosen");
    });
}

#[test]
fn what_was_looked_at_beforehand_changes_no_answer() {
    let set = CommandSet::parse(include_str!("../commands/rover.toml")).expect("the reference set");
    with_tokenizers(|tokenizer| {
        let grammar = || Grammars::new(tokenizer).expect("tables").compile(&set.grammar()).expect("sound");
        let explored = grammar();
        explored.explore(tokenizer);
        for seed in 0..20 {
            // Nothing is known of this one's grammar.
            let (mut one, mut other, mut choose) = (explored.start(), grammar().start(), random(seed));
            loop {
                assert_eq!(one.advance(tokenizer).expect("it goes on"), other.advance(tokenizer).expect("it goes on"));
                assert_eq!(one.legal(), other.legal());
                let token = choose(one.legal());
                if one.is_done(tokenizer) || tokenizer.eog().contains(&token) {
                    break;
                }
                one.accept(tokenizer, token).expect("legal");
                other.accept(tokenizer, token).expect("legal");
            }
            assert_eq!(one.tokens(), other.tokens());
        }
    });
}

#[test]
fn any_choices_make_commands_of_the_set() {
    let set = CommandSet::parse(include_str!("../commands/rover.toml")).expect("the reference set");
    with_tokenizers(|tokenizer| {
        let grammar = Grammars::new(tokenizer).expect("tables").compile(&set.grammar()).expect("sound");
        let (mut texts, mut worst) = (0, Duration::ZERO);
        for seed in 0..400 {
            let mut constraint = grammar.start();
            let mut choose = random(seed);
            let mut tokens = Vec::new();
            loop {
                let start = Instant::now();
                tokens.extend(constraint.advance(tokenizer).expect("it goes on"));
                worst = worst.max(start.elapsed());
                if constraint.is_done(tokenizer) {
                    break;
                }
                let token = choose(constraint.legal());
                if tokenizer.eog().contains(&token) {
                    break;
                }
                constraint.accept(tokenizer, token).expect("legal");
                tokens.push(token);
            }
            let bytes = tokens.iter().flat_map(|&token| tokenizer.token_bytes(token).expect("a token")).collect();
            let text = String::from_utf8(bytes).expect("UTF-8");
            set.parse_answer(&text).unwrap_or_else(|violation| panic!("{text}: {violation}"));
            if text.contains("\"say\"") {
                // Inside a string the model may cut as it likes.
                texts += 1;
            } else {
                assert_eq!(tokens, tokenizer.encode(&text, Special::AsText), "{text}");
            }
        }
        println!("{texts} of 400 answers have texts; the longest step took {worst:?}");
        assert!(texts > 10);
    });
}

/// llguidance with the whole vocabulary in its own tables.
struct Reference(ParserFactory);

struct Env(TokTrie);

impl TokenizerEnv for Env {
    fn tok_trie(&self) -> &TokTrie {
        &self.0
    }

    fn tokenize_bytes(&self, text: &[u8]) -> Vec<u32> {
        self.0.greedy_tokenize(text)
    }

    fn tokenize_is_canonical(&self) -> bool {
        false
    }
}

impl Reference {
    fn new(vocab: &Vocab, tokenizer: &Tokenizer<'_>) -> Reference {
        let word = |id: u32| {
            // Control tokens and those that a user defined.
            let special = matches!(vocab.types[id as usize], 3 | 4);
            let marker = special.then_some(TokTrie::SPECIAL_TOKEN_MARKER);
            marker.into_iter().chain(tokenizer.token_bytes(id).expect("a token")).collect()
        };
        let words: Vec<Vec<u8>> = (0..tokenizer.vocab_size() as u32).map(word).collect();
        let info = TokRxInfo::new(words.len() as u32, tokenizer.eog()[0]);
        let env: TokEnv = Arc::new(Env(TokTrie::from(&info, &words).with_eos_tokens(tokenizer.eog())));
        let mut factory = ParserFactory::new(&env, InferenceCapabilities::default(), &[]).expect("tables");
        factory.quiet();
        Reference(factory)
    }

    fn parser(&self, grammar: &Grammar) -> TokenParser {
        let mut parser = self.0.create_parser(grammar.top_level().expect("sound")).expect("sound");
        parser.start_without_prompt();
        parser
    }
}

#[test]
fn what_is_legal_is_what_llguidance_finds_with_its_own_tables() {
    let set = CommandSet::parse(include_str!("../commands/rover.toml")).expect("the reference set");
    let texts = r#"
        name = "texts"
        version = 1
        [[command]]
        name = "write"
        doc = "Writes."
        params.brief = { type = "string", max_len = 5 }
        params.lengthy = { type = "string", max_len = 200, optional = true }
    "#;
    let texts = CommandSet::parse(texts).expect("a sound set");
    let schema = json!({
        "type": "object", "additionalProperties": false, "required": ["short", "long", "any"], "properties": {
            "short": { "type": "string", "maxLength": 7 }, "long": { "type": "string", "maxLength": 40 }, "any": { "type": "string" },
        },
    });
    let grammars = [
        set.grammar(),
        texts.grammar(),
        Grammar::JsonSchema(schema.to_string()),
        Grammar::Regex("([a-f]{3}|[^x]{2,9}) ?(\\S+)".to_owned()),
        Grammar::Lark("start: \"call\" <|im_start|> /[a-z ]{1,12}/ <|im_start|> | /\\d+/".to_owned()),
    ];
    with_vocabularies(|vocab, tokenizer| {
        let (own, reference) = (Grammars::new(tokenizer).expect("tables"), Reference::new(vocab, tokenizer));
        let led = Tools::new(&[json!({"type": "function", "function": {"name": "stop"}})]).expect("sound");
        let led = led.grammar(&ToolChoice::Auto, tokenizer).expect("there is a tool");
        for grammar in grammars.iter().chain([&led]) {
            let compiled = own.compile(grammar).expect("sound");
            let (mut compared, mut many) = (0, 0);
            for seed in 0..30 {
                let (mut constraint, mut parser, mut choose) = (compiled.start(), reference.parser(grammar), random(seed));
                for _ in 0..60 {
                    for token in constraint.advance(tokenizer).expect("it goes on") {
                        parser.consume_token(token).expect("legal");
                    }
                    let wanted = parser.compute_mask().expect("it goes on").to_list();
                    let legal = constraint.legal();
                    // Where there are few, those are left out that the tokenizer does not make.
                    if wanted.len() > 64 {
                        assert!(legal == wanted, "{} legal tokens in place of {} ({grammar:?})", legal.len(), wanted.len());
                        many += 1;
                    } else {
                        assert!(legal.iter().all(|token| wanted.contains(token)), "{legal:?} are not all of {wanted:?} ({grammar:?})");
                    }
                    compared += 1;
                    let token = choose(legal);
                    if constraint.is_done(tokenizer) || tokenizer.eog().contains(&token) {
                        break;
                    }
                    constraint.accept(tokenizer, token).expect("legal");
                    parser.consume_token(token).expect("legal");
                }
            }
            println!("{} tokens of vocabulary: {compared} choices, {many} of them from many", tokenizer.vocab_size());
            assert!(compared > 60);
        }
    });
}

#[test]
fn forced_text_stays_as_it_is() {
    with_tokenizers(|tokenizer| {
        let grammars = Grammars::new(tokenizer).expect("tables");
        // Names of special tokens, and a letter apart from its accent, which the tokenizer joins.
        for text in ["call <tool_call> <|im_end|><think>", "cafe\u{301} cafe\u{301}"] {
            let mut constraint = grammars.compile(&Grammar::Lark(format!("start: \"{text}\""))).expect("sound").start();
            let tokens = constraint.advance(tokenizer).expect("it goes on");
            assert!(constraint.is_done(tokenizer));
            let specials = ["<tool_call>", "<|im_end|>", "<think>"].map(|name| tokenizer.encode(name, Special::Parse)[0]);
            assert!(!tokens.iter().any(|token| specials.contains(token)), "{text}");
            assert_eq!(tokenizer.decode(&tokens), text);
        }
    });
}

#[test]
fn special_tokens_are_taken_back_whether_forced_or_chosen() {
    with_tokenizers(|tokenizer| {
        let lark = "start: (\"go on\" | \"turn\") \"\\n\" <tool_call> \"x\" (<think> | <tool_call>) (\"left\" | \"right\")";
        let grammar = Grammars::new(tokenizer).expect("tables").compile(&Grammar::Lark(lark.to_owned())).expect("sound");
        for seed in 0..8 {
            let mut choose = random(seed);
            let mut constraint = grammar.start();
            constraint.advance(tokenizer).expect("it goes on");
            while !constraint.is_done(tokenizer) {
                let legal = constraint.legal().to_vec();
                for &token in &legal {
                    let (choice, _) = constraint.try_out(tokenizer, token).expect("legal");
                    constraint.back_to(tokenizer, choice).expect("it goes on");
                    assert_eq!(constraint.legal(), legal);
                }
                constraint.accept(tokenizer, choose(&legal)).expect("legal");
                constraint.advance(tokenizer).expect("it goes on");
            }
            let said = tokenizer.decode(constraint.tokens());
            let (begin, end) = said.split_once("\n<tool_call>x").expect("the middle");
            assert!(["go on", "turn"].contains(&begin) && (end.ends_with("left") || end.ends_with("right")), "{said}");
        }
    });
}

#[test]
fn the_choice_is_between_whole_words() {
    with_tokenizers(|tokenizer| {
        let grammars = Grammars::new(tokenizer).expect("tables");
        let words = ["drive", "turn", "goto", "stop"];
        let lark = format!("start: \"{{\\\"\" ({}) \"\\\":1}}\"", words.map(|word| format!("\"{word}\"")).join(" | "));
        let mut constraint = grammars.compile(&Grammar::Lark(lark)).expect("sound").start();
        constraint.advance(tokenizer).expect("it goes on");
        let mut wanted: Vec<u32> = words.iter().map(|word| tokenizer.encode(&format!("{{\"{word}\":1}}"), Special::AsText)[1]).collect();
        wanted.sort_unstable();
        wanted.dedup();
        assert_eq!(constraint.legal(), wanted);
    });
}

#[test]
fn schemas_and_regular_expressions_are_kept() {
    with_tokenizers(|tokenizer| {
        let grammars = Grammars::new(tokenizer).expect("tables");
        let schema = json!({
            "type": "object", "additionalProperties": false, "required": ["name", "count"],
            "properties": { "name": { "type": "string", "maxLength": 12 }, "count": { "type": "integer", "minimum": -3, "maximum": 40 } },
        });
        let schema = grammars.compile(&Grammar::JsonSchema(schema.to_string())).expect("sound");
        let regex = grammars.compile(&Grammar::Regex("(ja|nein|vielleicht)( doch){0,2}!".to_owned())).expect("sound");
        for seed in 0..40 {
            let took = answer(tokenizer, &schema, random(seed));
            let text =
                String::from_utf8(took.tokens.iter().flat_map(|&token| tokenizer.token_bytes(token).unwrap()).collect()).expect("UTF-8");
            let found: serde_json::Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert!(found["name"].as_str().is_some_and(|name| name.chars().count() <= 12), "{text}");
            assert!(found["count"].as_f64().is_some_and(|count| count.fract() == 0.0 && (-3.0..=40.0).contains(&count)), "{text}");

            let took = answer(tokenizer, &regex, random(seed));
            let text = tokenizer.decode(&took.tokens);
            let word = text.trim_end_matches('!').trim_end_matches(" doch");
            assert!(text.ends_with('!') && ["ja", "nein", "vielleicht"].contains(&word), "{text}");
            assert_eq!(took.tokens, tokenizer.encode(&text, Special::AsText), "{text}");
        }
    });
}

#[test]
fn tokens_that_are_not_legal_and_bad_grammars_are_refused() {
    with_tokenizers(|tokenizer| {
        let grammars = Grammars::new(tokenizer).expect("tables");
        let mut constraint = grammars.compile(&Grammar::Regex("[ab]+c".to_owned())).expect("sound").start();
        constraint.advance(tokenizer).expect("it goes on");
        let z = tokenizer.encode("z", Special::AsText)[0];
        assert_eq!(constraint.accept(tokenizer, z), Err(GrammarError::Illegal(z)));
        let a = tokenizer.encode("a", Special::AsText)[0];
        constraint.accept(tokenizer, a).expect("as it was");

        for bad in [
            Grammar::Lark("start: missing".to_owned()),
            Grammar::Lark(String::new()),
            Grammar::Regex("(".to_owned()),
            Grammar::JsonSchema("{".to_owned()),
            Grammar::JsonSchema(r#"{"type": "rocket"}"#.to_owned()),
            // JSON, but no schemas, and one that nothing meets.
            Grammar::JsonSchema("null".to_owned()),
            Grammar::JsonSchema("3".to_owned()),
            Grammar::JsonSchema("\"string\"".to_owned()),
            Grammar::JsonSchema("[{}]".to_owned()),
            Grammar::JsonSchema("false".to_owned()),
        ] {
            let error = grammars.compile(&bad).expect_err("no sound grammar").to_string();
            assert!(error.starts_with("grammar: ") && !error.contains('\n'), "{bad:?}: {error}");
        }
        grammars.compile(&Grammar::JsonSchema("true".to_owned())).expect("any JSON");
    });
}

/// Token by token, with the whole head and a mask: what the runtime does with batches of forced tokens and some rows of the head.
fn plainly(opened: &Opened<'_>, grammar: &CompiledGrammar, prompt: &[u32], sampling: SamplingParams) -> Vec<u32> {
    let tokenizer = &opened.tokenizer;
    let mut engine = opened.engine(&OpenOptions { context: Some(512), ..OpenOptions::default() }, 1).expect("it fits");
    let mut sampler = Sampler::new(sampling, prompt).expect("sound");
    let (mut fed, mut logits) = (0, Vec::new());
    let mut feed = |token: u32| {
        let row = Row { token, at: Position { seq: 0, pos: fed }, logits: true };
        fed += 1;
        engine.forward(&[row]).expect("sound").to_vec()
    };
    prompt.iter().for_each(|&token| logits = feed(token));
    let mut constraint = grammar.start();
    let mut answer = Vec::new();
    loop {
        for token in constraint.advance(tokenizer).expect("it goes on") {
            sampler.count(token);
            answer.push(token);
            logits = feed(token);
        }
        if constraint.is_done(tokenizer) {
            return answer;
        }
        let mut masked = vec![f32::NEG_INFINITY; logits.len()];
        constraint.legal().iter().for_each(|&token| masked[token as usize] = logits[token as usize]);
        let token = sampler.sample(&mut masked);
        if tokenizer.eog().contains(&token) {
            return answer;
        }
        constraint.accept(tokenizer, token).expect("legal");
        answer.push(token);
        logits = feed(token);
    }
}

#[test]
fn the_runtime_answers_as_a_whole_head_with_a_mask_does() {
    let guessed = answered_as_with_a_mask(Guessing::On);
    assert!(guessed > 10, "{guessed} of the choices that were made before were guessed");
    assert_eq!(answered_as_with_a_mask(Guessing::Off), 0);
}

/// Compares answers, each asked for twice, and gives how many choices were guessed the second time.
fn answered_as_with_a_mask(guessing: Guessing) -> usize {
    let mapping = Mapping::open(common::model()).expect("a model");
    let opened = Opened::new(&mapping).expect("sound");
    let mut runtime = opened.runtime(&OpenOptions { context: Some(512), guessing, ..OpenOptions::default() }).expect("it fits");
    let schema = json!({
        "type": "array", "maxItems": 3, "items": { "type": "object", "additionalProperties": false, "required": ["a"],
        "properties": { "a": { "enum": ["one", "two", "twenty"] }, "b": { "type": "string", "maxLength": 9 } } },
    });
    let grammars = [Grammar::Lark(ROVER.to_owned()), Grammar::JsonSchema(schema.to_string()), Grammar::Regex("exactly this".to_owned())];
    let warm = SamplingParams { temperature: 1.5, repetition_penalty: 1.2, ..SamplingParams::greedy() };
    let (mut id, mut guessed) = (0, 0);
    for grammar in &grammars {
        let grammar = &runtime.compile_grammar(grammar).expect("sound");
        for sampling in [SamplingParams::greedy(), SamplingParams { seed: 1, ..warm }, SamplingParams { seed: 2, top_p: 0.9, ..warm }] {
            let sentence = "go forward 2, then turn left: one, twenty";
            let prompt = opened.tokenizer.encode(sentence, Special::AsText);
            let wanted = plainly(&opened, grammar, &prompt, sampling);
            let params = GenerationParams { sampling, ..GenerationParams::default() };
            let request = Request { grammar: Some(grammar.clone()), ..Request::new(Prompt::Raw(sentence.to_owned()), params) };
            // Guessed from the sentence alone, then from the same answer too.
            for again in [false, true] {
                id += 1;
                runtime.submit(RequestKey { client: ClientId(1), id }, &request, Instant::now()).expect("room");
                let (mut answer, mut end) = (String::new(), None);
                while end.is_none() {
                    let mut emit = |reply| match reply {
                        Reply::Text { text, offset, .. } => {
                            assert_eq!(offset, answer.len());
                            answer += &text;
                        }
                        Reply::Done { finished, work, .. } => end = Some((finished.reason, finished.output_tokens, work)),
                    };
                    assert!(runtime.step(|_| true, &mut emit).expect("sound"), "nothing to do before the end");
                }
                assert_eq!(answer, opened.tokenizer.decode(&wanted));
                let (reason, tokens, work) = end.expect("it ended");
                assert_eq!((reason, tokens), (Reason::Stop, wanted.len()), "{answer}");
                guessed += if again { work.guessed } else { 0 };
            }
        }
    }
    guessed
}

proptest! {
    /// Forced text is cut as the tokenizer cuts it, whatever it is.
    #[test]
    fn forced_text_is_cut_as_the_tokenizer_cuts_it(text in "[ -~äöü€😀\n]{1,40}") {
        let quoted = serde_json::to_string(&text).expect("a string");
        let vocab = small_vocab();
        let bytes = vocab_file(&vocab, "qwen2");
        let gguf = Gguf::parse(&[&bytes]).expect("sound");
        let tokenizer = Tokenizer::from_gguf(&gguf).expect("sound");
        let grammars = Grammars::new(&tokenizer).expect("tables");
        let grammar = grammars.compile(&Grammar::Lark(format!("start: {quoted}"))).expect("sound");
        let took = answer(&tokenizer, &grammar, |_| unreachable!("nothing to choose"));
        prop_assert_eq!(took.tokens, tokenizer.encode(&text, Special::AsText));
        prop_assert_eq!(took.chosen, 0);
    }
}
