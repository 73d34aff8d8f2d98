//! Calls in the form of Hermes, as Qwen2.5 and Qwen3 write them: the grammar of answers that have them, and the way back.
//!
//! ```text
//! I'll look.
//! <tool_call>
//! {"name": "get_weather", "arguments": {"city": "Paris", "days": 2}}
//! </tool_call>
//! ```

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;

use super::{FunctionCall, ToolChoice, ToolError, Tools, json};
use crate::grammar::Grammar;
use crate::tokenizer::Tokenizer;

/// Stands before a call. One token in most vocabularies.
const OPEN: &str = "<tool_call>";
/// Stands behind a call.
const CLOSE: &str = "</tool_call>";
/// Stand around what the model thinks, which text may have in it where they are tokens.
const THINKING: [&str; 2] = ["<think>", "</think>"];

/// A call as a template of this form writes it.
pub(super) fn call(name: &str, arguments: &Value) -> String {
    format!("{OPEN}\n{{\"name\": \"{name}\", \"arguments\": {}}}\n{CLOSE}", json::dumps(arguments))
}

/// An answer, read. In JSON it has the fields `content` and `tool_calls`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Called {
    /// Text before the calls, or the whole answer where there are none.
    pub content: String,
    /// The calls, in order. Each is of a tool that there is, and its arguments are an object.
    #[serde(rename = "tool_calls")]
    pub calls: Vec<FunctionCall>,
}

/// Why an answer's call cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("call {call} of the answer: {fault}")]
pub struct CallError {
    /// Which, from 1.
    pub call: usize,
    /// What is wrong with it.
    pub fault: CallFault,
}

/// What is wrong with a call.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CallFault {
    /// The answer ends within it.
    #[error("it is not whole")]
    Cut,
    /// It is no object of a name and arguments.
    #[error("not {{\"name\": NAME, \"arguments\": {{...}}}}: {0}")]
    Form(String),
    /// It is of a tool that there is not.
    #[error("there is no tool {0:?}")]
    Unknown(String),
    /// Something else stands behind it, or `</tool_call>` is missing.
    #[error("{0:?} stands where there should be {1}")]
    Stray(String, &'static str),
}

impl Tools {
    /// The grammar of answers that [`Tools::read`] reads, by `choice`: text without `<tool_call>`, then calls, written as the templates
    /// of Qwen2.5 and Qwen3 write them. `<tool_call>` and `</tool_call>` are the tokens of these names where `tokenizer` has them. Then
    /// no other tokens of the text open a call.
    ///
    /// # Errors
    /// There is no tool to be called.
    pub fn grammar(&self, choice: &ToolChoice, tokenizer: &Tokenizer<'_>) -> Result<Grammar, ToolError> {
        let callable = self.callable(choice)?;
        // A control token would not be seen in the answer.
        let specials = || tokenizer.special_tokens().iter().filter(|token| !token.is_control);
        let token = |name: &str| specials().find(|token| token.text == name).map(|token| token.id);
        let tag = |name| if token(name).is_some() { name.to_owned() } else { format!("\"{name}\"") };
        let (open, close) = (tag(OPEN), tag(CLOSE));
        let more = format!("(\"\\n\" {open} call)*");
        let mut lark = match choice {
            ToolChoice::Named(_) => format!("start: {open} call\n"),
            ToolChoice::Required => format!("start: {open} call {more}\n"),
            ToolChoice::Auto | ToolChoice::None => {
                let thinking: Vec<&str> = THINKING.into_iter().filter(|name| token(name).is_some()).collect();
                let thinking = if thinking.is_empty() { String::new() } else { format!(" (({}) TEXT?)*", thinking.join(" | ")) };
                let start = match token(OPEN) {
                    _ if callable.is_empty() => "start: text".to_owned(),
                    Some(_) => format!("start: text ({open} call {more})?"),
                    // The tag is a part of the text then: the last one.
                    None => format!("start: text | opening call {more}\nopening[lazy]: /(?s:.*){OPEN}/"),
                };
                format!("{start}\ntext: TEXT?{thinking}\nTEXT: /(?s:.+)/ & ~/(?s:.*){OPEN}(?s:.*)/\n")
            }
        };
        if !callable.is_empty() {
            let names = (0..callable.len()).map(|i| format!("call_{i}")).collect::<Vec<_>>().join(" | ");
            lark += &format!("call: \"\\n{{\\\"name\\\": \\\"\" ({names}) \"}}\\n\" {close}\n");
        }
        for (i, tool) in callable.iter().enumerate() {
            let (name, schema) = (&tool.name, tool.schema());
            lark += &format!("call_{i}: \"{name}\\\", \\\"arguments\\\": \" arguments_{i}\narguments_{i}: %json {schema}\n");
        }
        let begins_with_text = matches!(choice, ToolChoice::Auto | ToolChoice::None);
        Ok(match token(OPEN) {
            Some(end) if begins_with_text => Grammar::Led { lark, tag: OPEN.to_owned(), end },
            _ => Grammar::Lark(lark),
        })
    }

