//! Text to syntax tree: what tree-sitter sees, reduced to [`Expr`].
//!
//! All knowledge of the grammar's node names stands here and below `parse/`.

mod lines;
mod text;

#[cfg(test)]
mod tests;

use std::{ops::ControlFlow, sync::Arc};

use tree_sitter::{Node as Syntax, ParseOptions, ParseState, Parser, Tree};

use crate::syntax::{AMBIGUOUS, ATTRIBUTE, BITSTRING, Clause, Expr, Node};

/// Bytes of one file, at most.
pub(crate) const FILE_BYTES_MAX: usize = 1 << 20;

/// How deeply expressions may nest; evaluation recurses as deeply.
pub(crate) const NESTING_MAX: usize = 100;

/// How often the parser may report progress, which it does every hundred steps. A real file needs
/// two or three steps a byte.
const PARSE_REPORTS_MAX: usize = 1 << 18;

/// Operators that bind less than `&` does.
const LOOSER_THAN_CAPTURE: [&str; 6] = ["<-", "\\\\", "when", "::", "|", "=>"];

/// Why a text cannot be read, and the line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    pub(crate) line: u32,
    pub(crate) message: String,
    pub(crate) reason: Reason,
}

/// Why this crate does not read a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// Elixir doesn't read it either.
    Refused,
    /// Elixir could read it, and this crate will not: a bound is reached.
    TooLarge,
}

/// A whole file's statements, or why there are none.
pub(crate) type Parsed = Result<Vec<Expr>, Malformed>;

/// Parses a script into its statements, those that Elixir certainly reads as well: from the first
/// of which it may read the lines otherwise, all is one that may do anything.
pub(crate) fn parse_script(text: &str) -> Parsed {
    let tree = tree(text)?;
    let mut nodes = parts(tree.root_node());
    let doubt = lines::first_doubt(tree.root_node(), text);
    if let Some(doubt) = doubt {
        nodes.retain(|node| node.end_byte() <= doubt);
    }
    let mut statements = Reader { text }.each(nodes, 0)?;
    statements.extend(doubt.map(|doubt| anything(line_of(text, doubt))));
    Ok(statements)
}

/// Parses a file into its statements, as the grammar takes them.
pub(crate) fn parse(text: &str) -> Parsed {
    Reader { text }.all(tree(text)?.root_node(), 0)
}

