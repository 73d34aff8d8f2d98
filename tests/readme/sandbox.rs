//! A folder and a home in which the page's blocks are run one after the other.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::common;
use crate::page::Block;

/// The top of the repository.
const TOP: &str = env!("CARGO_MANIFEST_DIR");
/// How a server says where it listens.
const LISTENING: &str = "listening on ";

/// Where blocks are run, and what they left behind.
pub struct Sandbox {
    folder: tempfile::TempDir,
    /// With what it prints, which somebody must be there to take.
    server: Option<(Child, BufReader<ChildStdout>)>,
    /// The server's serial line.
    line: String,
}

impl Sandbox {
    pub fn new() -> Sandbox {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["commands", "clients", "boards"] {
            symlink(Path::new(TOP).join(name), folder.path().join(name)).expect("a link");
        }
        for name in ["home", "root/usr/local/bin"] {
            fs::create_dir_all(folder.path().join(name)).expect("a folder");
        }
        Sandbox { folder, server: None, line: String::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What is to be run in place of `text`: its places are within the sandbox, and no model is as large as on the page.
    fn adapt(&self, text: &str) -> String {
        let root = self.path("root").display().to_string();
        text.replace("serial:/dev/ttyUSB0:115200", "pty")
            .replace("/tmp/qwark.sock", &self.path("qwark.sock").display().to_string())
            .replace(" /usr/", &format!(" {root}/usr/"))
            .replace(" /etc/", &format!(" {root}/etc/"))
            .replace("synth qwen2.5-0.5b ", "synth qwen2.5-0.5b --layers 1 ")
    }

    /// Bash, with the shims before `script`.
    fn bash(&self, script: &str) -> Command {
        let mut bash = Command::new("bash");
        let home = self.path("home");
        let path = format!("{}:{}", home.join(".cargo/bin").display(), std::env::var("PATH").expect("PATH"));
        bash.args(["-euo", "pipefail", "-c", &format!(". {TOP}/tests/readme/shims.sh\n{script}")]);
        bash.current_dir(self.folder.path()).stdin(Stdio::null()).env_remove("XDG_CACHE_HOME");
        bash.env("HOME", home).env("PATH", path).env("PYTHONPATH", Path::new(TOP).join("clients/python/src"));
        bash.env("QWARK", env!("CARGO_BIN_EXE_qwark")).env("MODEL", common::model()).env("ROOT", self.path("root"));
        bash
    }

    /// Runs a script of the page to its end, which must be good, and gives what it printed.
    fn finish(&self, mut command: Command, block: &Block) -> String {
        let output = command.output().expect("it starts");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "README.md, line {}: {}\n{errors}", block.line, output.status);
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    pub fn shell(&self, block: &Block) -> String {
        self.finish(self.bash(&self.adapt(&block.text)), block)
    }

    /// Starts a server, which stays, and waits until it listens.
    pub fn serve(&mut self, block: &Block) -> String {
        let mut server = self.bash(&format!("exec {}", self.adapt(&block.text))).stdout(Stdio::piped()).spawn().expect("it starts");
        let mut said = BufReader::new(server.stdout.take().expect("a pipe"));
        let links: Vec<String> = said.by_ref().lines().map_while(Result::ok).take(2).collect();
        self.server = Some((server, said));
        let line = links.first().and_then(|line| line.strip_prefix(LISTENING)).unwrap_or_else(|| panic!("line {}: {links:?}", block.line));
        self.line = line.trim_start_matches("serial:").trim_end_matches(":115200").to_owned();
        String::new()
    }

    pub fn python(&self, block: &Block) -> String {
        fs::write(self.path("page.py"), self.adapt(&block.text)).expect("written");
        self.finish(self.bash("python3 page.py"), block)
    }

    /// Compiles a part of a program, puts a board around it (`board.c`), and lets it ask over the server's serial line.
    pub fn c(&self, block: &Block, sentence: &str) -> String {
        fs::write(self.path("page.inc"), &block.text).expect("written");
        let warnings = "-std=c99 -Wall -Wextra -Werror";
        let sources = format!("{TOP}/tests/readme/board.c clients/c/qwark.c");
        self.finish(self.bash(&format!("gcc {warnings} -I. -Iclients/c {sources} -o board\n./board {} '{sentence}'", self.line)), block)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if let Some((server, _)) = &mut self.server {
            // What it is asked is over.
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}
