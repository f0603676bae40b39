//! The mistakes of a lab as a whole: its faults, its deadlines, and each of its conditions.

use std::time::Duration;

use super::probe;
use crate::block::{Condition, Fault, FaultKind, Lab, Probe};
use crate::compose::ComposeModel;

/// A lab with one mistake.
#[derive(Debug, Clone, PartialEq)]
pub struct Mutant {
    /// The mistake, in words that stay the same while the lab does.
    pub change: String,
    /// The lab as it is run.
    pub lab: Lab,
    /// A fault that is in place before the lab begins: the proof of an observation, which must notice the mistake.
    pub broken_before: Option<Fault>,
    /// What notices it.
    pub caught: Caught,
    /// Of a mistake in an expectation: this alone, with nothing broken. What a run cannot tell from what the lab claims, because
    /// ordinary traffic brings it as well, comes true here.
    pub unbroken: Option<Lab>,
    /// Whether it asks for what nobody has, so that nothing makes it come true.
    pub is_hopeless: bool,
}

/// What notices a mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caught {
    /// A run that does not pass.
    ByAnyOtherVerdict,
    /// A proof that passes where it must fail.
    ByPassing,
}

/// Returns every mutant of a lab.
pub fn mutants(lab: &Lab, model: Option<&ComposeModel>) -> Vec<Mutant> {
    let mut all = Vec::new();
    if let Some(faults) = &lab.inject {
        all.extend(faults_of(lab, faults, model));
    }
    let sections: [(&str, Section); 3] = [
        ("expect", |lab| &mut lab.expect),
        ("after", |lab| &mut lab.after),
        ("steady", |lab| &mut lab.steady),
    ];
    for (name, section) in sections {
        let conditions = section(&mut lab.clone()).clone();
        for (index, condition) in conditions.iter().enumerate() {
            all.extend(condition_of(lab, section, name, index, condition));
        }
    }
    all
}

type Section = fn(&mut Lab) -> &mut Vec<Condition>;

fn faults_of(lab: &Lab, faults: &[Fault], model: Option<&ComposeModel>) -> Vec<Mutant> {
    let with = |change: String, faults: Vec<Fault>| {
        let mut lab = lab.clone();
        lab.inject = Some(faults);
        Mutant {
            change,
            lab,
            broken_before: None,
            caught: Caught::ByAnyOtherVerdict,
            unbroken: None,
            is_hopeless: false,
        }
    };
    let mut all = Vec::new();
    for (index, fault) in faults.iter().enumerate() {
        let mut without = faults.to_vec();
        without.remove(index);
        all.push(with(
            format!("fault {} dropped: {fault}", index + 1),
            without,
        ));
        if let Some(other) = elsewhere(fault, model, &lab.profile) {
            let mut aimed = faults.to_vec();
            aimed[index] = other.clone();
            all.push(with(
                format!("fault {} aimed wrong: {other}", index + 1),
                aimed,
            ));
        }
    }
    all
}

/// The same fault on the next service of the profile that can have it; the one after the last is the first.
fn elsewhere(fault: &Fault, model: Option<&ComposeModel>, profile: &str) -> Option<Fault> {
    let model = model?;
    let is_network = matches!(
        fault.kind,
        FaultKind::Network { .. } | FaultKind::Load { .. }
    );
    if is_network {
        return None;
    }
    let able: Vec<&str> = model
        .in_profile(profile)
        .filter(|(_, service)| !fault.kind.needs_fault_api() || service.fault_port().is_some())
        // What only carries or holds a signal would make the lab unsteady instead of wrong.
        .filter(|(_, service)| service.signal().is_none())
        .map(|(name, _)| name)
        .collect();
    let place = able.iter().position(|name| *name == fault.service);
    let next = place.map_or(0, |place| (place + 1) % able.len());
    let service = able.get(next).filter(|name| **name != fault.service)?;
    Some(Fault {
        service: (*service).to_owned(),
        kind: fault.kind.clone(),
    })
}

fn condition_of(
    lab: &Lab,
    section: Section,
    name: &str,
    index: usize,
    condition: &Condition,
) -> Vec<Mutant> {
    let is_observation = lab.inject.is_none();
    // A steady condition of a lab that injects is the environment's, and its proof is that of the fault's recovery.
    if name == "steady" && !is_observation {
        return Vec::new();
    }
    let place = format!("{name} {}", index + 1);
    let is_expectation = name == "expect" && condition.always.is_none();
    let with = |what: String, changed: Condition| {
        let unbroken = is_expectation.then(|| unbroken(lab, &changed));
        let is_hopeless = probe::asks_for_nobody(&changed.probe);
        let mut lab = lab.clone();
        section(&mut lab)[index] = changed;
        Mutant {
            change: format!("{place} {what}"),
            lab,
            broken_before: None,
            caught: Caught::ByAnyOtherVerdict,
            unbroken,
            is_hopeless,
        }
    };
    // What the decoder refuses nobody can write by mistake.
    let is_refused = |probe: &Probe| !is_observation && probe::is_true_of_nothing(probe);
    let mut all: Vec<Mutant> = Vec::new();
    for (what, mutated) in probe::mistakes(&condition.probe) {
        if is_refused(&mutated) {
            continue;
        }
        let mut changed = condition.clone();
        changed.probe = mutated;
        all.push(with(what, changed));
    }
    if let Some(always_true) = probe::always_true(&condition.probe)
        && !is_refused(&always_true)
    {
        let mut changed = condition.clone();
        changed.probe = always_true;
        let mutant = with("always true".to_owned(), changed.clone());
        match (&condition.always, &lab.disproved_by) {
            // These have no negative control: their proof must notice.
            (Some(always), _) => all.push(proof(mutant, changed, always.disproved_by.clone())),
            (None, Some(fault)) if is_observation && lab.steady.len() == 1 => {
                all.push(proof(mutant, changed, fault.clone()));
            }
            // Beside another condition that the fault breaks, it need not be noticed.
            (None, Some(_)) if is_observation => {}
            _ => all.push(mutant),
        }
    }
    if condition.always.is_none() && !is_observation {
        let mut changed = condition.clone();
        changed.within = Duration::ZERO;
        all.push(with("without time".to_owned(), changed));
    }
    all
}

/// An expectation alone, with nothing broken.
fn unbroken(lab: &Lab, condition: &Condition) -> Lab {
    Lab {
        inject: Some(Vec::new()),
        expect: vec![condition.clone()],
        after: Vec::new(),
        ..lab.clone()
    }
}

/// The mutant's condition alone, as an observation under the fault that disproves it.
fn proof(mutant: Mutant, condition: Condition, fault: Fault) -> Mutant {
    let mut lab = mutant.lab;
    lab.inject = None;
    lab.expect.clear();
    lab.after.clear();
    lab.steady = vec![Condition {
        always: None,
        ..condition
    }];
    Mutant {
        lab,
        broken_before: Some(fault),
        caught: Caught::ByPassing,
        unbroken: None,
        ..mutant
    }
}
