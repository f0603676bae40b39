//! The obsbook binary.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    ExitCode::from(obsbook::cli::run().await.code())
}
