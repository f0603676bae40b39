//! `obsbook serve`: the book and a live server from one origin. It runs what the terminal runs, and pages only look.

mod build;
mod calls;
mod events;
mod glance;
mod guard;
mod hub;
mod links;
mod outages;
mod output;
mod pages;
mod panels;
mod policy;
mod runs;
mod server;
mod serving;
mod token;
mod work;

pub use build::BuildError;
pub use hub::{Change, Hub};
pub use runs::{Outputs, Refused, Runs};
pub use server::{ServeError, Server};
pub use serving::{Serving, ServingError};
pub use work::Work;
