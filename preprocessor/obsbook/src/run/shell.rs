//! A shell on this machine for which `docker compose`, and `obsbook`, mean the stack.

use std::path::Path;

use tokio::process::Command;

use crate::stack::Stack;

/// Returns a call of bash in the book's folder.
pub(super) fn bash(stack: &Stack) -> Command {
    let compose = stack.compose();
    let files = std::env::join_paths(&compose.files).unwrap_or_default();
    let mut command = Command::new("bash");
    command
        .current_dir(&compose.root)
        .envs(compose.env.iter().map(|(name, value)| (name, value)))
        .env("COMPOSE_PROJECT_NAME", &compose.project)
        .env("COMPOSE_FILE", files)
        .env("COMPOSE_PROFILES", "*")
        .env("OBSBOOK_PROJECT", &compose.project)
        .stdin(std::process::Stdio::null())
        .kill_on_drop(true);
    let own = std::env::current_exe().unwrap_or_default();
    let own = own.parent().unwrap_or(Path::new("/"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(own.to_owned()).chain(std::env::split_paths(&path));
    if let Ok(path) = std::env::join_paths(folders) {
        command.env("PATH", path);
    }
    // Ctrl-C on the terminal reaches only us, who have a stack to recover first.
    #[cfg(unix)]
    command.process_group(0);
    command
}
