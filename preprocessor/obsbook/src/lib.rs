//! Checks an mdBook of labs against real services, and prepares the book for reading.

pub mod book;
pub mod cli;
pub mod engine;
pub mod fault;
pub mod images;
pub mod install;
pub mod panel;
pub mod prepare;
pub mod probe;
pub mod report;
pub mod run;
pub mod serve;
pub mod stack;
pub mod terminal;
pub mod verify;
