//! The obsbook binary.
fn main() {}
