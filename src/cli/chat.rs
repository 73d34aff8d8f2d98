use std::io::{self, BufRead, IsTerminal, Lines, StdinLock};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, ensure};

use super::args::{ChatArgs, Common};
use super::interrupt::Interrupt;
use super::output;
use super::run::answer_locally;
use crate::chat::{Called, Chat, Message, Role, ToolCall, ToolChoice, ToolKind, Tools};
use crate::generation::GenerationParams;
use crate::runtime::{Opened, Prompt, Request, Runtime};

const PROMPT: &str = "> ";

pub(super) fn run(common: &Common, args: &ChatArgs) -> Result<()> {
    ensure!(!common.json, "--json: a chat is for people; programs use `qwark run --messages FILE --json`");
    let params = args.sampling.params(common)?;
    let file = common.map_to_run()?;
    let opened = Opened::new(file.mapping()).with_context(|| common.model_name())?;
    let mut runtime = opened.runtime(&common.open_options())?;
    let start = Chat { enable_thinking: args.around.think, ..args.tools.chat(args.around.system_message().into_iter().collect())? };
    let mut tools = args.tools.check(&start)?;
    if let (Some(_), Some(path)) = (&tools, &args.tools.tools) {
        let held = runtime.tools_grammar(&start).with_context(|| path.display().to_string())?;
        tools = tools.filter(|_| held.is_some());
    }

    let mut input = Input::new()?;
    if input.interactive {
        let name = &opened.model.config.name;
        let calls = if tools.is_some() { " Where it calls a tool, type what came of that." } else { "" };
        output::note(&format!("{name}.{calls} Ctrl-C cancels an answer, /reset forgets the conversation, Ctrl-D or /exit leaves.\n"));
    }
    let mut talk = Talk { runtime: &mut runtime, params, tools, chat: start.clone() };
    let mut line = input.next(PROMPT)?;
    loop {
        line = match line {
            Line::End => return Ok(()),
            Line::Text(text) if !text.is_empty() => talk.turn(text, &mut input)?,
            Line::Text(_) => input.next(PROMPT)?,
            Line::Reset => {
                talk.chat = start.clone();
                input.next(PROMPT)?
            }
        };
    }
}

/// What was typed.
enum Line {
    Text(String),
    /// The conversation is to be forgotten.
    Reset,
    /// There will be nothing more.
    End,
}

/// The lines that the user types.
struct Input {
    lines: Lines<StdinLock<'static>>,
    interactive: bool,
    interrupt: Interrupt,
    /// What the user is asked for, while Ctrl-C has nothing to cancel.
    asked: Arc<Mutex<Option<String>>>,
}

impl Input {
    fn new() -> Result<Input> {
        let asked = Arc::new(Mutex::new(None));
        let interactive = io::stdin().is_terminal();
        let interrupt = Interrupt::install({
            let asked = Arc::clone(&asked);
            move || {
                let Some(prompt) = &*lock(&asked) else { return };
                if !interactive {
                    std::process::exit(0);
                }
                output::note(&format!("\n(Ctrl-D or /exit leaves, and so does another Ctrl-C)\n{prompt}"));
            }
        })?;
        Ok(Input { lines: io::stdin().lock().lines(), interactive, interrupt, asked })
    }

    /// The next line, without blanks around it.
    fn next(&mut self, prompt: &str) -> Result<Line> {
        if self.interactive {
            output::note(prompt);
        }
        self.interrupt.clear();
        *lock(&self.asked) = Some(prompt.to_owned());
        let line = self.lines.next();
        *lock(&self.asked) = None;
        self.interrupt.clear();
        let Some(line) = line.transpose().context("reading stdin")? else {
            if self.interactive {
                output::note("\n");
            }
            return Ok(Line::End);
        };
        Ok(match line.trim() {
            "/exit" => Line::End,
            "/reset" => Line::Reset,
            text => Line::Text(text.to_owned()),
        })
    }
}

fn lock(asked: &Mutex<Option<String>>) -> MutexGuard<'_, Option<String>> {
    // Each change of it is whole.
    asked.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A conversation.
struct Talk<'r, 'm> {
    runtime: &'r mut Runtime<'m>,
    params: GenerationParams,
    /// By which answers are read.
    tools: Option<Tools>,
    chat: Chat,
}

impl Talk<'_, '_> {
    /// Answers what the user says: once, and again with what came of the tools that the answer calls. Gives the line that is typed then.
    fn turn(&mut self, text: String, input: &mut Input) -> Result<Line> {
        let before = self.chat.messages.len();
        let mut choice = self.chat.tool_choice.clone();
        self.chat.messages.push(Message::new(Role::User, text));
        loop {
            let calls = match self.answer(&choice, input) {
                Ok(calls) => calls,
                Err(error) if output::is_output_error(&error) => return Err(error),
                // A refused request (a conversation longer than the context) does not end the program.
                Err(error) => {
                    self.chat.messages.truncate(before);
                    output::note(&format!("qwark: {} (/reset forgets the conversation)\n", output::one_line(&error)));
                    Vec::new()
                }
            };
            output::stream("\n")?;
            if calls.is_empty() {
                return input.next(PROMPT);
            }
            for ToolCall { function, .. } in calls {
                match input.next(&format!("{}{PROMPT}", function.name))? {
                    Line::Text(result) => self.chat.messages.push(Message::new(Role::Tool, result)),
                    other => return Ok(other),
                }
            }
            // A call that had to be is made now.
            choice = if choice == ToolChoice::None { choice } else { ToolChoice::Auto };
        }
    }

    /// Says the next message of the model, and takes it into the conversation. Gives the tools that it calls.
    fn answer(&mut self, choice: &ToolChoice, input: &Input) -> Result<Vec<ToolCall>> {
        let chat = Chat { tool_choice: choice.clone(), ..self.chat.clone() };
        let request = Request::new(Prompt::Chat(chat), self.params.clone());
        let mut answer = String::new();
        answer_locally(self.runtime, &request, &input.interrupt, |text| {
            answer += text;
            output::stream(text)
        })?;
        let read = self.tools.as_ref().map(|tools| tools.read(&answer)).transpose();
        if let Err(error) = &read {
            output::note(&format!("\nqwark: {error}"));
        }
        // One that is cut off calls nothing, and stays what the model said.
        let Called { content, calls } = read.ok().flatten().unwrap_or(Called { content: answer, calls: Vec::new() });
        let call = |function| ToolCall { id: None, kind: ToolKind::Function, function };
        let tool_calls: Vec<ToolCall> = calls.into_iter().map(call).collect();
        self.chat.messages.push(Message { tool_calls: tool_calls.clone(), ..Message::new(Role::Assistant, content) });
        Ok(tool_calls)
    }
}
