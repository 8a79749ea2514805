//! The patterns of Elixir's `Path.wildcard/1`, as far as text alone decides them.

/// Alternatives that one pattern may expand to; further ones are left out.
const ALTERNATIVES_MAX: usize = 64;

/// Expands `{a,b}` into one pattern for each alternative. Braces don't nest, as in `Path.wildcard/1`.
pub(crate) fn expand(pattern: &str) -> Vec<String> {
    let mut expanded = vec![String::new()];
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((choices, after)) = after.split_once('}') else {
            break;
        };
        expanded = expanded
            .iter()
            .flat_map(|start| {
                choices
                    .split(',')
                    .map(move |choice| format!("{start}{before}{choice}"))
            })
            .take(ALTERNATIVES_MAX)
            .collect();
        rest = after;
    }
    for start in &mut expanded {
        start.push_str(rest);
    }
    expanded
}

/// Returns whether a path's segment is a pattern rather than a name.
pub(crate) fn is_pattern(segment: &str) -> bool {
    segment.contains(['*', '?', '['])
}

/// Returns whether `name` matches `pattern`, a single segment with `*`, `?` and `[a-z]`. Names that
/// begin with a dot match only a pattern that does.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    if name.starts_with('.') && !pattern.starts_with('.') {
        return false;
    }
    let (mut pattern, mut name) = (pattern, name);
    // Where to go on after a mismatch: behind the last `*`, one character of the name later.
    let mut again: Option<(&str, &str)> = None;
    loop {
        if let Some(rest) = pattern.strip_prefix('*') {
            again = Some((rest, name));
            pattern = rest;
            continue;
        }
        if pattern.is_empty() && name.is_empty() {
            return true;
        }
        if let Some((pattern_rest, name_rest)) = one(pattern, name) {
            (pattern, name) = (pattern_rest, name_rest);
            continue;
        }
        let Some((after_star, from)) = again else {
            return false;
        };
        let mut characters = from.chars();
        if characters.next().is_none() {
            return false;
        }
        again = Some((after_star, characters.as_str()));
        (pattern, name) = (after_star, characters.as_str());
    }
}

/// Matches one character; gives what is left of both.
fn one<'a>(pattern: &'a str, name: &'a str) -> Option<(&'a str, &'a str)> {
    let mut names = name.chars();
    let character = names.next()?;
    let mut patterns = pattern.chars();
    match patterns.next()? {
        '?' => Some((patterns.as_str(), names.as_str())),
        '[' if pattern.contains(']') => {
            let (class, rest) = patterns.as_str().split_once(']')?;
            in_class(class, character).then_some((rest, names.as_str()))
        }
        literal => (literal == character).then_some((patterns.as_str(), names.as_str())),
    }
}

fn in_class(class: &str, character: char) -> bool {
    let class: Vec<char> = class.chars().collect();
    let mut rest = class.as_slice();
    while let [first, after @ ..] = rest {
        rest = after;
        if let ['-', last, after @ ..] = rest {
            rest = after;
            if (*first..=*last).contains(&character) {
                return true;
            }
        } else if *first == character {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests;