    /// Sets apart an answer's text and its calls. Blanks and newlines around what a call is made of may be any.
    ///
    /// # Errors
    /// The first call that is not whole, or of no tool that there is.
    pub fn read(&self, answer: &str) -> Result<Called, CallError> {
        let Some((content, mut rest)) = answer.split_once(OPEN) else {
            return Ok(Called { content: answer.to_owned(), calls: Vec::new() });
        };
        // The newline that the form has before a call is not the text's.
        let content = content.strip_suffix('\n').unwrap_or(content).to_owned();
        let mut calls = Vec::new();
        loop {
            let (call, behind) = self.read_call(rest).map_err(|fault| CallError { call: calls.len() + 1, fault })?;
            calls.push(call);
            if behind.trim().is_empty() {
                return Ok(Called { content, calls });
            }
            rest = after(behind, OPEN).map_err(|fault| CallError { call: calls.len() + 1, fault })?;
        }
    }

    /// A call, from behind its `<tool_call>`, and what stands behind its `</tool_call>`.
    fn read_call<'a>(&self, text: &'a str) -> Result<(FunctionCall, &'a str), CallFault> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Call {
            name: String,
            arguments: Map<String, Value>,
        }
        // Not up to the next `</tool_call>`, as that may also stand in a text among the arguments.
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<Call>();
        let Call { name, arguments } = match values.next() {
            Some(Ok(call)) => call,
            Some(Err(error)) if !error.is_eof() => return Err(CallFault::Form(error.to_string())),
            _ => return Err(CallFault::Cut),
        };
        if !self.has(&name) {
            return Err(CallFault::Unknown(name));
        }
        let behind = after(&text[values.byte_offset()..], CLOSE)?;
        Ok((FunctionCall { name, arguments: arguments.into() }, behind))
    }
}

/// What stands behind `tag`, with which `text` begins, blanks aside.
fn after<'a>(text: &'a str, tag: &'static str) -> Result<&'a str, CallFault> {
    /// Characters of what is in its place that are shown.
    const SHOWN: usize = 20;
    let text = text.trim_start();
    text.strip_prefix(tag)
        .ok_or_else(|| if tag.starts_with(text) { CallFault::Cut } else { CallFault::Stray(text.chars().take(SHOWN).collect(), tag) })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(answer: &str) -> Result<Called, CallError> {
        let tool = |name: &str| json!({"type": "function", "function": {"name": name}});
        Tools::new(&[tool("drive"), tool("stop")]).unwrap().read(answer)
    }

    #[test]
    fn text_and_calls_are_set_apart() {
        let stop = call("stop", &json!({}));
        let drive = call("drive", &json!({"to": "</tool_call> and <tool_call>", "by": [1.5, null]}));
        let cases = [
            ("No.\n".to_owned(), "No.\n", vec![]),
            (String::new(), "", vec![]),
            (stop.clone(), "", vec![&stop]),
            (format!("Yes.\n{drive}\n{stop}"), "Yes.", vec![&drive, &stop]),
            ("<tool_call>{\"arguments\":{},\"name\":\"stop\"}</tool_call> \n".to_owned(), "", vec![&stop]),
        ];
        for (answer, content, calls) in cases {
            let called = read(&answer).unwrap();
            assert_eq!(called.content, content);
            let again: Vec<String> = called.calls.iter().map(|function| call(&function.name, &function.arguments)).collect();
            assert_eq!(again.iter().collect::<Vec<_>>(), calls);
        }
    }

    #[test]
    fn what_is_no_call_is_named() {
        let stop = call("stop", &json!({}));
        for (answer, message) in [
            ("<tool_call>\n{\"name\": \"st", "call 1 of the answer: it is not whole"),
            ("<tool_call>", "call 1 of the answer: it is not whole"),
            ("<tool_call>\n{\"name\": \"stop\", \"arguments\": {}}\n</tool", "call 1 of the answer: it is not whole"),
            (&format!("{stop}\n<tool_"), "call 2 of the answer: it is not whole"),
            (&format!("{stop}\nDone."), "call 2 of the answer: \"Done.\" stands where there should be <tool_call>"),
            ("<tool_call>{\"name\": \"go\", \"arguments\": {}}</tool_call>", "call 1 of the answer: there is no tool \"go\""),
            (
                "<tool_call>{\"name\": \"stop\", \"arguments\": {}}}</tool_call>",
                "call 1 of the answer: \"}</tool_call>\" stands where there should be </tool_call>",
            ),
        ] {
            assert_eq!(read(answer).unwrap_err().to_string(), message, "{answer}");
        }
        for bad in [
            "{}",
            "[]",
            "stop()",
            "{\"name\": \"stop\"}",
            "{\"name\": \"stop\", \"arguments\": []}",
            "{\"name\": \"stop\", \"arguments\": \"{}\"}",
            "{\"name\": 1, \"arguments\": {}}",
            "{\"name\": \"stop\", \"arguments\": {}, \"id\": 1}",
        ] {
            let error = read(&format!("<tool_call>{bad}</tool_call>")).unwrap_err();
            assert!(matches!(error.fault, CallFault::Form(_)), "{bad}: {error}");
        }
    }
}
