//! The words written for each key, the strongest layer's alone, taken one key after the other.

use std::collections::BTreeMap;

use super::{
    Effective, Environment, Written,
    file::{Word, Words},
    key::{self, Key},
    place::{Place, Problem},
};

/// What was written, and what was found wrong with it so far.
#[derive(Debug)]
pub(crate) struct Layers {
    words: BTreeMap<&'static str, Words>,
    /// What is wrong.
    pub(crate) problems: Vec<Problem>,
    /// The keys taken, as they hold.
    pub(crate) effective: Vec<Effective>,
}

impl Layers {
    /// Lays the file's words over the project's, the environment over both, and the flags over all.
    pub(crate) fn new(
        project: BTreeMap<&'static str, Result<Words, Problem>>,
        file: BTreeMap<&'static str, Words>,
        problems: Vec<Problem>,
        written: &Written<'_>,
    ) -> Self {
        let mut words = file;
        for key in key::KEYS {
            let variable = key::variable(key.name);
            if let Some(text) = written.environment.and_then(|vars| vars.get(&variable)) {
                words.insert(key.name, split(key, text, &Place::Variable(variable)));
            }
        }
        for (name, flag, values) in &written.flags {
            let place = Place::Flag(flag);
            let word = |text: &String| Word {
                text: text.clone(),
                place: place.clone(),
            };
            let list = values.iter().map(word).collect();
            words.insert(name, Words { place, list });
        }
        let mut problems = problems;
        for (name, project) in project {
            if words.contains_key(name) {
                continue;
            }
            match project {
                Ok(project) => {
                    words.insert(name, project);
                }
                // A section that isn't known says the same for each of its keys.
                Err(problem) if problems.contains(&problem) => {}
                Err(problem) => problems.push(problem),
            }
        }
        problems.extend(written.environment.into_iter().flat_map(misspelt));
        Self {
            words,
            problems,
            effective: Vec::new(),
        }
    }

    /// Returns whether anybody wrote the key.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.words.contains_key(name)
    }

    /// Returns whether the key was said by a flag.
    pub(crate) fn is_flag(&self, name: &str) -> bool {
        match self.place(name) {
            Place::Flag(_) => true,
            Place::Variable(_) | Place::File { .. } | Place::Project(_) | Place::Default => false,
        }
    }

    /// Returns where the key was written.
    pub(crate) fn place(&self, name: &str) -> &Place {
        match self.words.get(name) {
            Some(words) => &words.place,
            None => &Place::Default,
        }
    }

    /// Parses the one value of a key; a bad one is noted, and the default stands in for it.
    pub(crate) fn one<T>(
        &mut self,
        name: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> T {
        let key = key::find(name).expect("keys asked for are in KEYS");
        let words = self.take(key);
        let problem = match words.list.as_slice() {
            [word] => match parse(&word.text) {
                Ok(value) => return value,
                Err(message) => Problem::new(&word.place, message),
            },
            [] => Problem::new(&words.place, format!("\"{name}\" has no value")),
            [_, second, ..] => {
                Problem::new(&second.place, format!("\"{name}\" has one value only"))
            }
        };
        self.problems.push(problem);
        parse(key.default).expect("defaults are valid, by test")
    }

    /// Parses every value of a key; bad ones are noted and left out.
    pub(crate) fn many<T>(
        &mut self,
        name: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Vec<(T, Place)> {
        let mut values = Vec::new();
        let key = key::find(name).expect("keys asked for are in KEYS");
        for word in self.take(key).list {
            match parse(&word.text) {
                Ok(value) => values.push((value, word.place)),
                Err(message) => self.problems.push(Problem::new(&word.place, message)),
            }
        }
        values
    }

    /// Takes the words of a key, those of its default where nobody wrote any.
    fn take(&mut self, key: &'static Key) -> Words {
        let words = self.words.remove(key.name);
        let words = words.unwrap_or_else(|| split(key, key.default, &Place::Default));
        let values: Vec<&str> = words.list.iter().map(|word| word.text.as_str()).collect();
        let value = if values.is_empty() {
            "none".to_owned()
        } else {
            values.join(", ")
        };
        self.effective.push(Effective {
            key: key.name,
            value,
            place: words.place.clone(),
        });
        words
    }
}

/// The variables that look like settings and are none: a misspelt one would be ignored in silence.
fn misspelt(environment: &Environment) -> Vec<Problem> {
    /// Kubernetes sets these in every pod for each Service beside it, such as one that is called
    /// `mesh-router` or `mesh-router-admin`.
    const OF_SERVICES: [&str; 2] = ["_SERVICE_", "_PORT"];
    let settings = key::KEYS.iter().map(|key| key::variable(key.name));
    let others = key::VARIABLES.iter().map(|name| (*name).to_owned());
    let known: Vec<String> = settings.chain(others).collect();
    let problem = |name: &String| {
        let message = match key::nearest(name, known.iter().map(String::as_str)) {
            Some(nearest) => format!("unknown variable, did you mean {nearest}?"),
            None => "unknown variable".to_owned(),
        };
        Problem::new(&Place::Variable(name.clone()), message)
    };
    let names = || environment.all().keys();
    let services: Vec<&str> = names()
        .filter_map(|name| name.strip_suffix("_SERVICE_HOST"))
        .collect();
    let is_of_service = |name: &&String| {
        let rests = services.iter().filter_map(|it| name.strip_prefix(it));
        let mut rests =
            rests.filter(|rest| OF_SERVICES.iter().any(|start| rest.starts_with(start)));
        rests.next().is_some()
    };
    names()
        .filter(|name| name.starts_with("MESH_ROUTER_") && !known.contains(name))
        .filter(|name| !is_of_service(name))
        .map(problem)
        .collect()
}

/// Reads a value, or a list of them with commas, from one line.
fn split(key: &Key, text: &str, place: &Place) -> Words {
    let word = |text: &str| Word {
        text: text.trim().to_owned(),
        place: place.clone(),
    };
    let list = match key.is_list {
        true => text
            .split(',')
            .map(word)
            .filter(|word| !word.text.is_empty())
            .collect(),
        false => vec![word(text)],
    };
    Words {
        place: place.clone(),
        list,
    }
}
