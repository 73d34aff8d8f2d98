//! Conversations and tools from files.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde::de::DeserializeOwned;

use super::args::PromptArgs;
use crate::chat::{Chat, Message, Role, ToolChoice, Tools};

/// What the model may call.
#[derive(Debug, Args)]
pub(super) struct ToolArgs {
    /// Tools that the model may call: a JSON file with an array of function descriptions
    #[arg(long, value_name = "FILE")]
    pub tools: Option<PathBuf>,
    /// Whether the answer calls tools: auto, required, none, or the name of the one to call [default: auto]
    #[arg(long, value_name = "CHOICE", requires = "tools")]
    pub tool_choice: Option<ToolChoice>,
}

/// What is said before the answer, and what the model may call.
#[derive(Debug, Args)]
pub(super) struct ConversationArgs {
    #[command(flatten)]
    pub tools: ToolArgs,
    /// A whole conversation, tool calls and results among it, in place of a prompt: a JSON file with an array of messages
    #[arg(long, value_name = "FILE", conflicts_with_all = ["prompt", "system"])]
    pub messages: Option<PathBuf>,
}

impl ToolArgs {
    /// `messages`, with the tools.
    pub fn chat(&self, messages: Vec<Message>) -> Result<Chat> {
        let tools = self.tools.as_deref().map(|path| read_json(path, "tools")).transpose()?.unwrap_or_default();
        Ok(Chat { tools, tool_choice: self.tool_choice.clone().unwrap_or_default(), ..Chat::new(messages) })
    }

    /// The tools of a conversation, checked, by which its answers are read; none where no file names them.
    pub fn check(&self, chat: &Chat) -> Result<Option<Tools>> {
        let check = |path: &PathBuf| Tools::new(&chat.tools).with_context(|| path.display().to_string());
        self.tools.as_ref().map(check).transpose()
    }
}

impl ConversationArgs {
    /// Whether there is more than a prompt.
    pub fn is_given(&self) -> bool {
        self.messages.is_some() || self.tools.tools.is_some()
    }

    /// The conversation. Its only words of a user's are `prompt`, unless a file has messages.
    pub fn chat(&self, around: &PromptArgs, prompt: impl FnOnce() -> Result<String>) -> Result<Chat> {
        let messages = match &self.messages {
            Some(path) => {
                let messages: Vec<Message> = read_json(path, "messages")?;
                ensure!(!messages.is_empty(), "{}: there is no message", path.display());
                messages
            }
            None => around.system_message().into_iter().chain([Message::new(Role::User, prompt()?)]).collect(),
        };
        Ok(Chat { enable_thinking: around.think, ..self.tools.chat(messages)? })
    }
}

/// A file with a JSON array.
fn read_json<T: DeserializeOwned>(path: &Path, what: &str) -> Result<Vec<T>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{}: not a JSON array of {what}", path.display()))
}
