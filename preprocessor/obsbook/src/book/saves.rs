//! What is saved while somebody works on a book.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher, recommended_watcher};
use tokio::sync::mpsc;

use super::load::LoadedBook;

/// Editors save in several steps; what follows within this time belongs to the same save.
const SETTLES: Duration = Duration::from_millis(300);

/// The files of a book, watched for as long as this lives.
pub struct Saves {
    /// One item for each time that something was saved.
    times: mpsc::UnboundedReceiver<()>,
    _watcher: RecommendedWatcher,
}

impl Saves {
    /// Returns the watch over the chapters and scenarios of `book`.
    ///
    /// # Errors
    /// The system watches no more files.
    pub fn of(book: &LoadedBook) -> Result<Self, notify::Error> {
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
    pub async fn next(&mut self) -> Option<()> {
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
