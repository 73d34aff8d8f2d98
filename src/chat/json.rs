//! JSON as Python's `json.dumps` writes it, which is what models were trained on.

use std::io::{self, Write};

use minijinja::value::Kwargs;
use minijinja::{Error, ErrorKind, Value};
use serde::Serialize;
use serde_json::ser::{CharEscape, Formatter};

use super::guard;
use super::limited::Limited;

/// How to write JSON.
#[derive(Debug, Clone)]
struct Style {
    item_separator: String,
    key_separator: String,
    /// Per level; without it everything is on one line.
    indent: Option<String>,
    ensure_ascii: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self { item_separator: ", ".into(), key_separator: ": ".into(), indent: None, ensure_ascii: false }
    }
}

/// `value` on one line, as `json.dumps(value, ensure_ascii=False)` writes it.
pub(super) fn dumps(value: &serde_json::Value) -> String {
    let mut out = Vec::new();
    // Writing to memory does not fail, and a JSON value has no keys but strings.
    write(value, Style::default(), &mut out).unwrap_or_default();
    String::from_utf8_lossy(&out).into_owned()
}

/// The filter `tojson`, with the options that transformers gives it: unlike Jinja's own one it escapes nothing for HTML.
pub(super) fn tojson(value: &Value, options: Kwargs) -> Result<String, Error> {
    if value.is_undefined() {
        let message = "tojson: the value is undefined";
        return Err(Error::new(ErrorKind::UndefinedError, message));
    }
    let mut style =
        Style { indent: indent(&options)?, ensure_ascii: options.get::<Option<bool>>("ensure_ascii")? == Some(true), ..Style::default() };
    if style.indent.is_some() {
        style.item_separator = ",".into();
    }
    if let Some(separators) = options.get::<Option<Vec<String>>>("separators")? {
        let Ok([item, key]) = <[String; 2]>::try_from(separators) else {
            let message = "tojson: separators are two strings";
            return Err(Error::new(ErrorKind::InvalidOperation, message));
        };
        style.item_separator = item;
        style.key_separator = key;
    }
    let sort_keys = options.get::<Option<bool>>("sort_keys")? == Some(true);
    options.assert_all_used()?;
    let written = if sort_keys {
        // Written once to see that it is not too long to be copied.
        limited(value, Style::default()).and_then(|_| serde_json::to_value(value)).and_then(|mut value| {
            value.sort_all_objects();
            limited(&value, style)
        })
    } else {
        limited(value, style)
    };
    written.map_err(|error| Error::new(ErrorKind::BadSerialization, "tojson: not a JSON value").with_source(error))
}

/// Python takes a number of blanks or the text itself.
fn indent(options: &Kwargs) -> Result<Option<String>, Error> {
    /// More blanks than anyone indents with.
    const MAX_INDENT: usize = 64;
    let Some(indent) = options.get::<Option<Value>>("indent")? else {
        return Ok(None);
    };
    if indent.is_none() {
        return Ok(None);
    }
    if let Some(text) = indent.as_str() {
        return Ok(Some(text.to_owned()));
    }
    let blanks = usize::try_from(indent)?;
    Ok(Some(" ".repeat(blanks.min(MAX_INDENT))))
}

fn limited(value: &impl Serialize, style: Style) -> serde_json::Result<String> {
    let mut out = Limited::default();
    write(value, style, &mut out)?;
    Ok(out.into_text())
}

fn write(value: &impl Serialize, style: Style, out: &mut impl Write) -> serde_json::Result<()> {
    let formatter = PythonFormatter { style, level: 0, has_items: false };
    value.serialize(&mut serde_json::Serializer::with_formatter(out, formatter))
}

struct PythonFormatter {
    style: Style,
    level: usize,
    /// Whether the innermost open list or object that was touched last has items.
    has_items: bool,
}

impl PythonFormatter {
    fn open<W: ?Sized + Write>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.level += 1;
        self.has_items = false;
        out.write_all(bracket)
    }

    fn close<W: ?Sized + Write>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.level -= 1;
        if self.has_items {
            self.break_line(out)?;
        }
        self.has_items = true;
        out.write_all(bracket)
    }

    fn begin_item<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        if !first {
            out.write_all(self.style.item_separator.as_bytes())?;
        }
        self.has_items = true;
        self.break_line(out)
    }

    fn break_line<W: ?Sized + Write>(&self, out: &mut W) -> io::Result<()> {
        let Some(indent) = &self.style.indent else {
            return Ok(());
        };
        out.write_all(b"\n")?;
        (0..self.level).try_for_each(|_| out.write_all(indent.as_bytes()))
    }
}

impl Formatter for PythonFormatter {
    fn write_f64<W: ?Sized + Write>(&mut self, out: &mut W, value: f64) -> io::Result<()> {
        out.write_all(float(value).as_bytes())
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        if !self.style.ensure_ascii {
            return out.write_all(fragment.as_bytes());
        }
        for c in fragment.chars() {
            if c.is_ascii() || guard::is_mark(c) {
                write!(out, "{c}")?;
            } else {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}")?;
                }
            }
        }
        Ok(())
    }

    fn write_char_escape<W: ?Sized + Write>(&mut self, out: &mut W, escape: CharEscape) -> io::Result<()> {
        serde_json::ser::CompactFormatter.write_char_escape(out, escape)
    }

    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.begin_item(out, first)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.begin_item(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(self.style.key_separator.as_bytes())
    }
}

/// A number as Python's `repr` writes it: the shortest digits that are read back as the same number, with an exponent
/// from 1e16 on and below 1e-4.
pub(super) fn float(value: f64) -> String {
    let scientific = format!("{value:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        // Not a number, or infinite.
        return scientific;
    };
    match exponent.parse::<i32>() {
        Ok(exponent) if (-4..16).contains(&exponent) => format!("{value:?}"),
        Ok(exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{mantissa}e{sign}{:02}", exponent.abs())
        }
        Err(_) => scientific,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_as_in_python() {
        let cases = [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (0.1, "0.1"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.5e300, "1.5e+300"),
            (1e-4, "0.0001"),
            (1e-5, "1e-05"),
            (-2.5e-7, "-2.5e-07"),
            (123456789.125, "123456789.125"),
        ];
        for (value, text) in cases {
            assert_eq!(float(value), text);
        }
    }

    #[test]
    fn json_as_in_python() {
        let value = serde_json::json!({"b": [1, 2.5, "ü\"<\n\u{1}"], "a": {}, "c": []});
        assert_eq!(dumps(&value), r#"{"b": [1, 2.5, "ü\"<\n\u0001"], "a": {}, "c": []}"#);
    }
}
