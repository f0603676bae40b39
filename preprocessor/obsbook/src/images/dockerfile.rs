//! What a Dockerfile is made of, as far as it decides whether an image is current.

use std::collections::BTreeMap;

use super::stage::Stage;

/// The parts of a Dockerfile that lie outside of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Dockerfile {
    /// Paths of the build context that its instructions read, with patterns.
    pub(super) sources: Vec<String>,
    /// Images that its stages begin with, stages themselves left out.
    pub(super) bases: Vec<String>,
    /// Its stages, in their order.
    pub(super) stages: Vec<Stage>,
}

impl Dockerfile {
    /// Reads a Dockerfile with the build's arguments. It errs on the side of too much: a path that
    /// cannot be known makes the whole folder before it count.
    pub(super) fn parse(text: &str, args: &BTreeMap<String, String>) -> Dockerfile {
        let mut found = Dockerfile::default();
        let mut known = args.clone();
        for line in instructions(text) {
            let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((&line, ""));
            match name.to_ascii_uppercase().as_str() {
                "ARG" => declare(rest, args, &mut known),
                "FROM" => {
                    let mut words = rest
                        .split_whitespace()
                        .filter(|word| !word.starts_with("--"));
                    let base = words
                        .next()
                        .map(|base| expand(base, &known))
                        .unwrap_or_default();
                    let is_stage = |stage: &Stage| stage.name.as_ref() == Some(&base);
                    let is_image = base != "scratch" && !base.contains('$');
                    if is_image && !found.stages.iter().any(is_stage) {
                        found.bases.push(base.clone());
                    }
                    let named = words
                        .next()
                        .is_some_and(|word| word.eq_ignore_ascii_case("as"));
                    found.stages.push(Stage {
                        name: words.next().filter(|_| named).map(str::to_owned),
                        base,
                        from: Vec::new(),
                    });
                }
                "COPY" | "ADD" => found.sources.extend(copied(rest, &known)),
                "RUN" => found.sources.extend(mounted(rest, &known)),
                _ => {}
            }
            if let Some(stage) = found.stages.last_mut() {
                stage.from.extend(taken_from(rest, &known));
            }
        }
        found.bases.sort();
        found.bases.dedup();
        found.sources.sort();
        found.sources.dedup();
        found
    }
}

/// Joins continued lines, and drops comments and the bodies of here-documents.
fn instructions(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut current = String::new();
    let mut heredoc: Option<String> = None;
    for line in text.lines() {
        if let Some(end) = &heredoc {
            if line.trim() == end {
                heredoc = None;
            }
            continue;
        }
        let trimmed = line.trim();
        // A comment between continued lines does not end the instruction.
        if trimmed.starts_with('#') || (trimmed.is_empty() && current.is_empty()) {
            continue;
        }
        match trimmed.strip_suffix('\\') {
            Some(part) => {
                current.push_str(part);
                current.push(' ');
            }
            None => {
                current.push_str(trimmed);
                let line = std::mem::take(&mut current);
                heredoc = heredoc_end(&line);
                found.push(line);
            }
        }
    }
    if !current.is_empty() {
        found.push(current);
    }
    found
}

fn heredoc_end(line: &str) -> Option<String> {
    let name = line.split_once(char::is_whitespace)?.0.to_ascii_uppercase();
    if !matches!(name.as_str(), "RUN" | "COPY" | "ADD") {
        return None;
    }
    let (_, rest) = line.split_once("<<")?;
    let word = rest.trim_start_matches('-').split_whitespace().next()?;
    let word = word.trim_matches(['"', '\'']);
    let named = word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    named.then(|| word.to_owned())
}

fn declare(rest: &str, args: &BTreeMap<String, String>, known: &mut BTreeMap<String, String>) {
    for word in rest.split_whitespace() {
        let Some((name, default)) = word.split_once('=') else {
            continue;
        };
        if !args.contains_key(name) {
            let value = expand(default.trim_matches(['"', '\'']), known);
            known.insert(name.to_owned(), value);
        }
    }
}

/// Fills in `$NAME`, `${NAME}` and `${NAME:-default}`; what is not known stays as it is.
fn expand(text: &str, known: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let (whole, name, default) = match after
            .strip_prefix('{')
            .and_then(|body| body.split_once('}'))
        {
            Some((body, _)) => {
                let (name, default) = match body.split_once(":-") {
                    Some((name, default)) => (name, Some(default)),
                    None => (body, None),
                };
                (body.len() + 2, name, default)
            }
            None => {
                let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                let name = &after[..end.unwrap_or(after.len())];
                (name.len(), name, None)
            }
        };
        match known.get(name).map(String::as_str).or(default) {
            Some(value) => out.push_str(value),
            None => out.push_str(&rest[at..=at + whole]),
        }
        rest = &after[whole..];
    }
    out.push_str(rest);
    out
}

