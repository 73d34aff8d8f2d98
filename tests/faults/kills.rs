//! Pulled cables, dead lines and killed processes, at random moments while requests run: the other side goes on as it is.
//! `QWARK_REPLUGS` says how many; each seed is printed.

use std::io::Read;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::asker::{Asker, PATIENCE};
use crate::cable::{Cable, End};
use crate::common::{Server, qwark};
use crate::questions::{COUNT, question, set_file};
use crate::random::Random;

const BAUD: u32 = 921_600;

/// How many times something fails, unless the environment says otherwise.
const REPLUGS: u64 = 20;

/// How often a program may come to its end before it is killed.
const KILLS: usize = 20;

/// What fails.
#[derive(Clone, Copy, Debug)]
enum Failure {
    /// The server is killed, and started again a while later.
    Server,
    /// A client is killed; another one is started.
    Client,
    /// The robot's adapter is pulled out and put in again.
    RobotPort,
    /// The board's.
    BoardPort,
    /// The line is dead for a while, and no port notices.
    Line,
}

const FAILURES: [Failure; 5] = [Failure::Server, Failure::Client, Failure::RobotPort, Failure::BoardPort, Failure::Line];

#[test]
fn the_other_side_goes_on_after_every_kill_and_replug() {
    let replugs = std::env::var("QWARK_REPLUGS").map_or(REPLUGS, |count| count.parse().expect("QWARK_REPLUGS is a number"));
    let dir = tempfile::tempdir().expect("a folder");
    let socket = format!("unix:{}", dir.path().join("qwark.sock").display());
    let cable = Cable::new(BAUD, [None, None]);
    let links = [cable.address(End::Board), socket.clone()];
    let start = || Server::start(&[&links[0], &links[1]], &["--parallel", "3", "-t", "1", "--commands", set_file()]);
    let mut server = Some(start());
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        // One program is never restarted, and its requests all end once and with the right text: the asker sees to that.
        let (answers, answered) = crossbeam_channel::unbounded();
        let (cable, over) = (&cable, &over);
        let asker = scope.spawn(move || {
            let mut asker = Asker::new(&cable.address(End::Robot), 0);
            while !over.load(Ordering::Relaxed) {
                asker.ask();
                let before = asker.latencies.len();
                asker.listen(Duration::from_millis(50));
                for _ in before..asker.latencies.len() {
                    answers.send(()).expect("somebody counts them");
                }
            }
            asker.finish();
            asker.latencies.len()
        });
        let ended = Ended(over);
        let mut program = Program::start(&socket, 0);
        for seed in 0..replugs {
            let mut random = Random::new(seed);
            let failure = FAILURES[seed as usize % FAILURES.len()];
            let moment = Duration::from_millis(random.within(0..400));
            println!("seed {seed}: {failure:?} after {moment:?}");
            program = program.watch(moment, &socket);
            match failure {
                Failure::Server => {
                    // Dropped, it is killed.
                    drop(server.take());
                    thread::sleep(Duration::from_millis(random.within(0..300)));
                    server = Some(start());
                }
                Failure::Client => program = program.killed(&socket),
                Failure::RobotPort => cable.replug(End::Robot),
                Failure::BoardPort => cable.replug(End::Board),
                Failure::Line => cable.cut(Duration::from_millis(random.within(50..800))),
            }
            // What came before does not count: after it, answers come again.
            answered.try_iter().for_each(drop);
            for _ in 0..2 {
                assert!(!asker.is_finished(), "seed {seed}: the asker has failed");
                answered.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("seed {seed}: no answer after {failure:?}"));
            }
        }
        drop(ended);
        program.finish();
        println!("{} answers, each once and whole", asker.join().expect("no panic"));
    });
}

/// Ends the asker, also when this thread panics.
struct Ended<'o>(&'o AtomicBool);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// `qwark ask`, one question after the other, over the socket.
struct Program {
    child: Child,
    number: usize,
    /// What was read of its answer.
    printed: Vec<u8>,
}

impl Program {
    /// Starts one and waits for the first byte of its answer: a program that was never connected does not try again.
    fn start(socket: &str, number: usize) -> Program {
        let mut command = qwark();
        command.args(["ask", "--link", socket]).args(question(number).args());
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let mut printed = Vec::new();
        child.stdout.as_mut().expect("piped").take(1).read_to_end(&mut printed).expect("a pipe");
        let program = Program { child, number, printed };
        if program.printed.is_empty() {
            let (status, _, complaint) = program.end();
            panic!("question {number}: {status}: {complaint}");
        }
        program
    }

    /// Lets it go on for `time`, and starts the next one whenever one has ended.
    fn watch(mut self, time: Duration, socket: &str) -> Program {
        let until = Instant::now() + time;
        while Instant::now() < until {
            if self.child.try_wait().expect("a child").is_some() {
                let next = (self.number + 1) % COUNT;
                self.finish();
                self = Program::start(socket, next);
            }
            thread::sleep(Duration::from_millis(10));
        }
        self
    }

    /// It is killed in the middle of its answer, and another one asks the same.
    fn killed(mut self, socket: &str) -> Program {
        for _ in 0..KILLS {
            let number = self.number;
            self.child.kill().expect("a child");
            let (status, printed, complaint) = self.end();
            let whole = format!("{}\n", question(number).answer);
            assert!(whole.as_bytes().starts_with(&printed), "{:?}: {complaint}", String::from_utf8_lossy(&printed));
            if printed.len() < whole.len() {
                assert!(status.code().is_none(), "{status}: {complaint}");
                return Program::start(socket, number);
            }
            // It came to its end before: the next one is killed as soon as it has begun.
            self = Program::start(socket, number);
        }
        panic!("{KILLS} programs in a row were not killed before their end");
    }

    /// Waits for its end and looks at what it printed.
    fn finish(self) {
        let number = self.number;
        let (status, printed, complaint) = self.end();
        assert!(status.success(), "{status}: {complaint}");
        assert_eq!(String::from_utf8_lossy(&printed), format!("{}\n", question(number).answer), "{complaint}");
    }

    /// Waits for its end. Gives all that it printed, and what it complained about.
    fn end(self) -> (ExitStatus, Vec<u8>, String) {
        let (Program { mut child, mut printed, .. }, mut complaint) = (self, String::new());
        child.stdout.take().expect("piped").read_to_end(&mut printed).expect("a pipe");
        child.stderr.take().expect("piped").read_to_string(&mut complaint).expect("UTF-8");
        (child.wait().expect("a child"), printed, complaint)
    }
}
