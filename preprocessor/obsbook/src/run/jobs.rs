//! How many stacks an engine can run side by side.

use obsbook_lab::block::Lab;
use obsbook_lab::compose::ComposeModel;

use super::interrupt::Interrupt;
use crate::book::LoadedBook;
use crate::engine::{Engine, EngineInfo};

/// Processors that a stack keeps busy while a lab runs on it.
const PROCESSORS: usize = 2;
/// Labs for which another stack is worth its boot.
const LABS: usize = 8;
/// The share of the memory there is which stacks may take, by their limits: a half.
const SHARE: u64 = 2;

/// Returns how many stacks run `labs` at the same time unless somebody says otherwise: from the processors and the memory of
/// the engine's machine and the limits of the labs' services. 1 where that cannot be known, or is not to be waited for.
pub async fn jobs(book: &LoadedBook, labs: &[&Lab], interrupt: &Interrupt) -> usize {
    if labs.len() / LABS < 2 {
        return 1;
    }
    let model = book.around.model.as_ref();
    let Some(stack) = model.and_then(|model| largest(model, labs)) else {
        return 1;
    };
    // Why there is no engine is told by who needs it.
    let Some(Ok(engine)) = interrupt.unless(Engine::connect()).await else {
        return 1;
    };
    let free = std::fs::read_to_string("/proc/meminfo").ok();
    let free = free.and_then(|text| available(&text));
    let machine = Machine::of(engine.info(), engine.is_elsewhere(), free);
    choose(&machine, stack, labs.len())
}

/// What there is for stacks.
struct Machine {
    processors: usize,
    memory: u64,
}

impl Machine {
    /// Returns the machine of an engine; `free` is the memory that is free on ours.
    fn of(engine: &EngineInfo, is_elsewhere: bool, free: Option<u64>) -> Self {
        let memory = if is_elsewhere {
            // How much of it is free is not told.
            engine.memory
        } else {
            // An engine here may be in a virtual machine that has less.
            free.unwrap_or_default().min(engine.memory)
        };
        Self {
            processors: usize::try_from(engine.cpus).unwrap_or(usize::MAX),
            memory,
        }
    }
}

fn choose(machine: &Machine, stack: u64, labs: usize) -> usize {
    let by_memory = (machine.memory / SHARE).checked_div(stack).unwrap_or(1);
    let by_memory = usize::try_from(by_memory).unwrap_or(usize::MAX);
    (machine.processors / PROCESSORS)
        .min(by_memory)
        .min(labs / LABS)
        .max(1)
}

/// Bytes of the largest profile's limits; `None` where a service has none, and so may take any number.
fn largest(model: &ComposeModel, labs: &[&Lab]) -> Option<u64> {
    let limits = labs.iter().map(|lab| {
        let services = model.in_profile(&lab.profile);
        // Docker's word for no limit is 0.
        let limits = services.map(|(_, service)| service.memory_limit.filter(|limit| *limit > 0));
        limits.sum::<Option<u64>>()
    });
    limits.collect::<Option<Vec<_>>>()?.into_iter().max()
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
    use std::path::Path;

    use super::*;
    use crate::run::fakes::lab_in;

    const GIB: u64 = 1 << 30;

    #[test]
    fn memory_processors_and_work_bound_the_stacks() {
        let check = |processors, memory, labs, expected| {
            let memory = memory * GIB;
            let machine = Machine { processors, memory };
            assert_eq!(choose(&machine, 3 * GIB, labs), expected);
        };
        check(2, 20, 43, 1);
        check(8, 64, 43, 4);
        check(8, 12, 43, 2);
        check(8, 1, 43, 1);
        check(64, 512, 10, 1);
        check(64, 512, 0, 1);
    }

    #[test]
    fn the_machine_is_that_of_the_engine() {
        let engine = EngineInfo {
            id: String::new(),
            version: String::new(),
            root: String::new(),
            architecture: String::new(),
            system: String::new(),
            cpus: 16,
            memory: 32 * GIB,
        };
        let check = |is_elsewhere, free: Option<u64>, expected| {
            let free = free.map(|free| free * GIB);
            let machine = Machine::of(&engine, is_elsewhere, free);
            let found = (machine.processors, machine.memory / GIB);
            assert_eq!(found, (16, expected), "{is_elsewhere}, {free:?}");
        };
        check(true, Some(4), 32);
        check(true, None, 32);
        check(false, Some(4), 4);
        check(false, Some(64), 32);
        check(false, None, 0);
    }

    #[test]
    fn a_service_without_a_limit_leaves_the_memory_unknown() {
        let check = |services: &str, expected: Option<u64>| {
            let load = |_: &Path| Ok(format!("services:\n  a: {{mem_limit: 1m}}\n  {services}\n"));
            let model = ComposeModel::read(Path::new("compose.yaml"), &load, &|_| None);
            let labs = [lab_in("core"), lab_in("full")];
            let found = largest(&model.expect(services), &labs.each_ref());
            assert_eq!(found.map(|bytes| bytes >> 20), expected, "{services}");
        };
        check("b: {profiles: [full], mem_limit: 2m}", Some(3));
        check("b: {profiles: [other]}", Some(1));
        check("b: {profiles: [full]}", None);
        check("b: {mem_limit: 0}", None);
        check("b: {}", None);
    }

    #[test]
    fn free_memory_is_read_as_the_kernel_writes_it() {
        let text = "MemTotal:       24579732 kB\nMemFree:  1 kB\nMemAvailable:   2048 kB\n";
        assert_eq!(available(text), Some(2 << 20));
        assert_eq!(available("nothing"), None);
    }
}
