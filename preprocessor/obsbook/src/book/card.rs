//! A lab as the reader of the rendered book sees it: complete without scripts, and no line of it blank,
//! since a blank line would end the HTML block in Markdown.

use obsbook_lab::block::{Answer, Challenge, Condition, Edit, Kind, Lab, Probe, Reach};
use obsbook_lab::markup::{escape, highlighted};

use super::evidence;
use crate::fault::ByHand;
use crate::report::Evidence;

/// What a card says beside its lab.
pub(super) struct Beside<'a> {
    /// The block as it was written.
    pub(super) yaml: &'a str,
    /// Where a live server may be.
    pub(super) live: &'a str,
    /// What the lab's newest run has shown.
    pub(super) evidence: Option<&'a Evidence>,
    /// How its faults are made by hand.
    pub(super) by_hand: Vec<ByHand>,
}

/// Returns the card of `lab`.
pub(super) fn render(lab: &Lab, beside: &Beside<'_>) -> String {
    let mut card = Html::default();
    card.line(&format!(
        "<section class=\"lab\" id=\"lab-{id}\" aria-labelledby=\"lab-{id}-title\" data-lab=\"{id}\" data-kind=\"{}\" data-live=\"{}\">",
        lab.kind.word(),
        escape(beside.live),
        id = lab.id,
    ));
    card.line(&format!(
        "<h4 class=\"lab-title\" id=\"lab-{}-title\"><span class=\"lab-kind\">{}</span> {}</h4>",
        lab.id,
        kind(lab.kind),
        inline(&lab.title)
    ));
    let mut facts = vec![format!("profile <code>{}</code>", escape(&lab.profile))];
    if let Some(takes) = lab.takes {
        facts.push(format!("about {}", obsbook_lab::duration::words(takes)));
    }
    if !lab.disproves.is_empty() {
        let numbers: Vec<_> = lab.disproves.iter().map(u64::to_string).collect();
        facts.push(format!("disproves misconception {}", numbers.join(", ")));
    }
    card.line(&format!("<p class=\"lab-facts\">{}</p>", facts.join(" · ")));
    predict(&mut card, lab);
    card.line("<ol class=\"lab-steps\">");
    let mut numbered = lab
        .steady
        .iter()
        .chain(&lab.expect)
        .chain(&lab.after)
        .enumerate();
    let steady: Vec<_> = numbered.by_ref().take(lab.steady.len()).collect();
    let expect: Vec<_> = numbered.by_ref().take(lab.expect.len()).collect();
    let after: Vec<_> = numbered.collect();
    step(&mut card, "Steady", steady_words(lab), &steady);
    if let Some(challenge) = &lab.challenge {
        let words = "something is broken, unseen, and then";
        step(&mut card, "Symptom", words, &expect);
        task(
            &mut card,
            "Mend",
            "find out what it is, and make the steady state hold again",
        );
        questions(&mut card, challenge);
    } else if let Some(faults) = &lab.inject {
        if let Some(exercise) = &lab.exercise {
            task(&mut card, "Edit", &edit(&exercise.edit));
        }
        let faults: Vec<_> = faults
            .iter()
            .map(|fault| escape(&fault.to_string()))
            .collect();
        let words = match (faults.is_empty(), &lab.exercise) {
            (true, Some(_)) => None,
            (true, None) => Some("break nothing: this is the control".to_owned()),
            (false, _) => Some(faults.join(", then ")),
        };
        if let Some(words) = words {
            card.line(&format!(
                "<li class=\"lab-step lab-break\"><strong>Break</strong> — {words}{}</li>",
                by_hand(&beside.by_hand)
            ));
        }
        let (watched, expected): (Vec<_>, Vec<_>) = expect
            .into_iter()
            .partition(|(_, condition)| condition.always.is_some());
        step(
            &mut card,
            "Expect",
            if lab.exercise.is_some() {
                "false with the file as it is handed out, true with yours"
            } else {
                "false before the fault, true after it"
            },
            &expected,
        );
        step_if_any(&mut card, "Meanwhile", "true at every moment", &watched);
        step_if_any(&mut card, "Mend", "the fault is undone, and then", &after);
        card.line(
            "<li class=\"lab-step\"><strong>Recover</strong> — the steady state holds again</li>",
        );
    }
    if let Some(fault) = &lab.disproved_by {
        card.line(&format!(
            "<li class=\"lab-step\"><strong>It can fail</strong> — it does when you {}</li>",
            escape(&fault.to_string())
        ));
    }
    card.line("</ol>");
    let (what, command) = match lab.kind {
        Kind::Challenge => ("Begin", "challenge start"),
        Kind::Lab | Kind::Exercise => ("Check it", "check"),
    };
    card.line(&format!(
        "<p class=\"lab-run\">{what}: <code>obsbook {command} {}</code></p>",
        lab.id
    ));
    if let Some(evidence) = beside.evidence {
        evidence::render(&mut card, lab, evidence);
    }
    folded(&mut card, lab, beside.yaml);
    card.line("</section>");
    card.text
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Lab => "Lab",
        Kind::Exercise => "Exercise",
        Kind::Challenge => "Challenge",
    }
}

