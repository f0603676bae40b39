//! What authors see when a quiz is wrong: one table of quizzes, one snapshot.

use obsbook_lab::book::{Book, Document, Role};
use obsbook_lab::span::SourceFile;
use obsbook_lab::surroundings::Surroundings;

const LAB: &str = "```lab\nid: a-lab\ntitle: t\ndisproves: [1]\ninject:\n  - kill: api\nexpect:\n  - container: api\n    is: exited\n```\n\n";

fn read(quiz: &str) -> Book {
    let text = format!("{LAB}```quiz\n{quiz}```\n");
    let document = Document {
        source: SourceFile::new("src/a.md", text),
        role: Role::Chapter {
            name: "A".to_owned(),
            number: vec![1],
        },
    };
    Book::read(&[document], &Surroundings::default())
}

/// A quiz of one question with these answers.
fn of_answers(answers: &str) -> String {
    let indented: String = answers
        .lines()
        .map(|line| format!("      {line}\n"))
        .collect();
    format!("id: q\nquestions:\n  - ask: Why?\n    answers:\n{indented}")
}

const RIGHT: &str = "- right: So\n  why: Since it is.\n";

#[test]
fn a_quiz_has_a_lab_for_each_wrong_answer() {
    let check = |wrong: &str| {
        let book = read(&of_answers(&format!(
            "{RIGHT}- wrong: Not so\n  why: No.\n{wrong}"
        )));
        assert!(book.diagnostics.is_empty(), "{:?}", book.diagnostics);
        assert_eq!(book.quizzes.len(), 1);
    };
    check("  belief: 1\n");
    check("  belief: 7\n  lab: a-lab\n");
    check("  belief: Something else\n  lab: a-lab\n");
}

#[test]
fn every_part_of_a_quiz_can_be_mistaken() {
    let wrong = |more: &str| of_answers(&format!("{RIGHT}- wrong: Not so\n  why: No.\n{more}"));
    let mistakes = [
        String::new(),
        "id: q\n".to_owned(),
        "questions: []\n".to_owned(),
        "id: Q u\nquestions: 7\n".to_owned(),
        "id: a-lab\nquestions:\n  - ask: Why?\n    answers:\n      - right: A\n        why: B.\n      - wrong: C\n        why: D.\n        belief: 1\n".to_owned(),
        "id: q\nquestions:\n  - answers: []\n".to_owned(),
        "id: q\nquestions: [{ask: Why?}]\n".to_owned(),
        of_answers(RIGHT),
        of_answers(&RIGHT.repeat(2)),
        of_answers("- right: A\n  wrong: B\n  why: C.\n- maybe: A\n"),
        of_answers("- right: A\n- right: A\n  why: B.\n  lab: a-lab\n  belief: 1\n"),
        wrong(""),
        wrong("  belief: 2\n"),
        wrong("  belief: In words\n"),
        wrong("  belief: 1\n  lab: a-lba\n"),
    ];
    let told = mistakes.map(|quiz| {
        let book = read(&quiz);
        let problems: Vec<_> = book.diagnostics.iter().map(|d| d.render(false)).collect();
        assert!(!problems.is_empty(), "{quiz}");
        problems.join("\n")
    });
    insta::assert_snapshot!(told.join("\n\n"));
}
