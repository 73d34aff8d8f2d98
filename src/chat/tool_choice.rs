use std::convert::Infallible;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Whether an answer calls tools. In JSON it is as in OpenAI's interface: `"auto"`, `"none"`, `"required"` or
/// `{"type": "function", "function": {"name": "NAME"}}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Form", into = "Form")]
pub enum ToolChoice {
    /// As the model likes: text, calls, or text and then calls.
    #[default]
    Auto,
    /// Text, and no call.
    None,
    /// Calls, one at least, and no text.
    Required,
    /// One call of this tool, and no text.
    Named(String),
}

impl ToolChoice {
    /// Whether nothing is said.
    pub(super) fn is_auto(&self) -> bool {
        *self == ToolChoice::Auto
    }
}

/// As people write it: one of the words, or a tool's name.
impl FromStr for ToolChoice {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<ToolChoice, Infallible> {
        Ok(match text {
            "auto" => ToolChoice::Auto,
            "none" => ToolChoice::None,
            "required" => ToolChoice::Required,
            name => ToolChoice::Named(name.to_owned()),
        })
    }
}

/// The same in JSON.
#[derive(Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "a tool choice is \"auto\", \"none\", \"required\" or {\"type\": \"function\", \"function\": {\"name\": NAME}}"
)]
enum Form {
    Word(Word),
    Named(Named),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Auto,
    None,
    Required,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Named {
    Function { function: Name },
}

#[derive(Serialize, Deserialize)]
struct Name {
    name: String,
}

impl From<Form> for ToolChoice {
    fn from(form: Form) -> ToolChoice {
        match form {
            Form::Word(Word::Auto) => ToolChoice::Auto,
            Form::Word(Word::None) => ToolChoice::None,
            Form::Word(Word::Required) => ToolChoice::Required,
            Form::Named(Named::Function { function: Name { name } }) => ToolChoice::Named(name),
        }
    }
}

impl From<ToolChoice> for Form {
    fn from(choice: ToolChoice) -> Form {
        match choice {
            ToolChoice::Auto => Form::Word(Word::Auto),
            ToolChoice::None => Form::Word(Word::None),
            ToolChoice::Required => Form::Word(Word::Required),
            ToolChoice::Named(name) => Form::Named(Named::Function { function: Name { name } }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_written_as_in_openai_s_interface() {
        let cases = [
            (ToolChoice::Auto, r#""auto""#),
            (ToolChoice::None, r#""none""#),
            (ToolChoice::Required, r#""required""#),
            (ToolChoice::Named("drive".into()), r#"{"type":"function","function":{"name":"drive"}}"#),
        ];
        for (choice, json) in cases {
            assert_eq!(serde_json::to_string(&choice).unwrap(), json);
            assert_eq!(serde_json::from_str::<ToolChoice>(json).unwrap(), choice);
        }
        for bad in [r#""any""#, r#"{"type":"function"}"#, r#"{"type":"rocket","function":{"name":"a"}}"#, "null", "1"] {
            let error = serde_json::from_str::<ToolChoice>(bad).unwrap_err().to_string();
            assert!(error.starts_with("a tool choice is "), "{bad}: {error}");
        }
    }
}
