//! The image that those of the source `packages` are built on: Debian, straight from its packages.

use std::path::{Path, PathBuf};

use super::apt;
use super::command::{CommandLine, Log, OnProgress};
use super::error::InstallError;
use super::host::{Host, find_program};
use super::sources::{self, RELEASE};
use crate::engine::{Engine, state_dir};

/// Ubuntu does not bring it; without it nobody could tell Debian's packages from forged ones.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Where an administrator puts the authorities that only this network knows.
const LOCAL_AUTHORITIES: &str = "/usr/local/share/ca-certificates";

/// How the base image is made on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Base {
    reference: String,
    packages: Vec<&'static str>,
    rootfs: PathBuf,
    build: CommandLine,
}

impl Base {
    /// Looks at the machine to say how the image `reference` would be made.
    pub(super) async fn plan(host: &Host, reference: &str) -> Base {
        let mut packages = Vec::new();
        if find_program("mmdebstrap").is_none() {
            packages.push("mmdebstrap");
        }
        if !Path::new(KEYRING).exists() {
            packages.push("debian-archive-keyring");
        }
        let rootfs = state_dir().join("base.tar");
        let settings = Settings {
            sources: sources::lines().await,
            proxy: sources::proxy().await,
            authorities: local_authorities(Path::new(LOCAL_AUTHORITIES)),
        };
        Base {
            reference: reference.to_owned(),
            packages,
            build: CommandLine::for_root(host.privilege, settings.words(&rootfs)),
            rootfs,
        }
    }

    /// Returns the commands, as a person would type them.
    pub(super) fn commands(&self, host: &Host) -> Vec<String> {
        let packages = match self.packages.as_slice() {
            [] => Vec::new(),
            packages => apt::commands(host, packages),
        };
        let import = [
            "docker",
            "import",
            &self.rootfs.to_string_lossy(),
            &self.reference,
        ]
        .map(str::to_owned);
        packages
            .into_iter()
            .chain([self.build.clone(), CommandLine::new(import)])
            .map(|command| command.to_string())
            .collect()
    }

    /// Makes the image.
    pub(super) async fn make(
        &self,
        host: &Host,
        engine: &Engine,
        log: &mut Log,
        on_progress: OnProgress<'_>,
    ) -> Result<(), InstallError> {
        if !self.packages.is_empty() {
            apt::install(host, &self.packages, log, on_progress).await?;
        }
        if let Some(folder) = self.rootfs.parent() {
            std::fs::create_dir_all(folder).map_err(|error| InstallError::file(folder, &error))?;
        }
        let built = log
            .run_as_root(host.privilege, &self.build, on_progress)
            .await;
        // By way of a file: half an image must not be imported when the making of it fails.
        let imported = match built {
            Ok(()) => {
                log.line(&format!("importing {}", self.reference), on_progress);
                let message = "obsbook: Debian from its packages";
                engine
                    .import_image(&self.rootfs, &self.reference, message)
                    .await
                    .map_err(Into::into)
            }
            Err(error) => Err(error),
        };
        let _ = std::fs::remove_file(&self.rootfs);
        imported.map(drop)
    }
}

/// What of this machine goes into the image.
#[derive(Debug, Default)]
struct Settings {
    sources: Vec<String>,
    proxy: Option<String>,
    authorities: Vec<String>,
}

impl Settings {
    fn words(&self, rootfs: &Path) -> Vec<String> {
        let mut words: Vec<String> = [
            "mmdebstrap",
            "--variant=minbase",
            "--include=ca-certificates",
        ]
        .map(str::to_owned)
        .into();
        words.push(format!("--keyring={KEYRING}"));
        if let Some(proxy) = &self.proxy {
            words.push(format!("--aptopt=Acquire::http::Proxy \"{proxy}\""));
        }
        // Where a proxy signs what it passes on, builds have to trust it as this machine does.
        if !self.authorities.is_empty() {
            let files = self.authorities.join(" ");
            words.push(format!(
                "--customize-hook=copy-in {files} {LOCAL_AUTHORITIES}"
            ));
            words.push("--customize-hook=chroot \"$1\" update-ca-certificates".to_owned());
        }
        words.push(RELEASE.to_owned());
        words.push(rootfs.to_string_lossy().into_owned());
        words.extend(self.sources.iter().cloned());
        words
    }
}

/// Names with blanks are left out: mmdebstrap splits its hooks at them.
fn local_authorities(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<String> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "crt"))
        .map(|path| path.to_string_lossy().into_owned())
        .filter(|path| !path.contains(char::is_whitespace))
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(settings: &Settings, expected: &str) {
        let command = CommandLine::new(settings.words(Path::new("/s/base.tar")));
        assert_eq!(command.to_string(), expected);
    }

    #[test]
    fn the_machines_own_settings_go_in() {
        check(
            &Settings::default(),
            "mmdebstrap --variant=minbase --include=ca-certificates \
             --keyring=/usr/share/keyrings/debian-archive-keyring.gpg bookworm /s/base.tar",
        );
        check(
            &Settings {
                sources: vec!["deb http://m.example/debian bookworm main".to_owned()],
                proxy: Some("http://p.example:3142".to_owned()),
                authorities: vec!["/usr/local/share/ca-certificates/a.crt".to_owned()],
            },
            "mmdebstrap --variant=minbase --include=ca-certificates \
             --keyring=/usr/share/keyrings/debian-archive-keyring.gpg \
             '--aptopt=Acquire::http::Proxy \"http://p.example:3142\"' \
             '--customize-hook=copy-in /usr/local/share/ca-certificates/a.crt \
             /usr/local/share/ca-certificates' \
             '--customize-hook=chroot \"$1\" update-ca-certificates' bookworm /s/base.tar \
             'deb http://m.example/debian bookworm main'",
        );
    }
}
