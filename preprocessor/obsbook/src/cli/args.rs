//! The commands and their flags.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use obsbook_lab::compose::is_project_name;
use obsbook_lab::partition::Partition;

use crate::book::PROJECT_NAME;
use crate::images::Source;

/// Check the labs of an mdBook against real services.
#[derive(Debug, Parser)]
#[command(name = "obsbook", version, about, max_term_width = 100)]
#[command(
    after_help = "Exit status: 0 passed; 1 a lab failed; 2 wrong usage or an invalid block; 3 the environment could not serve; 130 interrupted, after recovery.\nWithout a command, obsbook is an mdBook preprocessor: it reads a book on standard input."
)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) common: Common,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

/// Flags that every command takes.
#[derive(Debug, Args)]
pub(super) struct Common {
    /// The book's folder [default: the nearest one above with a book.toml]
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) book: Option<PathBuf>,
    /// The compose project, for a stack of its own
    #[arg(
        long,
        short = 'p',
        global = true,
        value_name = "NAME",
        env = "OBSBOOK_PROJECT",
        value_parser = project
    )]
    pub(super) project: Option<Given<String>>,
    /// For people, or one JSON object a line
    #[arg(long, global = true, value_enum, default_value_t = Format::Human)]
    pub(super) format: Format,
    /// Where images come from [default: a registry if one answers, else packages]
    #[arg(long, global = true, value_enum)]
    pub(super) images: Option<Images>,
    /// Install what is missing on Debian or Ubuntu, telling each step first
    #[arg(long, global = true)]
    pub(super) install: bool,
    /// Publish free ports instead of the usual ones
    #[arg(long, global = true, env = "OBSBOOK_DYNAMIC_PORTS", action = ArgAction::SetTrue, value_parser = FalseyValueParser::new())]
    pub(super) dynamic_ports: bool,
}

/// A value that was given, or the empty text: a variable that is set to nothing is not set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Given<T>(Option<T>);

impl<T: Clone> Given<T> {
    /// Returns the value of a flag or variable, if it has one.
    pub(super) fn value(given: Option<&Self>) -> Option<T> {
        given.and_then(|given| given.0.clone())
    }
}

fn project(text: &str) -> Result<Given<String>, &'static str> {
    match text {
        "" => Ok(Given(None)),
        name if is_project_name(name) => Ok(Given(Some(name.to_owned()))),
        _ => Err(PROJECT_NAME),
    }
}

fn jobs(text: &str) -> Result<Given<NonZeroUsize>, std::num::ParseIntError> {
    if text.is_empty() {
        return Ok(Given(None));
    }
    text.parse().map(|jobs| Given(Some(jobs)))
}

/// Where else a run is reported.
#[derive(Debug, Default, Args)]
pub(super) struct Reports {
    /// Write a JUnit XML file as well
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,
    /// Write GitHub annotations to standard error, and the job's summary [default for `check` in GitHub Actions]
    #[arg(long)]
    pub(super) github: bool,
}

/// How a command speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Lines for people.
    Human,
    /// One JSON object a line on standard output.
    Json,
}

/// Where images come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Images {
    /// The official images of a container registry.
    Registry,
    /// Built from pinned packages.
    Packages,
}

impl From<Images> for Source {
    fn from(images: Images) -> Self {
        match images {
            Images::Registry => Self::Registry,
            Images::Packages => Self::Packages,
        }
    }
}

