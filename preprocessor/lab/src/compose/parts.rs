//! The files of this machine that services are made of.

use std::path::PathBuf;

use super::interpolation::Variables;
use super::service::text;
use crate::yaml::{Kind, Node};

/// Returns what a service is built from, mounts and takes variables from, as it spells the paths.
pub(super) fn of_service(node: &Node, variables: Variables<'_>) -> Vec<PathBuf> {
    let build = node.get("build").into_iter();
    let build = build.flat_map(|build| of_build(build, variables));
    let mounts = node.get("volumes").map(Node::items).unwrap_or_default();
    let mounts = mounts.iter().filter_map(|mount| mounted(mount, variables));
    let files = node.get("env_file").into_iter().flat_map(one_or_several);
    let files = files.filter_map(|file| path(file.get("path").unwrap_or(file), variables));
    build.chain(mounts).chain(files).collect()
}

/// Returns the files of a compose file's configs and secrets, as it spells the paths.
pub(super) fn of_file(root: &Node, variables: Variables<'_>) -> Vec<PathBuf> {
    let all = ["configs", "secrets"].map(|key| root.get(key));
    let all = all.into_iter().flatten().flat_map(Node::merged_entries);
    all.filter_map(|(_, node)| path(node.get("file")?, variables))
        .collect()
}

fn of_build(build: &Node, variables: Variables<'_>) -> Vec<PathBuf> {
    let given = |node: Option<&Node>| node.and_then(|node| path(node, variables));
    let context = given(Some(build)).or_else(|| given(build.get("context")));
    let context = context.unwrap_or_else(|| PathBuf::from("."));
    let mut parts: Vec<_> = given(build.get("dockerfile"))
        .map(|file| context.join(file))
        .into_iter()
        .collect();
    parts.push(context);
    if let Some(more) = build.get("additional_contexts") {
        let named = more.merged_entries();
        parts.extend(
            named
                .iter()
                .filter_map(|(_, folder)| path(folder, variables)),
        );
        let listed = more.items().iter().filter_map(|item| path(item, variables));
        let folders = listed.filter_map(|item| {
            let (_, folder) = item.to_str()?.split_once('=')?;
            Some(PathBuf::from(folder))
        });
        parts.extend(folders);
    }
    parts
}

fn mounted(mount: &Node, variables: Variables<'_>) -> Option<PathBuf> {
    if let Some(source) = mount.get("source") {
        let is_bind = mount.get("type").and_then(Node::text) == Some("bind");
        return path(source, variables).filter(|_| is_bind);
    }
    let mount = path(mount, variables)?;
    let source = mount.to_str()?.split(':').next()?;
    // Anything else is the name of a volume.
    source.starts_with(['.', '/']).then(|| source.into())
}

fn one_or_several(node: &Node) -> impl Iterator<Item = &Node> {
    let one = matches!(node.kind, Kind::Scalar { .. }).then_some(node);
    one.into_iter().chain(node.items())
}

/// A path with a variable that must be set and is not leads nowhere yet: a book is read without what its stack needs.
fn path(node: &Node, variables: Variables<'_>) -> Option<PathBuf> {
    let text = text(node, variables).ok().flatten();
    text.map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::compose::ComposeModel;

    fn check(text: &str, expected: &[&str]) {
        let load = |path: &Path| match path.to_str() {
            Some("c/compose.yaml") => Ok(text.to_owned()),
            Some("c/app/app.yaml") => {
                Ok("services: {app: {build: ., volumes: [./a:/a]}}".to_owned())
            }
            _ => Err("no such file".to_owned()),
        };
        let variable = |name: &str| (name == "DATA").then(|| "./data".to_owned());
        let model = ComposeModel::read(Path::new("c/compose.yaml"), &load, &variable);
        let model = model.expect(text);
        let found: Vec<_> = model.parts.iter().map(|path| path.display()).collect();
        let found: Vec<_> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn builds_mounts_and_files_with_variables_are_parts() {
        check("services: {a: {image: x}}", &[]);
        check("services: {a: {build: ../page}}", &["page"]);
        check("services: {a: {build: {target: x}}}", &["c"]);
        check(
            "services: {a: {build: {context: a, dockerfile: ../D, additional_contexts: {b: ../b}}}}",
            &["b", "c/D", "c/a"],
        );
        check(
            "services: {a: {build: {additional_contexts: [b=../b]}}}",
            &["b", "c"],
        );
        check(
            "services: {a: {volumes: ['./x:/x:ro', 'named:/y', '/sys:/sys', '$DATA:/d', '${NO:?set it}:/e']}}",
            &["/sys", "c/data", "c/x"],
        );
        check(
            "services: {a: {volumes: [{type: bind, source: x, target: /x}, {type: volume, source: y, target: /y}]}}",
            &["c/x"],
        );
        check("services: {a: {env_file: a.env}}", &["c/a.env"]);
        check(
            "services: {a: {env_file: [a.env, {path: b.env, required: false}]}}",
            &["c/a.env", "c/b.env"],
        );
        check(
            "configs: {a: {file: ./a}, b: {content: x}}\nsecrets: {c: {file: ../c}}",
            &["c", "c/a"],
        );
        check(
            "include: [{path: app/app.yaml, env_file: v.env}]",
            &["c/app", "c/app/a", "c/v.env"],
        );
        check(
            "services: {b: {extends: {file: app/app.yaml, service: app}}}",
            &["c/app", "c/app/a"],
        );
    }
}
