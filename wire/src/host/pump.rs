//! Between the state machine and the link: reads, writes, waits, and opens the link again.

use std::io;
use std::string::ToString;
use std::time::{Duration, Instant};

use super::{Client, ClientEvent, Link};
use crate::client::Event;

/// How long the link may take nothing before it is taken for lost.
const STUCK: Duration = Duration::from_secs(10);

/// How long to wait before a link that failed is opened again.
const REOPEN: Duration = Duration::from_millis(300);

/// How long a link that has no room is left alone before it is read again.
const TICK: Duration = Duration::from_millis(5);

/// Bytes read at once.
const READ_BUFFER: usize = 4096;

impl<L: Link> Client<L> {
    /// Milliseconds since the client was made.
    pub(super) fn now(&self) -> u64 {
        self.start.elapsed().as_millis() as u64
    }

    /// Sends what is to be sent, as far as the link takes it now.
    pub(super) fn send(&mut self) {
        if let Err(error) = self.write() {
            self.fail(&error);
        }
    }

    /// Reads, writes or waits once, until `deadline` at most.
    pub(super) fn turn(&mut self, deadline: Instant) {
        if self.link.is_none() {
            self.reopen(deadline);
            return;
        }
        if let Err(error) = self.write().and_then(|()| self.read(deadline)) {
            self.fail(&error);
        }
        self.poll();
    }

    fn write(&mut self) -> io::Result<()> {
        loop {
            let now = self.now();
            let Some(link) = &mut self.link else { return Ok(()) };
            if self.unsent.is_empty() {
                let Some(len) = self.machine.transmit(now, &mut self.out) else { return Ok(()) };
                (self.unsent, self.moved) = (0..len, Instant::now());
            }
            match link.write(&self.out[self.unsent.clone()], Duration::ZERO)? {
                Some(count) => {
                    self.unsent.start += count;
                    self.moved = Instant::now();
                }
                None if self.moved.elapsed() > STUCK => return Err(io::Error::new(io::ErrorKind::TimedOut, "it takes nothing more")),
                None => return Ok(()),
            }
        }
    }

    fn read(&mut self, deadline: Instant) -> io::Result<()> {
        let wake = Duration::from_millis(self.machine.next_wake().saturating_sub(self.now()));
        let wait = if self.unsent.is_empty() { wake } else { TICK };
        let left = deadline.saturating_duration_since(Instant::now());
        let wait = if self.events.is_empty() { wait.min(left) } else { Duration::ZERO };
        let (now, mut buffer) = (self.start, [0; READ_BUFFER]);
        let Some(link) = &mut self.link else { return Ok(()) };
        let count = match link.read(&mut buffer, wait)? {
            None => return Ok(()),
            Some(0) => return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the runtime closed it")),
            Some(count) => count,
        };
        let now = now.elapsed().as_millis() as u64;
        for &byte in &buffer[..count] {
            match self.machine.receive(byte, now) {
                None => {}
                Some(Event::Heartbeat(heartbeat)) => self.heartbeat = Some(heartbeat),
                Some(Event::Connected { identify, restarted }) => {
                    self.runtime = identify.into();
                    self.incompatible = None;
                    self.events.push_back(ClientEvent::Connected { restarted });
                }
                Some(Event::Incompatible { version_min, version_max }) => self.incompatible = Some((version_min, version_max)),
                Some(event) => self.events.extend(ClientEvent::new(event)),
            }
            self.poll();
        }
        Ok(())
    }

    fn poll(&mut self) {
        let now = self.now();
        while let Some(event) = self.machine.poll(now) {
            match event {
                // A link that was closed has said so itself.
                Event::Disconnected if self.link.is_none() => {}
                Event::Disconnected => self.events.push_back(ClientEvent::Disconnected { cause: "the runtime does not answer".into() }),
                event => self.events.extend(ClientEvent::new(event)),
            }
        }
    }

    /// The link is gone.
    fn fail(&mut self, error: &io::Error) {
        self.link = None;
        self.unsent = 0..0;
        self.open_at = Instant::now() + REOPEN;
        self.events.push_back(ClientEvent::Disconnected { cause: error.to_string() });
        let now = self.now();
        self.machine.connect(now);
        self.poll();
    }

    /// Opens the link when it is time to, or waits.
    fn reopen(&mut self, deadline: Instant) {
        let now = Instant::now();
        if now < self.open_at {
            std::thread::sleep(self.open_at.min(deadline).saturating_duration_since(now));
            return;
        }
        match (self.open)() {
            Ok(link) => {
                self.link = Some(link);
                let now = self.now();
                self.machine.connect(now);
            }
            Err(_) => self.open_at = Instant::now() + REOPEN,
        }
    }
}
