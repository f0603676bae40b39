# The everyday commands, each the real tool's own: run `just --list`, or copy the line.

set positional-arguments

[private]
default:
    @just --list

# Compile obsbook
build:
    cargo build --locked

# Everything that is checked before a commit: format, lints, lab blocks
lint:
    pre-commit run --all-files

# The tests that need no engine
test:
    cargo test --workspace --locked

# Everything that has to pass, on real services, as CI runs it
test-all:
    tests/run

# Run labs: chapter-2, a chapter's file name, a lab's id, tag:NAME; all without a selector
check *selectors:
    cargo run --quiet --locked -- check "$@"

# Show that labs fail when their fault is left out
prove *selectors:
    cargo run --quiet --locked -- prove "$@"

# Render the book into book/
book:
    mdbook build

# Render the book at each save, and show it in a browser
serve:
    mdbook serve --open

# Bring the sandbox up
up *profile:
    cargo run --quiet --locked -- up "$@"

# Take the sandbox down; `just down --volumes` removes its data as well
down *flags:
    cargo run --quiet --locked -- down "$@"

# Style, types, lint and tests of the services, in containers
services:
    docker compose --file compose/checks.yaml --env-file compose/versions.env build

# Write Grafana's dashboards again from compose/dashboards
dashboards:
    docker compose --file compose/checks.yaml --env-file compose/versions.env run --rm --build --user "$(id -u):$(id -g)" dashboards-generator

# Build the images of the sandbox
images:
    docker compose --profile full build

# Remove what was compiled and rendered, and the results of the last test run
clean:
    cargo clean && rm -rf book .obsbook
