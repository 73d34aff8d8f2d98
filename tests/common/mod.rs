//! What the tests of the whole program share. Each of them uses a part of it.
#![allow(dead_code)]

#[path = "../golden/tokenizer/support.rs"]
pub mod support;

pub mod frames;
pub mod vocabularies;

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::LazyLock;

use qwark::model::Arch;
use qwark::synth::{self, Quant, Shape, SynthOptions};
use qwark_kernels::DType;

/// The built program, which leaves the user's cache alone: model files run as they are.
pub fn qwark() -> Command {
    let mut command = program();
    command.arg("--no-cache");
    command
}

/// The built program, through the emulator that `tests/arm.sh` names where it is for another CPU.
pub fn program() -> Command {
    let program = env!("CARGO_BIN_EXE_qwark");
    match std::env::var("QWARK_TEST_RUNNER") {
        Ok(runner) => {
            let mut words = runner.split_whitespace();
            let mut command = Command::new(words.next().expect("QWARK_TEST_RUNNER names a program"));
            command.args(words).arg(program);
            command
        }
        Err(_) => Command::new(program),
    }
}

/// Large enough to be interrupted in the middle of an answer: its context takes seconds to fill.
pub const SHAPE: Shape = Shape {
    name: "test",
    arch: Arch::Qwen2,
    hidden: 256,
    layers: 8,
    heads: 8,
    kv_heads: 2,
    head_dim: 32,
    ffn: 768,
    context: 32_768,
    rope_theta: 1e6,
};

/// A set whose answers, by a model of random weights, are of one and of two commands. Their bytes have zeros among them.
pub const WALKER: &str = r#"
name = "walker"
version = 1
[[command]]
name = "step"
doc = "One step."
params.angle = { type = "int", min = 100, max = 360 }
params.speed = { type = "float", min = 0.0, max = 5.0, step = 0.05, optional = true }
params.fast = { type = "bool" }
"#;

/// A model of random weights with the small vocabulary, made once for each test program.
pub fn model() -> &'static Path {
    static MODEL: LazyLock<PathBuf> = LazyLock::new(|| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(concat!(env!("CARGO_CRATE_NAME"), ".gguf"));
        write_model(&path, |_| ());
        path
    });
    &MODEL
}

/// Writes a model like [`model`], but for what `change` changes.
pub fn write_model(path: &Path, change: impl FnOnce(&mut SynthOptions)) {
    let mut options = SynthOptions::new(SHAPE, Quant::Uniform(DType::Q4_0));
    change(&mut options);
    synth::write_with_vocab(&options, &support::small_vocab(), path, |_, _| ()).expect("a model can be written");
}

/// Runs the program on the model to its end.
pub fn run(args: &[&str]) -> Output {
    qwark().args(args).arg("-m").arg(model()).stdin(Stdio::null()).output().expect("the program starts")
}

/// Standard output of a run that must succeed.
pub fn stdout(output: Output) -> String {
    assert!(output.status.success(), "{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// A running `qwark serve`, stopped when dropped.
pub struct Server {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// The links as a client writes them, in the order asked for.
    pub links: Vec<String>,
}

impl Server {
    /// Starts `qwark serve` on the model and waits until every link is open.
    pub fn start(links: &[&str], args: &[&str]) -> Server {
        let mut command = qwark();
        command.arg("serve").arg("-m").arg(model()).args(args).stdin(Stdio::null()).stdout(Stdio::piped());
        links.iter().for_each(|link| {
            command.args(["--link", link]);
        });
        let mut child = command.spawn().expect("the program starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        let listening = links.iter().map(|_| {
            let mut line = String::new();
            stdout.read_line(&mut line).expect("a line");
            line.trim_end().strip_prefix("listening on ").unwrap_or_else(|| panic!("`{line}` names no link")).to_owned()
        });
        let links = listening.collect();
        Server { child, stdout, links }
    }

    /// Sends Ctrl-C and waits for the end; what else it printed, and whether it succeeded.
    pub fn interrupt(mut self) -> (String, bool) {
        interrupt(&self.child);
        let status = self.child.wait().expect("it ends");
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).expect("UTF-8");
        (rest, status.success())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Ctrl-C, as a terminal sends it.
pub fn interrupt(child: &Child) {
    let pid = rustix::process::Pid::from_child(child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it runs");
}
