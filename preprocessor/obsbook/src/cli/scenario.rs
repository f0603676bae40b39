//! `obsbook scenario`: break the running stack by name, and leave it broken.

use obsbook_lab::suggest;
use obsbook_lab::verdict::ExitStatus;

use super::args::{Common, Format};
use super::context::{Context, fail, interrupt};
use super::fault::STAYS;
use crate::prepare;
use crate::report::Table;
use crate::run::break_by_hand;
use crate::terminal::out;

pub(super) async fn run(common: &Common, name: Option<&str>) -> Result<ExitStatus, ExitStatus> {
    let context = Context::load(common)?;
    context.check_blocks()?;
    let Some(name) = name else {
        list(&context);
        return Ok(ExitStatus::Success);
    };
    let scenarios = &context.book.around.scenarios;
    let Some(scenario) = scenarios.get(name) else {
        let hint = suggest::hint(name, scenarios.keys().map(String::as_str));
        return Err(fail(&format!("there is no scenario `{name}`"), Some(hint)));
    };
    let what = format!("scenario {name}");
    let interrupt = interrupt();
    let work = break_by_hand(
        &context.preparation,
        &context.book,
        &context.reporter,
        &interrupt,
        &what,
        &scenario.faults,
    );
    match work.await {
        Ok(false) => Ok(ExitStatus::Interrupted),
        Err(error) => {
            prepare::tell(&context.reporter, &error);
            Ok(ExitStatus::Environment)
        }
        Ok(true) => {
            for line in &scenario.watch {
                context.reporter.progress(&format!("  look at: {line}"));
            }
            context.reporter.progress(STAYS);
            Ok(ExitStatus::Success)
        }
    }
}

fn list(context: &Context) {
    let scenarios = context.book.around.scenarios.values();
    if context.format == Format::Json {
        let all: Vec<_> = scenarios
            .map(|scenario| {
                serde_json::json!({"name": scenario.name, "title": scenario.title, "file": scenario.file, "faults": scenario.faults})
            })
            .collect();
        out!("{}", serde_json::json!(all));
        return;
    }
    let mut table = Table::new(["SCENARIO", "WHAT HAPPENS", "FAULTS"]);
    for scenario in scenarios {
        let faults: Vec<_> = scenario.faults.iter().map(ToString::to_string).collect();
        table.row([
            scenario.name.clone(),
            scenario.title.clone(),
            faults.join("; "),
        ]);
    }
    out!("{}", table.to_string().trim_end());
}
