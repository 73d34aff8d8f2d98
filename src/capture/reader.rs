use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use qwark_wire::MAX_FRAME;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use super::record::{Header, Record, VERSION};

/// Longest line: a frame in hexadecimal, and room for the other fields. What is longer is no line of a capture, and need not be
/// brought into memory to know that.
const MAX_LINE: u64 = 2 * MAX_FRAME as u64 + 4096;

/// Why a capture cannot be read. Each message names the file, and the line where there is one.
#[derive(Debug, Error)]
pub enum CaptureError {
    /// The file cannot be read.
    #[error("{file}: {source}")]
    Io {
        /// The file.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// The first line is not a capture's.
    #[error("{file}: not a capture of `qwark serve --record`: {why}")]
    NotACapture {
        /// The file.
        file: String,
        /// What is wrong with the first line.
        why: String,
    },
    /// It is written in another version of the format.
    #[error("{file}: a capture of version {found}; this program reads version {VERSION}")]
    Version {
        /// The file.
        file: String,
        /// Its version.
        found: u64,
    },
    /// A line is damaged.
    #[error("{file}:{line}: {why}")]
    Line {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
}

/// Reads a capture line by line: an iterator over its records.
///
/// A last line that the writing was cut off in is taken for the end. After an error nothing more is read.
#[derive(Debug)]
pub struct Reader<R> {
    input: R,
    file: String,
    line: u64,
    header: Header,
    ended: bool,
}

/// What the first line must say whatever the version.
#[derive(Deserialize)]
struct Format {
    qwark_capture: u64,
}

impl Reader<BufReader<File>> {
    /// Opens the capture at `path` and reads its header.
    ///
    /// # Errors
    /// It cannot be read, or is not a capture of a known version.
    pub fn open(path: &Path) -> Result<Self, CaptureError> {
        let file = path.display().to_string();
        match File::open(path) {
            Ok(input) => Reader::new(BufReader::new(input), &file),
            Err(source) => Err(CaptureError::Io { file, source }),
        }
    }
}

impl<R: BufRead> Reader<R> {
    /// Reads the header from `input`, which errors call `file`.
    ///
    /// # Errors
    /// As [`Reader::open`].
    pub fn new(mut input: R, file: &str) -> Result<Self, CaptureError> {
        let file = file.to_owned();
        let line = match read_line(&mut input) {
            Ok(line) => line.bytes,
            Err(source) => return Err(CaptureError::Io { file, source }),
        };
        let not_a_capture = |why: serde_json::Error| CaptureError::NotACapture { file: file.clone(), why: said(&why) };
        let Format { qwark_capture: found } = parse(&line).map_err(not_a_capture)?;
        if found != u64::from(VERSION) {
            return Err(CaptureError::Version { file, found });
        }
        let header = parse(&line).map_err(not_a_capture)?;
        Ok(Reader { input, file, line: 1, header, ended: false })
    }

    /// The capture's first line.
    pub fn header(&self) -> &Header {
        &self.header
    }

    fn read(&mut self) -> Result<Option<Record>, CaptureError> {
        self.line += 1;
        let line = read_line(&mut self.input).map_err(|source| CaptureError::Io { file: self.file.clone(), source })?;
        match parse(&line.bytes) {
            _ if line.bytes.is_empty() => Ok(None),
            Ok(record) => Ok(Some(record)),
            Err(_) if line.end == LineEnd::Input => Ok(None),
            Err(_) if line.end == LineEnd::TooLong => Err(self.damaged(format!("longer than {MAX_LINE} bytes"))),
            Err(error) => Err(self.damaged(said(&error))),
        }
    }

    fn damaged(&self, why: String) -> CaptureError {
        CaptureError::Line { file: self.file.clone(), line: self.line, why }
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Record, CaptureError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.read().transpose();
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}

/// What ended a line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LineEnd {
    Newline,
    /// The end of the input, perhaps in the middle of the line.
    Input,
    /// Its length.
    TooLong,
}

struct Line {
    bytes: Vec<u8>,
    end: LineEnd,
}

fn read_line(input: &mut impl BufRead) -> io::Result<Line> {
    let mut bytes = Vec::new();
    input.take(MAX_LINE).read_until(b'\n', &mut bytes)?;
    let end = match bytes.last() {
        Some(b'\n') => LineEnd::Newline,
        _ if bytes.len() as u64 == MAX_LINE => LineEnd::TooLong,
        _ => LineEnd::Input,
    };
    Ok(Line { bytes, end })
}

fn parse<T: DeserializeOwned>(line: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(line)
}

/// What JSON says, without its own count of lines: it sees one line only.
fn said(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    match text.strip_suffix(&place) {
        Some(what) if error.column() > 0 => format!("{what} at column {}", error.column()),
        Some(what) => what.to_owned(),
        None => text,
    }
}
