//! What is drawn, on a screen in memory.

use std::sync::Arc;

use qwark_wire::{Command, CommandReply, Done, Encoded, Piece, SafetyState};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};

use super::app::App;
use super::view::draw;
use crate::capture::tests::record;
use crate::commands::CommandSet;
use crate::demo::rover::body::{Body, Happening, TICK};
use crate::demo::rover::commands::{self, Light, LightColor, RefuseReason, Say};
use crate::demo::rover::{News, Order, Pace};
use crate::demo::stage::About;
use crate::demo::talk::tests::{DONE, hello};

fn app() -> App {
    let set = Arc::new(CommandSet::parse(crate::demo::SET).expect("a command set"));
    let links = vec!["serial:/dev/pts/9".parse().expect("a link")];
    App::new(About { model: "tiny".to_owned(), bytes: 4_300_000, set, links, pace: Pace::Times(3) })
}

/// After a sentence, two commands and what the rover did.
fn played() -> App {
    let mut app = app();
    app.frame(&hello());
    let text = "say hello there and turn the light red, would you please";
    let text = Piece::new(text.as_bytes()).expect("short");
    app.frame(&record(1, 1, false, 1, &Command { key: 1, text, ..Command::default() }));
    let mut body = Body::default();
    let mut offset = 0;
    for command in [commands::Command::Say(Say { text: "hello there" }), commands::Command::Light(Light { color: LightColor::Red })] {
        let mut bytes = [0; commands::MAX_ENCODED];
        let len = commands::encode(&command, &mut bytes).expect("legal");
        app.frame(&record(1, 1, true, 1, &CommandReply { offset, data: Encoded::new(&bytes[..len]).expect("short") }));
        offset += len as u32;
        body.take(&command);
    }
    app.frame(&record(1, 1, true, 1, &Done { total_us: 12_345, output_tokens: 20, ..DONE }));
    while !body.is_at_rest() {
        body.advance();
    }
    app.news(News::State(Box::new(body.state().clone())));
    app
}

/// The lines of a screen of this size.
fn lines(app: &App, width: u16, height: u16) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("memory");
    terminal.draw(|frame| draw(frame, app)).expect("memory");
    let buffer = terminal.backend().buffer();
    let line = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect();
    (0..height).map(line).collect()
}

#[track_caller]
fn shows(lines: &[String], wanted: &[&str]) {
    let screen = lines.join("\n");
    wanted.iter().for_each(|wanted| assert!(screen.contains(wanted), "{wanted} is not on\n{screen}"));
}

fn press(app: &mut App, code: KeyCode, modifiers: KeyModifiers) -> Option<Order> {
    app.event(Event::Key(KeyEvent::new(code, modifiers)))
}

fn control(app: &mut App, c: char) -> Option<Order> {
    press(app, KeyCode::Char(c), KeyModifiers::CONTROL)
}

#[test]
fn a_rover_at_rest_is_not_drawn_anew() {
    let (mut app, mut body) = (app(), Body::default());
    let state = |body: &mut Body| {
        body.advance();
        News::State(Box::new(body.state().clone()))
    };
    assert!(app.news(state(&mut body)));
    let seconds_at_the_dock = 2.0;
    let drawn = (0..(seconds_at_the_dock / TICK) as usize).filter(|_| app.news(state(&mut body))).count();
    assert_eq!(drawn, 0, "the charge stays at 87 % when it is rounded");
    body.take(&commands::Command::Turn(commands::Turn { angle: 90 }));
    assert!(app.news(state(&mut body)));
}

#[test]
fn eighty_columns_have_room_for_everything() {
    let screen = lines(&played(), 80, 24);
    shows(&screen, &["Qwark", "tiny (4.3 MB)", " ARMED "]);
    shows(&screen, &["The flat, 3 times as fast", "kitchen", "table", "window", "sofa", "dock", "door", " hello there "]);
    shows(&screen, &["> say hello there and turn the", "{\"light\":{\"color\":\"red\"}}    0.0 ms"]);
    shows(&screen, &["at rest", "light red", "x 8.20 y 0.60 90°", "all 12.3 ms", "memory"]);
    shows(&screen, &["serial:/dev/pts/9", "→ rover   Command      #1", "← runtime CommandReply #1", "← runtime Done"]);
    shows(&screen, &["Tab example", "Ctrl-E emergency stop", "Ctrl-R reset and arm", "Ctrl-C leave"]);
}

