//! Answers that call tools: what is legal, what can be read back, and what templates make of it again.

mod common;
#[path = "tools/schema.rs"]
mod schema;

use std::collections::HashSet;
use std::time::Instant;

use common::support::golden;
use common::vocabularies::{random, with_changed_vocabularies, with_tokenizers};
use qwark::chat::{Called, Chat, ChatTemplate, FunctionCall, Message, Role, ToolCall, ToolChoice, ToolKind, Tools};
use qwark::generation::GenerationParams;
use qwark::gguf::Mapping;
use qwark::grammar::{CompiledGrammar, Grammar, GrammarError, Grammars};
use qwark::runtime::{OpenOptions, Opened, Prompt, Reply, Request, RequestError, Runtime};
use qwark::sampler::SamplingParams;
use qwark::scheduler::{ClientId, RequestKey};
use qwark::synth::Vocab;
use qwark::tokenizer::{Special, Tokenizer};
use qwark_wire::Reason;
use serde_json::{Value, json};

const OPEN: &str = "<tool_call>";

fn tool(name: &str, parameters: Value) -> Value {
    json!({"type": "function", "function": {"name": name, "description": "Does it.", "parameters": parameters}})
}

/// Tools whose arguments have one spelling each.
fn exact_tools() -> Vec<Value> {
    let place = json!({"enum": ["dock", "kitchen \"north\"", "naïve café", "a<tool_call>b"]});
    let drive = json!({
        "type": "object", "required": ["to"], "$defs": {"place": place},
        "properties": {"to": {"$ref": "#/$defs/place"}, "by": {"type": "array", "items": {"$ref": "#/$defs/place"}, "maxItems": 3}},
    });
    let turn = json!({
        "type": "object", "required": ["angle", "how"], "properties": {
            "angle": {"type": "integer", "minimum": 1, "maximum": 360},
            "how": {"type": "object", "additionalProperties": false, "properties": {"slowly": {"type": "boolean"}, "until": {"const": null}}},
        },
    });
    let bare = json!({"type": "function", "function": {"name": "stop"}});
    vec![tool("drive", drive), tool("turn", turn), bare, tool("turn_back.v2-a/b", json!({}))]
}

/// Tools whose arguments have texts and fractions.
fn free_tools() -> Vec<Value> {
    let say = json!({
        "type": "object", "required": ["text"],
        "properties": {"text": {"type": "string", "maxLength": 9}, "loudness": {"type": "number", "minimum": 0, "maximum": 1}},
    });
    let note =
        json!({"type": "object", "properties": {"about": {"type": "string", "maxLength": 5}}, "additionalProperties": {"type": "integer"}});
    vec![tool("say", say), tool("note", note)]
}

/// The tokens of an answer by `grammar`, or the beginning of one that does not end.
fn answer(tokenizer: &Tokenizer<'_>, grammar: &CompiledGrammar, mut choose: impl FnMut(&[u32]) -> u32) -> Option<Vec<u32>> {
    let mut constraint = grammar.start();
    for _ in 0..400 {
        constraint.advance(tokenizer).expect("it goes on");
        if constraint.is_done(tokenizer) {
            return Some(constraint.tokens().to_vec());
        }
        let token = choose(constraint.legal());
        if tokenizer.eog().contains(&token) {
            return Some(constraint.tokens().to_vec());
        }
        constraint.accept(tokenizer, token).expect("a legal token");
    }
    None
}

/// Random choices that also end texts: of many tokens, one of a few is taken often.
fn to_an_end(tokenizer: &Tokenizer<'_>, seed: u64) -> impl FnMut(&[u32]) -> u32 {
    let mut choose = random(seed);
    let opens = tokenizer.encode(OPEN, Special::Parse);
    let quote = tokenizer.encode("\"", Special::AsText);
    let ends = [&opens.repeat(5), &quote, tokenizer.eog()].concat();
    move |legal| {
        let ways: Vec<u32> = ends.iter().copied().filter(|token| legal.binary_search(token).is_ok()).collect();
        if legal.len() > 64 && !ways.is_empty() && choose(&[0, 1]) == 0 { choose(&ways) } else { choose(legal) }
    }
}

