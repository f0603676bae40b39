//! A lab as the reader of the rendered book sees it: complete without scripts, and no line of it blank,
//! since a blank line would end the HTML block in Markdown.

use obsbook_lab::block::{Answer, Challenge, Condition, Edit, Kind, Lab, Reach};
use obsbook_lab::event::Phase;
use obsbook_lab::markup::{escape, escape_text};

use super::evidence::Shown;
use crate::fault::ByHand;

/// What a card says beside its lab.
pub(super) struct Beside<'a> {
    /// The block as it was written.
    pub(super) yaml: &'a str,
    /// What the lab's newest run has shown.
    pub(super) shown: Option<Shown<'a>>,
    /// How its faults are made by hand.
    pub(super) by_hand: Vec<ByHand>,
}

/// Returns the card of `lab`.
pub(super) fn render(lab: &Lab, beside: &Beside<'_>) -> String {
    let mut card = Html::default();
    card.line(&format!(
        "<section class=\"lab\" id=\"lab-{id}\" aria-labelledby=\"lab-{id}-title\" data-lab=\"{id}\" data-kind=\"{}\">",
        lab.kind.word(),
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
    let items = |phase: Phase, before: usize, conditions: &[Condition]| {
        let shown = beside.shown.as_ref();
        let item = |(place, condition)| item(phase, before + place, condition, shown);
        conditions.iter().enumerate().map(item).collect::<Vec<_>>()
    };
    let steady = items(Phase::Steady, 0, &lab.steady);
    let expect = items(Phase::Expect, steady.len(), &lab.expect);
    let after = items(Phase::After, steady.len() + expect.len(), &lab.after);
    step(&mut card, &STEADY, steady_words(lab), &steady);
    if let Some(challenge) = &lab.challenge {
        let words = "something is broken, unseen, and then";
        step(&mut card, &SYMPTOM, words, &expect);
        let words = "find out what it is, and make the steady state hold again";
        step(&mut card, &TASK, words, &[]);
        questions(&mut card, challenge);
    } else if let Some(faults) = &lab.inject {
        if let Some(exercise) = &lab.exercise {
            step(&mut card, &EDIT, &edit(&exercise.edit), &[]);
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
            let words = format!("{words}{}", by_hand(&beside.by_hand));
            step(&mut card, &BREAK, &words, &[]);
        }
        let of = |always: bool| {
            let all = expect.iter().zip(&lab.expect);
            let of_kind = all.filter(|(_, condition)| condition.always.is_some() == always);
            of_kind.map(|(item, _)| item.clone()).collect::<Vec<_>>()
        };
        let (expected, watched) = (of(false), of(true));
        let words = if lab.exercise.is_some() {
            "false with the file as it is handed out, true with yours"
        } else {
            "false before the fault, true after it"
        };
        step(&mut card, &EXPECT, words, &expected);
        if !watched.is_empty() {
            step(&mut card, &MEANWHILE, "true at every moment", &watched);
        }
        if !after.is_empty() {
            step(&mut card, &MEND, "the fault is undone, and then", &after);
        }
        step(&mut card, &RECOVER, "the steady state holds again", &[]);
    }
    if let Some(fault) = &lab.disproved_by {
        let words = format!("it does when you {}", escape(&fault.to_string()));
        step(&mut card, &CAN_FAIL, &words, &[]);
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
    if let Some(shown) = &beside.shown {
        shown.render(&mut card, lab);
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
    let inject = commands.iter().map(|by_hand| escape_text(&by_hand.inject));
    let undo = commands
        .iter()
        .rev()
        .map(|by_hand| escape_text(&by_hand.undo));
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

/// The questions without their answers.
fn questions(card: &mut Html, challenge: &Challenge) {
    if challenge.questions.is_empty() {
        return;
    }
    card.line("<li><strong>Answer</strong><ol class=\"lab-questions\">");
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

/// A part of the card: its name, and the part of a run that lights it up, as the live server calls that.
struct Part(&'static str, Option<&'static str>);

const STEADY: Part = Part("Steady", Some("steady"));
const EDIT: Part = Part("Edit", None);
const BREAK: Part = Part("Break", Some("break"));
const EXPECT: Part = Part("Expect", Some("expect"));
const MEANWHILE: Part = Part("Meanwhile", Some("expect"));
const MEND: Part = Part("Mend", Some("recover"));
const RECOVER: Part = Part("Recover", Some("recover"));
const CAN_FAIL: Part = Part("It can fail", None);
/// Of a challenge nobody is told when it is broken.
const SYMPTOM: Part = Part("Symptom", None);
const TASK: Part = Part("Mend", None);

fn step(card: &mut Html, Part(name, of_run): &Part, words: &str, items: &[String]) {
    let of_run = of_run.map_or(String::new(), |step| format!(" data-step=\"{step}\""));
    let head = format!("<li{of_run}><strong>{name}</strong> — {words}");
    if items.is_empty() {
        return card.line(&format!("{head}</li>"));
    }
    card.line(&head);
    card.line("<ul class=\"lab-conditions\">");
    for item in items {
        card.line(item);
    }
    card.line("</ul></li>");
}

/// A condition, with its place among all of the lab.
fn item(phase: Phase, place: usize, condition: &Condition, shown: Option<&Shown<'_>>) -> String {
    let recorded = shown.map_or(String::new(), |shown| shown.beside(phase, condition));
    let sentence = sentence(condition);
    format!("<li data-condition=\"{place}\">{sentence}{recorded}</li>")
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
        "<code class=\"lab-query nohighlight\" data-language=\"{language}\">{}</code> {}<code>{}</code> <span class=\"lab-within\">{time}</span>",
        escape_text(&condition.subject()),
        // On a line of its own a colon would stand alone.
        if condition.verb() == " is" { "is " } else { "" },
        escape_text(&condition.bound()),
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
    let source = escape_text(yaml.trim_end())
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
pub(super) fn inline(text: &str) -> String {
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
