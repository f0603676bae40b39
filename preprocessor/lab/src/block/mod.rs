//! The lab block: its grammar, one file a noun, decoded with every problem told at once.

mod challenge;
mod condition;
mod decode;
mod exercise;
mod fault;
mod grammar;
mod keys;
mod lab;
mod panel_block;
mod probe;
mod quiz;
pub mod scaffold;
mod scenario;
pub mod schema;
mod shape;
mod teaching;

pub use challenge::{Answer, Challenge, Question};
pub use condition::{Always, Condition};
pub use exercise::{Edit, Exercise, Reach, WrongFix};
pub use fault::{Fault, FaultKind, Network};
pub use lab::{Kind, Lab, decode};
pub use panel_block::{Content, Drawn, Look, PanelBlock, decode_panel};
pub use probe::{
    AlertExpectation, AlertState, ContainerExpectation, ContainerState, HttpExpectation,
    LogExpectation, MetricExpectation, PanelProbe, PanelQuery, Probe, Quantifier, RunExpectation,
    Signal, TraceSearch,
};
pub use quiz::{Belief, Mistake, Quiz, QuizAnswer, QuizQuestion, decode_quiz};
pub use scenario::Scenario;
pub use teaching::Predict;