/// A text of the bytes of `tokens`.
fn text(tokenizer: &Tokenizer<'_>, tokens: &[u32]) -> String {
    let bytes = tokens.iter().flat_map(|&token| tokenizer.token_bytes(token).expect("a token")).collect();
    String::from_utf8(bytes).expect("UTF-8")
}

fn check_calls(tools: &[Value], called: &Called) {
    for FunctionCall { name, arguments } in &called.calls {
        let tool = tools.iter().find(|tool| tool["function"]["name"] == *name).expect("a tool that there is");
        let parameters = tool["function"].get("parameters").cloned().unwrap_or_else(|| json!({}));
        schema::check(&parameters, &parameters, arguments).unwrap_or_else(|fault| panic!("{arguments} for {name}: {fault}"));
        let listed = parameters["properties"].as_object();
        if parameters.get("additionalProperties").is_none() {
            let arguments = arguments.as_object().expect("an object");
            assert!(arguments.keys().all(|key| listed.is_some_and(|listed| listed.contains_key(key))), "{arguments:?} for {name}");
        }
    }
}

/// The templates that write calls as Qwen's do.
fn templates() -> [ChatTemplate; 2] {
    let thinking = std::fs::read_to_string(golden("chat/thinking.jinja")).expect("a template");
    [ChatTemplate::chatml(), ChatTemplate::new(&thinking, None, None).expect("sound")]
}

/// A conversation in which the model gave the answer.
fn having_called(tools: &[Value], called: &Called) -> Chat {
    let tool_calls = called.calls.iter().map(|function| ToolCall { id: None, kind: ToolKind::Function, function: function.clone() });
    let content = Some(called.content.clone()).filter(|content| !content.is_empty());
    let said = Message { role: Role::Assistant, content, reasoning_content: None, tool_calls: tool_calls.collect() };
    let messages = vec![Message::new(Role::User, "Please."), said];
    Chat { tools: tools.to_vec(), add_generation_prompt: false, ..Chat::new(messages) }
}

#[test]
fn any_choices_make_calls_that_are_read_back_and_rendered_as_they_were() {
    let templates = templates();
    with_tokenizers(|tokenizer| {
        let grammars = Grammars::new(tokenizer).expect("tables");
        let opens = tokenizer.encode(OPEN, Special::Parse)[0];
        for (described, exact) in [(exact_tools(), true), (free_tools(), false)] {
            let tools = Tools::new(&described).expect("sound");
            for (choice, least, most) in [(ToolChoice::Auto, 0, 400), (ToolChoice::Required, 1, 400), (ToolChoice::None, 0, 0)] {
                let grammar = grammars.compile(&tools.grammar(&choice, tokenizer).expect("there are tools")).expect("sound");
                let (mut whole, mut calls, mut texts, mut names) = (0, 0, 0, HashSet::new());
                for seed in 0..120 {
                    let Some(tokens) = answer(tokenizer, &grammar, to_an_end(tokenizer, seed)) else { continue };
                    let said = text(tokenizer, &tokens);
                    let called = tools.read(&said).unwrap_or_else(|error| panic!("{said}: {error}"));
                    assert!((least..=most).contains(&called.calls.len()), "{said}");
                    check_calls(&described, &called);
                    (whole, calls) = (whole + 1, calls + called.calls.len());
                    texts += usize::from(!called.content.is_empty());
                    names.extend(called.calls.iter().map(|call| call.name.clone()));
                    // Only the token opens a call.
                    assert_eq!(tokens.contains(&opens), !called.calls.is_empty(), "{said}");
                    let Some(at) = tokens.iter().position(|&token| token == opens) else { continue };
                    let of_calls = text(tokenizer, &tokens[at..]) + "<|im_end|>\n";
                    let ids = [&tokens[at..], &tokenizer.encode("<|im_end|>\n", Special::Parse)].concat();
                    for template in &templates {
                        let chat = having_called(&described, &Called { content: String::new(), ..called.clone() });
                        if exact {
                            let rendered = template.render(&chat).expect("it renders");
                            assert!(rendered.ends_with(&of_calls), "{rendered} does not end with {of_calls}");
                            let encoded = template.encode(tokenizer, &chat).expect("it renders");
                            assert!(encoded.ends_with(&ids), "{of_calls} has other tokens");
                        }
                    }
                }
                println!(
                    "{} tokens of vocabulary, {choice:?}: {whole} answers with {calls} calls, {texts} with text",
                    tokenizer.vocab_size()
                );
                assert!(whole > 100 && (calls > 40) == (choice != ToolChoice::None), "{whole} answers, {calls} calls");
                assert_eq!(names.len(), if choice == ToolChoice::None { 0 } else { described.len() }, "{names:?}");
                assert_eq!(texts > 20, choice != ToolChoice::Required, "{texts} texts");
            }
        }
    });
}