/// The tree of a text that the grammar admits.
fn tree(text: &str) -> Result<Tree, Malformed> {
    let refuse = |message: String| Malformed {
        line: 1,
        message,
        reason: Reason::TooLarge,
    };
    if text.len() > FILE_BYTES_MAX {
        return Err(refuse(format!(
            "the file is larger than {FILE_BYTES_MAX} bytes"
        )));
    }
    let mut parser = Parser::new();
    parser
        .set_language(&tree_sitter_elixir::LANGUAGE.into())
        .map_err(|error| refuse(error.to_string()))?;
    let mut reports = 0;
    let mut progress = |_: &ParseState| {
        reports += 1;
        if reports > PARSE_REPORTS_MAX {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let bytes = text.as_bytes();
    let tree = parser
        .parse_with_options(
            &mut |at, _| bytes.get(at..).unwrap_or_default(),
            None,
            Some(ParseOptions::new().progress_callback(&mut progress)),
        )
        .ok_or_else(|| refuse("the file takes too long to parse".to_owned()))?;
    match first_error(tree.root_node()) {
        None => Ok(tree),
        Some(culprit) => Err(Malformed {
            line: error_line(culprit, text),
            message: syntax_error(culprit, text),
            reason: Reason::Refused,
        }),
    }
}

/// Finds the first node at which the grammar stumbled. A node may carry the error without being
/// an error node or a missing one, so the deepest that carries it is taken.
fn first_error(root: Syntax<'_>) -> Option<Syntax<'_>> {
    let mut node = root.has_error().then_some(root)?;
    loop {
        if node.is_error() || node.is_missing() {
            return Some(node);
        }
        let child = node.children(&mut node.walk()).find(Syntax::has_error);
        match child {
            Some(child) => node = child,
            None => return Some(node),
        }
    }
}

/// The line to look at: what is missing at a line's end is missed only further down.
fn error_line(culprit: Syntax<'_>, text: &str) -> u32 {
    let is_empty = culprit.byte_range().is_empty();
    let before = text.get(..culprit.start_byte()).unwrap_or_default();
    let blank_lines = before.len() - before.trim_end().len();
    let skipped = before
        .bytes()
        .rev()
        .take(blank_lines)
        .filter(|byte| *byte == b'\n')
        .count();
    match u32::try_from(skipped) {
        Ok(skipped) if is_empty => line(culprit).saturating_sub(skipped).max(1),
        Ok(_) | Err(_) => line(culprit),
    }
}

fn syntax_error(culprit: Syntax<'_>, text: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 30;
    let near = text.get(culprit.byte_range()).unwrap_or_default();
    let near = near.lines().next().unwrap_or_default().trim();
    if near.is_empty() {
        return "syntax error: something is missing here".to_owned();
    }
    let shown: String = near.chars().take(SHOWN_CHARS_MAX).collect();
    format!("syntax error near `{shown}`")
}

/// The line a node begins on, from 1.
fn line(node: Syntax<'_>) -> u32 {
    u32::try_from(node.start_position().row).map_or(u32::MAX, |row| row.saturating_add(1))
}

/// The line of a byte, from 1.
fn line_of(text: &str, at: usize) -> u32 {
    let before = text.as_bytes().get(..at).unwrap_or_default();
    let breaks = before.iter().filter(|byte| **byte == b'\n').count();
    u32::try_from(breaks).map_or(u32::MAX, |breaks| breaks.saturating_add(1))
}

/// Named children without comments. Fields are not trusted for operands: one may hold the `(`.
fn parts(node: Syntax<'_>) -> Vec<Syntax<'_>> {
    node.named_children(&mut node.walk())
        .filter(|child| !child.is_extra())
        .collect()
}

/// The named child in a field.
fn field<'t>(node: Syntax<'t>, name: &str) -> Option<Syntax<'t>> {
    node.children_by_field_name(name, &mut node.walk())
        .find(Syntax::is_named)
}

/// Reads syntax nodes into expressions.
struct Reader<'s> {
    text: &'s str,
}

impl<'s> Reader<'s> {
    fn source(&self, node: Syntax<'_>) -> &'s str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    /// A module as written, without the blanks and line ends that its dots may have around them.
    fn alias(&self, node: Syntax<'_>) -> String {
        self.source(node).split_whitespace().collect()
    }

    /// Reads all parts of a node; `keywords` among them become one list at the end.
    fn all(&self, node: Syntax<'_>, depth: usize) -> Result<Vec<Expr>, Malformed> {
        self.each(parts(node), depth)
    }

    fn each(&self, nodes: Vec<Syntax<'_>>, depth: usize) -> Result<Vec<Expr>, Malformed> {
        nodes
            .into_iter()
            .map(|node| self.expr(node, depth))
            .collect()
    }

    fn boxed(&self, node: Option<Syntax<'_>>, depth: usize) -> Result<Box<Expr>, Malformed> {
        match node {
            Some(node) => Ok(Box::new(self.expr(node, depth)?)),
            None => Ok(Box::new(foreign(1, "an operand"))),
        }
    }

    fn expr(&self, node: Syntax<'_>, depth: usize) -> Result<Expr, Malformed> {
        if depth >= NESTING_MAX {
            return Err(Malformed {
                line: line(node),
                message: format!("expressions nest deeper than {NESTING_MAX}"),
                reason: Reason::TooLarge,
            });
        }
        let depth = depth + 1;
        let read = match node.kind() {
            "call" => self.call(node, depth)?,
            "unary_operator" => self.unary(node, depth)?,
            "binary_operator" => self.binary(node, depth)?,
            "access_call" => Node::Access(
                self.boxed(field(node, "target"), depth)?,
                self.boxed(field(node, "key"), depth)?,
            ),
            "keywords" => Node::List(self.pairs(node, depth)?),
            "list" => self.list(node, depth)?,
            // Unlike in a list, keywords at the end of a tuple are one list of their own.
            "tuple" => Node::Tuple(self.all(node, depth)?),
            "map" => self.map(node, depth)?,
            "block" => self.body(node, depth)?.node,
            "body" => Node::Block(self.all(node, depth)?),
            "anonymous_function" => Node::Function(self.clauses(parts(node), depth)?.into()),
            "dot" => self.dot(node, depth)?,
            "alias" => Node::Alias(self.alias(node).into()),
            "identifier" => Node::Variable(self.source(node).into()),
            "atom" => Node::Atom(self.source(node).trim_start_matches(':').into()),
            "nil" | "boolean" => Node::Atom(self.source(node).into()),
            "integer" => text::integer(self.source(node)),
            "float" => text::float(self.source(node)),
            "char" => text::char(self.source(node)),
            "string" => Node::Text(self.pieces(node, depth)?),
            "charlist" => Node::Charlist(self.pieces(node, depth)?),
            "quoted_atom" => Node::QuotedAtom(self.pieces(node, depth)?),
            "sigil" => self.sigil(node, depth)?,
            "bitstring" => Node::Foreign(BITSTRING, self.all(node, depth)?),
            _ => Node::Foreign("an unusual construct", self.all(node, depth)?),
        };
        Ok(Expr {
            line: line(node),
            node: read,
        })
    }

    /// Elements of a container: trailing keywords are pairs among the others.
    fn elements(&self, node: Syntax<'_>, depth: usize) -> Result<Vec<Expr>, Malformed> {
        let mut elements = Vec::new();
        for part in parts(node) {
            if part.kind() == "keywords" {
                elements.extend(self.pairs(part, depth)?);
            } else {
                elements.push(self.expr(part, depth)?);
            }
        }
        Ok(elements)
    }

    fn list(&self, node: Syntax<'_>, depth: usize) -> Result<Node, Malformed> {
        let mut elements = self.elements(node, depth)?;
        match elements.pop() {
            None => Ok(Node::List(elements)),
            Some(Expr {
                node: Node::Binary("|", head, tail),
                ..
            }) => {
                elements.push(*head);
                Ok(Node::Cons(elements, tail))
            }
            Some(last) => {
                elements.push(last);
                Ok(Node::List(elements))
            }
        }
    }

    /// Keyword pairs, each on the line of its key.
    fn pairs(&self, keywords: Syntax<'_>, depth: usize) -> Result<Vec<Expr>, Malformed> {
        let mut pairs = Vec::new();
        for pair in parts(keywords) {
            let key = match field(pair, "key") {
                Some(key) if key.kind() == "quoted_keyword" => Expr {
                    line: line(key),
                    node: Node::QuotedAtom(self.pieces(key, depth)?),
                },
                Some(key) => {
                    let name = self.source(key).trim_end();
                    let name = name.strip_suffix(':').unwrap_or(name);
                    Expr {
                        line: line(key),
                        node: Node::Atom(name.into()),
                    }
                }
                None => foreign(line(pair), "a key"),
            };
            let value = *self.boxed(field(pair, "value"), depth)?;
            pairs.push(tuple(key, value));
        }
        Ok(pairs)
    }

    fn map(&self, node: Syntax<'_>, depth: usize) -> Result<Node, Malformed> {
        let children = parts(node);
        if children.iter().any(|part| part.kind() == "struct") {
            return Ok(Node::Foreign("a struct", self.each(children, depth)?));
        }
        let mut pairs = Vec::new();
        for content in children {
            for element in self.elements(content, depth)? {
                match element.node {
                    Node::Binary("=>", key, value) => pairs.push((*key, *value)),
                    Node::Tuple(pair) => {
                        if let Ok([key, value]) = <[Expr; 2]>::try_from(pair) {
                            pairs.push((key, value));
                        }
                    }
                    _ => return Ok(Node::Foreign("a map update", vec![element])),
                }
            }
        }
        Ok(Node::Map(pairs))
    }

    fn unary(&self, node: Syntax<'_>, depth: usize) -> Result<Node, Malformed> {
        let operator = operator(node);
        let operand = *self.boxed(field(node, "operand"), depth)?;
        // `&(…)`, whose parentheses the grammar takes for a part of the operator.
        let is_enclosed = node.child(1).is_some_and(|child| child.kind() == "(");
        Ok(match is_enclosed {
            true => prefixed(operator, operand),
            false => prefixed_first(operator, operand),
        })
    }

    fn binary(&self, node: Syntax<'_>, depth: usize) -> Result<Node, Malformed> {
        let left = self.boxed(field(node, "left"), depth)?;
        let right = self.boxed(field(node, "right"), depth)?;
        let line = left.line;
        Ok(match (operator(node), *left) {
            // Elixir's parser reads `not a in b` as `not (a in b)`, whatever binds closer.
            (
                "in",
                Expr {
                    node: Node::Unary(negation @ ("!" | "not"), operand),
                    ..
                },
            ) => {
                let inner = Node::Binary("in", operand, right);
                Node::Unary(negation, Box::new(Expr { line, node: inner }))
            }
            // The grammar ends `&(…)` at its parenthesis; Elixir goes on behind it.
            (
                operator,
                Expr {
                    node: Node::Capture(body),
                    ..
                },
            ) if !LOOSER_THAN_CAPTURE.contains(&operator) => match Arc::try_unwrap(body) {
                Ok(body) => Node::Capture(Arc::new(Expr {
                    line,
                    node: Node::Binary(operator, Box::new(body), right),
                })),
                Err(_) => Node::Foreign("a capture", vec![*right]),
            },
            (operator, left)
                if !LOOSER_THAN_CAPTURE.contains(&operator) && ends_in_capture(&left)
                    || is_split(node, &right) =>
            {
                Node::Foreign("a capture before an operator", vec![left, *right])
            }
            (operator, left) => Node::Binary(operator, Box::new(left), right),
        })
    }

    /// `A.{B, C}`; every other dot outside a call is none of configuration's.
    fn dot(&self, node: Syntax<'_>, depth: usize) -> Result<Node, Malformed> {
        match (field(node, "left"), field(node, "right")) {
            (Some(left), Some(right)) if left.kind() == "alias" && right.kind() == "tuple" => Ok(
                Node::Group(self.alias(left).into(), self.elements(right, depth)?),
            ),
            (Some(left), Some(right)) if right.kind() == "alias" && is_plain_atom(left) => {
                Err(Malformed {
                    line: line(node),
                    message: format!("syntax error near `{}`", self.source(node)),
                    reason: Reason::Refused,
                })
            }
            _ => Ok(Node::Foreign("a computed module", self.all(node, depth)?)),
        }
    }

    fn call(&self, node: Syntax<'_>, depth: usize) -> Result<Node, Malformed> {
        let mut arguments = Vec::new();
        for part in parts(node) {
            match part.kind() {
                "arguments" => arguments.extend(self.all(part, depth)?),
                "do_block" => arguments.push(self.do_block(part, depth)?),
                _ => {}
            }
        }
        let Some(target) = field(node, "target") else {
            return Ok(Node::Foreign("a call", arguments));
        };
        match target.kind() {
            "identifier" => Ok(Node::Local(self.source(target).into(), arguments)),
            "dot" => {
                let left = self.boxed(field(target, "left"), depth)?;
                Ok(match field(target, "right") {
                    None => Node::Apply(left, arguments),
                    Some(name) if name.kind() == "identifier" => {
                        Node::Remote(left, self.source(name).into(), arguments)
                    }
                    Some(_) => {
                        arguments.push(*left);
                        Node::Foreign("a call by a quoted name", arguments)
                    }
                })
            }
            _ => {
                arguments.push(self.expr(target, depth)?);
                Ok(Node::Foreign("a call of a call's result", arguments))
            }
        }
    }

    /// `do … else … end` as the keyword list it stands for.
    fn do_block(&self, node: Syntax<'_>, depth: usize) -> Result<Expr, Malformed> {
        let (sections, body): (Vec<_>, Vec<_>) = parts(node)
            .into_iter()
            .partition(|part| part.kind().ends_with("_block") && part.kind() != "do_block");
        let mut pairs = vec![tuple(
            atom(line(node), "do"),
            self.statements(line(node), body, depth)?,
        )];
        for section in sections {
            let name = section.kind().trim_end_matches("_block");
            pairs.push(tuple(atom(line(section), name), self.body(section, depth)?));
        }
        Ok(Expr {
            line: line(node),
            node: Node::List(pairs),
        })
    }

    fn body(&self, node: Syntax<'_>, depth: usize) -> Result<Expr, Malformed> {
        self.statements(line(node), parts(node), depth)
    }

    /// A sequence of statements, or of clauses.
    fn statements(
        &self,
        line: u32,
        nodes: Vec<Syntax<'_>>,
        depth: usize,
    ) -> Result<Expr, Malformed> {
        let node = if nodes.iter().any(|node| node.kind() == "stab_clause") {
            Node::Clauses(self.clauses(nodes, depth)?.into())
        } else {
            Node::Block(self.each(nodes, depth)?)
        };
        Ok(Expr { line, node })
    }

    fn clauses(&self, nodes: Vec<Syntax<'_>>, depth: usize) -> Result<Vec<Clause>, Malformed> {
        nodes
            .into_iter()
            .filter(|node| node.kind() == "stab_clause")
            .map(|node| self.clause(node, depth))
            .collect()
    }

    fn clause(&self, node: Syntax<'_>, depth: usize) -> Result<Clause, Malformed> {
        let (arguments, guard) = match field(node, "left") {
            Some(left) if left.kind() == "binary_operator" && operator(left) == "when" => {
                (field(left, "left"), field(left, "right"))
            }
            left => (left, None),
        };
        let patterns = match arguments {
            None => Vec::new(),
            Some(arguments) if arguments.kind() == "arguments" => self.all(arguments, depth)?,
            Some(single) => vec![self.expr(single, depth)?],
        };
        let guard = guard.map(|guard| self.expr(guard, depth)).transpose()?;
        let body = match field(node, "right") {
            Some(right) => self.body(right, depth)?,
            None => atom(line(node), "nil"),
        };
        Ok(Clause {
            patterns,
            guard,
            body,
        })
    }
}

/// The operator in a node; `""` is one that nothing here evaluates.
fn operator(node: Syntax<'_>) -> &'static str {
    const OPERATORS: &[&str] = &[
        "!", "!=", "!==", "&", "&&", "*", "+", "++", "-", "--", "..", "/", "//", "::", "<", "<-",
        "<=", "<>", "=", "==", "===", "=>", "=~", ">", ">=", "@", "\\\\", "^", "and", "in", "not",
        "not in", "or", "when", "|", "|>", "||",
    ];
    let token = node.child_by_field_name("operator");
    let written = token.as_ref().map_or("", |token| token.kind());
    let known = OPERATORS.iter().find(|known| **known == written);
    known.map_or("", |known| known)
}

/// Applies a prefix operator.
fn prefixed(operator: &'static str, operand: Expr) -> Node {
    match (operator, operand.node) {
        ("&", Node::Integer(number)) => {
            Node::Placeholder(usize::try_from(number).unwrap_or(usize::MAX))
        }
        ("-", Node::Integer(number)) => Node::Integer(number.saturating_neg()),
        ("-", Node::Float(number)) => Node::Float(-number),
        ("&", node) => Node::Capture(Arc::new(Expr {
            line: operand.line,
            node,
        })),
        ("@", node) => Node::Foreign(
            ATTRIBUTE,
            vec![Expr {
                line: operand.line,
                node,
            }],
        ),
        (operator, node) => Node::Unary(
            operator,
            Box::new(Expr {
                line: operand.line,
                node,
            }),
        ),
    }
}

/// Applies a prefix operator to what it binds alone: the grammar lets `&` take the operators that
/// bind less along.
fn prefixed_first(operator: &'static str, operand: Expr) -> Node {
    match operand.node {
        Node::Binary(looser, left, right) if LOOSER_THAN_CAPTURE.contains(&looser) => {
            let first = Expr {
                line: operand.line,
                node: prefixed_first(operator, *left),
            };
            Node::Binary(looser, Box::new(first), right)
        }
        node => prefixed(operator, Expr { node, ..operand }),
    }
}

/// Whether the right side of an operator is a capture with what does not belong to it: see
/// [`Reader::unary`].
fn is_split(node: Syntax<'_>, right: &Expr) -> bool {
    let is_unary = field(node, "right").is_some_and(|right| right.kind() == "unary_operator");
    is_unary && matches!(right.node, Node::Binary(..))
}

/// Whether this is an atom without interpolation.
fn is_plain_atom(node: Syntax<'_>) -> bool {
    match node.kind() {
        "atom" | "nil" | "boolean" => true,
        "quoted_atom" => parts(node)
            .iter()
            .all(|part| part.kind() != "interpolation"),
        _ => false,
    }
}

fn ends_in_capture(expr: &Expr) -> bool {
    match &expr.node {
        Node::Capture(_) => true,
        Node::Binary(_, _, right) | Node::Unary(_, right) => ends_in_capture(right),
        _ => false,
    }
}

fn atom(line: u32, name: &str) -> Expr {
    Expr {
        line,
        node: Node::Atom(name.into()),
    }
}

fn tuple(key: Expr, value: Expr) -> Expr {
    Expr {
        line: key.line,
        node: Node::Tuple(vec![key, value]),
    }
}

/// A statement that may do anything: as an import of any file would, and a change of variables.
fn anything(line: u32) -> Expr {
    let expr = |node| Expr { line, node };
    let system = Box::new(expr(Node::Alias("System".into())));
    let parts = vec![
        expr(Node::Local("import_config".into(), Vec::new())),
        expr(Node::Remote(system, "put_env".into(), Vec::new())),
    ];
    expr(Node::Foreign(AMBIGUOUS, parts))
}

fn foreign(line: u32, what: &'static str) -> Expr {
    Expr {
        line,
        node: Node::Foreign(what, Vec::new()),
    }
}
