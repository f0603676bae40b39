//! JSON Schemas (draft 2020-12) of what authors write, made from the tables that the decoder reads.
//!
//! A schema knows the shape of a block: keys, words, patterns. What rests on the book or the compose files
//! (services, ids taken, queries) is told by the decoder alone, so every valid block satisfies the schema, and some
//! that satisfy it are refused.

mod condition;
mod document;
mod fault;
mod pattern;
mod value;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod words_tests;

pub use document::{lab, panel, quiz, scenario};
