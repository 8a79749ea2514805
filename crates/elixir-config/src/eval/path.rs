//! Paths as text: `Path.expand` without a file system.

/// The folder that holds a path; `""` for one without a slash.
pub(super) fn parent(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some(("", _)) => "/",
        Some((folder, _)) => folder,
        None => "",
    }
}

/// A file in the same folder as another.
pub(super) fn beside(path: &str, name: &str) -> String {
    match parent(path) {
        "" => name.to_owned(),
        folder => format!("{folder}/{name}"),
    }
}

/// A path of the project as an absolute one.
pub(super) fn absolute(root: &str, path: &str) -> String {
    expand(path, root)
}

/// `Path.expand/2`: absolute, without `.`, `..` and doubled slashes. `~` is left alone: the home
/// folder is none of the project's.
pub(super) fn expand(path: &str, folder: &str) -> String {
    let joined = if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("{folder}/{path}")
    };
    let mut segments: Vec<&str> = Vec::new();
    for segment in joined.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    format!("/{}", segments.join("/"))
}

/// An absolute path as seen from the project's root, with `../` where it leads outside.
pub(super) fn relative(root: &str, path: &str) -> String {
    let root: Vec<&str> = root.split('/').filter(|it| !it.is_empty()).collect();
    let path: Vec<&str> = path.split('/').filter(|it| !it.is_empty()).collect();
    let shared = root.iter().zip(&path).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..", root.len().saturating_sub(shared));
    let segments: Vec<&str> = up.chain(path.into_iter().skip(shared)).collect();
    segments.join("/")
}

/// Whether `Path.wildcard` would look for more than one file.
pub(super) fn has_wildcard(path: &str) -> bool {
    path.contains(['*', '?', '[', '{'])
}
