//! What the robot does, step by step.

use cortex_m_semihosting::{hprint, hprintln};
use qwark_wire::client::{Client, Event, Question, SMALL_OUT, Sentence, Settings};
use qwark_wire::{Done, ErrorCode, Form, Reason, SafetyState, Sampling};

use crate::clock::millis;
use crate::rover;
use crate::uart::Uart;

/// What is asked.
const PROMPT: &str = "Go forward two metres, then turn left.";

/// Bytes of an answer that the runtime may send ahead.
const WINDOW: u32 = 256;

/// Tokens of an answer that is waited for.
const SHORT: u32 = 16;

/// Tokens of an answer that is ended before it is complete.
const LONG: u32 = 100_000;

/// Milliseconds that a step may take on a slow runtime.
const PATIENCE_MS: u64 = 120_000;

/// Requests at once.
const REQUESTS: usize = 2;

/// A UART with a client on it.
pub struct Robot {
    uart: Uart,
    client: Client<&'static str, REQUESTS>,
}

/// What of an answer has come: enough to compare two.
#[derive(Clone, Copy, Default, PartialEq)]
struct Answer {
    len: u32,
    sum: u32,
}

impl Answer {
    /// Takes the piece at `offset`. False unless it goes on where the one before ended.
    fn take(&mut self, offset: u32, text: &str) -> bool {
        let continues = offset == self.len;
        self.len += text.len() as u32;
        self.sum = text.bytes().fold(self.sum, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        continues
    }
}

impl Robot {
    /// A robot on `uart`, a line of `baud` bits per second. A real one draws `client` and `seed` from a random source.
    pub fn new(uart: Uart, baud: u32) -> Self {
        let settings = Settings { client: 0x0386_0004, seed: 0x5eed, name: "cortex-m4", heartbeat_ms: 500, baud, ..Settings::default() };
        Robot { uart, client: Client::new(&settings) }
    }

    /// Everything.
    pub fn run(&mut self) -> Result<(), &'static str> {
        self.wait("no runtime answered", |event| match event {
            Event::Connected { .. } => Some(Ok(())),
            Event::Incompatible { .. } => Some(Err("the runtime speaks another version")),
            _ => None,
        })?;
        hprintln!("PASS: connected");

        let first = self.ask_to_the_end()?;
        self.obey()?;
        self.cancel_an_answer()?;
        self.stop_an_answer()?;
        self.be_refused()?;
        self.rearm()?;
        if self.ask_to_the_end()? != first {
            return Err("the same question had another answer");
        }
        let losses = self.client.losses();
        hprintln!("line: missing={} damaged={} repeated={}", losses.missing, losses.frames.lost(), losses.repeated);
        Ok(())
    }

