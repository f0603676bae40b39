//! `obsbook check --watch`: run each lab again when its block is saved.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use notify_debouncer_mini::notify::{self, RecommendedWatcher, RecursiveMode};
use notify_debouncer_mini::{DebounceEventResult, Debouncer, new_debouncer};
use obsbook_lab::verdict::ExitStatus;
use tokio::sync::mpsc;

use super::args::{Common, Reports, Share};
use super::context::{Context, fail, interrupt};
use crate::book::LoadedBook;
use crate::run::{Interrupt, run as run_labs};

/// Editors save in several steps; what follows within this time belongs to the same save.
const SETTLES: Duration = Duration::from_millis(300);

/// What each lab says, by the lab's id.
type Blocks = BTreeMap<String, String>;

pub(super) async fn run(
    common: &Common,
    selectors: &[String],
    share: &Share,
    reports: &Reports,
) -> Result<ExitStatus, ExitStatus> {
    let interrupt = interrupt();
    let context = Context::load(common)?.keeping(reports)?;
    // Watched before the first run, so that what is saved meanwhile is not missed.
    let mut saves = Saves::of(&context.book).map_err(|error| {
        let hint = "raise fs.inotify.max_user_watches, or run `obsbook check` by hand";
        fail(
            &format!("failed to watch {}: {error}", context.book.root.display()),
            Some(hint.to_owned()),
        )
    })?;
    let mut known = blocks(&context.book);
    // Its status has been told, and the next save may change it.
    let _ = round(&context, selectors, share, &interrupt).await;
    loop {
        eprintln!("\nwaiting: save a chapter to run the labs that you changed; Ctrl-C ends");
        let Some(Some(())) = interrupt.unless(saves.times.recv()).await else {
            return Ok(ExitStatus::Interrupted);
        };
        let Ok(context) = Context::load(common).and_then(|context| context.keeping(reports)) else {
            continue;
        };
        let now = blocks(&context.book);
        let changed: Vec<String> = now
            .iter()
            .filter(|(id, text)| known.get(*id) != Some(text))
            .map(|(id, _)| id.clone())
            .collect();
        // With problems nothing runs, so what has changed stays to be run.
        if context.check_blocks().is_err() {
            continue;
        }
        known = now;
        if !changed.is_empty() {
            let _ = round(&context, &changed, share, &interrupt).await;
        }
    }
}

async fn round(
    context: &Context,
    selectors: &[String],
    share: &Share,
    interrupt: &Interrupt,
) -> Result<ExitStatus, ExitStatus> {
    context.check_blocks()?;
    let labs = context.share(selectors, share)?;
    let environment = context.environment(interrupt, share, &labs);
    Ok(run_labs(&environment, &labs).await.status)
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

/// The files of a book, watched for as long as this lives.
struct Saves {
    /// One item for each time that something was saved.
    times: mpsc::UnboundedReceiver<()>,
    _watcher: Debouncer<RecommendedWatcher>,
}

impl Saves {
    fn of(book: &LoadedBook) -> Result<Self, notify::Error> {
        let (sender, times) = mpsc::unbounded_channel();
        let mut watcher = new_debouncer(SETTLES, move |result: DebounceEventResult| {
            if result.is_ok() {
                let _ = sender.send(());
            }
        })?;
        let chapters = book.book.chapters.iter();
        let sources = chapters.filter_map(|chapter| chapter.file.components().next());
        let sources = sources.map(|folder| book.root.join(folder));
        let scenarios = book.root.join(&book.settings.scenarios);
        let folders: BTreeSet<PathBuf> = sources.chain([scenarios]).collect();
        for folder in folders.iter().filter(|folder| folder.exists()) {
            watcher.watcher().watch(folder, RecursiveMode::Recursive)?;
        }
        Ok(Self {
            times,
            _watcher: watcher,
        })
    }
}
