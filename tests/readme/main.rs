//! Everything on the README's page that can be run is run, in its order and in one folder, as a reader would.
//!
//! What would build, download or change the machine is replaced (`shims.sh`), and so are places that belong to it.
#![cfg(all(feature = "demo", feature = "nano"))]

#[path = "../common/mod.rs"]
mod common;
mod page;
mod sandbox;

use std::process::Command;

use page::{Block, README, blocks};
use sandbox::Sandbox;

#[test]
fn every_command_and_program_on_the_page_does_what_the_page_says() {
    let mut sandbox = Sandbox::new();
    let mut printed = String::new();
    for block in blocks() {
        printed = match block.lang {
            "sh" if block.text.starts_with("qwark serve") => sandbox.serve(&block),
            "sh" => sandbox.shell(&block),
            "python" => sandbox.python(&block),
            "c" => {
                assert_eq!(sandbox.c(&block, "back up 30 cm slowly, then turn left"), "drive -0.30\ncommand 1\n");
                continue;
            }
            "" if block.text.starts_with("qwark [demo]") => continue,
            "" => {
                assert_eq!(printed, block.text, "README.md, line {}: what is printed before it", block.line);
                continue;
            }
            lang => panic!("README.md, line {}: nobody runs {lang} here", block.line),
        };
    }
}

#[test]
fn the_list_of_commands_is_the_programs() {
    let Block { text, .. } = blocks().into_iter().find(|block| block.text.starts_with("qwark [demo]")).expect("the list of commands");
    let mut listed: Vec<&str> =
        text.lines().filter_map(|line| line.split([' ', '[', ']']).filter(|word| !word.is_empty()).nth(1)).collect();
    let help = common::stdout(common::program().arg("help").output().expect("the program starts"));
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let mut known: Vec<&str> = commands.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").collect();
    listed.sort_unstable();
    known.sort_unstable();
    assert_eq!(listed, known);
}

#[test]
fn files_that_the_page_links_to_are_there() {
    let mut missing: Vec<&str> = README.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    missing.retain(|target| !target.starts_with("https://") && !target.starts_with('#') && !std::path::Path::new(target).exists());
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_service_is_one_that_systemd_understands() {
    let Ok(verified) = Command::new("systemd-analyze").args(["verify", "--man=no", "boards/qwark.service"]).output() else {
        return eprintln!("skipped: there is no systemd-analyze");
    };
    let said = String::from_utf8_lossy(&verified.stderr);
    // The program is not installed where the unit has it.
    let complaints: Vec<&str> = said.lines().filter(|line| line.contains("qwark.service") && !line.contains("is not executable")).collect();
    assert!(complaints.is_empty(), "{complaints:?}");
}
