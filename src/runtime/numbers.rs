//! Numbers that a sentence says, as an answer may write them: "fifty centimetres" as 0.5, "half a turn" as 180.
//!
//! Only guesses are made of them. Where a set has other units or a sentence another language, some are computed in vain, and their odds
//! fall.

use std::ops::Range;

/// A number in a sentence.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Number {
    /// Where its words are, those of its unit among them.
    pub range: Range<usize>,
    /// How it may be written, the likeliest first: in metres, seconds or degrees, and as it was said; with a decimal point.
    pub texts: Vec<String>,
}

const ONES: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const PARTS: [(&str, f64); 5] = [("half", 0.5), ("quarter", 0.25), ("quarters", 0.25), ("third", 1.0 / 3.0), ("thirds", 1.0 / 3.0)];

/// Units, and how many metres, seconds or degrees they are; also with an s behind them.
const UNITS: [(&str, f64); 29] = [
    ("m", 1.0),
    ("metre", 1.0),
    ("meter", 1.0),
    ("cm", 0.01),
    ("centimetre", 0.01),
    ("centimeter", 0.01),
    ("mm", 0.001),
    ("millimetre", 0.001),
    ("millimeter", 0.001),
    ("km", 1000.0),
    ("kilometre", 1000.0),
    ("kilometer", 1000.0),
    ("inch", 0.0254),
    ("inche", 0.0254),
    ("foot", 0.3048),
    ("feet", 0.3048),
    ("ft", 0.3048),
    ("yard", 0.9144),
    ("second", 1.0),
    ("sec", 1.0),
    ("ms", 0.001),
    ("millisecond", 0.001),
    ("minute", 60.0),
    ("min", 60.0),
    ("hour", 3600.0),
    ("degree", 1.0),
    ("deg", 1.0),
    ("turn", 360.0),
    ("circle", 360.0),
];

/// The numbers of a sentence, in order.
pub(super) fn numbers(sentence: &str) -> Vec<Number> {
    let mut reader = Reader { words: words(sentence), at: 0 };
    let mut numbers = Vec::new();
    while reader.at < reader.words.len() {
        let start = reader.at;
        let Some((value, unit)) = reader.number() else {
            reader.at = start + 1;
            continue;
        };
        let range = reader.words[start].0.start..reader.words[reader.at - 1].0.end;
        // What a step of hundredths takes, or a finer one.
        let mut texts = vec![written(value * unit, 2), written(value * unit, 6), written(value, 6)];
        texts.dedup();
        numbers.push(Number { range, texts });
    }
    numbers
}

/// `value` with a decimal point and at most so many digits behind it.
fn written(value: f64, digits: i32) -> String {
    let scale = 10f64.powi(digits);
    format!("{:?}", (value * scale).round() / scale)
}

fn among(table: &[(&str, f64)], word: &str) -> Option<f64> {
    table.iter().find(|(name, _)| *name == word).map(|&(_, value)| value)
}

/// A word for a number below a hundred.
fn small(word: &str) -> Option<f64> {
    let place = |words: &[&str]| words.iter().position(|&name| name == word);
    let number = place(&ONES).or_else(|| Some(20 + 10 * place(&TENS)?))?;
    Some(number as f64)
}

fn unit(word: &str) -> Option<f64> {
    among(&UNITS, word).or_else(|| among(&UNITS, word.strip_suffix('s')?))
}

/// The words of a sentence, in small letters, and where they are. Digits are a word, and so are the letters behind them.
fn words(sentence: &str) -> Vec<(Range<usize>, String)> {
    #[derive(Clone, Copy, PartialEq)]
    enum Kind {
        Digit,
        Letter,
        Other,
    }
    let kind = |c: char| match c {
        '0'..='9' | '.' => Kind::Digit,
        c if c.is_alphabetic() => Kind::Letter,
        _ => Kind::Other,
    };
    let chars: Vec<(usize, char)> = sentence.char_indices().collect();
    let runs = chars.chunk_by(|a, b| kind(a.1) == kind(b.1)).filter(|run| kind(run[0].1) != Kind::Other);
    let word = |run: &[(usize, char)]| {
        let (start, (last, c)) = (run[0].0, run[run.len() - 1]);
        (start..last + c.len_utf8(), run.iter().flat_map(|(_, c)| c.to_lowercase()).collect())
    };
    runs.map(word).collect()
}

/// Goes through the words of a sentence. What finds nothing may leave it anywhere.
struct Reader {
    words: Vec<(Range<usize>, String)>,
    at: usize,
}

impl Reader {
    /// The word that is so many words ahead; empty behind the last.
    fn word(&self, ahead: usize) -> &str {
        self.words.get(self.at + ahead).map_or("", |(_, word)| word)
    }

