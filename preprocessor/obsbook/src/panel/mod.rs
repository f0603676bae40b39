//! What panels show: the running stack's telemetry, drawn.

mod alerts;
mod calls;
mod lines;
mod numbers;
mod show;
mod traces;
mod view;

pub use calls::service_map;
pub use lines::of_trace;
pub use show::show;
pub use view::{
    AlertView, LineView, NotificationView, NumberView, PanelView, SpanEventView, SpanView,
    TraceView,
};