fn edit(edit: &Edit) -> String {
    let how = match edit.reach {
        Reach::Reload => "which reads it as its",
        Reach::Rebuild => "which is built with it as its",
    };
    format!(
        "<code>{}</code>, for {}, {how} <code>{}</code>",
        escape(&edit.file.display().to_string()),
        escape(&edit.service),
        escape(&edit.target)
    )
}

/// The commands that do the same, and those that take it back.
fn by_hand(commands: &[ByHand]) -> String {
    if commands.is_empty() {
        return String::new();
    }
    let inject = commands.iter().map(|by_hand| escape(&by_hand.inject));
    let undo = commands.iter().rev().map(|by_hand| escape(&by_hand.undo));
    let code = |lines: Vec<String>| {
        format!(
            "<pre><code class=\"language-sh\">{}</code></pre>",
            lines.join("\n")
        )
    };
    format!(
        "<details class=\"lab-by-hand\"><summary>By hand</summary>{}<p>and back:</p>{}</details>",
        code(inject.collect()),
        code(undo.collect())
    )
}

fn task(card: &mut Html, name: &str, words: &str) {
    card.line(&format!(
        "<li class=\"lab-step lab-task\"><strong>{name}</strong> — {words}</li>"
    ));
}

/// The questions without their answers.
fn questions(card: &mut Html, challenge: &Challenge) {
    if challenge.questions.is_empty() {
        return;
    }
    card.line("<li class=\"lab-step\"><strong>Answer</strong><ol class=\"lab-questions\">");
    for question in &challenge.questions {
        let choices = match &question.answer {
            Answer::Choice { choices, .. } => {
                let choices: Vec<_> = choices
                    .iter()
                    .map(|choice| format!("<li>{}</li>", inline(choice)))
                    .collect();
                format!("<ol type=\"a\">{}</ol>", choices.join(""))
            }
            _ => String::new(),
        };
        card.line(&format!("<li>{}{choices}</li>", inline(&question.ask)));
    }
    card.line("</ol></li>");
}

fn steady_words(lab: &Lab) -> &'static str {
    match (lab.steady.is_empty(), lab.inject.is_some()) {
        (true, _) => "every container is healthy",
        (false, true) => "holds before anything is broken",
        (false, false) => "holds in the running stack",
    }
}

fn predict(card: &mut Html, lab: &Lab) {
    let Some(predict) = &lab.predict else { return };
    let choices: Vec<_> = predict
        .choices
        .iter()
        .map(|choice| format!("<li>{}</li>", inline(choice)))
        .collect();
    card.line(&format!(
        "<div class=\"lab-predict\"><p><strong>Predict first.</strong> {}</p>",
        inline(&predict.question)
    ));
    card.line(&format!("<ol type=\"A\">{}</ol></div>", choices.join("")));
}

