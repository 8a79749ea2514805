//! A config program as a tree of pieces, so that one that fails can be made smaller.

use std::{collections::BTreeMap, fs, path::Path};

/// A piece of a program's text.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    /// As it stands.
    Text(String),
    /// One after another.
    Row(Vec<Self>),
    /// An expression: something simpler may stand in its place.
    Value(Box<Self>),
    /// Any of these may be left out.
    Some {
        items: Vec<Self>,
        separator: &'static str,
    },
}

/// What is written in the place of an expression to make a program smaller.
const PLAIN: [&str; 4] = ["nil", "1", "[]", "\"x\""];

impl Piece {
    pub(super) fn write(&self, text: &mut String) {
        match self {
            Self::Text(own) => text.push_str(own),
            Self::Row(pieces) => pieces.iter().for_each(|piece| piece.write(text)),
            Self::Value(piece) => piece.write(text),
            Self::Some { items, separator } => {
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        text.push_str(separator);
                    }
                    item.write(text);
                }
            }
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }

    /// Every piece that differs from this one by a single step towards less text.
    fn smaller(&self) -> Vec<Self> {
        match self {
            Self::Text(_) => Vec::new(),
            Self::Row(pieces) => each_smaller(pieces).map(Self::Row).collect(),
            Self::Value(inner) => {
                let length = inner.text().len();
                let plain = PLAIN.iter().filter(|plain| plain.len() < length);
                let mut smaller: Vec<Self> = plain
                    .map(|plain| Self::Value(Box::new(Self::Text((*plain).to_owned()))))
                    .collect();
                inner.values(&mut smaller);
                let inside = inner.smaller().into_iter();
                smaller.extend(inside.map(|inner| Self::Value(Box::new(inner))));
                smaller
            }
            Self::Some { items, separator } => {
                let some = |items| Self::Some { items, separator };
                let mut smaller = Vec::new();
                let half = items.len() / 2;
                if half > 1 {
                    smaller.push(some(items[half..].to_vec()));
                    smaller.push(some(items[..half].to_vec()));
                }
                smaller.extend((0..items.len()).map(|left_out| {
                    let mut items = items.clone();
                    items.remove(left_out);
                    some(items)
                }));
                smaller.extend(each_smaller(items).map(some));
                smaller
            }
        }
    }

    /// The outermost expressions inside.
    fn values(&self, found: &mut Vec<Self>) {
        match self {
            Self::Text(_) => {}
            Self::Row(pieces) => pieces.iter().for_each(|piece| piece.values(found)),
            Self::Value(_) => found.push(self.clone()),
            Self::Some { items, .. } => items.iter().for_each(|item| item.values(found)),
        }
    }
}

/// The row with one of its pieces made smaller, in all ways.
fn each_smaller(pieces: &[Piece]) -> impl Iterator<Item = Vec<Piece>> {
    pieces.iter().enumerate().flat_map(move |(index, piece)| {
        piece.smaller().into_iter().map(move |smaller| {
            let mut pieces = pieces.to_vec();
            pieces[index] = smaller;
            pieces
        })
    })
}

/// A project's configuration: files, the environment it is read in, and its variables.
#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) seed: u64,
    pub(super) env: &'static str,
    pub(super) vars: BTreeMap<&'static str, &'static str>,
    pub(super) files: Vec<(String, Piece)>,
}

impl Program {
    /// Writes its files and `vars` into a folder.
    pub(super) fn save(&self, folder: &Path) {
        let vars = self.vars.iter();
        let vars: String = vars
            .map(|(name, value)| format!("{name}={value}\n"))
            .collect();
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join("vars"), vars).unwrap();
        for (path, piece) in &self.files {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, piece.text()).unwrap();
        }
    }

    /// All that it consists of, for a person to read.
    pub(super) fn show(&self) -> String {
        let mut shown = format!("env {}, variables {:?}\n", self.env, self.vars);
        for (path, piece) in &self.files {
            let text = piece.text();
            shown.push_str(&format!("--- {path}\n{}\n", text.trim_end()));
        }
        shown
    }

    /// Programs that are one step smaller, those that lose most first.
    pub(super) fn smaller(&self) -> Vec<Self> {
        let mut smaller = Vec::new();
        for index in 0..self.files.len() {
            if index > 0 {
                let mut files = self.files.clone();
                files.remove(index);
                smaller.push(self.with_files(files));
            }
            for piece in self.files[index].1.smaller() {
                let mut files = self.files.clone();
                files[index].1 = piece;
                smaller.push(self.with_files(files));
            }
        }
        let mut sized: Vec<_> = smaller.into_iter().map(|it| (it.len(), it)).collect();
        sized.retain(|(size, _)| *size < self.len());
        sized.sort_by_key(|(size, _)| *size);
        sized.into_iter().map(|(_, it)| it).collect()
    }

    fn with_files(&self, files: Vec<(String, Piece)>) -> Self {
        Self {
            files,
            ..self.clone()
        }
    }

    fn len(&self) -> usize {
        self.files.iter().map(|(_, piece)| piece.text().len()).sum()
    }
}