/// On how many stacks labs run, and which of them on this machine.
#[derive(Debug, Args)]
pub(super) struct Share {
    /// Run labs on up to this many stacks at once [default: from the memory and processors of the engine's machine]
    #[arg(long, short = 'j', value_name = "N", env = "OBSBOOK_JOBS", value_parser = jobs)]
    pub(super) jobs: Option<Given<NonZeroUsize>>,
    /// Run one share of the labs, such as 2/5: the second of five
    #[arg(long, value_name = "I/N")]
    pub(super) partition: Option<Partition>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run labs and say how they ended
    Check {
        /// chapter-N, a chapter's file name, a lab's id, or tag:NAME [default: all]
        selectors: Vec<String>,
        /// Take the stack down afterwards
        #[arg(long)]
        down: bool,
        /// Run each lab again when its block is saved
        #[arg(long, conflicts_with = "down")]
        watch: bool,
        #[command(flatten)]
        share: Share,
        #[command(flatten)]
        reports: Reports,
    },
    /// Show a saved run again, or report it in another form
    Replay {
        /// A file with one event a line, or the id of a kept run [default: the newest kept run]
        run: Option<String>,
        #[command(flatten)]
        reports: Reports,
    },
    /// Say what labs will do, and how to do it by hand; runs nothing
    Explain {
        /// As for `check`
        #[arg(required = true)]
        selectors: Vec<String>,
    },
    /// List labs
    List {
        /// As for `check`
        selectors: Vec<String>,
    },
    /// Report every problem of every lab block; runs nothing
    Lint,
    /// Bring a profile up
    Up {
        /// The profile [default: the book's own]
        profile: Option<String>,
    },
    /// Take the stack down
    Down {
        /// Remove the stack's data as well
        #[arg(long)]
        volumes: bool,
        /// Also stop the engine, if obsbook started it
        #[arg(long)]
        engine: bool,
    },
    /// Show what runs, where it listens, and which faults are in place
    Status,
    /// Show what this machine has and lacks
    Doctor {
        /// Also follow every signal of the running stack from its service to its dashboard
        #[arg(long)]
        verify: bool,
    },
    /// List the scenarios, or put one in place until `obsbook reset`
    Scenario {
        /// The scenario to put in place [default: list them]
        name: Option<String>,
    },
    /// Break a service of the running stack by hand, until `obsbook reset`
    #[command(
        after_help = "The kinds and settings are those of a lab block:\n  obsbook fault order-api latency by=800ms ratio=0.5\n  obsbook fault order-api network to=postgres latency=110ms\n  obsbook fault redis pause"
    )]
    Fault {
        /// The service
        service: String,
        /// The kind of fault, as in a lab block
        kind: String,
        /// The settings of the kind, as `key=value`
        settings: Vec<String>,
    },
    /// Undo every fault, also those made by hand, and wait until the stack is healthy
    Reset,
    /// Show that each lab fails when its fault is left out
    Prove {
        /// As for `check`
        selectors: Vec<String>,
        /// Instead, show that a mistake in a lab is noticed: many mistakes in each
        #[arg(long)]
        mutants: bool,
        /// Instead, show that each query of the prose returns data
        #[arg(long, conflicts_with = "mutants")]
        queries: bool,
        /// Of these variants, only every N-th, beginning with the I-th
        #[arg(long, value_name = "I/N")]
        sample: Option<Partition>,
        /// Prove again what has been proven and has not changed
        #[arg(long)]
        again: bool,
        #[command(flatten)]
        share: Share,
    },
    /// Show the book in a browser, and run its labs there
    Serve {
        /// The port on loopback; 0 for any that is free
        #[arg(long, default_value_t = 3010)]
        port: u16,
        /// Another origin whose pages may run labs: where `mdbook serve` shows the book
        #[arg(long = "origin", value_name = "URL", default_values = ["http://localhost:3000", "http://127.0.0.1:3000"])]
        origins: Vec<String>,
    },
    /// Show the next hint of a lab
    Hint {
        /// The lab's id
        id: String,
    },
    /// Find out what is broken, and mend it
    Challenge {
        /// What to do
        #[command(subcommand)]
        step: ChallengeStep,
    },
    /// Show what you have passed, chapter by chapter
    Progress,
    /// Show the results of the last test run, and whether they name every lab
    Results,
    /// Make a lesson or a lab that lints clean; never changes what is there
    New {
        /// What to make
        #[command(subcommand)]
        what: New,
    },
    /// Print the JSON Schema of what authors write, for editors
    Schema {
        /// Of which document
        #[arg(value_enum, default_value_t = Document::Lab)]
        of: Document,
    },
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Answer mdBook whether a renderer is supported
    #[command(hide = true)]
    Supports {
        /// The renderer
        renderer: String,
    },
}

/// A document that authors write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Document {
    /// A lab block.
    Lab,
    /// A panel block.
    Panel,
    /// A quiz block.
    Quiz,
    /// A file in the scenarios' folder.
    Scenario,
}

/// What can be done with a challenge.
#[derive(Debug, Subcommand)]
pub(super) enum ChallengeStep {
    /// Break the stack without saying how
    Start {
        /// The challenge's id
        id: String,
    },
    /// Say that the stack is mended, and answer the questions
    Answer {
        /// The challenge's id
        id: String,
        /// An answer to each question, in their order [default: they are asked]
        answers: Vec<String>,
    },
    /// Show the solution, and bring the stack back
    GiveUp {
        /// The challenge's id
        id: String,
    },
}

impl ChallengeStep {
    /// Returns the challenge's id.
    pub(super) fn id(&self) -> &str {
        match self {
            Self::Start { id } | Self::Answer { id, .. } | Self::GiveUp { id } => id,
        }
    }
}

/// What `obsbook new` makes.
#[derive(Debug, Subcommand)]
pub(super) enum New {
    /// A chapter with a lab, and its line in SUMMARY.md
    Lesson {
        /// The file's name without its ending, in the book's source folder: `caching`, `metrics/caching`
        name: String,
        /// The chapter's title [default: made of the name]
        #[arg(long)]
        title: Option<String>,
        /// The chapter that it stands behind [default: the last numbered one]
        #[arg(long, value_name = "FILE")]
        after: Option<PathBuf>,
    },
    /// A lab block, on standard output or at a chapter's end
    Lab {
        /// The lab's id
        id: String,
        /// The chapter that it is appended to [default: it is printed]
        #[arg(long = "in", value_name = "FILE")]
        chapter: Option<PathBuf>,
        /// The sentence that the lab proves
        #[arg(long)]
        title: Option<String>,
        /// The fault, as under `inject`
        #[arg(long, value_name = "KIND", default_value = "kill")]
        fault: String,
        /// The service that is broken [default: one of the compose files]
        #[arg(long)]
        service: Option<String>,
        /// Of the fault `network`: the service that is called
        #[arg(long, value_name = "SERVICE")]
        to: Option<String>,
    },
}
