//! An exercise: the file that a reader edits, how it reaches the stack, and the answers that its author has tried.

use std::path::PathBuf;

use super::decode::Decoder;
use super::grammar::{Choice, Key, Keys, Value};
use crate::yaml::Node;

/// What an exercise is beside its lab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exercise {
    /// The file that is edited, and where it goes.
    pub edit: Edit,
    /// The file as it is handed out, relative to the book's root.
    pub starter: PathBuf,
    /// A file with which the lab passes.
    pub solution: PathBuf,
    /// Files with which it fails, each for a reason.
    pub wrong_fixes: Vec<WrongFix>,
}

/// A file that takes the place of another in a service, made anew or told to read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The file that the reader edits, relative to the book's root; made from the starter where it is not there.
    pub file: PathBuf,
    /// The service that it reaches.
    pub service: String,
    /// The file's place: a whole path in the service's container, or one in its build context.
    pub target: String,
    /// How it gets there.
    pub reach: Reach,
}

/// How a file reaches a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reach {
    /// It is mounted in the container, and the service reads it again.
    Reload,
    /// The service's image is built anew with it.
    Rebuild,
}

/// Something tempting that does not solve the task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongFix {
    /// The file, relative to the book's root: in an exercise what the reader could have written, in a challenge a script.
    pub file: PathBuf,
    /// Why it is wrong.
    pub why: String,
    /// The misconception behind it, by number.
    pub misconception: Option<u64>,
}

const WAYS: [&str; 2] = ["reload", "rebuild"];

const EDIT_KEYS: Keys<'static> = Keys {
    what: "`edit`",
    known: &[
        Key::needed(
            "file",
            Value::Text,
            "The file that the reader edits, under `labs`. Made from the starter where it is not there; keep it out of version control.",
        )
        .example("labs/alerting/latency.yaml"),
        Key::needed(
            "as",
            Value::Text,
            "The file's place: with `reload` a whole path in the container, with `rebuild` a path in the service's build context.",
        )
        .example("/etc/prometheus/rules/latency.yaml"),
        Key::optional(
            "reload",
            Value::Service,
            "The service that gets the file, and is told to read it: through its label dev.obsbook.reload, or by being made anew.",
        )
        .example("prometheus"),
        Key::optional(
            "rebuild",
            Value::Service,
            "The service whose image is built anew with the file.",
        )
        .example("order-api"),
    ],
    planned: &[],
    choice: Choice::One(&WAYS),
};

const WRONG_FIX_KEYS: Keys<'static> = Keys {
    what: "a wrong fix",
    known: &[
        Key::needed(
            "file",
            Value::Text,
            "The wrong answer, under `solutions`: of an exercise the edited file, of a challenge a shell script.",
        )
        .example("solutions/alerting/latency-mean.yaml"),
        Key::needed("why", Value::Text, "Why it does not solve the task."),
        Key::optional(
            "misconception",
            Value::Count,
            "The number of the misconception behind it.",
        )
        .example("1"),
    ],
    planned: &[],
    choice: Choice::None,
};

pub(super) const EDIT: Key = Key::optional(
    "edit",
    Value::Mapping(&EDIT_KEYS),
    "Of an exercise: the file that the reader edits, and how it reaches the stack.",
);
pub(super) const STARTER: Key = Key::optional(
    "starter",
    Value::Text,
    "Of an exercise: the file as it is handed out, under `labs`. With it the lab fails.",
)
.example("labs/alerting/latency.starter.yaml");
pub(super) const SOLUTION: Key = Key::optional(
    "solution",
    Value::Text,
    "Under `solutions`: of an exercise a file with which the lab passes, of a challenge a shell script that mends the stack.",
)
.example("solutions/alerting/latency.yaml");
pub(super) const WRONG_FIXES: Key = Key::optional(
    "wrong_fixes",
    Value::Mappings(&WRONG_FIX_KEYS),
    "Tempting answers that do not solve the task, a challenge at least two. `obsbook prove` sees each fail.",
);

