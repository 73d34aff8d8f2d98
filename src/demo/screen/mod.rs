//! The demo in a terminal.

mod app;
mod input;
mod map;
mod panels;
#[cfg(test)]
mod tests;
mod view;

use std::io::{stdin, stdout};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use crossbeam_channel::TryRecvError;
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, DisableBracketedPaste, EnableBracketedPaste};
use ratatui::crossterm::execute;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

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
        if !wait_for_keys(FRAME)? {
            // There is nobody left to tell.
            return Ok(());
        }
        while event::poll(Duration::ZERO).context("reading keys")? {
            if let Some(order) = app.event(event::read().context("reading keys")?) {
                // Where the rover is gone, its news say so.
                let _ = stage.orders.send(order);
            }
            changed = true;
        }
    }
    Ok(())
}

/// Waits until keys were pressed, the size changed or `patience` is over. Whether the terminal is still there: where its window was
/// closed, crossterm would read its end for ever.
fn wait_for_keys(patience: Duration) -> Result<bool> {
    let stdin = stdin();
    let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
    let patience = Timespec::try_from(patience).context("reading keys")?;
    match poll(&mut fds, Some(&patience)) {
        Ok(_) | Err(Errno::INTR) => Ok(!fds[0].revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL)),
        Err(error) => Err(error).context("reading keys"),
    }
}
