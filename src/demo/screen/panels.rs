//! The boxes beside and below the map.

use ratatui::layout::Rect;
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Borders, Paragraph};

use super::app::{App, Frame};
use super::map::color;
use super::view::panel;
use crate::demo::about;
use crate::demo::rover::body::{Pose, State};
use crate::demo::talk::{Exchange, Said};

/// Lines of the rover's box.
pub const ROVER: u16 = 8;

/// Sentences and their commands, the last ones.
pub fn talk(app: &App, area: Rect) -> Paragraph<'static> {
    let (width, height) = (usize::from(area.width.saturating_sub(2)), usize::from(area.height.saturating_sub(2)));
    let mut exchanges = app.talk.exchanges.iter().rev().map(|exchange| told(exchange, app.talk.is_own(exchange), width));
    let mut lines = exchanges.next().unwrap_or_default();
    if lines.len() > height && height > 0 {
        // The sentence stays, and the commands that came last.
        lines.drain(1..=lines.len() - height);
    }
    // Those before it, as far as there is room.
    while lines.len() < height
        && let Some(mut before) = exchanges.next()
    {
        before.drain(..before.len().saturating_sub(height - lines.len()));
        before.append(&mut lines);
        lines = before;
    }
    Paragraph::new(lines).block(panel(" Sentences and commands "))
}

/// One sentence.
fn told(exchange: &Exchange, is_own: bool, width: usize) -> Vec<Line<'static>> {
    let from = if is_own { "> ".to_owned() } else { format!("{}> ", exchange.connection) };
    let mut lines = wrapped(&from, &exchange.sentence, width, Style::new().white().bold());
    for said in &exchange.commands {
        lines.extend(command(said, width));
    }
    let error = exchange.error().map(|message| wrapped(" ✗ ", message, width, Style::new().light_red()));
    lines.extend(error.into_iter().flatten());
    lines.extend(exchange.remarks.iter().flat_map(|words| wrapped(" • ", words, width, Style::new().light_yellow())));
    lines
}

fn command(said: &Said, width: usize) -> Vec<Line<'static>> {
    let time = ms(said.ms());
    let mut lines = wrapped(" ", &said.json, width, Style::new().light_green());
    // The time stands at the end of the last line, or below it.
    if lines.last().is_some_and(|last| last.width() + time.len() >= width) {
        lines.push(Line::default());
    }
    if let Some(last) = lines.last_mut() {
        let gap = width.saturating_sub(last.width() + time.len());
        last.push_span(Span::raw(" ".repeat(gap)));
        last.push_span(Span::from(time).dark_gray());
    }
    lines
}

/// Milliseconds, with as many digits as say something.
fn ms(value: f64) -> String {
    if value < 100.0 { format!("{value:.1} ms") } else { format!("{value:.0} ms") }
}

/// `text` in lines of `width` characters, the first of which begins with `mark`.
fn wrapped(mark: &str, text: &str, width: usize, style: Style) -> Vec<Line<'static>> {
    let room = width.saturating_sub(mark.chars().count()).max(1);
    let (mut lines, mut line, mut used) = (Vec::new(), String::new(), 0);
    for word in text.split_inclusive([' ', ',']) {
        if used > 0 && used + Span::raw(word.trim_end()).width() > room {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        for c in word.chars() {
            if used >= room {
                lines.push(std::mem::take(&mut line));
                used = 0;
                // The space between two words is where the line ends.
                if c == ' ' {
                    continue;
                }
            }
            line.push(c);
            used += Span::raw(c.to_string()).width();
        }
    }
    lines.push(line);
    let blank = " ".repeat(mark.chars().count());
    let marks = std::iter::once(mark.to_owned()).chain(std::iter::repeat(blank));
    marks.zip(lines).map(|(mark, line)| Line::from(vec![Span::from(mark).cyan(), Span::styled(line, style)])).collect()
}

