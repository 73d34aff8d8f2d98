use std::io::{self, BufRead, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, ensure};

use super::args::{ChatArgs, Common};
use super::interrupt::Interrupt;
use super::output;
use super::run::answer_locally;
use crate::chat::{Chat, Message, Role};
use crate::runtime::{Opened, Prompt, Request};

const PROMPT: &str = "> ";

pub(super) fn run(common: &Common, args: &ChatArgs) -> Result<()> {
    ensure!(!common.json, "--json: a chat is for people; programs use `qwark run --messages FILE --json`");
    let params = args.sampling.params(common)?;
    let file = common.map_to_run()?;
    let opened = Opened::new(file.mapping()).with_context(|| common.model_name())?;
    let mut runtime = opened.runtime(&common.open_options())?;

    // While the user types, Ctrl-C has nothing to cancel: say how to leave.
    let typing = Arc::new(AtomicBool::new(false));
    let interactive = io::stdin().is_terminal();
    let interrupt = Interrupt::install({
        let typing = Arc::clone(&typing);
        move || {
            if typing.load(Ordering::Relaxed) {
                if !interactive {
                    std::process::exit(0);
                }
                output::note(&format!("\n(Ctrl-D or /exit leaves, and so does another Ctrl-C)\n{PROMPT}"));
            }
        }
    })?;
    if interactive {
        let name = &opened.model.config.name;
        output::note(&format!("{name}. Ctrl-C cancels an answer, /reset forgets the conversation, Ctrl-D or /exit leaves.\n"));
    }

    let start: Vec<Message> = args.around.system_message().into_iter().collect();
    let mut messages = start.clone();
    let mut lines = io::stdin().lock().lines();
    loop {
        if interactive {
            output::note(PROMPT);
        }
        interrupt.clear();
        typing.store(true, Ordering::Relaxed);
        let line = lines.next();
        typing.store(false, Ordering::Relaxed);
        interrupt.clear();
        let Some(line) = line else {
            if interactive {
                output::note("\n");
            }
            return Ok(());
        };
        match line.context("reading stdin")?.trim() {
            "" => continue,
            "/exit" => return Ok(()),
            "/reset" => {
                messages.clone_from(&start);
                continue;
            }
            text => messages.push(Message::new(Role::User, text)),
        }

        let chat = Chat { enable_thinking: args.around.think, ..Chat::new(messages.clone()) };
        let mut answer = String::new();
        let request = Request::new(Prompt::Chat(chat), params.clone());
        let result = answer_locally(&mut runtime, &request, &interrupt, |text| {
            answer += text;
            output::stream(text)
        });
        match result {
            Ok(_) => messages.push(Message::new(Role::Assistant, answer)),
            Err(error) if output::is_output_error(&error) => return Err(error),
            // A refused request (a conversation longer than the context) does not end the program.
            Err(error) => {
                messages.pop();
                output::note(&format!("qwark: {} (/reset forgets the conversation)\n", output::one_line(&error)));
            }
        }
        output::stream("\n")?;
    }
}
