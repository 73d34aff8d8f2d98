//! The line that sentences are typed in.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Most characters of a sentence.
const MOST: usize = 400;

/// A line of text with a cursor, and the lines before it.
#[derive(Debug, Default)]
pub struct Input {
    text: Vec<char>,
    /// Characters before the cursor.
    at: usize,
    history: Vec<String>,
    /// Which line of the history is shown, counted from the newest; 0 for a new line.
    back: usize,
    /// The new line, while an older one is shown.
    new: Vec<char>,
}

impl Input {
    /// The text.
    pub fn text(&self) -> String {
        self.text.iter().collect()
    }

    /// Characters before the cursor.
    pub fn cursor(&self) -> usize {
        self.at
    }

    /// Whether nothing was typed.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Puts a text in place of what is there.
    pub fn set(&mut self, text: &str) {
        self.text = text.chars().take(MOST).collect();
        self.at = self.text.len();
    }

    /// Adds text at the cursor. Control characters in it, as a paste may have them, become spaces.
    pub fn insert(&mut self, text: &str) {
        for c in text.chars().take(MOST - self.text.len()) {
            self.text.insert(self.at, if c.is_control() { ' ' } else { c });
            self.at += 1;
        }
    }

    /// Takes the line, which becomes part of the history.
    pub fn take(&mut self) -> String {
        let line = self.text().trim().to_owned();
        if !line.is_empty() && self.history.last() != Some(&line) {
            self.history.push(line.clone());
        }
        (self.back, self.at) = (0, 0);
        self.text.clear();
        line
    }

    /// Takes a key, if it is one that edits.
    pub fn key(&mut self, key: KeyEvent) {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('a') if control => self.at = 0,
            KeyCode::Char('u') if control => drop(self.text.drain(..std::mem::take(&mut self.at))),
            KeyCode::Char('k') if control => self.text.truncate(self.at),
            KeyCode::Char('w') if control => self.delete_word(),
            KeyCode::Char(c) if !control && !key.modifiers.contains(KeyModifiers::ALT) => self.insert(c.encode_utf8(&mut [0; 4])),
            KeyCode::Backspace if self.at > 0 => {
                self.at -= 1;
                self.text.remove(self.at);
            }
            KeyCode::Delete if self.at < self.text.len() => drop(self.text.remove(self.at)),
            KeyCode::Left => self.at = self.at.saturating_sub(1),
            KeyCode::Right => self.at = (self.at + 1).min(self.text.len()),
            KeyCode::Home => self.at = 0,
            KeyCode::End => self.at = self.text.len(),
            KeyCode::Up if self.back < self.history.len() => self.recall(self.back + 1),
            KeyCode::Down if self.back > 0 => self.recall(self.back - 1),
            _ => {}
        }
    }

    fn recall(&mut self, back: usize) {
        if self.back == 0 {
            self.new = std::mem::take(&mut self.text);
        }
        self.back = back;
        self.text = match back {
            0 => std::mem::take(&mut self.new),
            back => self.history[self.history.len() - back].chars().collect(),
        };
        self.at = self.text.len();
    }

    /// Deletes the word before the cursor, and the spaces behind it.
    fn delete_word(&mut self) {
        let end = self.at;
        while self.at > 0 && self.text[self.at - 1] == ' ' {
            self.at -= 1;
        }
        while self.at > 0 && self.text[self.at - 1] != ' ' {
            self.at -= 1;
        }
        self.text.drain(self.at..end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(input: &mut Input, code: KeyCode) {
        input.key(KeyEvent::new(code, KeyModifiers::NONE));
    }

    fn control(input: &mut Input, c: char) {
        input.key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL));
    }

    #[test]
    fn text_is_edited_where_the_cursor_is() {
        let mut input = Input::default();
        input.insert("go küche");
        (0..5).for_each(|_| press(&mut input, KeyCode::Left));
        input.insert("to the ");
        assert_eq!((input.text().as_str(), input.cursor()), ("go to the küche", 10));
        press(&mut input, KeyCode::Delete);
        press(&mut input, KeyCode::Char('K'));
        control(&mut input, 'k');
        assert_eq!(input.text(), "go to the K");
        press(&mut input, KeyCode::Backspace);
        control(&mut input, 'w');
        assert_eq!(input.text(), "go to ");
        control(&mut input, 'a');
        press(&mut input, KeyCode::Char('>'));
        control(&mut input, 'u');
        assert_eq!((input.text().as_str(), input.cursor()), ("go to ", 0));
        press(&mut input, KeyCode::Backspace);
        press(&mut input, KeyCode::End);
        press(&mut input, KeyCode::Delete);
        input.insert("a\nb\u{7}");
        assert_eq!(input.text(), "go to a b ");
    }

    #[test]
    fn lines_before_come_back_and_the_new_one_too() {
        let mut input = Input::default();
        for line in ["one", " two ", "two", "   "] {
            input.insert(line);
            input.take();
        }
        input.insert("new");
        let mut seen = Vec::new();
        for code in [KeyCode::Up, KeyCode::Up, KeyCode::Up, KeyCode::Down, KeyCode::Down, KeyCode::Down] {
            press(&mut input, code);
            seen.push(input.text());
        }
        assert_eq!(seen, ["two", "one", "one", "two", "new", "new"]);
    }

    #[test]
    fn a_line_does_not_grow_for_ever() {
        let mut input = Input::default();
        (0..3).for_each(|_| input.insert(&"x".repeat(300)));
        assert_eq!(input.text().len(), MOST);
    }
}
