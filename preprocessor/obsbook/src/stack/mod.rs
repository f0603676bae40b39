//! One running instance of the compose model: found by its project, booted, asked, recovered.

mod address;
mod boot;
mod journal;
mod lock;
mod recover;
mod stack;

pub use address::AddressProblem;
pub use boot::{BootError, Booted};
pub use journal::{Entry, Journal, JournalError};
pub use lock::{Lock, LockError};
pub use recover::{Recovered, recover};
pub use stack::{Options, Stack, StackError};