impl Decoder<'_> {
    /// Returns what makes a lab an exercise; what is missing is reported.
    pub(super) fn exercise(&mut self, root: &Node) -> Option<Exercise> {
        let edit = self.part(
            root,
            EDIT.name,
            "say which file is edited: `edit: { file: labs/…, as: /etc/…, reload: prometheus }`",
        );
        let edit = edit.and_then(|node| self.edit(node));
        let starter = self.part(root, STARTER.name, "name the file as it is handed out");
        let starter = starter.and_then(|node| self.file(node));
        let solution = self.solution(root);
        let wrong_fixes = self.wrong_fixes(root);
        let exercise = Exercise {
            edit: edit?,
            starter: starter?,
            solution: solution?,
            wrong_fixes,
        };
        if exercise.starter == exercise.edit.file {
            let place = root.get(STARTER.name).map(|node| node.span.clone());
            let hint = "keep the starter beside it, such as `labs/alerting/latency.starter.yaml`: it tells what the reader has changed";
            let message = "the starter is the edited file itself";
            self.report(&place.unwrap_or_default(), message, hint);
        }
        Some(exercise)
    }

    /// Returns the script or file that solves an exercise or a challenge.
    pub(super) fn solution(&mut self, root: &Node) -> Option<PathBuf> {
        let hint =
            "a task that nobody has solved may have no solution: name the file under `solutions`";
        let node = self.part(root, SOLUTION.name, hint)?;
        self.file(node)
    }

    pub(super) fn wrong_fixes(&mut self, root: &Node) -> Vec<WrongFix> {
        let Some(node) = root.get(WRONG_FIXES.name) else {
            return Vec::new();
        };
        let items = self.list(node, WRONG_FIXES.name).to_vec();
        items
            .iter()
            .filter_map(|item| self.wrong_fix(item))
            .collect()
    }

    fn wrong_fix(&mut self, node: &Node) -> Option<WrongFix> {
        if !self.mapping(node, &WRONG_FIX_KEYS) {
            return None;
        }
        let (Some(file), Some(why)) = (node.get("file"), node.get("why")) else {
            let hint = "`{ file: solutions/…, why: it hides the symptom }`";
            self.report(&node.span, "a wrong fix needs `file` and `why`", hint);
            return None;
        };
        let misconception = node.get("misconception");
        Some(WrongFix {
            file: self.file(file)?,
            why: self.text(why, "why")?.value,
            misconception: misconception
                .and_then(|node| self.count(node, "a misconception's number")),
        })
    }

    fn edit(&mut self, node: &Node) -> Option<Edit> {
        if !self.mapping(node, &EDIT_KEYS) {
            return None;
        }
        let (Some(file), Some(target)) = (node.get("file"), node.get("as")) else {
            let hint = "`edit: { file: labs/…, as: /etc/…, reload: prometheus }`";
            self.report(&node.span, "`edit` needs `file` and `as`", hint);
            return None;
        };
        let (reach, service) = match (node.get("reload"), node.get("rebuild")) {
            (Some(service), None) => (Reach::Reload, service),
            (None, Some(service)) => (Reach::Rebuild, service),
            _ => {
                let message = "`edit` does not say, once, how the file reaches the stack";
                let hint = "one of `reload: prometheus` and `rebuild: order-api`";
                self.report(&node.span, message, hint);
                return None;
            }
        };
        let service = self.service(service);
        let file = self.own_file(file);
        let target = self.text(target, "as")?;
        match reach {
            Reach::Reload if !target.value.starts_with('/') => {
                let message = format!("`{}` is no path in a container", target.value);
                self.report(&target.span, message, "the whole path, from `/` on");
                return None;
            }
            Reach::Rebuild if !inside(&target.value) => {
                let message = format!("`{}` is no path in a build context", target.value);
                let hint = "the path below the folder that the image is built from, such as `services/order-api/app.py`";
                self.report(&target.span, message, hint);
                return None;
            }
            _ => {}
        }
        Some(Edit {
            file: file?,
            service: service?,
            target: target.value,
            reach,
        })
    }

    /// Returns a path below `labs`, whether a file is there or not.
    fn own_file(&mut self, node: &Node) -> Option<PathBuf> {
        let text = self.text(node, "file")?;
        let path = crate::compose::normal(std::path::Path::new(&text.value));
        if !path.starts_with("labs") || path.file_name().is_none() {
            let message = format!("`{}` is not below the book's `labs`", text.value);
            self.report(&text.span, message, "readers find what they edit there");
            return None;
        }
        Some(path)
    }

    /// Returns a part that the block cannot do without, and reports it otherwise.
    pub(super) fn part<'n>(&mut self, root: &'n Node, key: &str, hint: &str) -> Option<&'n Node> {
        let found = root.get(key);
        if found.is_none() {
            self.report_block(format!("this block has no `{key}`"), hint);
        }
        found
    }
}

fn inside(path: &str) -> bool {
    let normal = crate::compose::normal(std::path::Path::new(path));
    let first = normal.components().next();
    matches!(first, Some(std::path::Component::Normal(_)))
}
