//! Conversations to prompts, by the template that a model file carries.
//!
//! ```
//! use qwark::chat::{Chat, ChatTemplate, Message, Role};
//!
//! let template = ChatTemplate::chatml();
//! let chat = Chat::new(vec![Message::new(Role::User, "Hello!")]);
//! assert_eq!(
//!     template.render(&chat)?,
//!     "<|im_start|>user\nHello!<|im_end|>\n<|im_start|>assistant\n"
//! );
//! # Ok::<(), qwark::chat::ChatError>(())
//! ```

mod conversation;
mod environment;
mod error;
mod guard;
mod hermes;
mod json;
mod limited;
mod message;
mod strftime;
mod tool_choice;
mod tools;

use minijinja::Environment;
use serde_json::{Map, Value, json};

pub use error::ChatError;
pub use hermes::{CallError, CallFault, Called};
pub use message::{Chat, FunctionCall, Message, Role, ToolCall, ToolKind};
pub use tool_choice::ToolChoice;
pub use tools::{MAX_TOOL_NAME, MAX_TOOLS, ToolError, ToolFault, Tools};

use crate::gguf::{Gguf, GgufError};
use crate::tokenizer::{Encoder, Piece, Special, TokenId, Tokenizer};
use guard::{Author, Guard};

/// The template for files that have none.
const CHATML: &str = include_str!("chatml.jinja");

/// A chat template: it makes one text of a conversation, as the model saw it in training.
#[derive(Debug)]
pub struct ChatTemplate {
    environment: Environment<'static>,
    /// Names of tokens that templates may use, by variable.
    token_names: Map<String, Value>,
    calls: CallForm,
    is_hermes: bool,
}

/// In which form a template takes messages that call functions. Templates differ, and none says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct CallForm {
    /// A message without content has the content none; else the empty text.
    null_content: bool,
    /// Arguments are the text of a JSON object; else the object.
    text_arguments: bool,
}

impl CallForm {
    /// All forms, the one that OpenAI's interface and transformers agree on first.
    const ALL: [Self; 4] = [Self::new(true, false), Self::new(true, true), Self::new(false, false), Self::new(false, true)];

    const fn new(null_content: bool, text_arguments: bool) -> Self {
        Self { null_content, text_arguments }
    }
}

impl ChatTemplate {
    /// The template in `tokenizer.chat_template`, or [`chatml`](Self::chatml) for a file that has none.
    ///
    /// # Errors
    ///
    /// A key of the wrong type, or a template that cannot be read.
    pub fn from_gguf(gguf: &Gguf<'_>) -> Result<Self, ChatError> {
        let Some(source) = gguf.opt_str("tokenizer.chat_template")? else {
            return Ok(Self::chatml());
        };
        let bos = token_name(gguf, "tokenizer.ggml.bos_token_id")?;
        let eos = token_name(gguf, "tokenizer.ggml.eos_token_id")?;
        Self::new(source, bos, eos)
    }

    /// The template `source`, for which `bos_token` and `eos_token` have these names.
    ///
    /// # Errors
    ///
    /// [`ChatError::Template`] where it cannot be read.
    pub fn new(source: &str, bos_token: Option<&str>, eos_token: Option<&str>) -> Result<Self, ChatError> {
        let names = [("bos_token", bos_token), ("eos_token", eos_token)];
        let named = |(key, name): (&str, Option<&str>)| Some((key.to_owned(), name?.into()));
        let mut template = Self {
            environment: environment::with_template(source)?,
            token_names: names.into_iter().filter_map(named).collect(),
            calls: CallForm::ALL[0],
            is_hermes: false,
        };
        if let Some((calls, shown)) = template.find_call_form() {
            template.calls = calls;
            template.is_hermes = shown.contains(&hermes::call(PROBE, &probe_arguments()));
        }
        Ok(template)
    }

    /// ChatML with tools in the form of Hermes, as Qwen's models know it.
    pub fn chatml() -> Self {
        Self::new(CHATML, None, None).expect("the built-in template can be read")
    }

    /// Whether it writes calls in the form of Hermes, which [`Tools::grammar`] and [`Tools::read`] know.
    pub fn is_hermes(&self) -> bool {
        self.is_hermes
    }

    /// The prompt for `chat` as a text, in which names of tokens in the template and in messages look the same.
    ///
    /// # Errors
    ///
    /// A conversation that the template refuses, or for which it fails.
    pub fn render(&self, chat: &Chat) -> Result<String, ChatError> {
        let rendered = self.render_guarded(chat, Guard { tokens: &[] }, self.calls)?;
        Ok(guard::remove_marks(&rendered))
    }

