//! From nothing to a stack that may be broken, and back: engine, lock, leftovers, images, containers.

mod boot;
mod down;
mod error;
mod open;
mod reset;
mod whole;

pub use boot::{boot, image_source};
pub use down::{down, job_project, stacks_beside, stop_engine};
pub use error::{PrepareError, tell};
pub use open::{Preparation, Ready, open, open_beside_hand_made, tell_recovered};
pub use reset::reset;
pub use whole::make_whole;
