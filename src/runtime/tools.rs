//! Answers that call tools.

use super::{RequestError, Runtime};
use crate::chat::{Chat, ToolChoice, ToolError, Tools};
use crate::grammar::{CompiledGrammar, Grammar};

impl Runtime<'_> {
    /// Makes the grammar of answers that call `tools` ready for requests, as [`Runtime::compile_grammar`] does with others. Whoever asks
    /// several times with the same tools spares time by doing it once.
    ///
    /// # Errors
    /// The tool that is at fault, or a choice that the model's template or the tools leave no way to.
    pub fn compile_tools(&self, tools: &Tools, choice: &ToolChoice) -> Result<CompiledGrammar, RequestError> {
        if !self.template.is_hermes() {
            return Err(ToolError::Form.into());
        }
        let grammar = tools.grammar(choice, self.tokenizer)?;
        self.compile_grammar(&grammar).map_err(|error| {
            let check = |schema| self.compile_grammar(&Grammar::JsonSchema(schema)).map(drop).map_err(|error| error.to_string());
            tools.find_fault(check).map_or(RequestError::Grammar(error), RequestError::Tools)
        })
    }

    /// What the tools of a conversation hold the answer to. Nothing where there are none, or where the model calls them in another form
    /// than Hermes' and may choose not to.
    ///
    /// # Errors
    /// As [`Runtime::compile_tools`].
    pub fn tools_grammar(&self, chat: &Chat) -> Result<Option<CompiledGrammar>, RequestError> {
        let free = match chat.tool_choice {
            ToolChoice::Auto => chat.tools.is_empty() || !self.template.is_hermes(),
            ToolChoice::None => chat.tools.is_empty(),
            ToolChoice::Required | ToolChoice::Named(_) => false,
        };
        if free {
            return Ok(None);
        }
        self.compile_tools(&Tools::new(&chat.tools)?, &chat.tool_choice).map(Some)
    }
}
