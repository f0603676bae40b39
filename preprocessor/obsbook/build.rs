//! Says which engine this is: a digest of the sources that decide how a lab ends, so that a proof is known to be of this engine.

#![allow(clippy::print_stdout, reason = "Cargo reads it")]

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// Folders and files whose change may change a verdict, from this crate's folder.
const DECIDING: [&str; 8] = [
    "../lab/src",
    "src/engine",
    "src/fault",
    "src/prepare",
    "src/probe",
    "src/run",
    "src/stack",
    "../../Cargo.lock",
];

fn main() -> io::Result<()> {
    let mut files = Vec::new();
    for path in DECIDING {
        println!("cargo::rerun-if-changed={path}");
        collect(Path::new(path), &mut files)?;
    }
    files.sort();
    let mut digest = Sha256::new();
    for file in files {
        digest.update(file.to_string_lossy().as_bytes());
        digest.update(fs::read(&file)?);
    }
    let hex: String = digest
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    println!("cargo::rustc-env=OBSBOOK_ENGINE={hex}");
    Ok(())
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        collect(&entry?.path(), files)?;
    }
    Ok(())
}
