use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::iter;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use serde::Serialize;

use super::record::{Header, Record};

/// Frames that may wait for the disk.
const QUEUE: usize = 4096;

/// Most captures of one name beside each other.
const MAX_NUMBER: u32 = 9999;

/// Writes a capture, from as many threads as like to: a clone is another handle on the same file.
///
/// The lines are written by a thread of its own, behind a bounded queue. The threads that call [`Writer::record`] are those that
/// read the links, and an emergency stop must not wait there for a disk. Each line is handed to the system at once and whole, so
/// that a process that is killed loses what waits in the queue, usually nothing, and cuts at most the last line off.
///
/// A recording that cannot go on, because the disk is full or too slow, ends with one warning in the log, and the runtime goes on
/// without it: a capture with holes would be worth less than a shorter one. When the last handle is dropped, all that waits is
/// written first.
#[derive(Clone)]
pub struct Writer(Arc<Shared>);

struct Shared {
    file: String,
    /// Only taken by `drop`, which is how the thread learns that no more is to come.
    queue: Option<Sender<Record>>,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Begins a capture in a new file: at `path`, or where something is there already, at the first of `path.1`, `path.2` and so on
    /// that is free. A runtime that is started again after a crash leaves the capture of the crash alone. Only the user may read it,
    /// because it shows every client's words. A pipe or a device is written to as it is.
    ///
    /// # Errors
    /// The file cannot be made or written, or no thread can be started.
    pub fn create(path: &Path, header: &Header) -> io::Result<Writer> {
        let (path, mut out) = new_file(path)?;
        write_line(&mut out, header)?;

        let (queue, waiting) = bounded(QUEUE);
        let file = path.display().to_string();
        let ended = Arc::new(AtomicBool::new(false));
        let thread = thread::Builder::new().name("capture".to_owned()).spawn({
            let (file, ended) = (file.clone(), Arc::clone(&ended));
            move || {
                if let Err(error) = write_all(&mut out, &waiting) {
                    end(&ended, &file, &error.to_string());
                }
            }
        })?;
        Ok(Writer(Arc::new(Shared { file, queue: Some(queue), ended, thread: Some(thread) })))
    }

    /// The file that is written.
    pub fn path(&self) -> &str {
        &self.0.file
    }

    /// Adds a frame. Never waits.
    pub fn record(&self, record: Record) {
        let Shared { file, queue, ended, .. } = &*self.0;
        if ended.load(Ordering::Relaxed) {
            return;
        }
        if let Some(Err(TrySendError::Full(_))) = queue.as_ref().map(|queue| queue.try_send(record)) {
            end(ended, file, "the disk is too slow");
        }
    }

    /// Whether it goes on. If not, the log says why.
    pub fn is_recording(&self) -> bool {
        !self.0.ended.load(Ordering::Relaxed)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        drop(self.queue.take());
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            log::error!("the thread that writes {} panicked", self.file);
        }
    }
}

fn new_file(path: &Path) -> io::Result<(PathBuf, File)> {
    let mut options = OpenOptions::new();
    options.write(true);
    if path.metadata().is_ok_and(|there| !there.is_file()) {
        return Ok((path.to_owned(), options.open(path)?));
    }
    options.create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let numbered = |n: u32| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{n}"));
        PathBuf::from(name)
    };
    for name in iter::once(path.to_owned()).chain((1..=MAX_NUMBER).map(numbered)) {
        match options.open(&name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            result => return Ok((name, result?)),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("there are {MAX_NUMBER} captures of that name already")))
}

fn write_all(out: &mut File, waiting: &Receiver<Record>) -> io::Result<()> {
    waiting.iter().try_for_each(|record| write_line(out, &record))
}

/// Writes one line in one piece.
fn write_line(out: &mut File, line: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_string(line)?;
    text.push('\n');
    out.write_all(text.as_bytes())
}

/// Ends the recording, and says so the first time.
fn end(ended: &AtomicBool, file: &str, why: &str) {
    if !ended.swap(true, Ordering::Relaxed) {
        log::warn!("{file}: the recording ends here: {why}; the runtime goes on without it");
    }
}
