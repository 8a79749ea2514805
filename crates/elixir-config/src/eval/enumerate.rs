//! `Enum`, where a function of the script is called for each element.

use super::{Evaluated, Evaluator, Halt};
use crate::{
    builtins::{self, Answer},
    value::{Kind, Value},
};

impl Evaluator<'_> {
    /// A function of `Enum`, called with values.
    pub(super) fn enumerate(&mut self, name: &str, values: &[Value], line: u32) -> Evaluated {
        let what = format!("Enum.{name}/{}", values.len());
        self.charge_function(name, values)?;
        let (items, function) = match values {
            [items, .., function] if matches!(function.kind, Kind::Function(_)) => {
                (builtins::items(items), function)
            }
            _ => {
                let answer = builtins::remote("Enum", name, values);
                return self.answer(answer, &what, values, line);
            }
        };
        let items = match items {
            Ok(items) => items,
            Err(answer) => return self.answer(answer, &what, values, line),
        };
        let at = self.at(line);
        match (name, values.len()) {
            ("each", 2) => {
                for item in items {
                    self.apply(function, vec![item], line)?;
                }
                Ok(Kind::atom("ok").at(at))
            }
            ("map", 2) => {
                let mapped = self.map_all(items, function, line)?;
                self.admit(Kind::List(mapped).at(at))
            }
            ("flat_map", 2) => {
                let lists = self.map_all(items, function, line)?;
                let answer = builtins::flatten(&lists);
                self.answer(answer, &what, &lists, line)
            }
            ("map_join", 2 | 3) => {
                let mapped = self.map_all(items, function, line)?;
                let joined = vec![Kind::List(mapped).at(at)];
                let separator = values.get(1).filter(|_| values.len() == 3);
                let joined: Vec<Value> = joined.into_iter().chain(separator.cloned()).collect();
                let answer = builtins::remote("Enum", "join", &joined);
                self.answer(answer, &what, &joined, line)
            }
            ("into", 3) => {
                let mapped = self.map_all(items, function, line)?;
                self.charge_each(mapped.len(), mapped.len())?;
                let into = values.get(1).cloned().unwrap_or(Kind::nil().at(at));
                let answer = builtins::into(mapped, &into);
                self.answer(answer, &what, &[], line)
            }
            ("reduce", 3) => {
                let mut so_far = values.get(1).cloned().unwrap_or(Kind::nil().at(at));
                for item in items {
                    so_far = self.apply(function, vec![item, so_far], line)?;
                }
                Ok(so_far)
            }
            ("filter", 2) => self.select(items, function, true, line),
            ("reject", 2) => self.select(items, function, false, line),
            ("find" | "any?" | "all?", 2) => self.search(name, items, function, line),
            ("find", 3) if !items.iter().any(Value::is_nil) => {
                let found = self.search(name, items, function, line)?;
                match (found.is_nil(), values.get(1)) {
                    (true, Some(default)) => self.admit(default.clone()),
                    _ => Ok(found),
                }
            }
            _ => self.answer(Answer::Foreign, &what, values, line),
        }
    }

    fn map_all(
        &mut self,
        items: Vec<Value>,
        function: &Value,
        line: u32,
    ) -> Result<Vec<Value>, Halt> {
        items
            .into_iter()
            .map(|item| self.apply(function, vec![item], line))
            .collect()
    }

    fn select(&mut self, items: Vec<Value>, function: &Value, kept: bool, line: u32) -> Evaluated {
        let mut selected = Vec::new();
        let mut doubt = None;
        for item in items {
            match self.apply(function, vec![item.clone()], line)?.truth() {
                Ok(truth) if truth == kept => selected.push(item),
                Ok(_) => {}
                Err(unknown) => doubt = Some(unknown),
            }
        }
        match doubt {
            Some(unknown) => Ok(unknown.value()),
            None => self.admit(Kind::List(selected).at(self.at(line))),
        }
    }

    fn search(&mut self, name: &str, items: Vec<Value>, function: &Value, line: u32) -> Evaluated {
        let at = self.at(line);
        let wanted = name != "all?";
        for item in items {
            match self.apply(function, vec![item.clone()], line)?.truth() {
                Ok(truth) if truth == wanted => {
                    return Ok(match name {
                        "find" => item,
                        _ => Kind::bool(wanted).at(at),
                    });
                }
                Ok(_) => {}
                Err(unknown) => {
                    self.taint_functions(std::slice::from_ref(function), &unknown)?;
                    return Ok(unknown.value());
                }
            }
        }
        Ok(match name {
            "find" => Kind::nil().at(at),
            _ => Kind::bool(!wanted).at(at),
        })
    }
}
