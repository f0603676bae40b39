//! Drawings of numbers over time, for the page and for evidence: one renderer, whose colours are the page's own variables.
//!
//! A drawing is SVG that stands by itself: it says in words what there is to see, and a table has its numbers.

mod axis;
mod draw;
mod frame;
mod graph;
mod heatmap;
mod model;
mod path;
mod reduce;
mod spark;
mod table;
mod timeline;
mod tone;
mod unit;

pub use draw::svg;
pub use graph::{Call, Graph, Node, graph};
pub use heatmap::heatmap;
pub use model::{Bound, Chart, Mark, Outage};
pub use spark::{small, spark, spark_bound};
pub use table::{names, table};
pub use timeline::timeline;
pub use tone::{Level, State, Tone};
pub use unit::Unit;
