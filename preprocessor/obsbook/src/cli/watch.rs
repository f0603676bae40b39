//! `obsbook check --watch`: run each lab again when its block is saved.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher, recommended_watcher};
use obsbook_lab::block::Lab;
use obsbook_lab::verdict::ExitStatus;
use tokio::sync::mpsc;

use super::args::{Common, Reports, Share};
use super::context::{Context, fail, interrupt};
use crate::book::LoadedBook;
use crate::run::{Interrupt, run as run_labs};
use crate::terminal::told;

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
    let context = Context::load(common)?;
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
    let environment = context.environment(interrupt, share, &labs);
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

/// The files of a book, watched for as long as this lives.
struct Saves {
    /// One item for each time that something was saved.
    times: mpsc::UnboundedReceiver<()>,
    _watcher: RecommendedWatcher,
}

impl Saves {
    fn of(book: &LoadedBook) -> Result<Self, notify::Error> {
        let (sender, times) = mpsc::unbounded_channel();
        let mut watcher = recommended_watcher(move |event: notify::Result<notify::Event>| {
            // To load the book is to read it, which must not begin the next round.
            if event.is_ok_and(|event| !event.kind.is_access()) {
                let _ = sender.send(());
            }
        })?;
        let chapters = book.book.chapters.iter();
        let sources = chapters.filter_map(|chapter| chapter.file.components().next());
        let sources = sources.map(|folder| book.root.join(folder));
        let scenarios = book.root.join(&book.settings.scenarios);
        let folders: BTreeSet<PathBuf> = sources.chain([scenarios]).collect();
        for folder in folders.iter().filter(|folder| folder.exists()) {
            watcher.watch(folder, RecursiveMode::Recursive)?;
        }
        Ok(Self {
            times,
            _watcher: watcher,
        })
    }

    /// Waits for the next save, all of its steps; `None` when nothing watches any more.
    async fn next(&mut self) -> Option<()> {
        self.times.recv().await?;
        tokio::time::sleep(SETTLES).await;
        while self.times.try_recv().is_ok() {}
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_save_is_seen_once_and_a_look_never() {
        let folder = tempfile::tempdir().expect("a folder");
        let chapter = folder.path().join("src/a.md");
        std::fs::create_dir(folder.path().join("src")).expect("made");
        std::fs::write(folder.path().join("book.toml"), "[book]\n").expect("written");
        std::fs::write(folder.path().join("src/SUMMARY.md"), "- [A](a.md)\n").expect("written");
        std::fs::write(&chapter, "# A\n").expect("written");
        let book = LoadedBook::load(folder.path()).expect("a book");
        let mut saves = Saves::of(&book).expect("watched");
        let waited = SETTLES * 3;
        for _ in 0..3 {
            LoadedBook::load(folder.path()).expect("a book");
        }
        let looked = tokio::time::timeout(waited, saves.next()).await;
        assert!(looked.is_err(), "a look is no save");
        std::fs::write(&chapter, "# B\n").expect("written");
        std::fs::write(&chapter, "# C\n").expect("written");
        assert_eq!(saves.next().await, Some(()));
        assert!(tokio::time::timeout(waited, saves.next()).await.is_err());
    }
}