/// How the rover is, and how long the last answer took.
pub fn rover(app: &App) -> Paragraph<'static> {
    let mut lines = app.rover.as_deref().map_or_else(Vec::new, state);
    let last = app.talk.exchanges.iter().rev().find(|exchange| exchange.total_ms().is_some());
    let time = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), ms);
    let (first, total) = (time(last.and_then(Exchange::first_ms)), time(last.and_then(Exchange::total_ms)));
    let speed = last.and_then(Exchange::tokens_per_s).map_or_else(|| "-".to_owned(), |speed| format!("{speed:.0}"));
    lines.push(figures(&[("first ", first), ("  all ", total)]));
    lines.push(figures(&[("tokens/s ", speed), ("  memory ", format!("{:.1} MB", app.memory as f64 / 1e6))]));
    Paragraph::new(lines).block(panel(" Rover and timings "))
}

fn state(state: &State) -> Vec<Line<'static>> {
    let Pose { at, heading } = state.pose;
    let doing = match (state.doing.as_str(), state.waiting) {
        ("", _) => Span::from("at rest").dark_gray(),
        (doing, 0) => Span::from(doing.to_owned()).light_cyan(),
        (doing, waiting) => Span::from(format!("{doing}, {waiting} more")).light_cyan(),
    };
    let light = Span::styled(about::light(state.light), Style::new().fg(color(state.light).unwrap_or(Color::Gray)));
    let gripper = if state.open { "open" } else { "closed" };
    vec![
        Line::from(doing),
        figures(&[("x ", format!("{:.2}", at.x)), (" y ", format!("{:.2} {heading:.0}°  {:.2} m/s", at.y, state.speed))]),
        figures(&[("gripper ", gripper.to_owned()), ("  arm ", about::arm(state.arm).to_owned())]),
        Line::from(vec![
            Span::from("light ").dark_gray(),
            light,
            Span::from("  camera ").dark_gray(),
            format!("{:.0}°/{:.0}°  {:.0} %", state.pan, state.tilt, state.battery * 100.0).into(),
        ]),
    ]
}

/// Values with their names before them.
fn figures(figures: &[(&'static str, String)]) -> Line<'static> {
    figures.iter().flat_map(|(name, value)| [Span::from(*name).dark_gray(), Span::from(value.clone())]).collect()
}

/// The last frames.
pub fn frames(app: &App, area: Rect) -> Paragraph<'static> {
    let (width, height) = (usize::from(area.width), usize::from(area.height.saturating_sub(1)));
    let skip = app.frames.len().saturating_sub(height);
    let many = app.about.links.len() > 1;
    let lines: Vec<Line<'static>> = app.frames.iter().skip(skip).map(|frame| line(frame, many, width)).collect();
    let (all, quiet) = app.counts;
    let links: Vec<String> = app.about.links.iter().map(ToString::to_string).collect();
    let title = format!(" On the wire: {}, {all} frames ({quiet} heartbeats not shown) ", links.join(", "));
    Paragraph::new(lines).block(panel("").borders(Borders::TOP).title(title.white().bold()))
}

fn line(frame: &Frame, many: bool, width: usize) -> Line<'static> {
    let (arrow, who, style) =
        if frame.sent { ("←", "runtime", Style::new().light_green()) } else { ("→", "rover", Style::new().light_blue()) };
    let connection = if many { format!("{:<3}", frame.connection) } else { String::new() };
    let id = if frame.id == 0 { String::new() } else { format!("#{}", frame.id) };
    let head = format!("{:>9.3} {connection}", frame.at);
    let what = format!("{arrow} {who:<8}{:<13}{id:<5}{:>4} B  ", frame.kind, frame.len);
    let room = width.saturating_sub(Span::raw(&head).width() + Span::raw(&what).width());
    // Three characters for each byte.
    let fit = (room + 1) / 3;
    let cut = frame.payload.len() > fit;
    let hex: Vec<String> = frame.payload.iter().take(fit.saturating_sub(usize::from(cut))).map(|byte| format!("{byte:02x}")).collect();
    let dots = if cut { " …" } else { "" };
    Line::from(vec![Span::from(head).dark_gray(), Span::styled(what, style), Span::from(hex.join(" ") + dots).dark_gray()])
}
