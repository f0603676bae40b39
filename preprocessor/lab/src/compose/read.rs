//! Reading the compose files: includes, and services that extend others.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::interpolation::{Variables, dotenv};
use super::model::{ComposeModel, Service};
use super::name::as_project_name;
use super::parts;
use super::service::{service, text};
use crate::diagnostic::Diagnostic;
use crate::span::SourceFile;
use crate::yaml::{self, Kind, Node};

/// Returns a file's text, or why it cannot be had.
type Load<'a> = &'a dyn Fn(&Path) -> Result<String, String>;

impl ComposeModel {
    /// Returns the model of `first` and all that it includes or extends. `load` returns a file's text, `variable` what the environment
    /// and the project's `.env` set.
    ///
    /// # Errors
    /// What cannot be had, is no YAML, or is not understood, as a diagnostic in its file.
    pub fn read(
        first: &Path,
        load: &dyn Fn(&Path) -> Result<String, String>,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Box<Diagnostic>> {
        let mut reader = Reader {
            model: Self::default(),
            extended: Vec::new(),
            load,
        };
        let file = File::open(first, load)?;
        // The names of included files mean nothing.
        if let Some(name) = file.root.get("name") {
            let name = text(name, variable).map_err(|why| file.not_understood(why))?;
            reader.model.name = name.as_deref().and_then(as_project_name);
        }
        reader.add(&file, variable)?;
        let Reader {
            mut model,
            extended,
            ..
        } = reader;
        for file in extended {
            if !model.files.contains(&file) {
                model.files.push(file);
            }
        }
        Ok(model)
    }
}

/// A compose file as a tree.
struct File {
    source: SourceFile,
    root: Node,
}

impl File {
    fn open(path: &Path, load: Load<'_>) -> Result<Self, Box<Diagnostic>> {
        let text = load(path).map_err(|reason| {
            let nothing = SourceFile::new(path, "");
            Box::new(
                Diagnostic::new(&nothing, 0..0, format!("failed to read the compose file: {reason}"))
                    .hint("set `compose` under [preprocessor.obsbook] in book.toml to the book's compose file"),
            )
        })?;
        let source = SourceFile::new(path, text);
        let root = yaml::parse(&source.text)
            .map_err(|error| Box::new(Diagnostic::new(&source, error.span, error.message)))?;
        Ok(Self { source, root })
    }

    /// Returns the path of another file that this one names.
    fn beside(&self, name: impl AsRef<Path>) -> PathBuf {
        let folder = self.source.path.parent().unwrap_or(Path::new(""));
        normal(&folder.join(name))
    }

    fn services(&self) -> Vec<(&str, &Node)> {
        let services = self.root.get("services");
        services.map(Node::merged_entries).unwrap_or_default()
    }

    fn not_understood(&self, (node, reason): (&Node, String)) -> Box<Diagnostic> {
        let message = format!("not understood: {reason}");
        let problem = Diagnostic::new(&self.source, node.span.clone(), message);
        Box::new(problem.hint("see what `docker compose config` says of it"))
    }
}

struct Reader<'a> {
    model: ComposeModel,
    /// Files of which only some services count.
    extended: Vec<PathBuf>,
    load: Load<'a>,
}

