//! `obsbook serve`: the book to read, and labs to run in it.

use obsbook_lab::verdict::ExitStatus;
use serde_json::json;

use super::args::{Common, Format, Reports};
use super::context::{Context, fail, interrupt};
use super::outputs;
use crate::serve::Serving;
use crate::terminal::{out, told};

pub(super) async fn run(
    common: &Common,
    port: u16,
    origins: &[String],
) -> Result<ExitStatus, ExitStatus> {
    let context = Context::load(common)?;
    context.check_blocks()?;
    let interrupt = interrupt();
    let Context {
        book,
        preparation,
        format,
        ..
    } = context;
    let project = preparation.project(&book);
    let serving = Serving {
        book,
        preparation,
        outputs: Box::new(|book| {
            let reports = Reports::default();
            let kept = outputs::of_run(&book.root, reports.junit.as_deref(), reports.github);
            kept.unwrap_or_default()
        }),
        port,
        origins: origins.to_vec(),
    };
    let ready = |address: std::net::SocketAddr| match format {
        Format::Json => {
            let address = format!("http://{address}");
            out!(
                "{}",
                json!({"v": 1, "event": "serving", "book": address, "api": format!("{address}/api"), "project": project})
            );
        }
        Format::Human => {
            out!("the book, and labs to run in it: http://{address}");
            told!("Ctrl-C ends; what is broken then is mended first");
        }
    };
    match serving
        .run(&interrupt, ready, |trouble| told!("{trouble}"))
        .await
    {
        Ok(()) => Ok(ExitStatus::Interrupted),
        Err(error) => {
            fail(&error, Some(error.hint()));
            Err(ExitStatus::Environment)
        }
    }
}
