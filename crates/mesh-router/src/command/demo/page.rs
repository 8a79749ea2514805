//! The page of a stand-in: what it was asked, and things to try.

/// The page; `{{name}}` stands for a value.
const TEMPLATE: &str = include_str!("page.html");

/// What the page shows.
#[derive(Debug)]
pub(crate) struct Page<'a> {
    /// The endpoint's module.
    pub(crate) service: &'a str,
    /// `Host`, as it arrived.
    pub(crate) host: &'a str,
    /// The tenant, as the apps' resolver sees it.
    pub(crate) tenant: Option<&'a str>,
    /// The header lines that arrived.
    pub(crate) headers: Vec<(&'a str, String)>,
}

impl Page<'_> {
    /// Renders it; every value is escaped.
    pub(crate) fn render(&self) -> String {
        let tenant = match self.tenant {
            Some(tenant) => format!("<b>{}</b>", escape(tenant)),
            None => "none".to_owned(),
        };
        let rows = self.headers.iter().map(|(name, value)| {
            format!(
                "<tr><th>{}</th><td>{}</td></tr>\n",
                escape(name),
                escape(value)
            )
        });
        let rows: String = rows.collect();
        let values = [
            ("service", escape(self.service)),
            ("host", escape(self.host)),
            ("tenant", tenant),
            ("headers", rows),
        ];
        fill(TEMPLATE, &values)
    }
}

/// Puts values in one pass, so that what stands in a value is never filled in itself.
fn fill(template: &str, values: &[(&str, String)]) -> String {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        text.push_str(before);
        let Some((name, after)) = after.split_once("}}") else {
            break;
        };
        let value = values.iter().find(|(known, _)| *known == name);
        text.push_str(value.map_or("", |(_, value)| value));
        rest = after;
    }
    text.push_str(rest);
    text
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}
