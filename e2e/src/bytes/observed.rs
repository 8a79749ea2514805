//! What came of a case.

use std::fmt;

use super::{reading::Message, recorder::Got};

/// Answers that are told one by one.
const ANSWERS_SHOWN_MAX: usize = 4;

/// How the client's connection stood once its answers were there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Line {
    /// Open.
    #[default]
    Open,
    /// Ended, in order or by a reset.
    Ended,
}

/// What came of the request that follows a case on its connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Next {
    /// Nobody asked: the connection had ended, or is no place for requests.
    #[default]
    Unasked,
    /// It got its own answer.
    Own,
    /// It got none.
    None,
    /// It got somebody else's.
    Other(String),
}

/// What the client and the upstream got.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    pub(super) answers: Vec<Message>,
    /// What the client got behind a 101, or bytes that are no answer.
    pub(super) rest: Vec<u8>,
    pub(super) line: Line,
    pub(super) next: Next,
    /// What was wrong with a stranger's request after the case.
    pub(super) stranger: Option<String>,
    /// What came by each of the upstream's connections.
    pub(super) connections: Vec<Got>,
}

impl Observed {
    /// The case's requests that reached the upstream, whole or not.
    pub(super) fn requests(&self) -> Vec<&Message> {
        let all = self.connections.iter().flat_map(|it| &it.requests);
        all.filter(|it| !super::recorder::is_probe(it)).collect()
    }

    /// Bytes at the upstream that are no request.
    pub(super) fn fragments(&self) -> Vec<&[u8]> {
        let apart = |it: &&Got| {
            !it.rest.is_empty() && it.requests.last().is_none_or(|request| request.whole)
        };
        let found = self.connections.iter().filter(apart);
        found.map(|it| it.rest.as_slice()).collect()
    }

    /// Bytes that reached the upstream behind a 101.
    pub(super) fn tunnel(&self) -> Vec<u8> {
        self.connections
            .iter()
            .flat_map(|it| it.tunnel.clone())
            .collect()
    }

    /// How many connections brought both a request of the case and another request.
    pub(super) fn shared_connections(&self) -> usize {
        let shared = |it: &&Got| it.is_of_case() && it.requests.len() > 1;
        self.connections.iter().filter(shared).count()
    }

    /// Whether somebody else was harmed.
    pub(super) fn harm(&self) -> Option<String> {
        let next = match &self.next {
            Next::Other(got) => Some(format!("the next request got {got}")),
            Next::Unasked | Next::Own | Next::None => None,
        };
        next.or_else(|| {
            let got = self.stranger.as_ref()?;
            Some(format!("a stranger's request got {got}"))
        })
    }

    /// Turned away: an answer of the gateway's own or none, and nothing at the upstream but perhaps
    /// the beginning of a request that never ends.
    pub(super) fn is_turned_away(&self, statuses: &[char]) -> bool {
        let is_error = |it: &Message| it.second().starts_with(statuses) && it.faults.is_empty();
        let answers: Vec<_> = self.answers.iter().filter(|it| !it.is_interim()).collect();
        let is_answered = match &answers[..] {
            [] => self.line == Line::Ended,
            [only] => is_error(only),
            _ => false,
        };
        let none_whole = self
            .requests()
            .iter()
            .all(|it| !it.whole && it.faults.is_empty());
        is_answered && none_whole && self.fragments().is_empty() && self.harm().is_none()
    }
}

impl Observed {
    /// The upstream's answer was not passed on: an error in its place, or an answer that breaks off.
    pub(super) fn is_worth_nothing(&self) -> bool {
        let answers: Vec<_> = self.answers.iter().filter(|it| !it.is_interim()).collect();
        let is_answered = match &answers[..] {
            [] => self.line == Line::Ended,
            [only] => only.faults.is_empty() && (!only.whole || only.second().starts_with('5')),
            _ => false,
        };
        is_answered && self.shared_connections() == 0 && self.harm().is_none()
    }
}

impl fmt::Display for Observed {
    /// In few words, for a table.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answers = self.answers.iter().map(|it| {
            let cut = if it.whole { "" } else { " cut" };
            format!("{}{cut}", it.second())
        });
        let mut answers: Vec<_> = answers.collect();
        // A flood of interim answers is told by its beginning.
        if answers.len() > ANSWERS_SHOWN_MAX {
            let more = answers.len() - ANSWERS_SHOWN_MAX;
            answers.truncate(ANSWERS_SHOWN_MAX);
            answers.push(format!("{more} more"));
        }
        match (&answers[..], self.line) {
            ([], Line::Ended) => write!(f, "closed without an answer")?,
            ([], Line::Open) => write!(f, "no answer")?,
            (answers, _) => write!(f, "{}", answers.join(", "))?,
        }
        let mut faults: Vec<&str> = Vec::new();
        for message in &self.answers {
            faults.extend(&message.faults);
        }
        if !faults.is_empty() {
            write!(f, " ({})", faults.join(", "))?;
        }
        let requests = self.requests();
        if requests.is_empty() && self.fragments().is_empty() {
            write!(f, "; not forwarded")?;
        }
        for request in requests {
            let start: String = request.start.chars().take(60).collect();
            let cut = if request.whole { "" } else { ", cut" };
            let faults: String = request.faults.iter().map(|it| format!(", {it}")).collect();
            write!(f, "; forwarded `{}`{cut}{faults}", start.escape_debug())?;
        }
        for fragment in self.fragments() {
            write!(f, "; {} bytes that are no request", fragment.len())?;
        }
        if let Some(harm) = self.harm() {
            write!(f, "; {harm}")?;
        }
        Ok(())
    }
}