impl Reader<'_> {
    fn add(&mut self, file: &File, variables: Variables<'_>) -> Result<(), Box<Diagnostic>> {
        let path = &file.source.path;
        if self.model.files.iter().any(|known| known == path) {
            return Ok(());
        }
        self.model.files.push(path.clone());
        self.add_parts(file, &parts::of_file(&file.root, variables));
        for node in file
            .root
            .get("include")
            .map(Node::items)
            .unwrap_or_default()
        {
            let include = Include::of(file, node, variables)?;
            self.model.parts.extend(include.variables.iter().cloned());
            let mut set = BTreeMap::new();
            for path in &include.variables {
                if let Ok(text) = (self.load)(path) {
                    set.extend(dotenv(&text, variables));
                }
            }
            let both = |name: &str| variables(name).or_else(|| set.get(name).cloned());
            for path in &include.files {
                self.add(&File::open(path, self.load)?, &both)?;
            }
        }
        for (name, node) in file.services() {
            let own = self.service(
                file,
                node,
                variables,
                &mut vec![(path.clone(), name.to_owned())],
            )?;
            let own = match self.model.services.remove(name) {
                Some(base) => own.over(base),
                None => own,
            };
            self.model.services.insert(name.to_owned(), own);
        }
        Ok(())
    }

    fn add_parts(&mut self, file: &File, parts: &[PathBuf]) {
        let parts = parts.iter().map(|part| file.beside(part));
        self.model.parts.extend(parts);
    }

    /// Returns a service with all that it extends. `within` are the services that extend one another on the way here.
    fn service(
        &mut self,
        file: &File,
        node: &Node,
        variables: Variables<'_>,
        within: &mut Vec<(PathBuf, String)>,
    ) -> Result<Service, Box<Diagnostic>> {
        let own = service(node, variables).map_err(|why| file.not_understood(why))?;
        self.add_parts(file, &parts::of_service(node, variables));
        let Some(extends) = node.get("extends") else {
            return Ok(own);
        };
        let part = |node: Option<&Node>| match node {
            Some(node) => text(node, variables).map_err(|why| file.not_understood(why)),
            None => Ok(None),
        };
        let name = part(Some(extends.get("service").unwrap_or(extends)))?;
        let other = part(extends.get("file"))?.map(|name| file.beside(&name));
        let opened = match other {
            Some(path) if path != file.source.path => {
                let opened = File::open(&path, self.load)?;
                self.extended.push(path);
                Some(opened)
            }
            _ => None,
        };
        let base_file = opened.as_ref().unwrap_or(file);
        let services = base_file.services();
        let base = name.and_then(|name| {
            let found = services.iter().find(|(known, _)| *known == name);
            found.map(|(_, node)| (name, *node))
        });
        let Some((name, base)) = base else {
            let reason = "no service of this name to extend".to_owned();
            return Err(file.not_understood((extends, reason)));
        };
        let step = (base_file.source.path.clone(), name);
        if within.contains(&step) {
            let reason = "a service that extends itself".to_owned();
            return Err(file.not_understood((extends, reason)));
        }
        within.push(step);
        Ok(own.over(self.service(base_file, base, variables, within)?))
    }
}

/// One entry of `include`.
struct Include {
    files: Vec<PathBuf>,
    /// Files that set variables for those alone.
    variables: Vec<PathBuf>,
}

impl Include {
    /// `include: [file]`, and `include: [{path: file, env_file: file}]` with one file or several.
    fn of(file: &File, node: &Node, variables: Variables<'_>) -> Result<Self, Box<Diagnostic>> {
        let paths = |node: &Node| {
            let one = matches!(node.kind, Kind::Scalar { .. }).then_some(node);
            let mut paths = Vec::new();
            for node in one.into_iter().chain(node.items()) {
                let name = text(node, variables).map_err(|why| file.not_understood(why))?;
                let name = name.unwrap_or_default();
                if name.contains("://") {
                    let reason = "a compose file that is not on this machine".to_owned();
                    return Err(file.not_understood((node, reason)));
                }
                paths.push(file.beside(&name));
            }
            Ok(paths)
        };
        let files = paths(node.get("path").unwrap_or(node))?;
        let variables = match node.get("env_file") {
            Some(files) => paths(files)?,
            None => files
                .first()
                .map(|first| first.with_file_name(".env"))
                .into_iter()
                .collect(),
        };
        Ok(Self { files, variables })
    }
}

