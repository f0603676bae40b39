//! `panel` blocks: what a page draws where the prose stands, from the running stack.

mod decode;
mod model;
#[cfg(test)]
mod tests;

pub use decode::decode_panel;
pub use model::{Content, Drawn, Look, PanelBlock};

pub(super) use decode::KEYS;
