//! Mutants: a lab with one mistake, which a run must notice. What nothing notices shows a check that checks nothing.

mod lab;
mod probe;

pub use lab::{Caught, Mutant, mutants};
