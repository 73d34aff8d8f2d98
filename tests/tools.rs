//! Answers that call tools: what is legal, what can be read back, and what templates make of it again.

mod common;
#[path = "tools/schema.rs"]
mod schema;

use std::collections::HashSet;

use common::support::golden;
use common::vocabularies::{random, with_changed_vocabularies, with_tokenizers};
use qwark::chat::{CallFault, Called, Chat, ChatTemplate, FunctionCall, Message, Role, ToolCall, ToolChoice, ToolError, ToolKind, Tools};
use qwark::grammar::{CompiledGrammar, Grammars};
use qwark::tokenizer::{Special, Tokenizer};
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
