//! What has been proven: kept from run to run, and forgotten when the lab, the engine or the stack's files change.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use obsbook_lab::verdict::Verdict;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::variant::Variant;
use crate::book::{LoadedBook, hexadecimal};

/// Where a book keeps its proofs, relative to its root.
const FILE: &str = ".obsbook/proofs.jsonl";
/// The sources that decide how a lab ends; see build.rs.
const ENGINE: &str = env!("OBSBOOK_ENGINE");

/// The proofs of a book.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    root: PathBuf,
    stack: String,
    known: BTreeMap<String, Verdict>,
}

#[derive(Serialize, Deserialize)]
struct Line {
    key: String,
    lab: String,
    change: String,
    verdict: Verdict,
    time: Timestamp,
}

impl Ledger {
    /// Returns the proofs that were kept, without those that cannot be read.
    pub fn open(book: &LoadedBook) -> Self {
        let path = book.root.join(FILE);
        let text = fs::read_to_string(&path).unwrap_or_default();
        let lines = text.lines().filter_map(|line| {
            let line: Line = serde_json::from_str(line).ok()?;
            Some((line.key, line.verdict))
        });
        Self {
            known: lines.collect(),
            stack: book.stack_digest(),
            root: book.root.clone(),
            path,
        }
    }

    /// Forgets for this run what was proven before.
    pub fn forget(&mut self) {
        self.known.clear();
    }

    /// Returns how a variant came out before, if nothing has changed since.
    pub fn find(&self, variant: &Variant) -> Option<Verdict> {
        self.known.get(&self.key(variant)).copied()
    }

    /// Keeps how a variant came out.
    ///
    /// # Errors
    /// The disk does not take it.
    pub fn add(&self, variant: &Variant, verdict: Verdict) -> io::Result<()> {
        let line = Line {
            key: self.key(variant),
            lab: variant.lab.id.clone(),
            change: variant.change.clone(),
            verdict,
            time: Timestamp::now(),
        };
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = open(&self.path)?;
        let mut text = serde_json::to_vec(&line)?;
        text.push(b'\n');
        file.write_all(&text)
    }

    fn key(&self, variant: &Variant) -> String {
        let mut digest = Sha256::new();
        let before = format!("{:?} {:?}", variant.broken_before, variant.mend);
        for part in [
            ENGINE,
            &self.stack,
            &variant.lab.content(),
            &variant.change,
            &before,
        ] {
            digest.update(Sha256::digest(part));
        }
        for file in variant.files() {
            // One that is not there has no content to decide anything.
            let content = fs::read(self.root.join(file)).unwrap_or_default();
            digest.update(Sha256::digest(content));
        }
        hexadecimal(&digest.finalize())
    }
}

fn open(path: &Path) -> io::Result<fs::File> {
    OpenOptions::new().create(true).append(true).open(path)
}
