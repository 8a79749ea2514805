//! Arithmetic and order.

use std::cmp::Ordering;

use super::Answer;
use crate::value::{Kind, Value};

/// `+`, `-`, `*` and `/`. What leaves 64 bits is not known: Elixir's integers go on.
pub(crate) fn arithmetic(operator: &str, left: &Value, right: &Value) -> Answer {
    match (&left.kind, &right.kind) {
        (Kind::Integer(a), Kind::Integer(b)) => {
            let number = match operator {
                "+" => a.checked_add(*b),
                "-" => a.checked_sub(*b),
                "*" => a.checked_mul(*b),
                _ => None,
            };
            number.map_or(Answer::Foreign, |number| Answer::Is(Kind::Integer(number)))
        }
        (Kind::Float(a), Kind::Float(b)) => {
            let number = match operator {
                "+" => a + b,
                "-" => a - b,
                "*" => a * b,
                "/" if *b != 0.0 => a / b,
                _ => return Answer::Refused,
            };
            if number.is_finite() {
                Answer::Is(Kind::Float(number))
            } else {
                Answer::Refused
            }
        }
        (Kind::Integer(0), Kind::Float(b)) if operator == "-" => Answer::Is(Kind::Float(-b)),
        (Kind::Integer(_) | Kind::Float(_), Kind::Integer(_) | Kind::Float(_)) => Answer::Foreign,
        _ => Answer::Refused,
    }
}

/// `div`, `rem`, `max` and `min`.
pub(super) fn pair(name: &str, left: &Value, right: &Value) -> Answer {
    let (Some(a), Some(b)) = (left.as_integer(), right.as_integer()) else {
        return Answer::Foreign;
    };
    let number = match name {
        "div" => a.checked_div(b),
        "rem" => a.checked_rem(b),
        "max" => Some(a.max(b)),
        _ => Some(a.min(b)),
    };
    number.map_or(Answer::Refused, |number| Answer::Is(Kind::Integer(number)))
}

/// `<`, `>`, `<=` and `>=` between two integers or two texts.
pub(crate) fn order(operator: &str, left: &Value, right: &Value) -> Answer {
    let order = match (&left.kind, &right.kind) {
        (Kind::Integer(a), Kind::Integer(b)) => a.cmp(b),
        (Kind::Binary(a), Kind::Binary(b)) => a.cmp(b),
        _ => return Answer::Foreign,
    };
    Answer::bool(match operator {
        "<" => order == Ordering::Less,
        ">" => order == Ordering::Greater,
        "<=" => order != Ordering::Greater,
        _ => order != Ordering::Less,
    })
}
