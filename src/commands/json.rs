//! The text of commands: one line of JSON each, in one spelling.

use super::error::{Fault, Violation};
use super::value::is_control;
use super::{Command, CommandSet, Decimal, Kind, MAX_COMMANDS, Value};
use crate::gguf::shown;

impl CommandSet {
    /// Appends `command` as a line of JSON, without a newline: `{"drive":{"distance":2.0}}`.
    ///
    /// Fails, with nothing appended, if it is no command of this set.
    pub fn write_json(&self, command: &Command, out: &mut String) -> Result<(), Violation> {
        let spec = self.check(command)?;
        *out += &format!("{{\"{}\":{{", spec.name);
        let given = spec.params.iter().zip(&command.values).filter_map(|(param, value)| Some((param, value.as_ref()?)));
        for (number, (param, value)) in given.enumerate() {
            let comma = if number == 0 { "" } else { "," };
            *out += &format!("{comma}\"{}\":", param.name);
            param.kind.write_value(value, out);
        }
        *out += "}}";
        Ok(())
    }

    /// The answer that consists of `commands`: their lines, with newlines between them.
    pub fn answer(&self, commands: &[Command]) -> Result<String, Violation> {
        self.check_answer(commands)?;
        let mut text = String::new();
        for command in commands {
            if !text.is_empty() {
                text.push('\n');
            }
            self.write_json(command, &mut text)?;
        }
        Ok(text)
    }

    /// Reads one line, which must be spelled as [`CommandSet::write_json`] does.
    pub fn parse_command(&self, line: &str) -> Result<Command, Violation> {
        let mut input = Reader { text: line, at: 0 };
        let root = |fault: Fault| fault.of("");
        input.expect("{", "{").map_err(root)?;
        let name = input.quoted().map_err(root)?;
        let index = self.commands.iter().position(|spec| spec.name == name);
        let index = index.ok_or_else(|| Fault::UnknownCommand(shown(&name)).of(""))?;
        let spec = &self.commands[index];
        let here = |fault: Fault| fault.of(&spec.name);

        input.expect(":{", ":{").map_err(here)?;
        let mut values = vec![None; spec.params.len()];
        let mut next = 0;
        let mut more = !input.take("}");
        while more {
            let name = input.quoted().map_err(here)?;
            input.expect(":", ":").map_err(here)?;
            let param = spec.params.iter().position(|param| param.name == name);
            let at = param.ok_or_else(|| here(Fault::UnknownParam(shown(&name))))?;
            let param = &spec.params[at];
            let there = |fault: Fault| fault.of(&spec.place(param));
            if values[at].is_some() {
                return Err(there(Fault::Duplicate));
            }
            if at < next {
                return Err(there(Fault::Order));
            }
            values[at] = Some(param.kind.read_value(&mut input).map_err(there)?);
            next = at + 1;
            more = !input.take("}");
            if more {
                input.expect(",", ", or }").map_err(there)?;
            }
        }
        input.expect("}", "}").map_err(here)?;
        input.end().map_err(here)?;

        // There are at most MAX_SPECS.
        let command = Command { index: index as u8, values };
        self.check(&command)?;
        Ok(command)
    }

    /// Reads an answer: 1 to [`MAX_COMMANDS`] lines, with newlines between them.
    pub fn parse_answer(&self, text: &str) -> Result<Vec<Command>, Violation> {
        let lines = text.split('\n').count();
        if lines > MAX_COMMANDS {
            return Err(Fault::Count(lines).of(""));
        }
        let commands = text.split('\n').map(|line| self.parse_command(line)).collect::<Result<Vec<_>, _>>()?;
        self.check_answer(&commands)?;
        Ok(commands)
    }
}

impl Kind {
    /// Appends a value of this kind as JSON; one of another kind, which the check excludes, as nothing.
    fn write_value(&self, value: &Value, out: &mut String) {
        match (self, value) {
            (Kind::Int { .. }, Value::Int(value)) => *out += &value.to_string(),
            (Kind::Float { step, .. }, Value::Steps(steps)) => *out += &step.times(*steps).to_string(),
            (Kind::Enum(values), Value::Enum(index)) => {
                if let Some(text) = values.get(usize::from(*index)) {
                    *out += &quote(text);
                }
            }
            (Kind::Bool, Value::Bool(value)) => *out += if *value { "true" } else { "false" },
            (Kind::Text { .. }, Value::Text(text)) => *out += &quote(text),
            _ => {}
        }
    }

    fn read_value(&self, input: &mut Reader<'_>) -> Result<Value, Fault> {
        match self {
            Kind::Int { .. } | Kind::Float { .. } => {
                let given = input.number()?;
                let value = self.number(Decimal::parse(given).map_err(Fault::Decimal)?)?;
                let mut canonical = String::new();
                self.write_value(&value, &mut canonical);
                if given == canonical { Ok(value) } else { Err(Fault::Spelling { given: shown(given), canonical }) }
            }
            Kind::Enum(_) => self.named(&input.quoted()?),
            Kind::Bool if input.take("true") => Ok(Value::Bool(true)),
            Kind::Bool if input.take("false") => Ok(Value::Bool(false)),
            Kind::Bool => Err(self.wrong_type()),
            Kind::Text { .. } => {
                let text = input.quoted()?;
                self.text(&text)?;
                Ok(Value::Text(text))
            }
        }
    }
}

/// `text` as JSON, with no escapes but those of `"` and `\`.
pub(super) fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A line that is read from its start to its end.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn fault(&self, expected: &'static str) -> Fault {
        Fault::Syntax { at: self.at, expected }
    }

    /// Whether `literal` came next.
    fn take(&mut self, literal: &str) -> bool {
        let found = self.rest().starts_with(literal);
        self.at += if found { literal.len() } else { 0 };
        found
    }

    fn expect(&mut self, literal: &str, expected: &'static str) -> Result<(), Fault> {
        if self.take(literal) { Ok(()) } else { Err(self.fault(expected)) }
    }

    fn end(&self) -> Result<(), Fault> {
        if self.rest().is_empty() { Ok(()) } else { Err(self.fault("the end")) }
    }

    /// A text in quotes, with the escapes that [`quote`] makes.
    fn quoted(&mut self) -> Result<String, Fault> {
        self.expect("\"", "\"")?;
        let mut text = String::new();
        loop {
            let Some(c) = self.rest().chars().next() else { return Err(self.fault("\"")) };
            if is_control(c) {
                return Err(Fault::Control);
            }
            self.at += c.len_utf8();
            match c {
                '"' => return Ok(text),
                '\\' if self.take("\"") => text.push('"'),
                '\\' if self.take("\\") => text.push('\\'),
                '\\' => return Err(self.fault("\" or \\")),
                plain => text.push(plain),
            }
        }
    }

    /// The characters that a number could have.
    fn number(&mut self) -> Result<&'a str, Fault> {
        let rest = self.rest();
        let len = rest.find(|c: char| !c.is_ascii_digit() && !"+-.eE".contains(c)).unwrap_or(rest.len());
        if len == 0 {
            return Err(self.fault("a number"));
        }
        self.at += len;
        Ok(&rest[..len])
    }
}