    fn ask(&mut self, max_tokens: u32) -> Result<u32, &'static str> {
        let sampling = Sampling { max_tokens, ..Sampling::default() };
        let question = Question { window: WINDOW, sampling, form: Form::Raw, ..Question::new(PROMPT) };
        self.client.ask(question, millis()).map_err(|_| "it cannot be asked")
    }

    fn ask_to_the_end(&mut self) -> Result<Answer, &'static str> {
        let id = self.ask(SHORT)?;
        let mut answer = Answer::default();
        let done = self.wait("no end came", |event| match event {
            Event::Token { id: of, offset, text } if of == id => {
                hprint!("{}", text);
                (!answer.take(offset, text)).then_some(Err("a piece of the answer is missing"))
            }
            _ => end_of(id, &event),
        })?;
        hprintln!("\nPASS: an answer came, bytes={} ms={}", done.text_len, done.total_us / 1000);
        match done.reason {
            Reason::Stop | Reason::Length if done.text_len == answer.len => Ok(answer),
            Reason::Stop | Reason::Length => Err("the end came before the text"),
            _ => Err("the answer ended early"),
        }
    }

    /// Has a sentence made commands, and reads each by the code that was generated from the set.
    fn obey(&mut self) -> Result<(), &'static str> {
        let sentence = Sentence { window: WINDOW, ..Sentence::new(rover::SET_ID, PROMPT) };
        let id = self.client.command(sentence, millis()).map_err(|_| "it cannot be asked")?;
        let (mut count, mut len) = (0, 0);
        let done = self.wait("no commands came", |event| match event {
            Event::Command { id: of, offset, bytes } if of == id => {
                let continues = offset == len;
                len += bytes.len() as u32;
                count += 1;
                match rover::decode(bytes) {
                    Ok(_) if continues => None,
                    Ok(_) => Some(Err("a command is missing")),
                    Err(_) => Some(Err("a command cannot be read")),
                }
            }
            _ => end_of(id, &event),
        })?;
        if count == 0 || done.reason != Reason::Stop || done.text_len != len {
            return Err("a sentence did not become commands");
        }
        hprintln!("PASS: a sentence becomes commands, number={} ms={}", count, done.total_us / 1000);
        Ok(())
    }

    /// Asks for a long answer and waits for its first piece.
    fn begin(&mut self) -> Result<u32, &'static str> {
        let id = self.ask(LONG)?;
        self.wait("no answer began", |event| match event {
            Event::Token { id: of, .. } if of == id => Some(Ok(())),
            Event::Done { .. } | Event::Error { .. } => Some(Err("a long answer ended at once")),
            _ => None,
        })?;
        Ok(id)
    }

    fn cancel_an_answer(&mut self) -> Result<(), &'static str> {
        let id = self.begin()?;
        let begin = millis();
        self.client.cancel(id, begin).map_err(|_| "it cannot be cancelled")?;
        let done = self.wait("no end came after a cancel", |event| end_of(id, &event))?;
        if done.reason != Reason::Cancelled {
            return Err("a cancel was too late");
        }
        hprintln!("PASS: a long answer is cancelled, ms={}", millis() - begin);
        Ok(())
    }

    fn stop_an_answer(&mut self) -> Result<(), &'static str> {
        let id = self.begin()?;
        let begin = millis();
        self.client.emergency_stop(begin);
        let (mut stopped, mut ended) = (false, false);
        self.wait("the emergency stop was not confirmed", |event| {
            match event {
                Event::Safety(safety) => stopped = safety.state == SafetyState::Stopped,
                Event::Done { id: of, done } if of == id => ended = done.reason == Reason::Stopped,
                _ => {}
            }
            (stopped && ended).then_some(Ok(()))
        })?;
        hprintln!("PASS: an emergency stop ends an answer, ms={}", millis() - begin);
        Ok(())
    }

    fn be_refused(&mut self) -> Result<(), &'static str> {
        let id = self.ask(SHORT)?;
        self.wait("a stopped runtime said nothing", |event| match event {
            Event::Error { id: of, code: ErrorCode::Stopped, ends: true, .. } if of == id => Some(Ok(())),
            Event::Token { .. } | Event::Done { .. } | Event::Error { .. } => Some(Err("a stopped runtime was not asked in vain")),
            _ => None,
        })?;
        hprintln!("PASS: a request is refused while stopped");
        Ok(())
    }

    fn rearm(&mut self) -> Result<(), &'static str> {
        let known = "the stop is not known";
        self.client.reset(millis()).map_err(|_| known)?;
        self.client.arm(millis()).map_err(|_| known)?;
        self.wait("the runtime was not armed", |event| match event {
            Event::Safety(safety) if safety.state == SafetyState::Armed => Some(Ok(())),
            Event::Unconfirmed { .. } => Some(Err("a reset or an arm was not confirmed")),
            _ => None,
        })?;
        hprintln!("PASS: the runtime is armed again");
        Ok(())
    }

    /// Receives and sends until `each` makes something of an event. `late` is the reason if nothing comes of it.
    fn wait<T>(
        &mut self,
        late: &'static str,
        mut each: impl FnMut(Event<'_>) -> Option<Result<T, &'static str>>,
    ) -> Result<T, &'static str> {
        let begin = millis();
        while millis() - begin < PATIENCE_MS {
            if let Some(byte) = self.uart.receive()
                && let Some(outcome) = self.client.receive(byte, millis()).and_then(&mut each)
            {
                return outcome;
            }
            if let Some(outcome) = self.client.poll(millis()).and_then(&mut each) {
                return outcome;
            }
            let mut out = [0; SMALL_OUT];
            if let Some(len) = self.client.transmit(millis(), &mut out) {
                self.uart.send(&out[..len]);
            }
        }
        Err(late)
    }
}

/// The end of request `id`, if `event` is that.
fn end_of(id: u32, event: &Event<'_>) -> Option<Result<Done, &'static str>> {
    match event {
        Event::Done { id: of, done } if *of == id => Some(Ok(*done)),
        Event::Error { ends: true, .. } | Event::Unanswered { .. } => Some(Err("the runtime refused a request")),
        _ => None,
    }
}
