//! How many stacks a machine can run side by side.

use obsbook_lab::block::Lab;

use crate::book::LoadedBook;

/// Processors that a stack keeps busy while a lab runs on it.
const PROCESSORS: usize = 2;
/// Labs for which another stack is worth its boot.
const LABS: usize = 8;
/// The share of the memory that is free now which stacks may take, by their limits: a half.
const FREE: u64 = 2;

/// Returns how many stacks run `labs` at the same time unless somebody says otherwise: from the processors of this
/// machine, its free memory and the limits of the labs' services. 1 where that cannot be known.
pub fn jobs(book: &LoadedBook, labs: &[&Lab]) -> usize {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let free = std::fs::read_to_string("/proc/meminfo").ok();
    let free = free.and_then(|text| available(&text)).unwrap_or_default();
    choose(processors, free, largest(book, labs), labs.len())
}

fn choose(processors: usize, free: u64, stack: u64, labs: usize) -> usize {
    let by_memory = free / FREE / stack.max(1);
    let by_memory = usize::try_from(by_memory).unwrap_or(usize::MAX);
    (processors / PROCESSORS)
        .min(by_memory)
        .min(labs / LABS)
        .max(1)
}

/// Bytes of the largest profile's limits.
fn largest(book: &LoadedBook, labs: &[&Lab]) -> u64 {
    let Some(model) = &book.around.model else {
        return u64::MAX;
    };
    let profiles = labs.iter().map(|lab| {
        let services = model.in_profile(&lab.profile);
        services
            .filter_map(|(_, service)| service.memory_limit)
            .sum()
    });
    profiles.max().unwrap_or(u64::MAX)
}

/// Bytes that new processes can have without swapping. Format: proc(5), `MemAvailable`.
fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    #[test]
    fn memory_processors_and_work_bound_the_stacks() {
        let check = |processors, free, labs, expected| {
            assert_eq!(choose(processors, free * GIB, 3 * GIB, labs), expected);
        };
        check(2, 20, 43, 1);
        check(8, 64, 43, 4);
        check(8, 12, 43, 2);
        check(8, 1, 43, 1);
        check(64, 512, 10, 1);
        check(64, 512, 0, 1);
    }

    #[test]
    fn free_memory_is_read_as_the_kernel_writes_it() {
        let text = "MemTotal:       24579732 kB\nMemFree:  1 kB\nMemAvailable:   2048 kB\n";
        assert_eq!(available(text), Some(2 << 20));
        assert_eq!(available("nothing"), None);
    }
}
