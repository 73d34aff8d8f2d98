//! Answers as they come.

use super::{Command, CommandSet, Fault, MAX_COMMANDS, Violation};

/// A line of an answer that may not stand there. It cannot come from an answer that followed the set's grammar.
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
    /// The line that is being read.
    line: String,
    /// Its command was handed on.
    is_taken: bool,
    /// Commands that were handed on, and whether one of them may have none beside it.
    count: usize,
    alone: bool,
}

impl<'s> AnswerReader<'s> {
    /// Before the first piece of an answer.
    pub fn new(set: &'s CommandSet) -> AnswerReader<'s> {
        AnswerReader { set, line: String::new(), is_taken: false, count: 0, alone: false }
    }

    /// The set.
    pub fn set(&self) -> &'s CommandSet {
        self.set
    }

    /// Takes the next piece, and hands each command that is whole now to `take`, with its line. A command is whole at its last brace:
    /// whether a line follows, the model decides one token later.
    ///
    /// # Errors
    /// The first line that may not stand there, or what `take` says.
    pub fn push<E: From<NotACommand>>(&mut self, text: &str, mut take: impl FnMut(&str, Command) -> Result<(), E>) -> Result<(), E> {
        let mut pieces = text.split('\n');
        self.go_on(pieces.next().unwrap_or_default(), &mut take)?;
        for piece in pieces {
            self.finish()?;
            (self.line, self.is_taken) = (String::new(), false);
            self.go_on(piece, &mut take)?;
        }
        Ok(())
    }

    /// Takes the end of the answer.
    ///
    /// # Errors
    /// The last line is no command.
    pub fn finish(&self) -> Result<(), NotACommand> {
        if self.is_taken { Ok(()) } else { self.parse().map(drop) }
    }

    fn go_on<E: From<NotACommand>>(&mut self, piece: &str, take: impl FnOnce(&str, Command) -> Result<(), E>) -> Result<(), E> {
        self.line += piece;
        if self.is_taken && !piece.is_empty() {
            self.parse()?;
        }
        if self.is_taken || !self.line.ends_with('}') {
            return Ok(());
        }
        // Also a brace within the command ends with one.
        let Ok(command) = self.parse() else { return Ok(()) };
        self.count += 1;
        self.check(&command)?;
        self.is_taken = true;
        take(&self.line, command)
    }

    fn parse(&self) -> Result<Command, NotACommand> {
        self.set.parse_command(&self.line).map_err(|violation| self.refused(violation))
    }

    /// Checks what one line does not say: how many commands there are, and that one that stands alone does.
    fn check(&mut self, command: &Command) -> Result<(), NotACommand> {
        if self.count > MAX_COMMANDS {
            return Err(self.refused(Fault::Count(self.count).of("")));
        }
        let spec = self.set.check(command).map_err(|violation| self.refused(violation))?;
        self.alone |= spec.alone;
        if self.alone && self.count > 1 {
            return Err(self.refused(Fault::NotAlone.of(&spec.name)));
        }
        Ok(())
    }

    fn refused(&self, violation: Violation) -> NotACommand {
        NotACommand { line: self.line.clone(), violation }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of the pieces of an answer: the lines that were handed on after each, and the end.
    fn read(pieces: &[&str]) -> (Vec<usize>, Result<(), String>) {
        let rover = include_str!("../../commands/rover.toml");
        let set = CommandSet::parse(&rover.replace("name = \"stop\"", "name = \"stop\"\nalone = true")).unwrap();
        let (mut reader, mut lines, mut counts) = (AnswerReader::new(&set), 0, Vec::new());
        for piece in pieces {
            let pushed = reader.push::<NotACommand>(piece, |line, command| {
                assert_eq!(set.parse_command(line), Ok(command));
                lines += 1;
                Ok(())
            });
            if let Err(error) = pushed {
                return (counts, Err(error.violation.to_string()));
            }
            counts.push(lines);
        }
        (counts, reader.finish().map_err(|error| error.violation.to_string()))
    }

    #[test]
    fn commands_come_as_soon_as_they_are_whole() {
        let pieces = ["{\"wait\":{\"seco", "nds\":1.5}", "}", "\n{\"look\":{}}\n{\"say\":{\"text\":\"}}", "\"}}"];
        assert_eq!(read(&pieces), (vec![0, 0, 1, 2, 3], Ok(())));
        assert_eq!(read(&["{\"stop\":{}}"]), (vec![1], Ok(())));
    }

    #[test]
    fn what_is_no_command_is_told_and_not_handed_on() {
        let (_, unfinished) = read(&["{\"look\":{}}", "\n{\"look\""]);
        assert!(unfinished.is_err(), "{unfinished:?}");
        for (pieces, counts, part) in [
            (&["{\"look\":{}}", "}"][..], vec![1], "byte 11"),
            (&["{\"wait\":{\"seconds\":99.5}}", "\n"], vec![0], "99.5 is not from 0.0 to 60.0"),
            (&["{\"stop\":{}}", "\n{\"look\":{}}"], vec![1], "alone"),
            (&["{\"look\":{}}\n", "{\"stop\":{}}"], vec![1], "alone"),
            (&["{\"look\":{}}\n{\"look\":{}}\n{\"look\":{}}\n{\"look\":{}}", "\n{\"look\":{}}"], vec![4], "not 5"),
        ] {
            let (before, end) = read(pieces);
            assert_eq!(before, counts, "{pieces:?}");
            assert!(end.as_ref().is_err_and(|error| error.contains(part)), "{pieces:?}: {end:?}");
        }
    }
}
