//! Commands and the values of their parameters, and the check that both belong to a set.

use super::error::{Fault, Violation};
use super::{CommandSet, CommandSpec, Decimal, Kind, MAX_COMMANDS, Param};

/// A command of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Which of [`CommandSet::commands`] it is.
    pub index: u8,
    /// The values of its parameters, in their order; `None` for an optional one that is left out.
    pub values: Vec<Option<Value>>,
}

/// The value of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A whole number, in the parameter's unit.
    Int(i32),
    /// A decimal number, in steps: times the parameter's step it is in the parameter's unit.
    Steps(i32),
    /// Which of the enum's values, from 0.
    Enum(u16),
    /// True or false.
    Bool(bool),
    /// A text.
    Text(String),
}

impl CommandSet {
    /// Checks that `command` is one of this set, and says which.
    pub fn check(&self, command: &Command) -> Result<&CommandSpec, Violation> {
        let index = usize::from(command.index);
        let spec = self.commands.get(index).ok_or_else(|| Fault::UnknownIndex(index).of(""))?;
        if command.values.len() != spec.params.len() {
            return Err(Fault::ValueCount.of(&spec.name));
        }
        for (param, value) in spec.params.iter().zip(&command.values) {
            let checked = match value {
                Some(value) => param.kind.check(value),
                None if param.optional => Ok(()),
                None => Err(Fault::Missing),
            };
            checked.map_err(|fault| fault.of(&spec.place(param)))?;
        }
        Ok(spec)
    }

    /// Checks that `commands` are an answer: 1 to [`MAX_COMMANDS`] commands of this set, and one that stands alone does.
    pub fn check_answer(&self, commands: &[Command]) -> Result<(), Violation> {
        if !(1..=MAX_COMMANDS).contains(&commands.len()) {
            return Err(Fault::Count(commands.len()).of(""));
        }
        for command in commands {
            let spec = self.check(command)?;
            if spec.alone && commands.len() > 1 {
                return Err(Fault::NotAlone.of(&spec.name));
            }
        }
        Ok(())
    }
}

impl CommandSpec {
    /// How a message names `param`.
    pub(super) fn place(&self, param: &Param) -> String {
        format!("{}.{}", self.name, param.name)
    }
}

impl Kind {
    fn check(&self, value: &Value) -> Result<(), Fault> {
        match (self, value) {
            (Kind::Int { .. }, Value::Int(value)) => self.number(Decimal::whole(*value)).map(drop),
            (Kind::Float { step, .. }, Value::Steps(steps)) => self.number(step.times(*steps)).map(drop),
            (Kind::Enum(values), Value::Enum(index)) => match values.get(usize::from(*index)) {
                Some(_) => Ok(()),
                None => Err(Fault::UnknownValueIndex(usize::from(*index))),
            },
            (Kind::Bool, Value::Bool(_)) => Ok(()),
            (Kind::Text { .. }, Value::Text(text)) => self.text(text),
            _ => Err(self.wrong_type()),
        }
    }

    /// The fault of a value of another type.
    pub(super) fn wrong_type(&self) -> Fault {
        Fault::WrongType(match self {
            Kind::Int { .. } => "a whole number",
            Kind::Float { .. } => "a number",
            Kind::Enum(_) => "a value's name",
            Kind::Bool => "true or false",
            Kind::Text { .. } => "a text",
        })
    }

    /// The value that is `number`.
    pub(super) fn number(&self, number: Decimal) -> Result<Value, Fault> {
        let [min, max, step] = self.range().ok_or_else(|| self.wrong_type())?;
        if number < min || number > max {
            return Err(Fault::Range { value: self.spell(number), min: self.spell(min), max: self.spell(max) });
        }
        let off_step = || Fault::OffStep { value: number.to_string(), step: self.spell(step) };
        let steps = number.in_steps_of(step).and_then(|steps| i32::try_from(steps).ok()).ok_or_else(off_step)?;
        Ok(match self {
            Kind::Int { step, .. } => Value::Int(steps * step),
            _ => Value::Steps(steps),
        })
    }

    /// The value that is called `name`.
    pub(super) fn named(&self, name: &str) -> Result<Value, Fault> {
        let Kind::Enum(values) = self else { return Err(self.wrong_type()) };
        let index = values.iter().position(|value| value == name).ok_or_else(|| Fault::UnknownValue(crate::gguf::shown(name)))?;
        // There are at most MAX_VALUES.
        Ok(Value::Enum(index as u16))
    }

    /// Checks that `text` is a value.
    pub(super) fn text(&self, text: &str) -> Result<(), Fault> {
        let Kind::Text { max_len } = self else { return Err(self.wrong_type()) };
        if text.chars().any(is_control) {
            return Err(Fault::Control);
        }
        match text.chars().nth(*max_len) {
            Some(_) => Err(Fault::TooLong { max: *max_len }),
            None => Ok(()),
        }
    }

    /// A number as it is written for this parameter: without a point for whole ones.
    pub(super) fn spell(&self, number: Decimal) -> String {
        match self {
            Kind::Int { .. } if number.decimals() == 0 => number.scaled(0).to_string(),
            _ => number.to_string(),
        }
    }
}

/// Whether a text or an enum's value may not have this character: ASCII's control characters.
pub(super) fn is_control(c: char) -> bool {
    c.is_ascii_control()
}