    /// The prompt for `chat`. Only the template writes control tokens, and only it and the assistant's content
    /// user-defined ones such as `</think>`: everywhere else their names are text.
    ///
    /// # Errors
    ///
    /// A conversation that the template refuses, or for which it fails.
    pub fn encode(&self, tokenizer: &Tokenizer<'_>, chat: &Chat) -> Result<Vec<TokenId>, ChatError> {
        let guard = Guard { tokens: tokenizer.special_tokens() };
        let rendered = self.render_guarded(chat, guard, self.calls)?;
        let mut encoder = Encoder::new(tokenizer);
        for piece in tokenizer.split_special(&rendered, Special::Parse) {
            match piece {
                Piece::Text(text) => encoder.text(&guard::remove_marks(text)),
                Piece::Token(id) => encoder.token(id),
            }
        }
        Ok(encoder.finish())
    }

    fn render_guarded(&self, chat: &Chat, guard: Guard<'_, '_>, calls: CallForm) -> Result<String, ChatError> {
        let messages = chat.messages.iter();
        let messages: Vec<Value> = messages.map(|m| message_value(m, guard, calls)).collect();
        let tools: Option<Vec<Value>> = (!chat.tools.is_empty()).then(|| chat.tools.iter().map(|tool| guard.json(tool)).collect());
        let mut context = self.token_names.clone();
        context.insert("messages".into(), messages.into());
        context.insert("tools".into(), tools.into());
        context.insert("documents".into(), Value::Null);
        context.insert("add_generation_prompt".into(), chat.add_generation_prompt.into());
        // Templates ask whether it is defined.
        if let Some(enable) = chat.enable_thinking {
            context.insert("enable_thinking".into(), enable.into());
        }
        Ok(environment::render(&self.environment, context)?)
    }

    /// Tries which form of calls the template takes: one in which it shows the function's name, and no absent content. With what it
    /// makes of it. None for a template without calls.
    fn find_call_form(&self) -> Option<(CallForm, String)> {
        let function = FunctionCall { name: PROBE.into(), arguments: probe_arguments() };
        let call = ToolCall { id: None, kind: ToolKind::Function, function };
        let calling = Message { role: Role::Assistant, content: None, reasoning_content: None, tool_calls: vec![call] };
        let chat = Chat::new(vec![Message::new(Role::User, "a"), calling, Message::new(Role::Tool, "b")]);
        CallForm::ALL.into_iter().find_map(|calls| {
            let text = self.render_guarded(&chat, Guard { tokens: &[] }, calls).ok()?;
            (text.contains(PROBE) && !text.contains("None")).then_some((calls, text))
        })
    }
}

/// A function's name by which a call is found in what a template makes of it.
const PROBE: &str = "probe_7391";

/// What it is called with: what is written with blanks, or without.
fn probe_arguments() -> Value {
    json!({"x": 1, "y": [2, 3]})
}

/// A message as templates see it.
fn message_value(message: &Message, guard: Guard<'_, '_>, calls: CallForm) -> Value {
    let author = match message.role {
        Role::Assistant => Author::Model,
        Role::System | Role::User | Role::Tool => Author::Other,
    };
    let text = |text: &str| Value::from(guard.text(text, author));
    let mut value = Map::new();
    value.insert("role".into(), json!(message.role));
    let content = message.content.as_deref();
    let null_content = calls.null_content && !message.tool_calls.is_empty();
    let content = content.or((!null_content).then_some(""));
    value.insert("content".into(), content.map(text).into());
    if let Some(reasoning) = &message.reasoning_content {
        value.insert("reasoning_content".into(), text(reasoning));
    }
    if !message.tool_calls.is_empty() {
        let tool_calls = message.tool_calls.iter();
        let tool_calls = tool_calls.map(|call| call_value(call, guard, calls));
        value.insert("tool_calls".into(), tool_calls.collect());
    }
    value.into()
}

/// A call as templates see it.
fn call_value(call: &ToolCall, guard: Guard<'_, '_>, calls: CallForm) -> Value {
    let mut value = guard.json(&json!(call));
    let arguments = &mut value["function"]["arguments"];
    if calls.text_arguments && arguments.is_object() {
        *arguments = json::dumps(arguments).into();
    }
    value
}

/// The name of the token whose id is under an optional key.
fn token_name<'a>(gguf: &Gguf<'a>, key: &str) -> Result<Option<&'a str>, GgufError> {
    let Some(id) = gguf.opt_u32(key)? else {
        return Ok(None);
    };
    let tokens = gguf.opt_strs("tokenizer.ggml.tokens")?;
    Ok(tokens.and_then(|mut tokens| tokens.nth(id as usize)))
}
