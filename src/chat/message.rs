//! Conversations, in the JSON form that OpenAI's interface made common.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::ToolChoice;

/// A conversation for which a model is to write the next message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chat {
    /// The messages so far, in order.
    pub messages: Vec<Message>,
    /// Functions that the model may call: `{"type": "function", "function": {"name", "description", "parameters"}}`.
    #[serde(default)]
    pub tools: Vec<Value>,
    /// Whether the answer calls them.
    #[serde(default)]
    pub tool_choice: ToolChoice,
    /// Whether the model should think before it answers, for models that leave one the choice; none is the model's own
    /// default.
    #[serde(default)]
    pub enable_thinking: Option<bool>,
    /// Whether the prompt ends with the beginning of the model's answer, as it should but for special purposes.
    #[serde(default = "yes")]
    pub add_generation_prompt: bool,
}

fn yes() -> bool {
    true
}

impl Chat {
    /// A conversation without tools.
    pub fn new(messages: Vec<Message>) -> Self {
        Self { messages, tools: Vec::new(), tool_choice: ToolChoice::Auto, enable_thinking: None, add_generation_prompt: true }
    }
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sets the rules.
    #[serde(alias = "developer")]
    System,
    /// Asks.
    User,
    /// The model.
    Assistant,
    /// The result of a function that the model called.
    Tool,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said. In JSON it may also be null, and a list of parts `{"type": "text", "text"}`, which are joined.
    #[serde(default, deserialize_with = "content")]
    pub content: Option<String>,
    /// What the assistant thought before that, where it is known apart from the content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_content: Option<String>,
    /// Functions that the assistant calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
}

impl Message {
    /// A message of text.
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        Self { role, content: Some(content.into()), reasoning_content: None, tool_calls: Vec::new() }
    }
}

/// A call of a function.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// What tells this call from others of the conversation, where the client gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The kind of tool.
    #[serde(rename = "type", default)]
    pub kind: ToolKind,
    /// The function, and with what it is called.
    pub function: FunctionCall,
}

/// The kinds of tools there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ToolKind {
    /// A function.
    #[default]
    Function,
}

/// A function, and with what it is called.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FunctionCall {
    /// The function's name.
    pub name: String,
    /// Its arguments by name. In JSON they may also be the JSON text of such an object.
    #[serde(default, deserialize_with = "arguments")]
    pub arguments: Value,
}

fn content<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "content is not text, null or a list of text parts")]
    enum Content {
        Text(String),
        Parts(Vec<Part>),
    }
    #[derive(Deserialize)]
    #[serde(tag = "type", rename_all = "lowercase")]
    enum Part {
        Text { text: String },
    }
    let content = Option::<Content>::deserialize(deserializer)?;
    Ok(content.map(|content| match content {
        Content::Text(text) => text,
        Content::Parts(parts) => parts.into_iter().map(|Part::Text { text }| text).collect(),
    }))
}

fn arguments<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
    let arguments = Value::deserialize(deserializer)?;
    let parsed = arguments.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok()).filter(Value::is_object);
    // What a model wrote need not be JSON: then it stays the text that it is.
    Ok(parsed.unwrap_or(arguments))
}
