//! The stages of a Dockerfile, and the images that one of them needs.

use std::collections::BTreeSet;

/// One stage.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Stage {
    /// Its name, where it has one.
    pub(super) name: Option<String>,
    /// What it begins with: a stage or an image.
    pub(super) base: String,
    /// Stages, by name or number, and images that it copies from or mounts.
    pub(super) from: Vec<String>,
}

/// Returns the images without which the stage `target`, or the last one, cannot be built.
pub(super) fn needed(stages: &[Stage], target: Option<&str>) -> BTreeSet<String> {
    let named = target.and_then(|name| find(stages, name));
    let mut waiting: Vec<usize> = named
        .or_else(|| stages.len().checked_sub(1))
        .into_iter()
        .collect();
    let mut seen = BTreeSet::new();
    let mut images = BTreeSet::new();
    while let Some(index) = waiting.pop() {
        if !seen.insert(index) {
            continue;
        }
        let stage = &stages[index];
        for name in std::iter::once(&stage.base).chain(&stage.from) {
            // A stage may only name those before it; the same name after it is an image.
            match find(&stages[..index], name) {
                Some(earlier) => waiting.push(earlier),
                None if name == "scratch" || name.contains('$') => {}
                None => drop(images.insert(name.clone())),
            }
        }
    }
    images
}

fn find(stages: &[Stage], name: &str) -> Option<usize> {
    let named = |stage: &Stage| stage.name.as_deref() == Some(name);
    let numbered = || name.parse().ok().filter(|number| *number < stages.len());
    stages.iter().rposition(named).or_else(numbered)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::dockerfile::Dockerfile;
    use super::*;

    fn check(target: Option<&str>, expected: &[&str]) {
        let text = "ARG SET=registry\n\
            FROM busybox:1 AS busybox\n\
            FROM loki:3 AS registry\nCOPY --chown=1 --from=busybox /bin/busybox /bin/wget\n\
            FROM base:12 AS go\n\
            FROM go AS build\nCOPY . .\n\
            RUN --mount=type=bind,from=tools:2,target=/t make\n\
            FROM base:12 AS packages\nCOPY --from=build /out /bin\n\
            FROM scratch AS app\nCOPY --from=0 / /\n\
            FROM app-${SET}\n";
        let parsed = Dockerfile::parse(text, &BTreeMap::new());
        let found = needed(&parsed.stages, target);
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{target:?}");
    }

    #[test]
    fn a_stage_needs_what_its_own_stages_need() {
        check(Some("registry"), &["busybox:1", "loki:3"]);
        check(Some("packages"), &["base:12", "tools:2"]);
        check(Some("app"), &["busybox:1"]);
        check(None, &["app-registry"]);
    }
}