    /// Goes past the next words, if they are these.
    fn take(&mut self, words: &[&str]) -> bool {
        let is_next = words.iter().enumerate().all(|(i, word)| self.word(i) == *word);
        self.at += if is_next { words.len() } else { 0 };
        is_next
    }

    fn article(&mut self) -> bool {
        self.take(&["a"]) || self.take(&["an"])
    }

    /// A number, and what its unit comes to.
    fn number(&mut self) -> Option<(f64, f64)> {
        let article = self.article();
        let whole = self.digits().or_else(|| self.spelt());
        let part = among(&PARTS, self.word(0));
        self.at += usize::from(part.is_some());
        let mut value = match (whole, part) {
            (Some(whole), part) => whole * part.unwrap_or(1.0),
            (None, Some(part)) => part,
            // A metre.
            (None, None) => (article && unit(self.word(0)).is_some()).then_some(1.0)?,
        };
        value += self.and_a_half();
        // Half of a metre.
        let end = self.at;
        self.take(&["of"]);
        self.article();
        let Some(unit) = unit(self.word(0)) else {
            self.at = end;
            return Some((value, 1.0));
        };
        self.at += 1;
        Some((value + self.and_a_half(), unit))
    }

    fn and_a_half(&mut self) -> f64 {
        if self.take(&["and", "a", "half"]) { 0.5 } else { 0.0 }
    }

    fn digits(&mut self) -> Option<f64> {
        let value = self.word(0).trim_end_matches('.').parse().ok()?;
        self.at += 1;
        Some(value)
    }

    /// One hundred and eighty point five.
    fn spelt(&mut self) -> Option<f64> {
        let start = self.at;
        let (mut thousands, mut below) = (0.0, 0.0);
        loop {
            let and = usize::from(self.word(0) == "and" && below >= 100.0);
            let joins = |value: f64| match below {
                0.0 => self.at == start || thousands > 0.0,
                _ if below % 100.0 == 0.0 => true,
                _ => below % 10.0 == 0.0 && below % 100.0 >= 20.0 && (1.0..10.0).contains(&value),
            };
            match small(self.word(and)) {
                Some(value) if joins(value) => (below, self.at) = (below + value, self.at + 1 + and),
                _ if below < 100.0 && self.take(&["hundred"]) => below = below.max(1.0) * 100.0,
                _ if thousands == 0.0 && self.take(&["thousand"]) => (thousands, below) = (below.max(1.0) * 1000.0, 0.0),
                _ => break,
            }
        }
        let mut value = thousands + below;
        let digit = |word: &str| small(word).filter(|&digit| digit < 10.0);
        if self.at > start && self.word(0) == "point" && digit(self.word(1)).is_some() {
            self.at += 1;
            let mut place = 1.0;
            while let Some(digit) = digit(self.word(0)) {
                place /= 10.0;
                value += digit * place;
                self.at += 1;
            }
        }
        (self.at > start).then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_in_the_units_of_robots() {
        for (sentence, expected) in [
            ("go forward two metres then turn left ninety degrees", &["2.0", "90.0"][..]),
            ("back up 30cm, wait 2.5 s. Then 1.", &["0.3", "2.5", "1.0"]),
            ("half a metre and a quarter turn", &["0.5", "90.0"]),
            ("A metre and a half", &["1.5"]),
            ("one and a half metres", &["1.5"]),
            ("three quarters of a metre", &["0.75"]),
            ("one hundred and eighty five degrees and twenty-five cm", &["185.0", "0.25"]),
            ("a hundred and twenty millimetres", &["0.12"]),
            ("two thousand three hundred and four", &["2304.0"]),
            ("two point five seconds", &["2.5"]),
            ("half a minute or an hour", &["30.0", "3600.0"]),
            ("five feet", &["1.52"]),
            ("one two", &["1.0", "2.0"]),
            ("zero one", &["0.0", "1.0"]),
            ("9 and 20 and thirty", &["9.0", "20.0", "30.0"]),
            ("open a door and a half", &["0.5"]),
            ("1.2.3 ... and of a", &[]),
            ("größer", &[]),
            ("", &[]),
        ] {
            let found: Vec<String> = numbers(sentence).into_iter().map(|number| number.texts[0].clone()).collect();
            assert_eq!(found, expected, "{sentence}");
        }
    }

    #[test]
    fn where_they_are_and_how_else_they_may_be_written() {
        let sentence = "é back up five feet, wait 2 s";
        let found = numbers(sentence);
        assert_eq!(&sentence[found[0].range.clone()], "five feet");
        assert_eq!(found[0].texts, ["1.52", "1.524", "5.0"]);
        assert_eq!((&sentence[found[1].range.clone()], &found[1].texts[..]), ("2", &["2.0".to_owned()][..]));
    }
}
