//! Command sets: files, text, grammar, bytes, and the code that is generated for controllers.

mod codecs;
mod files;
mod grammar;
mod sets;
mod views;
