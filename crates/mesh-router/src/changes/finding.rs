//! Findings that appear and vanish.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::view::FindingView;

/// Findings of one side alone, each list sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct FindingChanges {
    /// Of the later side alone.
    pub(crate) appeared: Vec<FindingView>,
    /// Of the earlier side alone.
    pub(crate) vanished: Vec<FindingView>,
}

impl FindingChanges {
    /// Pairs findings by code and place. Lines move when something is written above them, so the same
    /// words in the same file are the same finding; so is the same line with other words.
    pub(super) fn between(before: &[FindingView], after: &[FindingView]) -> Self {
        let mut vanished: Vec<FindingView> = before.to_vec();
        let mut appeared: Vec<FindingView> = after.to_vec();
        unpair(&mut vanished, &mut appeared, |it| {
            Some((named(it), it.line, it.message.clone()))
        });
        unpair(&mut vanished, &mut appeared, |it| {
            Some((named(it), it.message.clone()))
        });
        unpair(&mut vanished, &mut appeared, |it| {
            Some((named(it), it.line?))
        });
        vanished.sort();
        appeared.sort();
        Self { appeared, vanished }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.appeared.is_empty() && self.vanished.is_empty()
    }
}

/// What a finding is known by, in any case.
fn named(finding: &FindingView) -> (String, String, Option<String>) {
    let FindingView {
        code,
        severity,
        file,
        line: _,
        message: _,
        fix: _,
    } = finding;
    (code.clone(), severity.clone(), file.clone())
}

/// Takes out of both lists what has the same key, each finding once; one without a key stays.
fn unpair<K: Ord>(
    before: &mut Vec<FindingView>,
    after: &mut Vec<FindingView>,
    key: impl Fn(&FindingView) -> Option<K>,
) {
    let mut open: BTreeMap<K, usize> = BTreeMap::new();
    for key in before.iter().filter_map(&key) {
        *open.entry(key).or_default() += 1;
    }
    let mut paired: BTreeMap<K, usize> = BTreeMap::new();
    after.retain(|finding| {
        let Some(key) = key(finding) else { return true };
        let Some(left) = open.get_mut(&key).filter(|left| **left > 0) else {
            return true;
        };
        *left -= 1;
        *paired.entry(key).or_default() += 1;
        false
    });
    before.retain(|finding| {
        let Some(left) = key(finding).and_then(|key| paired.get_mut(&key)) else {
            return true;
        };
        let is_paired = *left > 0;
        *left = left.saturating_sub(1);
        !is_paired
    });
}