/// Returns `path` without `.` and, where it can be told without the disk, without `..`.
pub fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir if out.file_name().is_some() => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::PORT_LABEL;

    fn read(files: &[(&str, &str)]) -> Result<ComposeModel, Box<Diagnostic>> {
        let load = |path: &Path| {
            let found = files.iter().find(|(name, _)| Path::new(name) == path);
            let found = found.map(|(_, text)| (*text).to_owned());
            found.ok_or_else(|| format!("no file {}", path.display()))
        };
        let variable = |name: &str| (name == "SET").then(|| "set".to_owned());
        ComposeModel::read(Path::new(files[0].0), &load, &variable)
    }

    fn model() -> ComposeModel {
        let files = [
            (
                "compose/compose.yaml",
                "name: shop\ninclude:\n  - path: app/shop.yaml\n    env_file: v.env\n  - infra.yaml\n",
            ),
            (
                "compose/app/shop.yaml",
                "name: other\nx-service: &service\n  profiles: [core, full]\n  mem_limit: 64m\nservices:\n  api:\n    <<: *service\n    labels: {dev.obsbook.faults.port: \"9901\"}\n    ports: [\"127.0.0.1:${API_PORT:-80}:80\"]\n",
            ),
            (
                "compose/infra.yaml",
                "services:\n  db:\n    labels: [dev.obsbook.port=5432]\n  extra: {profiles: [full]}\n",
            ),
        ];
        read(&files).expect("a model")
    }

    #[test]
    fn includes_merges_and_labels_are_read() {
        let model = model();
        assert_eq!(model.name.as_deref(), Some("shop"));
        let api = &model.services["api"];
        assert_eq!(api.fault_port(), Some(9901));
        assert_eq!(api.memory_limit, Some(64 << 20));
        assert_eq!(api.port_settings, ["API_PORT"]);
        assert_eq!(api.usual_ports.len(), 1);
        assert_eq!(model.services["db"].labels[PORT_LABEL], "5432");
        assert_eq!(
            model.profiles().into_iter().collect::<Vec<_>>(),
            ["core", "full"]
        );
        let core: Vec<_> = model.in_profile("core").map(|(name, _)| name).collect();
        assert_eq!(core, ["api", "db"]);
    }

    #[test]
    fn the_name_is_the_first_files_own() {
        for (line, expected) in [
            ("name: shop", Some("shop")),
            ("name: ${NAME:-My Shop}", Some("myshop")),
            ("name: ${SET}", Some("set")),
            ("name: ${NAME}", None),
            ("x-name: none", None),
        ] {
            let text = format!("{line}\ninclude: [other.yaml]\n");
            let model = read(&[("c.yaml", &text), ("other.yaml", "name: other\n")]);
            assert_eq!(model.expect("a model").name.as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn what_compose_merges_is_merged() {
        let first = "x-l: &l {a: one, b: two}\nx-s: &s {merged: {image: x}}\ninclude: [\"${INC:-inc}.yaml\"]\nservices:\n  <<: *s\n  api:\n    extends: {file: base.yaml, service: base}\n    labels: {<<: *l, a: own}\n    profiles: [\"${P:-p2}\"]\n  again:\n    extends: api\n    labels: [\"a=${SET}\", bare]\n    ports: [{target: 90, published: \"${X_PORT:-8090}\"}]\n";
        let model = read(&[
            ("c/c.yaml", first),
            ("c/base.yaml", "services:\n  base: {image: b, profiles: [p1], mem_limit: 64m, labels: {x: base, a: base}, ports: [\"81:81\"]}\n"),
            ("c/inc.yaml", "services: {inc: {labels: {v: \"${V:-else}\", w: \"${SET}\"}}}\n"),
            ("c/.env", "V=file\nSET=no\n"),
        ])
        .expect("a model");
        let names: Vec<_> = model.services.keys().collect();
        assert_eq!(names, ["again", "api", "inc", "merged"]);
        let labels = |name: &str| {
            let labels = model.services[name].labels.iter();
            let words: Vec<_> = labels
                .map(|(key, value)| format!("{key}={value}"))
                .collect();
            words.join(" ")
        };
        assert_eq!(labels("api"), "a=own b=two x=base");
        assert_eq!(labels("again"), "a=set b=two bare= x=base");
        assert_eq!(labels("inc"), "v=file w=set");
        let again = &model.services["again"];
        assert_eq!(again.profiles, ["p1", "p2"]);
        assert_eq!(again.image.as_deref(), Some("b"));
        assert_eq!(again.memory_limit, Some(64 << 20));
        assert_eq!(again.usual_ports, [(81, 81), (8090, 90)]);
        assert_eq!(again.port_settings, ["X_PORT"]);
        let files = ["c/c.yaml", "c/inc.yaml", "c/base.yaml"].map(PathBuf::from);
        assert_eq!(model.files, files);
    }

    #[test]
    fn what_is_not_understood_is_said_at_its_place() {
        for (text, expected) in [
            (
                "include: [\"https://x.org/a.git\"]\n",
                "not on this machine",
            ),
            (
                "services: {a: {labels: {x: \"${Y:?set it}\"}}}\n",
                "Y must be set: set it",
            ),
            ("services: {a: {extends: b}}\n", "no service of this name"),
            (
                "services: {a: {extends: b}, b: {extends: a}}\n",
                "extends itself",
            ),
        ] {
            let problem = read(&[("c.yaml", text)]).expect_err(text);
            assert!(
                problem.message.contains("not understood") && problem.message.contains(expected),
                "{}",
                problem.message
            );
            assert!(problem.start.column > 1, "{text}");
        }
    }

    #[test]
    fn a_missing_file_is_a_diagnostic_in_it() {
        for files in [
            &[("x.yaml", "include: [y.yaml]\n")][..],
            &[(
                "x.yaml",
                "services: {a: {extends: {file: y.yaml, service: a}}}\n",
            )],
        ] {
            let error = read(files).expect_err("missing");
            assert_eq!(error.file, Path::new("y.yaml"));
        }
    }
}