/// The grammar of answers that may call the tools.
fn compile(tokenizer: &Tokenizer<'_>, tools: &[Value], choice: &ToolChoice) -> CompiledGrammar {
    let grammar = Tools::new(tools).expect("sound").grammar(choice, tokenizer).expect("there are tools");
    Grammars::new(tokenizer).expect("tables").compile(&grammar).expect("sound")
}

#[test]
fn text_cannot_look_like_a_call() {
    with_tokenizers(|tokenizer| {
        let token = |text: &str| tokenizer.encode(text, Special::AsText)[0];
        let opens = tokenizer.encode(OPEN, Special::Parse)[0];
        for choice in [ToolChoice::Auto, ToolChoice::None] {
            let mut constraint = compile(tokenizer, &exact_tools(), &choice).start();
            constraint.advance(tokenizer).expect("it goes on");
            let at_first = constraint.legal().to_vec();
            for text in ["He", "<", "<tool", "<tool_call", "<to<tool_call", "</tool_call"] {
                for token in tokenizer.encode(text, Special::AsText) {
                    constraint.accept(tokenizer, token).expect("legal");
                    assert!(constraint.advance(tokenizer).expect("it goes on").is_empty());
                }
                let is_legal = |token| constraint.legal().binary_search(&token).is_ok();
                let within = text.ends_with("<tool_call");
                assert_eq!(is_legal(token(">")), !within, "after {text}");
                assert_eq!(is_legal(opens), choice == ToolChoice::Auto, "after {text}");
                assert!(is_legal(token("x")) && is_legal(tokenizer.eog()[0]), "after {text}");
                constraint.accept(tokenizer, token("x")).expect("legal");
                constraint.advance(tokenizer).expect("it goes on");
                assert!(constraint.legal() == at_first, "after {text}");
            }
        }
    });
}

#[test]
fn a_vocabulary_without_the_tags_writes_them_as_text() {
    let without = |vocab: &mut Vocab| {
        let tags = vocab.tokens.iter_mut().filter(|token| token.ends_with("tool_call>"));
        tags.enumerate().for_each(|(i, token)| *token = format!("<unused {i}>"));
    };
    with_changed_vocabularies(without, |_, tokenizer| {
        let tag = tokenizer.encode(OPEN, Special::Parse);
        assert!(tag.len() > 1);
        let described = exact_tools();
        let tools = Tools::new(&described).expect("sound");
        for choice in [ToolChoice::Auto, ToolChoice::Required, ToolChoice::Named("turn".to_owned()), ToolChoice::None] {
            let grammar = compile(tokenizer, &described, &choice);
            let mut calls = 0;
            for seed in 0..40 {
                // Chance does not write the tag.
                let (mut choose, mut lead) = (to_an_end(tokenizer, seed), tag.iter().skip(seed as usize % 2 * tag.len()));
                let lead = |legal: &[u32]| {
                    let next = lead.next().filter(|next| choice == ToolChoice::Auto && legal.contains(next));
                    next.copied().unwrap_or_else(|| choose(legal))
                };
                let Some(tokens) = answer(tokenizer, &grammar, lead) else { continue };
                let said = text(tokenizer, &tokens);
                let called = tools.read(&said).unwrap_or_else(|error| panic!("{said}: {error}"));
                check_calls(&described, &called);
                calls += called.calls.len();
                match &choice {
                    ToolChoice::Auto => assert_eq!(called.calls.is_empty(), seed % 2 == 1, "{said}"),
                    ToolChoice::Required => assert!(!called.calls.is_empty(), "{said}"),
                    ToolChoice::Named(name) => assert!(matches!(&called.calls[..], [call] if call.name == *name), "{said}"),
                    ToolChoice::None => assert!(called.calls.is_empty(), "{said}"),
                }
            }
            assert_eq!(calls > 15, choice != ToolChoice::None, "{choice:?}");
        }
    });
}