fn copied(rest: &str, known: &BTreeMap<String, String>) -> Vec<String> {
    let mut rest = rest.trim();
    while let Some(flag) = rest.strip_prefix("--") {
        if flag.starts_with("from=") {
            return Vec::new();
        }
        rest = flag
            .split_once(char::is_whitespace)
            .map_or("", |(_, rest)| rest.trim_start());
    }
    let words: Vec<String> = match serde_json::from_str(rest) {
        Ok(words) => words,
        Err(_) => rest.split_whitespace().map(str::to_owned).collect(),
    };
    let sources = words
        .split_last()
        .map_or(&[] as &[String], |(_, sources)| sources);
    sources
        .iter()
        .filter(|source| !source.starts_with("<<") && !source.contains("://"))
        .map(|source| reach(&expand(source, known)))
        .collect()
}

/// Names the stages and images whose files an instruction reads: `COPY --from=` and `RUN --mount=…,from=`.
fn taken_from(rest: &str, known: &BTreeMap<String, String>) -> Vec<String> {
    let flags = rest
        .split_whitespace()
        .take_while(|word| word.starts_with("--"));
    let options = flags.flat_map(|flag| flag.trim_start_matches("--").split(','));
    let from = options.filter_map(|option| option.strip_prefix("from="));
    from.map(|name| expand(name, known)).collect()
}

/// Bind mounts read the context without a COPY.
fn mounted(rest: &str, known: &BTreeMap<String, String>) -> Vec<String> {
    let mounts = rest
        .split_whitespace()
        .filter_map(|word| word.strip_prefix("--mount="));
    mounts
        .filter_map(|mount| {
            let option = |name: &str| {
                mount
                    .split(',')
                    .find_map(|option| option.strip_prefix(name)?.strip_prefix('='))
            };
            let bind = option("type").is_none_or(|kind| kind == "bind");
            (bind && option("from").is_none()).then(|| {
                reach(&expand(
                    option("source").or_else(|| option("src")).unwrap_or("."),
                    known,
                ))
            })
        })
        .collect()
}

/// Cuts a path at the first part that holds a variable nobody set.
fn reach(source: &str) -> String {
    let known: Vec<&str> = source
        .split('/')
        .take_while(|part| !part.contains('$'))
        .collect();
    let path = known
        .join("/")
        .trim_start_matches("./")
        .trim_matches('/')
        .to_owned();
    if path.is_empty() {
        ".".to_owned()
    } else {
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, sources: &[&str], bases: &[&str]) {
        let args = BTreeMap::from([("SET".to_owned(), "packages".to_owned())]);
        let found = Dockerfile::parse(text, &args);
        assert_eq!(
            (found.sources, found.bases),
            (owned(sources), owned(bases)),
            "{text}"
        );
    }

    fn owned(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn copies_from_the_context_count() {
        check("COPY go.mod go.sum ./", &["go.mod", "go.sum"], &[]);
        check("copy --chown=1:1 --chmod=755 run /bin/run", &["run"], &[]);
        check("COPY --from=build /out/ /bin/", &[], &[]);
        check("COPY [\"a b\", \"c/\", \"/d\"]", &["a b", "c"], &[]);
        check("COPY . .", &["."], &[]);
        check("COPY a \\\n  # why\n  b \\\n  /x", &["a", "b"], &[]);
        check("ADD https://example.org/x /x", &[], &[]);
        check(
            "COPY <<EOF /etc/x\nCOPY no no\nEOF\nCOPY yes /",
            &["yes"],
            &[],
        );
        check(
            "RUN --mount=type=bind,source=proto,target=/p make",
            &["proto"],
            &[],
        );
        check("RUN --mount=type=bind,target=. make", &["."], &[]);
        check(
            "RUN --mount=type=cache,target=/x --mount=type=bind,from=go,target=/g make",
            &[],
            &[],
        );
    }

    #[test]
    fn arguments_are_filled_in() {
        check("ARG DIR=svc\nCOPY ${DIR}/src /src", &["svc/src"], &[]);
        check("ARG SET=registry\nCOPY $SET/x /x", &["packages/x"], &[]);
        check("COPY svc/${UNKNOWN}/src /src", &["svc"], &[]);
        check("COPY ${UNKNOWN:-z}/src /src", &["z/src"], &[]);
    }

    #[test]
    fn bases_are_images_and_no_stages() {
        check(
            "ARG SET=registry\nFROM debian:bookworm-slim AS base-registry\n\
             FROM --platform=linux/amd64 obsbook/base:bookworm AS base-packages\n\
             FROM base-${SET} AS app\nFROM scratch\nFROM app AS packages\nFROM go:${NOWHERE}",
            &[],
            &["debian:bookworm-slim", "obsbook/base:bookworm"],
        );
    }
}