#[test]
fn a_large_screen_is_used() {
    let screen = lines(&played(), 200, 60);
    shows(&screen, &["drives a simulated rover", "Enter say it"]);
    // The map grows with it.
    let row = |screen: &[String], name: &str| screen.iter().position(|line| line.contains(name)).expect("on the map");
    let small = lines(&played(), 80, 24);
    assert!(row(&screen, "dock") - row(&screen, "kitchen") > 2 * (row(&small, "dock") - row(&small, "kitchen")));
}

#[test]
fn a_small_screen_keeps_sentences_and_state_and_a_tiny_one_says_so() {
    let screen = lines(&played(), 50, 12);
    shows(&screen, &["> say hello there", "{\"light\":{\"color\":\"red\"}}", " ARMED ", "Ctrl-E"]);
    shows(&lines(&played(), 29, 6), &["too small", "Ctrl-C leaves"]);
}

#[test]
fn nothing_is_too_small_or_too_odd_to_be_drawn() {
    let mut app = played();
    app.event(Event::Paste("a long sentence with wide characters 机器人机器人机器人机器人".repeat(3)));
    for width in (1..100).step_by(3) {
        for height in 1..40 {
            lines(&app, width, height);
        }
    }
}

#[test]
fn a_rover_cannot_write_to_the_terminal_as_it_likes() {
    let mut app = played();
    let text = Piece::new(b"red \x1b[31m and \x07 bell\nand line").expect("short");
    app.frame(&record(2, 2, false, 1, &Command { key: 2, text, ..Command::default() }));
    let screen = lines(&app, 80, 24);
    shows(&screen, &["2> red [31m and  bell"]);
    assert!(!screen.concat().contains(char::is_control), "{screen:?}");
}

#[test]
fn a_stop_and_a_lost_link_are_plain_to_see() {
    let mut app = played();
    app.news(News::Safety(SafetyState::Stopped));
    shows(&lines(&app, 80, 24), &["EMERGENCY STOP: Ctrl-R ends it"]);
    app.news(News::Safety(SafetyState::Disarmed));
    shows(&lines(&app, 80, 24), &["DISARMED"]);
    app.news(News::Linked(false));
    shows(&lines(&app, 80, 24), &["NO LINK"]);
}

#[test]
fn what_the_rover_says_stands_below_the_sentence() {
    let mut app = played();
    app.news(News::Happening(Happening::Refused(RefuseReason::Unsafe)));
    shows(&lines(&app, 80, 24), &["• that is not safe"]);
}

#[test]
fn the_last_sentence_stays_on_a_small_screen() {
    let mut app = played();
    let text = Piece::new(b"and again").expect("short");
    app.frame(&record(1, 1, false, 2, &Command { key: 2, text, ..Command::default() }));
    let stop = |offset| CommandReply { offset, data: Encoded::new(&[0x0a]).expect("short") };
    (0..8).for_each(|offset| app.frame(&record(1, 1, true, 2, &stop(offset))));
    app.frame(&record(1, 1, true, 2, &CommandReply { offset: 8, data: Encoded::new(&[6, 2]).expect("short") }));
    let screen = lines(&app, 80, 24);
    shows(&screen, &["> and again", "{\"stop\":{}}", "{\"light\":{\"color\":\"red\"}}"]);
    assert!(!screen.join("\n").contains("say hello there and"), "there is no room for the one before");
    // Where there is room, the one before is there too.
    shows(&lines(&app, 120, 40), &["> say hello there and", "> and again"]);
}

#[test]
fn keys_become_orders() {
    let mut app = app();
    assert_eq!(press(&mut app, KeyCode::Enter, KeyModifiers::NONE), None);
    for c in " Stop ".chars() {
        press(&mut app, KeyCode::Char(c), KeyModifiers::NONE);
    }
    assert_eq!(press(&mut app, KeyCode::Enter, KeyModifiers::NONE), Some(Order::Stop));
    assert_eq!((control(&mut app, 'e'), control(&mut app, 'r')), (Some(Order::Stop), Some(Order::Rearm)));
    press(&mut app, KeyCode::Tab, KeyModifiers::NONE);
    let Some(Order::Hear { sentence, stop_after: None }) = press(&mut app, KeyCode::Enter, KeyModifiers::NONE) else {
        panic!("an example")
    };
    assert!(sentence.contains(' '), "{sentence}");
    press(&mut app, KeyCode::Char('x'), KeyModifiers::NONE);
    control(&mut app, 'd');
    assert!(!app.is_over, "a line is not thrown away by Ctrl-D");
    control(&mut app, 'c');
    assert!(app.is_over);
}