/// Calls `f` with a runtime on a model of random weights.
fn with_runtime(f: impl FnOnce(&Opened<'_>, &mut Runtime<'_>)) {
    let mapping = Mapping::open(common::model()).expect("a model");
    let opened = Opened::new(&mapping).expect("sound");
    let mut runtime = opened.runtime(&OpenOptions { context: Some(2048), ..OpenOptions::default() }).expect("it fits");
    f(&opened, &mut runtime);
}

/// The whole answer to a request, and how it ended.
fn ask(runtime: &mut Runtime<'_>, request: &Request) -> (String, Reason) {
    let key = RequestKey { client: ClientId(1), id: 1 };
    runtime.submit(key, request, Instant::now()).expect("room");
    let (mut answer, mut end) = (String::new(), None);
    loop {
        let mut emit = |reply| match reply {
            Reply::Text { text, .. } => answer += &text,
            Reply::Done { finished, .. } => end = Some(finished.reason),
        };
        runtime.step(|_| true, &mut emit).expect("sound");
        if let Some(reason) = end {
            return (answer, reason);
        }
    }
}

fn chat(tools: &[Value], tool_choice: ToolChoice) -> Chat {
    Chat { tools: tools.to_vec(), tool_choice, ..Chat::new(vec![Message::new(Role::User, "Say what you like, or turn.")]) }
}

fn params(seed: u64, max_tokens: usize) -> GenerationParams {
    let sampling = SamplingParams { seed, temperature: 1.0, top_k: 0, top_p: 1.0, ..SamplingParams::default() };
    GenerationParams { sampling, max_tokens, ..GenerationParams::default() }
}

#[test]
fn the_runtime_holds_conversations_with_tools_to_them() {
    with_runtime(|_, runtime| {
        let described = [exact_tools(), free_tools()].concat();
        let tools = Tools::new(&described).expect("sound");
        let mut whole = 0;
        for seed in 0..12 {
            for choice in [ToolChoice::Required, ToolChoice::Named("note".to_owned())] {
                let request = Request::new(Prompt::Chat(chat(&described, choice.clone())), params(seed, 300));
                let (said, reason) = ask(runtime, &request);
                assert!(said.starts_with("<tool_call>\n{\"name\": \""), "{said}");
                if reason == Reason::Length {
                    continue;
                }
                assert_eq!(reason, Reason::Stop, "{said}");
                let called = tools.read(&said).unwrap_or_else(|error| panic!("{said}: {error}"));
                check_calls(&described, &called);
                if let ToolChoice::Named(name) = &choice {
                    assert!(matches!(&called.calls[..], [call] if call.name == *name), "{said}");
                }
                whole += 1;
            }
        }
        assert!(whole > 12, "{whole} answers ended");
    });
}

#[test]
fn text_is_said_as_without_tools() {
    with_runtime(|opened, runtime| {
        let sampling = SamplingParams { repetition_penalty: 1.5, ..SamplingParams::greedy() };
        let params = GenerationParams { sampling, max_tokens: 20, ..GenerationParams::default() };
        let mut chat = chat(&exact_tools(), ToolChoice::Auto);
        let begun = chat.messages.len();
        let mut texts: HashSet<String> = HashSet::new();
        let enough = |texts: &HashSet<String>| texts.len() > 4 && texts.iter().map(String::len).sum::<usize>() > 60;
        for round in 0.. {
            if enough(&texts) {
                break;
            }
            assert!(round < 100, "{texts:?}");
            let tokens = opened.template.encode(&opened.tokenizer, &chat).expect("it renders");
            let held = ask(runtime, &Request::new(Prompt::Chat(chat.clone()), params.clone()));
            let free = ask(runtime, &Request::new(Prompt::Tokens(tokens), params.clone()));
            // Random weights like halves of characters and special tokens, which no text has.
            let same = free.0.split(['<', '\u{fffd}']).next().unwrap_or_default();
            assert!(held.0.starts_with(same), "{held:?} in place of {free:?}");
            texts.insert(same.to_owned());
            // The next answer is another one, as it has other words to repeat.
            chat.messages.truncate(begun);
            chat.messages.extend([Message::new(Role::Assistant, held.0), Message::new(Role::User, format!("{round} {}", free.0))]);
        }
    });
}

