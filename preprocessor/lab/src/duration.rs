//! Durations as people write them.

use std::time::Duration;

/// Returns `duration` in the unit that its author would choose: `800ms`, `1.2s`, `60s`.
pub fn words(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        return format!("{}ms", duration.as_millis());
    }
    let seconds = format!("{:.3}", duration.as_secs_f64());
    format!("{}s", seconds.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_they_were_written() {
        for (milliseconds, expected) in [
            (800, "800ms"),
            (1200, "1.2s"),
            (60_000, "60s"),
            (1050, "1.05s"),
            (120_000, "120s"),
        ] {
            assert_eq!(words(Duration::from_millis(milliseconds)), expected);
        }
    }
}
