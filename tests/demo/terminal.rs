//! A terminal as people have one: a pseudo-terminal with the program at one end, and an emulator of a screen at the other.

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Termios, Winsize, tcgetattr, tcsetwinsize};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A program in a terminal.
pub struct Terminal {
    screen: Arc<Mutex<vt100::Parser>>,
    keys: Option<File>,
    /// Reads what the program writes, until the window is closed.
    reader: Option<JoinHandle<()>>,
    closed: Arc<AtomicBool>,
    child: Child,
    /// The program's end, which stays open here: its settings can be asked for afterwards.
    line: OwnedFd,
    before: Termios,
}

impl Terminal {
    /// Starts `command` in a terminal of this size.
    pub fn start(mut command: Command, width: u16, height: u16) -> Terminal {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a pseudo-terminal");
        grantpt(&master).and_then(|()| unlockpt(&master)).expect("it can be used");
        let name = ptsname(&master, Vec::new()).expect("it has a name");
        let open = || rustix::fs::open(&name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()).expect("its other end");
        let line = open();
        tcsetwinsize(&line, size(width, height)).expect("it has a size");
        let before = tcgetattr(&line).expect("it has settings");
        command.env("TERM", "xterm-256color").stdin(open()).stdout(open()).stderr(open());
        let child = command.spawn().expect("the program starts");
        let screen = Arc::new(Mutex::new(vt100::Parser::new(nonzero(height), nonzero(width), 0)));
        let (keys, mut output) = (File::from(master.try_clone().expect("a second handle")), File::from(master));
        let (shown, closed) = (Arc::clone(&screen), Arc::new(AtomicBool::new(false)));
        let is_closed = Arc::clone(&closed);
        let reader = thread::spawn(move || {
            let mut bytes = [0; 4096];
            let patience = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
            while !is_closed.load(Ordering::Relaxed) {
                if poll(&mut [PollFd::new(&output, PollFlags::IN)], Some(&patience)).is_ok_and(|ready| ready == 0) {
                    continue;
                }
                let Ok(count) = output.read(&mut bytes) else { break };
                shown.lock().unwrap_or_else(PoisonError::into_inner).process(&bytes[..count]);
            }
        });
        Terminal { screen, keys: Some(keys), reader: Some(reader), closed, child, line, before }
    }

    /// Presses keys.
    pub fn press(&mut self, keys: &str) {
        self.keys.as_mut().expect("its window is open").write_all(keys.as_bytes()).expect("it takes keys");
    }

    /// What is on the screen.
    pub fn text(&self) -> String {
        self.look(|screen| screen.contents())
    }

    /// Waits until the screen is as `until` wants it, and gives its text.
    #[track_caller]
    pub fn wait(&self, what: &str, until: impl Fn(&str) -> bool) -> String {
        let begin = Instant::now();
        loop {
            let text = self.text();
            if until(&text) {
                return text;
            }
            assert!(begin.elapsed() < PATIENCE, "{what} does not come:\n{text}");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until `wanted` is on the screen.
    #[track_caller]
    pub fn see(&self, wanted: &str) -> String {
        self.wait(wanted, |text| text.contains(wanted))
    }

    /// Gives the terminal another size, as its window's corner does when it is pulled.
    pub fn resize(&mut self, width: u16, height: u16) {
        self.screen.lock().unwrap_or_else(PoisonError::into_inner).screen_mut().set_size(nonzero(height), nonzero(width));
        tcsetwinsize(&self.line, size(width, height)).expect("it has a size");
        self.signal(Signal::WINCH);
    }

    /// Sends the program a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it runs");
    }

    /// Closes the window: the program's terminal is gone. Waits for its end.
    #[track_caller]
    pub fn close(&mut self) -> ExitStatus {
        self.closed.store(true, Ordering::Relaxed);
        self.keys = None;
        self.reader.take().expect("it is closed once").join().expect("no panic");
        self.ended()
    }

    /// Waits for the program's end.
    #[track_caller]
    fn ended(&mut self) -> ExitStatus {
        let begin = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                return status;
            }
            assert!(begin.elapsed() < PATIENCE, "it does not end:\n{}", self.text());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits for the program's end, and sees that the terminal is as it was before.
    #[track_caller]
    pub fn end(&mut self) -> ExitStatus {
        let status = self.ended();
        let after = tcgetattr(&self.line).expect("it has settings");
        assert_eq!(format!("{after:?}"), format!("{:?}", self.before), "the terminal's settings");
        // What it wrote last may be on its way.
        self.wait("the usual screen", |_| {
            self.look(|screen| !screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste())
        });
        status
    }

    fn look<T>(&self, look: impl FnOnce(&vt100::Screen) -> T) -> T {
        look(self.screen.lock().unwrap_or_else(PoisonError::into_inner).screen())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn nonzero(cells: u16) -> NonZero<u16> {
    NonZero::new(cells).expect("a terminal has lines and columns")
}

fn size(width: u16, height: u16) -> Winsize {
    Winsize { ws_row: height, ws_col: width, ws_xpixel: 0, ws_ypixel: 0 }
}
