//! Shows progress to people, on standard error: standard output is for data.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, MultiProgress, ProgressBar, ProgressStyle};

use super::progress::Progress;
use crate::terminal::told;

/// How often a step shows a line of its output where there are no bars.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// Characters of a builder's line that are shown.
const WIDTH: usize = 100;

/// Shows progress: as bars on a terminal, as plain lines elsewhere.
#[derive(Debug)]
pub struct Renderer {
    bars: Option<MultiProgress>,
    images: HashMap<String, Shown>,
    step: Option<ProgressBar>,
    written: Instant,
}

#[derive(Debug)]
struct Shown {
    bar: Option<ProgressBar>,
    line: String,
}

impl Default for Renderer {
    fn default() -> Renderer {
        Renderer::new(std::io::stderr().is_terminal())
    }
}

impl Renderer {
    /// Returns a renderer that draws bars, or one that writes lines.
    pub fn new(bars: bool) -> Renderer {
        Renderer {
            bars: bars.then(MultiProgress::new),
            images: HashMap::new(),
            step: None,
            written: Instant::now(),
        }
    }

    /// Shows one progress.
    pub fn show(&mut self, progress: &Progress) {
        match progress {
            Progress::Step {
                what,
                why,
                commands,
            } => {
                self.write(&format!("{what}: {why}"));
                for command in commands {
                    self.write(&format!("    {command}"));
                }
                self.step = self.bars.as_ref().map(|bars| {
                    let bar = bars.add(
                        ProgressBar::new_spinner()
                            .with_style(style("{spinner} {elapsed} {wide_msg}")),
                    );
                    bar.enable_steady_tick(Duration::from_millis(200));
                    bar
                });
            }
            Progress::Line(line) => match &self.step {
                Some(bar) => bar.set_message(line.clone()),
                None => self.write_now_and_then(line),
            },
            Progress::Stepped { what, took } => {
                if let Some(bar) = self.step.take() {
                    bar.finish_and_clear();
                }
                self.write(&format!("{what}: done in {} s", took.as_secs()));
            }
            Progress::Warning(what) => self.write(&format!("warning: {what}")),
            Progress::Pulling { image } => self.write(&format!("pulling {image}")),
            Progress::Started { images, log } => {
                let count = images.len();
                let noun = if count == 1 { "image" } else { "images" };
                self.write(&format!("building {count} {noun}; log: {}", log.display()));
            }
            Progress::Building {
                image,
                step,
                steps,
                line,
            } => self.building(image, *step, *steps, line),
            Progress::Built { image, took } => {
                if let Some(Shown { bar: Some(bar), .. }) = self.images.remove(image) {
                    bar.finish_and_clear();
                }
                self.write(&format!("{image}: built after {} s", took.as_secs()));
            }
            Progress::Done { built, took } => {
                let noun = if *built == 1 { "image" } else { "images" };
                self.write(&format!("built {built} {noun} in {}", HumanDuration(*took)));
            }
        }
    }

    fn building(&mut self, image: &str, step: usize, steps: usize, line: &str) {
        let bars = self.bars.as_ref();
        let shown = self
            .images
            .entry(image.to_owned())
            .or_insert_with(|| Shown {
                bar: bars.map(|bars| {
                    let bar = bars.add(ProgressBar::new(0));
                    bar.set_style(style(
                        "{prefix:>40!} {bar:12} {pos:>2}/{len:2} {elapsed:>4} {wide_msg}",
                    ));
                    bar.set_prefix(image.to_owned());
                    bar.enable_steady_tick(Duration::from_secs(1));
                    bar
                }),
                line: String::new(),
            });
        match &shown.bar {
            Some(bar) => {
                bar.set_length(steps as u64);
                bar.set_position(step as u64);
                bar.set_message(line.to_owned());
            }
            // A line for each instruction, none for its end.
            None if shown.line != line => {
                let short: String = line.chars().take(WIDTH).collect();
                told!("{image} {}/{steps} {short}", (step + 1).min(steps));
            }
            None => {}
        }
        line.clone_into(&mut shown.line);
    }

    /// Enough to see that a step goes on; its log has all of it.
    fn write_now_and_then(&mut self, line: &str) {
        if self.written.elapsed() >= HEARTBEAT {
            self.written = Instant::now();
            let short: String = line.chars().take(WIDTH).collect();
            self.write(&format!("    | {short}"));
        }
    }

    fn write(&self, line: &str) {
        match &self.bars {
            // Written above the bars; a terminal that went away is no reason to stop.
            Some(bars) => drop(bars.println(line)),
            None => told!("{line}"),
        }
    }
}

impl Drop for Renderer {
    /// A build that fails or is interrupted leaves no half-drawn bars above the error.
    fn drop(&mut self) {
        if let Some(bars) = &self.bars {
            let _ = bars.clear();
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
