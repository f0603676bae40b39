//! What numbers are of, and how one is written.

/// What the numbers of a drawing are of. Names end in their unit: <https://prometheus.io/docs/practices/naming/>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Nothing that a name or a query tells.
    None,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
    /// Parts of one.
    Ratio,
    /// Something for each second.
    PerSecond,
}

/// Functions that make a rate of a counter.
const RATES: [&str; 2] = ["rate(", "irate("];

impl Unit {
    /// Returns the unit that a query's own words tell.
    pub fn of_query(query: &str) -> Self {
        let has = |words: &[&str]| words.iter().any(|word| query.contains(word));
        let quantile = has(&[
            "histogram_quantile(",
            "request_latency_seconds",
            ":p95",
            ":p99",
            ":p50",
        ]);
        if quantile {
            return Self::Seconds;
        }
        // A quotient of two rates is what one of them has for each of the other.
        let quotient = query.contains('/');
        if has(&["ratio", "availability"]) {
            Self::Ratio
        } else if quotient && has(&["_seconds_sum"]) {
            Self::Seconds
        } else if quotient {
            Self::None
        } else if has(&RATES) || has(&[":rate", "_per_second"]) {
            Self::PerSecond
        } else if has(&["_bytes"]) {
            Self::Bytes
        } else if has(&["_seconds"]) && !has(&["_seconds_count", "_time_seconds"]) {
            Self::Seconds
        } else {
            Self::None
        }
    }

    /// Returns the unit that a Grafana panel names: <https://grafana.com/docs/grafana/latest/panels-visualizations/configure-standard-options/#unit>.
    pub fn of_grafana(name: &str) -> Self {
        match name {
            "s" => Self::Seconds,
            "bytes" | "decbytes" => Self::Bytes,
            "percentunit" => Self::Ratio,
            "reqps" | "ops" | "cps" | "rps" | "wps" | "eps" | "mps" => Self::PerSecond,
            _ => Self::None,
        }
    }

    /// Returns the unit that a panel block names so.
    pub fn of_word(word: &str) -> Option<Self> {
        Some(match word {
            "none" => Self::None,
            "seconds" => Self::Seconds,
            "bytes" => Self::Bytes,
            "ratio" => Self::Ratio,
            "per-second" => Self::PerSecond,
            _ => return None,
        })
    }

    /// Returns what the value axis is called.
    pub fn axis(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Seconds => "seconds",
            Self::Bytes => "bytes",
            Self::Ratio => "percent",
            Self::PerSecond => "per second",
        }
    }

    /// Returns a value with as many digits as a reader needs, and its unit.
    pub fn words(self, value: f64) -> String {
        match self {
            Self::None => digits(value),
            Self::PerSecond => format!("{}/s", digits(value)),
            Self::Ratio => format!("{} %", digits(value * 100.0)),
            Self::Seconds if value.abs() < 1.0 && value != 0.0 => {
                format!("{} ms", digits(value * 1000.0))
            }
            Self::Seconds => format!("{} s", digits(value)),
            Self::Bytes => bytes(value),
        }
    }
}

fn bytes(value: f64) -> String {
    const STEPS: [(f64, &str); 3] = [
        (1_073_741_824.0, "GiB"),
        (1_048_576.0, "MiB"),
        (1024.0, "KiB"),
    ];
    let step = STEPS.iter().find(|(size, _)| value.abs() >= *size);
    match step {
        Some((size, name)) => format!("{} {name}", digits(value / size)),
        None => format!("{} B", digits(value)),
    }
}

/// Three digits that say something, and no zeros behind them.
fn digits(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let size = value.abs();
    if size >= 1e6 {
        return format!("{} M", digits(value / 1e6));
    }
    let decimals = if size >= 100.0 {
        0
    } else if size >= 10.0 {
        1
    } else if size >= 1.0 {
        2
    } else if size >= 0.001 {
        4
    } else {
        return format!("{value:.1e}");
    };
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_tells_its_unit() {
        let check =
            |query: &str, expected: Unit| assert_eq!(Unit::of_query(query), expected, "{query}");
        check("up{job=\"page\"}", Unit::None);
        check("rate(orders_created_total[15s])", Unit::PerSecond);
        check(
            "histogram_quantile(0.95, sum by (le) (rate(x_seconds_bucket[15s])))",
            Unit::Seconds,
        );
        check(
            "job:request_latency_seconds:p95{service=\"order-api\"}",
            Unit::Seconds,
        );
        check(
            "sum(rate(x_seconds_sum[15s])) / sum(rate(x_seconds_count[15s]))",
            Unit::Seconds,
        );
        check("job:request_errors:ratio_rate15s", Unit::Ratio);
        check("process_resident_memory_bytes", Unit::Bytes);
        check("changes(process_start_time_seconds[1m])", Unit::None);
    }

    #[test]
    fn a_value_has_the_digits_that_say_something() {
        let check =
            |unit: Unit, value: f64, expected: &str| assert_eq!(unit.words(value), expected);
        check(Unit::None, 0.0, "0");
        check(Unit::None, 1234.56, "1235");
        check(Unit::None, 12.0, "12");
        check(Unit::None, 0.12345, "0.1235");
        check(Unit::None, 0.000_012, "1.2e-5");
        check(Unit::None, 2_500_000.0, "2.5 M");
        check(Unit::Seconds, 0.7, "700 ms");
        check(Unit::Seconds, 2.5, "2.5 s");
        check(Unit::Bytes, 67_108_864.0, "64 MiB");
        check(Unit::Ratio, 0.999, "99.9 %");
        check(Unit::PerSecond, -3.0, "-3/s");
    }
}
