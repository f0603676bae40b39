//! New lessons and labs in a book: checked before they are written, whole or not at all, and never over what is
//! there.

mod error;
mod lab;
mod lesson;
mod write;

pub use error::CreateError;
pub use lab::{CreatedLab, NewLab};
pub use lesson::{CreatedLesson, NewLesson};
