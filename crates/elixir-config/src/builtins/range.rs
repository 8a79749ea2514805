//! Ranges: the struct that `a..b` is.

use super::{
    Answer,
    keyed::{STRUCT, map_put},
};
use crate::value::{Kind, Value, map_get};

/// `a..b`: a struct, as Elixir has it.
pub(crate) fn range(first: &Value, last: &Value) -> Answer {
    match (first.as_integer(), last.as_integer()) {
        (Some(from), Some(to)) => {
            let step = Kind::Integer(if from <= to { 1 } else { -1 }).at(first.at);
            let key = |name| Kind::atom(name).at(first.at);
            Answer::Is(Kind::Map(vec![
                (key(STRUCT), key("Elixir.Range")),
                (key("first"), first.clone()),
                (key("last"), last.clone()),
                (key("step"), step),
            ]))
        }
        _ => Answer::Refused,
    }
}

/// `a..b//c`.
pub(crate) fn stepped(range: &Value, step: &Value) -> Answer {
    match (&range.kind, Range::of(range), step.as_integer()) {
        (Kind::Map(pairs), Some(_), Some(1.. | ..=-1)) => {
            let mut pairs = pairs.clone();
            map_put(&mut pairs, (Kind::atom("step").at(step.at), step.clone()));
            Answer::Is(Kind::Map(pairs))
        }
        _ => Answer::Refused,
    }
}

/// The numbers of a range.
pub(super) struct Range {
    first: i64,
    last: i64,
    step: i64,
}

impl Range {
    pub(super) fn of(value: &Value) -> Option<Self> {
        let Kind::Map(pairs) = &value.kind else {
            return None;
        };
        let get = |name| map_get(pairs, &Kind::atom(name).at(value.at));
        let number = |name| get(name).and_then(Value::as_integer);
        let name = get(STRUCT)?.as_atom()?;
        (&**name == "Elixir.Range" && pairs.len() == 4).then_some(())?;
        Some(Self {
            first: number("first")?,
            last: number("last")?,
            step: number("step").filter(|step| *step != 0)?,
        })
    }

    pub(super) fn count(&self) -> i64 {
        let forwards = i128::from(self.step.signum());
        let distance = (i128::from(self.last) - i128::from(self.first)) * forwards;
        let steps = distance.div_euclid(i128::from(self.step.unsigned_abs()));
        i64::try_from(steps).map_or(i64::MAX, |steps| steps.saturating_add(1).max(0))
    }

    pub(super) fn numbers(&self, value: &Value) -> Vec<Value> {
        let number = |nth: i64| self.first.saturating_add(nth.saturating_mul(self.step));
        let numbers = (0..self.count()).map(|nth| Kind::Integer(number(nth)).at(value.at));
        numbers.collect()
    }

    pub(super) fn has(&self, number: i64) -> bool {
        let distance = i128::from(number) - i128::from(self.first);
        let (least, most) = (self.first.min(self.last), self.first.max(self.last));
        self.count() > 0
            && (least..=most).contains(&number)
            && distance.rem_euclid(i128::from(self.step)) == 0
    }
}
