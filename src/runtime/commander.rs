//! Sentences to commands.

use super::{Prompt, Request, RequestError, Runtime};
use crate::chat::{Chat, Message, Role};
use crate::commands::CommandSet;
use crate::generation::GenerationParams;
use crate::grammar::CompiledGrammar;
use crate::sampler::SamplingParams;

/// A command set at a runtime, ready for sentences.
#[derive(Debug)]
pub struct Commander {
    set: CommandSet,
    system: String,
    grammar: CompiledGrammar,
    beginning: Vec<u32>,
}

impl Commander {
    /// Makes the set's grammar ready.
    ///
    /// # Errors
    /// Where the model's chat template or the vocabulary is at fault.
    pub fn new(runtime: &Runtime<'_>, set: CommandSet) -> Result<Commander, RequestError> {
        let system = set.prompt();
        let tokens = |sentence: &str| runtime.template.encode(runtime.tokenizer, &chat(&system, sentence));
        let beginning = tokens("a")?.into_iter().zip(tokens("0")?).take_while(|(a, b)| a == b).map(|(token, _)| token).collect();
        let grammar = runtime.compile_grammar(&set.grammar())?;
        Ok(Commander { set, system, grammar, beginning })
    }

    /// Looks ahead into the grammar, for at most some 200 ms, which spares the first answers as much.
    pub fn explore(&self, runtime: &Runtime<'_>) {
        self.grammar.explore(runtime.tokenizer);
    }

    /// The set.
    pub fn set(&self) -> &CommandSet {
        &self.set
    }

    /// What the prompts of all sentences have in common, for [`Runtime::begin_with`].
    pub fn beginning(&self) -> &[u32] {
        &self.beginning
    }

    /// A request for the commands of `sentence`, the likeliest ones: its answer is lines for [`AnswerReader`](crate::commands::AnswerReader).
    pub fn request(&self, sentence: &str) -> Request {
        let params = GenerationParams { sampling: SamplingParams::greedy(), max_tokens: usize::MAX, ..GenerationParams::default() };
        Request { grammar: Some(self.grammar.clone()), ..Request::new(Prompt::Chat(chat(&self.system, sentence)), params) }
    }
}

fn chat(system: &str, sentence: &str) -> Chat {
    let messages = vec![Message::new(Role::System, system.to_owned()), Message::new(Role::User, sentence.trim().to_owned())];
    Chat { enable_thinking: Some(false), ..Chat::new(messages) }
}
