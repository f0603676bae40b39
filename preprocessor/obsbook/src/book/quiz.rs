//! A quiz as the reader of the rendered book sees it. Choosing an answer shows why it is right or wrong, without scripts
//! and without a server.

use std::path::Path;

use obsbook_lab::block::{Belief, Lab, Mistake, Quiz, QuizAnswer};
use obsbook_lab::book::Book;
use obsbook_lab::markup::escape_text;

use super::card::inline;
use super::link;

/// Returns `quiz` as HTML, no line of it blank, which would end the HTML block in Markdown.
pub(super) fn render(quiz: &Quiz, book: &Book) -> String {
    let id = &quiz.id;
    let mut out = format!("<section class=\"quiz\" id=\"{id}\" data-quiz=\"{id}\">\n<ol>\n");
    for (place, question) in quiz.questions.iter().enumerate() {
        let name = format!("{id}-{}", place + 1);
        out.push_str(&format!(
            "<li><fieldset><legend>{}</legend>\n",
            inline(&question.ask)
        ));
        for (letter, answer) in ('a'..).zip(&question.answers) {
            let why = why(answer, quiz, book);
            out.push_str(&format!(
                "<div class=\"quiz-answer\"><input type=\"radio\" name=\"{name}\" id=\"{name}-{letter}\">\
                 <label for=\"{name}-{letter}\">{}</label>\n{why}</div>\n",
                inline(&answer.text)
            ));
        }
        out.push_str("</fieldset></li>\n");
    }
    out.push_str("</ol>\n<p class=\"quiz-status\" role=\"status\"></p>\n</section>");
    out
}

fn why(answer: &QuizAnswer, quiz: &Quiz, book: &Book) -> String {
    let text = inline(&answer.why);
    let Some(mistake) = &answer.mistake else {
        return format!(
            "<p class=\"quiz-why\" data-answer=\"right\"><strong>Right.</strong> {text}</p>"
        );
    };
    let belief = match &mistake.belief {
        Belief::Number(number) => format!("misconception {number}"),
        Belief::Words(words) => format!("“{}”", escape_text(words)),
    };
    let labs: Vec<String> = disproving(mistake, book)
        .filter_map(|lab| leading_to(lab, &quiz.file, book))
        .collect();
    format!(
        "<p class=\"quiz-why\" data-answer=\"wrong\"><strong>No.</strong> {text} <span class=\"quiz-belief\">This is {belief}; see it disproved: {}.</span></p>",
        labs.join(", ")
    )
}

/// The lab that is named, else each that disproves the misconception of that number.
fn disproving<'b>(mistake: &'b Mistake, book: &'b Book) -> impl Iterator<Item = &'b Lab> {
    book.labs()
        .filter(move |lab| match (&mistake.lab, &mistake.belief) {
            (Some(id), _) => lab.id == *id,
            (None, Belief::Number(number)) => lab.disproves.contains(number),
            (None, Belief::Words(_)) => false,
        })
}

fn leading_to(lab: &Lab, from: &Path, book: &Book) -> Option<String> {
    let page = book.chapter_of(lab)?;
    Some(format!(
        "<a href=\"{}\">{}</a>",
        link::to_lab(lab, page, from),
        inline(&lab.title)
    ))
}

#[cfg(test)]
mod tests {
    use obsbook_lab::book::{Document, Role};
    use obsbook_lab::span::SourceFile;
    use obsbook_lab::surroundings::Surroundings;

    use super::*;

    const LAB: &str = "```lab\nid: a-lab\ntitle: It `works`\ndisproves: [1]\ninject:\n  - kill: api\nexpect:\n  - container: api\n    is: exited\n```\n";
    const QUIZ: &str = "```quiz\nid: q\nquestions:\n  - ask: Why does `p99` move?\n    answers:\n      - wrong: A < B\n        belief: 1\n        why: It is not.\n      - right: It is the slow ones\n        why: One in a hundred.\n      - wrong: Another\n        belief: More is more\n        lab: a-lab\n        why: No.\n```\n";

    fn book() -> Book {
        let document = |path: &str, text: &str, number: u32| Document {
            source: SourceFile::new(path, text),
            role: Role::Chapter {
                name: path.to_owned(),
                number: vec![number],
            },
        };
        let documents = [
            document("src/a.md", LAB, 1),
            document("src/deep/b.md", QUIZ, 2),
        ];
        let book = Book::read(&documents, &Surroundings::default());
        assert!(book.diagnostics.is_empty(), "{:?}", book.diagnostics);
        book
    }

    #[test]
    fn a_quiz_says_of_each_answer_why_and_leads_to_the_lab_that_disproves_it() {
        let book = book();
        let html = render(&book.quizzes[0].0, &book);
        assert!(!html.contains("\n\n"), "a blank line would end the block");
        insta::assert_snapshot!(html);
    }
}