/// Conditions, each with its place among all of the lab.
type Numbered<'a> = [(usize, &'a Condition)];

fn step_if_any(card: &mut Html, name: &str, words: &str, conditions: &Numbered<'_>) {
    if !conditions.is_empty() {
        step(card, name, words, conditions);
    }
}

fn step(card: &mut Html, name: &str, words: &str, conditions: &Numbered<'_>) {
    card.line(&format!(
        "<li class=\"lab-step\"><strong>{name}</strong> — {words}"
    ));
    if !conditions.is_empty() {
        card.line("<ul class=\"lab-conditions\">");
        for (index, condition) in conditions {
            let words = sentence(condition);
            card.line(&format!("<li data-condition=\"{index}\">{words}</li>"));
        }
        card.line("</ul>");
    }
    card.line("</li>");
}

/// What is asked, as markup: with its parts told apart where it is a query.
fn query(condition: &Condition) -> String {
    let subject = condition.subject();
    match condition.probe {
        Probe::Promql { .. } | Probe::Logql { .. } => highlighted(&subject),
        _ => escape(&subject),
    }
}

fn sentence(condition: &Condition) -> String {
    let language = condition.probe.word();
    let time = match &condition.always {
        Some(always) => format!(
            "watched for {} at least",
            obsbook_lab::duration::words(always.at_least)
        ),
        None => format!("within {}", obsbook_lab::duration::words(condition.within)),
    };
    format!(
        "<code class=\"lab-query nohighlight\" data-language=\"{language}\">{}</code> <span class=\"lab-bound\">{}<code>{}</code></span> <span class=\"lab-within\">{time}</span>",
        query(condition),
        // On a line of its own a colon would stand alone.
        if condition.verb() == " is" { "is " } else { "" },
        escape(&condition.bound()),
    )
}

fn folded(card: &mut Html, lab: &Lab, yaml: &str) {
    if !lab.hints.is_empty() {
        card.line("<details class=\"lab-hints\"><summary>Hints</summary><ol>");
        for hint in &lab.hints {
            card.line(&format!("<li>{}</li>", inline(hint)));
        }
        card.line("</ol></details>");
    }
    if let Some(question) = &lab.after_pass {
        card.line(&format!(
            "<details class=\"lab-after\"><summary>After it passes</summary><p>{}</p></details>",
            inline(question)
        ));
    }
    // The block of a task names what solves it.
    if lab.kind != Kind::Lab {
        return;
    }
    // A blank line in the block would end the HTML block; a zero-width reference keeps the line.
    let source = escape(yaml.trim_end())
        .replace("\n\n", "\n&#8203;\n")
        .replace("\n\n", "\n&#8203;\n");
    card.line("<details class=\"lab-source\"><summary>The block that runs</summary>");
    card.line(&format!(
        "<pre><code class=\"language-yaml\">{source}</code></pre>"
    ));
    card.line("</details>");
}

/// HTML that grows by lines.
#[derive(Default)]
pub(super) struct Html {
    text: String,
}

impl Html {
    /// Adds a line, or several without a blank one.
    pub(super) fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }
}

/// Escaped text in which backticks still mark code.
fn inline(text: &str) -> String {
    let parts: Vec<_> = text.split('`').map(escape).collect();
    // An odd number of backticks leaves one that marks nothing.
    if parts.len() % 2 == 0 {
        return escape(text);
    }
    let mark = |(index, part): (usize, String)| {
        if index % 2 == 1 {
            format!("<code>{part}</code>")
        } else {
            part
        }
    };
    parts
        .into_iter()
        .enumerate()
        .map(mark)
        .collect::<String>()
        .replace('\n', " ")
}
