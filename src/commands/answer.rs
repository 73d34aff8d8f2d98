//! Answers as they come.

use super::{Command, CommandSet, Violation};

/// A line of an answer that is no command of the set. It cannot come from an answer that followed the set's grammar.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{line}: {violation}")]
pub struct NotACommand {
    /// The line.
    pub line: String,
    /// What is wrong with it.
    #[source]
    pub violation: Violation,
}

/// Reads an answer that comes in pieces: each command as soon as it is whole, checked.
#[derive(Debug)]
pub struct AnswerReader<'s> {
    set: &'s CommandSet,
    rest: String,
}

impl<'s> AnswerReader<'s> {
    /// Before the first piece of an answer.
    pub fn new(set: &'s CommandSet) -> AnswerReader<'s> {
        AnswerReader { set, rest: String::new() }
    }

    /// Takes the next piece, and hands each command that is whole now to `take`, with its line.
    ///
    /// # Errors
    /// The first line that is no command, or what `take` says.
    pub fn push<E: From<NotACommand>>(&mut self, text: &str, mut take: impl FnMut(&str, Command) -> Result<(), E>) -> Result<(), E> {
        let mut pieces = text.split('\n');
        self.rest += pieces.next().unwrap_or_default();
        for piece in pieces {
            self.finish(&mut take)?;
            self.rest += piece;
        }
        Ok(())
    }

    /// Takes the end of the answer, and hands the last command to `take`, with its line.
    ///
    /// # Errors
    /// Where the last line is no command, or what `take` says.
    pub fn finish<E: From<NotACommand>>(&mut self, take: impl FnOnce(&str, Command) -> Result<(), E>) -> Result<(), E> {
        let line = std::mem::take(&mut self.rest);
        match self.set.parse_command(&line) {
            Ok(command) => take(&line, command),
            Err(violation) => Err(NotACommand { line, violation }.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_come_as_soon_as_they_are_whole() {
        let set = CommandSet::parse(include_str!("../../commands/rover.toml")).unwrap();
        let mut reader = AnswerReader::new(&set);
        let mut lines = Vec::new();
        let mut push = |text: &str| {
            reader.push::<NotACommand>(text, |line, _| {
                lines.push(line.to_owned());
                Ok(())
            })?;
            Ok::<usize, NotACommand>(lines.len())
        };
        assert_eq!(push("{\"wait\":{\"seco"), Ok(0));
        assert_eq!(push("nds\":1}}"), Ok(0));
        assert_eq!(push("\n{\"stop\":{}}\n{\"wait\":"), Ok(2));
        assert_eq!(push("{\"seconds\":0}}").map(drop), Ok(()));
        let error = reader.finish::<NotACommand>(|_, _| Ok(())).unwrap_err();
        assert!(error.to_string().starts_with("{\"wait\":{\"seconds\":0}}: "), "{error}");
        assert_eq!(lines, ["{\"wait\":{\"seconds\":1}}", "{\"stop\":{}}"]);
    }
}
