//! The demo in a terminal.

mod app;
mod input;
mod map;
mod panels;
#[cfg(test)]
mod tests;
mod view;

use std::io::stdout;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use crossbeam_channel::TryRecvError;
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, DisableBracketedPaste, EnableBracketedPaste};
use ratatui::crossterm::execute;

use super::stage::Stage;
use app::App;

/// How often the screen is drawn while something moves, and keys are waited for.
const FRAME: Duration = Duration::from_millis(40);

/// Plays until its player leaves.
///
/// # Errors
/// The terminal cannot be used, or the rover is gone.
pub fn play(stage: Stage) -> Result<()> {
    let mut screen = Screen::open()?;
    let result = run(&mut screen.terminal, &stage);
    drop(screen);
    result
}

/// The terminal, which is as it was before when this is dropped, or when anything panics.
struct Screen {
    terminal: DefaultTerminal,
}

impl Screen {
    fn open() -> Result<Screen> {
        let screen = Screen { terminal: ratatui::try_init().context("using the terminal")? };
        // A pasted newline is no Enter.
        execute!(stdout(), EnableBracketedPaste).context("using the terminal")?;
        Ok(screen)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // A terminal that is gone needs no order.
        let _ = execute!(stdout(), DisableBracketedPaste);
        let _ = ratatui::try_restore();
    }
}

fn run(terminal: &mut DefaultTerminal, stage: &Stage) -> Result<()> {
    let mut app = App::new(stage.about.clone());
    let mut changed = true;
    while !app.is_over && !stage.over.load(Ordering::Relaxed) {
        changed |= app.weigh(Instant::now());
        while let Ok(record) = stage.frames.try_recv() {
            app.frame(&record);
            changed = true;
        }
        loop {
            match stage.news.try_recv() {
                Ok(news) => changed |= app.news(news),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => bail!("the simulated rover is gone"),
            }
        }
        if std::mem::take(&mut changed) {
            terminal.draw(|frame| view::draw(frame, &app)).context("drawing")?;
        }
        let mut patience = FRAME;
        while event::poll(patience).context("reading keys")? {
            if let Some(order) = app.event(event::read().context("reading keys")?) {
                // Where the rover is gone, its news say so.
                let _ = stage.orders.send(order);
            }
            (changed, patience) = (true, Duration::ZERO);
        }
    }
    Ok(())
}
