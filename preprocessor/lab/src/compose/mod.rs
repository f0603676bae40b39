//! The compose files as YAML: services, profiles and labels, read without Docker.

mod interpolation;
mod labels;
mod model;
mod name;
mod parts;
mod read;
mod service;

pub use interpolation::dotenv;
pub use labels::{
    FAULT_PORT_LABEL, FAULT_TOKEN_LABEL, LOAD_LABEL, LOAD_USERS_LABEL, NETWORK_LABEL, PORT_LABEL,
    RELOAD_LABEL, SIGNAL_LABEL, SOURCE_LABEL, TOOLBOX_LABEL,
};
pub use model::{ComposeModel, Service};
pub use name::{as_project_name, is_project_name};
pub use read::normal;
