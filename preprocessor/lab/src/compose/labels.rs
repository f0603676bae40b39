//! The labels by which a service says what it is.

/// Label with the container port that an address without a port means.
pub const PORT_LABEL: &str = "dev.obsbook.port";
/// Label with the container port of a service's fault API.
pub const FAULT_PORT_LABEL: &str = "dev.obsbook.faults.port";
/// Label with the path, inside the container, of the fault API's token.
pub const FAULT_TOKEN_LABEL: &str = "dev.obsbook.faults.token";
/// Label naming the kind of data source that a service is.
pub const SOURCE_LABEL: &str = "dev.obsbook.source";
/// Label naming the signal that a service only carries, or holds: `metrics`, `logs`, `traces`, `alerts`.
pub const SIGNAL_LABEL: &str = "dev.obsbook.signal";
/// Label on the toxiproxy that stands between services.
pub const NETWORK_LABEL: &str = "dev.obsbook.network";
/// Label on the Locust that makes the traffic.
pub const LOAD_LABEL: &str = "dev.obsbook.load";
/// Label with the number of users that the traffic has when nothing is broken.
pub const LOAD_USERS_LABEL: &str = "dev.obsbook.load.users";
/// Label saying how a service reads its files again: a signal such as `SIGHUP`, or a path to POST to, such as `/-/reload`.
pub const RELOAD_LABEL: &str = "dev.obsbook.reload";
/// The label of the service in whose container the probe `run` runs its commands unless a block says otherwise.
pub const TOOLBOX_LABEL: &str = "dev.obsbook.toolbox";

#[cfg(test)]
mod tests {
    #[test]
    fn the_book_names_every_label() {
        let page = include_str!("../../../../src/reference/own-book.md");
        // The constants of this very file.
        let labels = include_str!("labels.rs").lines().filter_map(|line| {
            let value = line.strip_prefix("pub const ")?.split('"').nth(1)?;
            value.starts_with("dev.obsbook.").then_some(value)
        });
        let missing: Vec<_> = labels
            .filter(|label| !page.contains(&format!("| `{label}` |")))
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
