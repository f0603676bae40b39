//! `obsbook hint`: the next hint of a lab.

use obsbook_lab::verdict::ExitStatus;

use super::args::{Common, Format};
use super::context::{Context, fail};
use crate::report::Progress;
use crate::terminal::out;

pub(super) fn run(common: &Common, id: &str) -> Result<ExitStatus, ExitStatus> {
    let context = Context::load(common)?;
    let lab = context.lab(id)?;
    let count = lab.hints.len();
    if count == 0 {
        let hint = format!("obsbook explain {id}");
        return Err(fail(&format!("`{id}` has no hints"), Some(hint)));
    }
    let progress = Progress::change(&context.book.root, id, |steps| {
        steps.hints = (steps.hints + 1).min(count);
    });
    let shown = match progress {
        Ok(progress) => progress.of(id).hints,
        // A hint is worth more than knowing how many there were.
        Err(error) => {
            context.reporter.progress(&format!("warning: {error}"));
            count
        }
    };
    if context.format == Format::Json {
        let hints = &lab.hints[..shown];
        out!(
            "{}",
            serde_json::json!({"v": 1, "lab": id, "hints": hints, "of": count})
        );
        return Ok(ExitStatus::Success);
    }
    for (index, hint) in lab.hints[..shown].iter().enumerate() {
        out!("hint {} of {count}: {hint}", index + 1);
    }
    if shown < count {
        out!("one more: obsbook hint {id}");
    }
    Ok(ExitStatus::Success)
}
