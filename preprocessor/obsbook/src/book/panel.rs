//! A panel as the reader of the rendered book sees it without a live server: what it shows, and what it asks.

use obsbook_lab::block::PanelBlock;
use obsbook_lab::markup::escape_text;

/// Returns the place of `panel` in the page, no line of it blank.
pub(super) fn render(panel: &PanelBlock) -> String {
    let mut out = format!(
        "<figure class=\"panel\" id=\"panel-{id}\" data-panel=\"{id}\">\n<figcaption>{}</figcaption>\n\
         <div class=\"panel-body\"><p class=\"panel-off\">Drawn here, live, while <code>obsbook serve</code> runs with profile <code>{}</code> up.</p></div>\n",
        escape_text(&panel.title),
        escape_text(&panel.profile),
        id = panel.id,
    );
    let asked = panel.asked();
    if !asked.is_empty() {
        out.push_str("<details class=\"panel-asked\"><summary>What it asks</summary>\n");
        for query in asked {
            // A blank line would end the HTML block in Markdown.
            let lines: Vec<_> = query
                .lines()
                .filter(|line| !line.trim().is_empty())
                .map(escape_text)
                .collect();
            out.push_str(&format!("<pre><code>{}</code></pre>\n", lines.join("\n")));
        }
        out.push_str("</details>\n");
    }
    out.push_str("</figure>");
    out
}
