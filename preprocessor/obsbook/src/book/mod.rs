//! The book on disk: its settings, its chapters, and its two renderings through mdBook.

mod card;
mod create;
mod digest;
mod evidence;
mod index;
mod link;
mod load;
mod pages;
mod panel;
mod paths;
mod preprocess;
mod quiz;
mod saves;
mod settings;
mod surroundings;

pub use create::{CreateError, CreatedLab, CreatedLesson, NewLab, NewLesson};
pub use digest::hexadecimal;
pub use load::{LoadError, LoadedBook};
pub use paths::{LearningPath, Skill};
pub use preprocess::{PreprocessError, read_input, render_html, supports, unchanged};
pub use saves::Saves;
pub use settings::{PROJECT_NAME, Settings, SettingsError, find_root};
