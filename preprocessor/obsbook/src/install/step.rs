//! A step of an installation.

/// What a step provides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StepKind {
    /// The engine's packages.
    Engine,
    /// A running engine.
    Start,
    /// The user's permission to use the engine.
    Permission,
    /// The `docker` command.
    Client,
    /// The image that those of the source `packages` are built on.
    Base,
    /// The Compose plug-in.
    Compose,
}

/// A step of an installation: the plan of it, and the advice to do it by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What it provides.
    pub kind: StepKind,
    /// What it does, as a sentence's beginning.
    pub what: String,
    /// What that is needed for.
    pub why: String,
    /// The exact commands.
    pub commands: Vec<String>,
}
