//! The simulated rover: a body in a flat, and a controller that knows nothing but the wire protocol and the types that
//! `qwark commands codegen commands/rover.toml --lang rust` made.

pub mod body;
#[rustfmt::skip]
#[allow(dead_code, clippy::all, reason = "generated: a controller uses what it needs of it")]
pub mod commands;
mod controller;
pub mod flat;
mod motion;
mod task;

pub use controller::{Controller, NAME, News, Order, Pace};

#[cfg(test)]
mod tests {
    use crate::commands::{CommandSet, Lang};

    #[test]
    fn the_commands_are_those_of_the_set() {
        let set = CommandSet::parse(crate::demo::SET).expect("a command set");
        assert!(
            set.codegen(Lang::Rust) == include_str!("commands.rs"),
            "write src/demo/rover/commands.rs anew with `qwark commands codegen`"
        );
    }
}
