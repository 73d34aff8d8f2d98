//! Where everything stands on the screen.

use qwark_wire::SafetyState;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Paragraph, Wrap};

use super::app::{App, HINTS};
use super::map::Map;
use super::panels;
use crate::demo::about;
use crate::demo::rover::Pace;

/// The smallest screen that has room for everything, and the smallest that has room for a sentence and its commands.
const WHOLE: (u16, u16) = (72, 20);
const SMALLEST: (u16, u16) = (30, 6);

/// Draws all.
pub fn draw(frame: &mut Frame<'_>, app: &App) {
    let area = frame.area();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let (width, height) = WHOLE;
        let words = format!("too small: {width} columns and {height} lines are needed; Ctrl-E stops, Ctrl-C leaves");
        frame.render_widget(Paragraph::new(words).wrap(Wrap { trim: true }), area);
        return;
    }
    let [head, body, input, keys] =
        Layout::vertical([Constraint::Length(1), Constraint::Min(0), Constraint::Length(1), Constraint::Length(1)]).areas(area);
    frame.render_widget(header(app, head.width), head);
    if area.width < WHOLE.0 || area.height < WHOLE.1 {
        frame.render_widget(panels::talk(app, body), body);
    } else {
        whole(frame, app, body);
    }
    line(frame, app, input);
    frame.render_widget(help(app, keys.width), keys);
}

/// Map and talk above, frames below; a large screen gives the map most of what it has more.
fn whole(frame: &mut Frame<'_>, app: &App, area: Rect) {
    let frames = (area.height / 4).clamp(5, 16);
    let [top, bottom] = Layout::vertical([Constraint::Min(0), Constraint::Length(frames)]).areas(area);
    let side = (area.width * 2 / 5).clamp(38, 72);
    let [map, side] = Layout::horizontal([Constraint::Min(0), Constraint::Length(side)]).areas(top);
    let [talk, rover] = Layout::vertical([Constraint::Min(0), Constraint::Length(panels::ROVER)]).areas(side);
    let title = match app.about.pace {
        Pace::Times(times) => format!(" The flat, {times} times as fast "),
        Pace::Free => " The flat ".to_owned(),
    };
    let block = panel(title);
    frame.render_widget(Map(app), block.inner(map));
    frame.render_widget(block, map);
    frame.render_widget(panels::talk(app, talk), talk);
    frame.render_widget(panels::rover(app), rover);
    frame.render_widget(panels::frames(app, bottom), bottom);
}

/// A box with a title.
pub fn panel(title: impl Into<String>) -> Block<'static> {
    Block::bordered().border_type(BorderType::Rounded).border_style(Style::new().fg(Color::DarkGray)).title(title.into().white().bold())
}

fn header(app: &App, width: u16) -> Line<'static> {
    let state = match (app.linked, app.safety) {
        (false, _) => " NO LINK ".black().on_yellow(),
        (_, SafetyState::Stopped) => " EMERGENCY STOP: Ctrl-R ends it ".white().on_red().bold(),
        (_, SafetyState::Disarmed) => " DISARMED: Ctrl-R arms ".black().on_yellow(),
        _ => " ARMED ".black().on_green(),
    };
    let model = format!("  {}", about::model(&app.about));
    let name = " Qwark ".bold().black().on_cyan();
    let room = usize::from(width).saturating_sub(name.width() + state.width() + 1);
    let (long, short) = (format!(" {}", about::LONG), format!(" {}", about::SHORT));
    // What does not fit is left out, beginning with what matters least.
    let what = [long + &model, short.clone() + &model, short, model].into_iter().find(|text| text.chars().count() <= room);
    let what = what.unwrap_or_default();
    let gap = " ".repeat((room + 1).saturating_sub(what.chars().count()));
    Line::from(vec![name, Span::raw(what), Span::raw(gap), state])
}

/// The line that is typed; as much of it as fits, around the cursor.
fn line(frame: &mut Frame<'_>, app: &App, area: Rect) {
    let prompt = Span::from(" > ").cyan().bold();
    let room = usize::from(area.width).saturating_sub(prompt.width() + 1);
    let text = if app.input.is_empty() {
        Span::from(format!("say something to the rover, as in: {}", HINTS[app.hint])).dark_gray()
    } else {
        let skip = app.input.cursor().saturating_sub(room.saturating_sub(1));
        Span::from(app.input.text().chars().skip(skip).take(room).collect::<String>())
    };
    let before: String = app.input.text().chars().take(app.input.cursor()).collect();
    let at = Span::from(before).width().min(room.saturating_sub(1));
    frame.set_cursor_position((area.x + (prompt.width() + at) as u16, area.y));
    frame.render_widget(Line::from(vec![prompt, text]), area);
}

fn help(app: &App, width: u16) -> Line<'static> {
    let stopped = app.safety != SafetyState::Armed;
    let keys = [("Tab", "example"), ("Ctrl-E", "emergency stop"), ("Ctrl-R", "reset and arm"), ("Ctrl-C", "leave"), ("Enter", "say it")];
    let mut spans = vec![Span::raw(" ")];
    for (key, what) in keys {
        let style = if stopped && key == "Ctrl-R" { Style::new().black().on_yellow() } else { Style::new().fg(Color::Gray) };
        let more = [Span::styled(key, style.bold()), Span::from(format!(" {what}   ")).dark_gray()];
        let len: usize = spans.iter().chain(&more).map(Span::width).sum();
        if len <= usize::from(width) + 3 {
            spans.extend(more);
        }
    }
    Line::from(spans)
}
