//! The function `strftime_now` of templates, which tell the model the date.

use std::time::{SystemTime, UNIX_EPOCH};

const SECONDS_PER_DAY: u64 = 86_400;
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

/// The present time in UTC in the form that `format` describes.
pub(super) fn strftime_now(format: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    strftime(format, now.map_or(0, |now| now.as_secs()))
}

/// The time of `seconds` since 1970 in the C locale. A directive that no template uses stays as it is.
fn strftime(format: &str, seconds: u64) -> String {
    let (days, second) = (seconds / SECONDS_PER_DAY, seconds % SECONDS_PER_DAY);
    let (year, month, day) = civil_date(days);
    let weekday = DAYS[((days + 4) % 7) as usize];
    let month_name = MONTHS[month as usize - 1];
    let hour = second / 3600;
    let mut text = String::new();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            text.push(c);
            continue;
        }
        let directive = chars.next();
        let (unpadded, directive) = match directive {
            Some('-') => (true, chars.next()),
            other => (false, other),
        };
        let pad = |number: u64| {
            if unpadded { number.to_string() } else { format!("{number:02}") }
        };
        let piece = match directive {
            Some('Y') => year.to_string(),
            Some('y') => pad(year % 100),
            Some('m') => pad(month),
            Some('d') => pad(day),
            Some('e') => format!("{day:2}"),
            Some('H') => pad(hour),
            Some('I') => pad((hour + 11) % 12 + 1),
            Some('M') => pad(second / 60 % 60),
            Some('S') => pad(second % 60),
            Some('p') => if hour < 12 { "AM" } else { "PM" }.into(),
            Some('A') => weekday.into(),
            Some('a') => weekday[..3].into(),
            Some('B') => month_name.into(),
            Some('b') => month_name[..3].into(),
            Some('Z') => "UTC".into(),
            Some('%') => "%".into(),
            Some(other) => format!("%{}{other}", if unpadded { "-" } else { "" }),
            None => "%".into(),
        };
        text.push_str(&piece);
    }
    text
}

/// Year, month and day of the day `days` after 1 January 1970.
fn civil_date(mut days: u64) -> (u64, u64, u64) {
    let is_leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    while days >= 365 + u64::from(is_leap(year)) {
        days -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    (year, month, days + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_times() {
        let format = "%A %a %d %-d %e %B %b %m %Y %y %H:%M:%S %I %p %% %Q %-Q %";
        assert_eq!(strftime(format, 0), "Thursday Thu 01 1  1 January Jan 01 1970 70 00:00:00 12 AM % %Q %-Q %");
        // `date -u -d @1709210096` and `@4107542399`
        assert_eq!(strftime("%a %Y-%m-%d %I:%M:%S %p", 1_709_210_096), "Thu 2024-02-29 12:34:56 PM");
        assert_eq!(strftime("%a %Y-%m-%d %H:%M:%S", 4_107_542_399), "Sun 2100-02-28 23:59:59");
    }
}
