//! One running instance of the compose model: found by its project, booted, asked, recovered.

mod address;
mod boot;
mod handle;
mod journal;
mod lock;
mod marks;
mod recover;
mod send;
mod source;

pub use address::AddressProblem;
pub use boot::{BootError, Booted, Missing};
pub use handle::{Options, Project, Stack, StackError, is_of_job};
pub use journal::{Entry, Journal, JournalError};
pub use lock::{Lock, LockError};
pub use recover::{Recovered, Recovery, no_undo_is_under_way, recover};
pub use source::{Kind, SourceProblem};
