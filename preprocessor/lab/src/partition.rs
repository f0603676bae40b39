//! A share of the labs, for one machine of several: `2/5`.

use std::fmt;
use std::str::FromStr;

/// One of several shares that together are everything, and share nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    number: usize,
    of: usize,
}

impl Partition {
    /// Returns this share of `all`: every n-th, so that the long chapters are spread over all shares.
    pub fn pick<T: Copy>(self, all: &[T]) -> Vec<T> {
        let share = all.iter().skip(self.number - 1).step_by(self.of);
        share.copied().collect()
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl FromStr for Partition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/');
        let numbers = parts.and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
        match numbers {
            Some((number, of)) if (1..=of).contains(&number) => Ok(Self { number, of }),
            _ => Err("write 2/5 for the second of five shares".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_everything_together_and_nothing_twice() {
        let all: Vec<usize> = (0..43).collect();
        for of in 1..50 {
            let mut together: Vec<usize> = (1..=of)
                .flat_map(|number| Partition { number, of }.pick(&all))
                .collect();
            together.sort_unstable();
            assert_eq!(together, all, "of {of}");
        }
    }

    #[test]
    fn what_is_no_share_is_refused() {
        for text in ["0/5", "6/5", "2", "2/", "/5", "-1/5", "a/b", "1/0"] {
            assert!(text.parse::<Partition>().is_err(), "{text}");
        }
        assert_eq!(
            "2/5".parse::<Partition>().expect("a share").to_string(),
            "2/5"
        );
    }
}
