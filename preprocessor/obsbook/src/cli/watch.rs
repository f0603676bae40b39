//! `obsbook check --watch`: run each lab again when its block is saved.

use std::collections::BTreeMap;

use obsbook_lab::block::Lab;
use obsbook_lab::verdict::ExitStatus;

use super::args::{Common, Reports, Share};
use super::context::{Context, fail, interrupt};
use crate::book::{LoadedBook, Saves};
use crate::run::{Interrupt, run as run_labs};
use crate::terminal::told;

/// What each lab says, by the lab's id.
type Blocks = BTreeMap<String, String>;

pub(super) async fn run(
    common: &Common,
    selectors: &[String],
    share: &Share,
    reports: &Reports,
) -> Result<ExitStatus, ExitStatus> {
    let interrupt = interrupt();
    let context = Context::load(common)?;
    // With problems, the lab that is meant may be among them.
    if context.book.book.diagnostics.is_empty() {
        context.share(selectors, share)?;
    }
    // Watched before the first run, so that what is saved meanwhile is not missed.
    let mut saves = Saves::of(&context.book).map_err(|error| {
        let hint = "raise fs.inotify.max_user_watches, or run `obsbook check` by hand";
        fail(
            &format!("failed to watch {}: {error}", context.book.root.display()),
            Some(hint.to_owned()),
        )
    })?;
    let mut known = Blocks::new();
    let mut next = Ok(context);
    loop {
        // Its status has been told, and the next save may change it.
        if let Ok(context) = next {
            let _ = round(context, &mut known, selectors, share, reports, &interrupt).await;
        }
        told!("\nwaiting: save a chapter to run the labs that you changed; Ctrl-C ends");
        let Some(Some(())) = interrupt.unless(saves.next()).await else {
            return Ok(ExitStatus::Interrupted);
        };
        next = Context::load(common);
    }
}

/// Runs those of the selected labs that are not as `known` says, and makes it say so.
async fn round(
    context: Context,
    known: &mut Blocks,
    selectors: &[String],
    share: &Share,
    reports: &Reports,
    interrupt: &Interrupt,
) -> Result<(), ExitStatus> {
    let now = blocks(&context.book);
    let has_changed = |lab: &&Lab| known.get(&lab.id) != now.get(&lab.id);
    if context.book.book.diagnostics.is_empty() {
        // Reports of the round before stay until there is something else to report.
        let mut labs = context.share(selectors, share)?.into_iter();
        if !labs.any(|lab| has_changed(&lab)) {
            *known = now;
            return Ok(());
        }
    }
    let context = context.keeping(reports)?;
    // With problems nothing runs, so what has changed stays to be run.
    context.check_blocks()?;
    let mut labs = context.share(selectors, share)?;
    labs.retain(has_changed);
    let environment = context.environment(interrupt, share, &labs).await;
    run_labs(&environment, &labs).await;
    *known = now;
    Ok(())
}

fn blocks(book: &LoadedBook) -> Blocks {
    let blocks = book.book.blocks.iter();
    blocks
        .filter_map(|block| {
            let lab = block.lab.as_ref()?;
            // A scenario may change under a block that stays as it is.
            let text = format!("{}{:?}", block.fence.body, lab.inject);
            Some((lab.id.clone(), text))
        })
        .collect()
}