#[test]
fn a_grammar_of_the_request_counts_for_more_than_its_tools() {
    with_runtime(|_, runtime| {
        let grammar = runtime.compile_grammar(&Grammar::Regex("exactly this".to_owned())).expect("sound");
        let chat = chat(&exact_tools(), ToolChoice::Required);
        let request = Request { grammar: Some(grammar), ..Request::new(Prompt::Chat(chat), params(0, 60)) };
        assert_eq!(ask(runtime, &request), ("exactly this".to_owned(), Reason::Stop));
    });
}

/// A schema with objects so deep in one another.
fn nested(depth: usize) -> Value {
    (0..depth).fold(
        json!({"type": "boolean"}),
        |inner, _| json!({"type": "object", "required": ["x"], "properties": {"x": inner}, "additionalProperties": false}),
    )
}

#[test]
fn schemas_that_cannot_be_met_are_refused_with_their_tool() {
    with_runtime(|_, runtime| {
        let object = |key: &str, value: Value| json!({"type": "object", "required": ["a"], "properties": {"a": {key: value}}});
        for bad in [
            json!({"type": "object", "required": ["a"], "properties": {"a": {"type": "integer", "minimum": 3, "maximum": 1}}}),
            json!({"required": ["a"]}),
            object("$ref", json!("https://example.org/schema.json")),
            object("$ref", json!("#/$defs/missing")),
            object("type", json!("rocket")),
            object("pattern", json!("(")),
            object("enum", json!(7)),
            json!({"properties": 7}),
            json!({"not": {}}),
            nested(100),
        ] {
            let described = [tool("good", json!({})), tool("bad", bad.clone())];
            for choice in [ToolChoice::Auto, ToolChoice::Required] {
                let request = Request::new(Prompt::Chat(chat(&described, choice)), params(0, 8));
                let error =
                    runtime.submit(RequestKey { client: ClientId(1), id: 1 }, &request, Instant::now()).expect_err(&bad.to_string());
                let error = error.to_string();
                assert!(error.starts_with("tool 2, \"bad\": \"parameters\": ") && !error.contains('\n'), "{bad}: {error}");
            }
        }
    });
}

#[test]
fn large_and_recursive_schemas_and_a_thousand_tools_are_kept() {
    with_tokenizers(|tokenizer| {
        let list = json!({"type": "object", "properties": {"next": {"$ref": "#"}}, "additionalProperties": false});
        for described in [
            vec![tool("list", list)],
            vec![tool("deep", nested(30))],
            (0..1000).map(|i| tool(&format!("tool_{i}"), json!({"properties": {"x": {"enum": [i, "x"]}}}))).collect(),
        ] {
            let (tools, grammar) = (Tools::new(&described).expect("sound"), compile(tokenizer, &described, &ToolChoice::Required));
            let mut whole = 0;
            for seed in 0..40 {
                let Some(tokens) = answer(tokenizer, &grammar, to_an_end(tokenizer, seed)) else { continue };
                let said = text(tokenizer, &tokens);
                check_calls(&described, &tools.read(&said).unwrap_or_else(|error| panic!("{said}: {error}")));
                whole += 1;
            }
            assert!(whole > 30, "{whole} answers ended of {}", described[0]);
        }
    });
}

#[test]
fn a_call_that_can_have_no_end_is_refused() {
    let tree = json!({"type": "object", "required": ["left"], "properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}}});
    with_runtime(|_, runtime| {
        let request = Request::new(Prompt::Chat(chat(&[tool("tree", tree)], ToolChoice::Required)), params(0, 1500));
        let error = runtime.submit(RequestKey { client: ClientId(1), id: 1 }, &request, Instant::now()).expect_err("it never ends");
        assert!(matches!(error, RequestError::Grammar(GrammarError::Stuck(_))), "{error}");
    });
}
