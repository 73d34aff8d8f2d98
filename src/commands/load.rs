//! A command set from its file.

use toml::de::DeTable;

use super::error::{SetError, SetFault};
use super::names::{is_name, is_reserved};
use super::params::param;
use super::table::{Item, Lines, Table};
use super::{Command, CommandSet, CommandSpec, Example, Fault, Kind, MAX_PARAMS, MAX_SPECS, Value};
use crate::gguf::shown;

impl CommandSet {
    /// Reads the text of a command set's file, and checks all of it.
    pub fn parse(text: &str) -> Result<CommandSet, SetError> {
        let lines = Lines::of(text);
        let file = DeTable::parse(text).map_err(|error| {
            let line = lines.line(error.span().map_or(0, |span| span.start));
            SetFault::Toml(error.message().replace('\n', ", ")).at(line, "")
        })?;
        let mut table = Table::new(file.get_ref(), &lines, 1, "");
        let name = table.need("name")?;
        let version = table.need("version")?;
        let mut set = CommandSet {
            name: checked_name(name.text("")?, name.line, "")?,
            version: version.integer("version", "")?.try_into().map_err(|_| SetFault::Version.at(version.line, ""))?,
            guidance: table.text_or_empty("guidance")?,
            commands: Vec::new(),
            examples: Vec::new(),
        };
        let tables = "a list of tables, as [[...]] begins them";
        let (commands, examples) = (table.take("command"), table.take("example"));
        // First: a misspelt [[command]] would be missed by the examples only.
        table.finish()?;
        let commands = commands.ok_or_else(|| SetFault::NoCommand.at(1, ""))?;
        for (number, item) in commands.array(tables, "")?.iter().enumerate() {
            if number == MAX_SPECS {
                return Err(SetFault::TooManyCommands.at(item.line, ""));
            }
            let command = command(item.table(tables, &format!("command {}", number + 1))?)?;
            if set.commands.iter().any(|other| other.name == command.name) {
                return Err(SetFault::DuplicateCommand.at(item.line, &format!("command {}", command.name)));
            }
            set.commands.push(command);
        }
        if set.commands.is_empty() {
            return Err(SetFault::NoCommand.at(commands.line, ""));
        }
        let examples = examples.map_or(Ok(Vec::new()), |item| item.array(tables, ""))?;
        for (number, item) in examples.iter().enumerate() {
            let example = set.example(item.table(tables, &format!("example {}", number + 1))?)?;
            set.examples.push(example);
        }
        Ok(set)
    }

    fn example(&self, mut table: Table<'_>) -> Result<Example, SetError> {
        let place = table.place.clone();
        let text = table.need("text")?.text(&place)?.to_owned();
        let list = table.need("commands")?;
        let mut commands = Vec::new();
        for item in list.array("a list of commands", &place)? {
            commands.push(self.command_of(&item, &place)?);
        }
        table.finish()?;
        self.check_answer(&commands).map_err(|violation| SetFault::from(violation).at(list.line, &place))?;
        Ok(Example { text, commands })
    }

    /// A command as an example has it: `{ drive = { distance = 2.0 } }`, its parameters in any order.
    fn command_of(&self, item: &Item<'_>, place: &str) -> Result<Command, SetError> {
        let mut table = item.table("a list of commands", place)?;
        let entries = table.rest();
        let [entry] = entries.as_slice() else { return Err(SetFault::NotACommand.at(item.line, place)) };
        let index = self.commands.iter().position(|spec| spec.name == entry.key);
        let unknown = || SetFault::from(Fault::UnknownCommand(shown(entry.key)).of("")).at(entry.line, place);
        let index = index.ok_or_else(unknown)?;
        let spec = &self.commands[index];
        let mut values = vec![None; spec.params.len()];
        for given in entry.table("a table of parameters", place)?.rest() {
            let violation = |at: &str, fault: Fault| SetFault::from(fault.of(at)).at(given.line, place);
            let at = spec.params.iter().position(|param| param.name == given.key);
            let at = at.ok_or_else(|| violation(&spec.name, Fault::UnknownParam(shown(given.key))))?;
            let param = &spec.params[at];
            values[at] = Some(value_of(&param.kind, &given).map_err(|fault| violation(&spec.place(param), fault))?);
        }
        // There are at most MAX_SPECS.
        let command = Command { index: index as u8, values };
        self.check(&command).map_err(|violation| SetFault::from(violation).at(item.line, place))?;
        Ok(command)
    }
}

fn value_of(kind: &Kind, item: &Item<'_>) -> Result<Value, Fault> {
    let wrong = || kind.wrong_type();
    match kind {
        Kind::Int { .. } | Kind::Float { .. } => kind.number(item.as_number().ok_or_else(wrong)?.map_err(Fault::Decimal)?),
        Kind::Enum(_) => kind.named(item.as_text().ok_or_else(wrong)?),
        Kind::Bool => item.as_bool().map(Value::Bool).ok_or_else(wrong),
        Kind::Text { .. } => {
            let text = item.as_text().ok_or_else(wrong)?;
            kind.text(text)?;
            Ok(Value::Text(text.to_owned()))
        }
    }
}

fn checked_name(name: &str, line: usize, place: &str) -> Result<String, SetError> {
    if is_name(name) { Ok(name.to_owned()) } else { Err(SetFault::Name(shown(name)).at(line, place)) }
}

fn command(mut table: Table<'_>) -> Result<CommandSpec, SetError> {
    let name = table.need("name")?;
    let name = checked_name(name.text(&table.place)?, name.line, &table.place)?;
    table.place = format!("command {name}");
    let doc = table.text_or_empty("doc")?;
    let alone = table.flag("alone")?;
    let mut params = Vec::new();
    if let Some(list) = table.take("params") {
        for item in list.table("a table of parameters", &table.place)?.rest() {
            if params.len() == MAX_PARAMS {
                return Err(SetFault::TooManyParams.at(item.line, &table.place));
            }
            let param_name = checked_name(item.key, item.line, &table.place)?;
            let place = format!("parameter {name}.{param_name}");
            if is_reserved(&param_name) {
                return Err(SetFault::Reserved(param_name).at(item.line, &place));
            }
            params.push(param(param_name, item.table("a table such as { type = \"bool\" }", &place)?)?);
        }
    }
    table.finish()?;
    Ok(CommandSpec { name, doc, alone, params })
}
