use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use serde_json::json;

use super::args::{CommandsCommand, Common, SetArgs};
use super::output;
use crate::commands::CommandSet;

pub(super) fn run(common: &Common, command: &CommandsCommand) -> Result<()> {
    match command {
        CommandsCommand::Check(args) => check(common, args),
        CommandsCommand::Prompt(args) => output::stream(&args.read()?.prompt()),
        CommandsCommand::Schema(args) => output::json(&args.read()?.json_schema()),
        CommandsCommand::Grammar(args) => {
            let set = args.set.read()?;
            output::stream(&if args.gbnf { set.gbnf() } else { set.lark() })
        }
        CommandsCommand::Codegen(args) => output::stream(&args.set.read()?.codegen(args.lang)),
    }
}

fn check(common: &Common, args: &SetArgs) -> Result<()> {
    let set = args.read()?;
    let (commands, examples, id) = (set.commands().len(), set.examples().len(), format!("{:#010x}", set.id()));
    if common.json {
        return output::json(&json!({
            "name": set.name(), "version": set.version(), "commands": commands, "examples": examples, "id": id,
            "max_encoded_bytes": set.max_encoded_len(),
        }));
    }
    output::stream(&format!("{}, version {}: {commands} commands, {examples} examples, id {id}\n", set.name(), set.version()))
}

impl SetArgs {
    fn read(&self) -> Result<CommandSet> {
        read_set(&self.file)
    }
}

/// Reads a command set.
pub(super) fn read_set(path: &Path) -> Result<CommandSet> {
    read_set_with_text(path).map(|(set, _)| set)
}

/// Reads a command set, and gives its text too.
pub(super) fn read_set_with_text(path: &Path) -> Result<(CommandSet, String)> {
    let file = path.display();
    let bytes = fs::read(path).with_context(|| format!("{file}: cannot be read"))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        anyhow!("{file}:{}: not UTF-8", 1 + good.iter().filter(|&&byte| byte == b'\n').count())
    })?;
    let set = CommandSet::parse(&text).map_err(|error| anyhow!("{file}:{}: {}", error.line, error.message()))?;
    Ok((set, text))
}
