//! Where a line ends a statement, by the rules of Elixir's tokenizer.
//!
//! The grammar takes a line's end for a blank where several readings are open, as before a clause:
//! `name` and `(x) ->` on the next line become a call, `~w(a)` and `true ->` a sigil with
//! modifiers. Elixir has no such choice: a line's end separates, unless what stands before or
//! after it cannot do without the other.

use tree_sitter::Node as Syntax;

/// What holds statements or clauses, each on lines of its own.
const HOLDERS: [&str; 9] = [
    "source",
    "block",
    "body",
    "do_block",
    "after_block",
    "rescue_block",
    "catch_block",
    "else_block",
    "anonymous_function",
];

/// What may hold quoted text, whose marks are no operators: `~w|a|`.
const QUOTES: [&str; 4] = ["string", "charlist", "sigil", "quoted_atom"];

/// After these an expression or a statement may begin on any line.
const OPENING: [&str; 12] = [
    "(", "[", "{", "<<", "#{", "do", "fn", "after", "rescue", "catch", "else", ";",
];

/// Before these an expression or a statement may have ended on any line.
const CLOSING: [&str; 11] = [
    ")", "]", "}", ">>", "end", "do", "after", "rescue", "catch", "else", ";",
];

/// After these an operand follows, on whatever line.
const BEFORE_OPERAND: [&str; 8] = ["!", "&", "+", "-", "@", "^", "not", "~~~"];

/// Between operands, either of which may stand on another line. `+` and `-` at a line's beginning
/// are signs.
const BETWEEN_OPERANDS: [&str; 46] = [
    "!=", "!==", "&&", "&&&", "*", "**", "++", "+++", "--", "---", "->", ".", "..", "/", "//",
    "::", "<", "<-", "<<<", "<<~", "<=", "<>", "<|>", "<~", "<~>", "=", "==", "===", "=>", "=~",
    ">", ">=", ">>>", "\\\\", "^^^", "and", "in", "or", "when", "|", "|>", "||", "|||", "~>",
    "~>>", "not in",
];

/// Where the tree of a text first differs in its statements from what Elixir reads: the byte at
/// which what stands before a doubtful line's end begins.
pub(super) fn first_doubt(root: Syntax<'_>, text: &str) -> Option<usize> {
    let mut cursor = root.walk();
    let mut walk = Walk::default();
    loop {
        let node = cursor.node();
        let is_skipped = node.is_extra() || node.byte_range().is_empty();
        if !is_skipped && node.child_count() == 0 && walk.is_doubtful(node, text) {
            return walk.previous.map(|token| token.start_byte);
        }
        if is_skipped {
            walk.skip(node);
        }
        if !is_skipped && cursor.goto_first_child() {
            walk.around.push(node.kind());
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return None;
            }
            walk.leave();
        }
    }
}

/// A token that was passed.
#[derive(Clone, Copy)]
struct Token<'t> {
    /// Its text if it is an operator, a bracket or a word of the language.
    kind: &'t str,
    start_byte: usize,
    end_row: usize,
}

/// A way through the tree, token by token.
#[derive(Default)]
struct Walk<'t> {
    /// Kinds of the nodes around.
    around: Vec<&'t str>,
    /// How many of them are also around the token before.
    shared: usize,
    previous: Option<Token<'t>>,
    /// Where the last token or comment ended.
    end_byte: usize,
}

impl<'t> Walk<'t> {
    fn leave(&mut self) {
        self.around.pop();
        self.shared = self.shared.min(self.around.len());
    }

    fn skip(&mut self, node: Syntax<'_>) {
        self.end_byte = self.end_byte.max(node.end_byte());
    }

    /// Passes a token, unless the lines before it are read otherwise than Elixir does.
    fn is_doubtful(&mut self, node: Syntax<'t>, text: &str) -> bool {
        let parent = self.around.last().copied().unwrap_or_default();
        let kind = match (parent, node.kind()) {
            // Its colon is no token of the tree's.
            ("quoted_keyword", _) => "keyword",
            (parent, _) if QUOTES.contains(&parent) => "",
            ("operator_identifier", _) => "",
            (_, kind) => kind,
        };
        let blanks = text
            .get(self.end_byte..node.start_byte())
            .unwrap_or_default();
        let holder = self
            .shared
            .checked_sub(1)
            .and_then(|at| self.around.get(at));
        if let Some(previous) = self.previous {
            let is_apart = previous.end_row != node.start_position().row;
            let is_separated = holder.is_some_and(|holder| HOLDERS.contains(holder));
            let written = text.get(node.byte_range()).unwrap_or_default();
            let is_right = if is_separated {
                separates(previous.kind, kind, written)
            } else {
                joins(previous.kind, kind)
            };
            // A line may be continued by a backslash, and nobody does it.
            if is_apart && !is_right || blanks.contains('\\') {
                return true;
            }
        }
        self.previous = Some(Token {
            kind,
            start_byte: node.start_byte(),
            end_row: node.end_position().row,
        });
        self.shared = self.around.len();
        self.end_byte = node.end_byte();
        false
    }
}

/// Whether a line's end between two tokens separates statements, or stands where one may.
fn separates(before: &str, after: &str, written: &str) -> bool {
    let is_binary = BETWEEN_OPERANDS.contains(&after) || written.starts_with("..");
    CLOSING.contains(&after) || OPENING.contains(&before) || !goes_on(before) && !is_binary
}

/// Whether a line's end between two tokens separates nothing.
fn joins(before: &str, after: &str) -> bool {
    goes_on(before)
        || OPENING.contains(&before)
        || CLOSING.contains(&after)
        || BETWEEN_OPERANDS.contains(&after) && after != "not in"
}

/// Whether more has to follow.
fn goes_on(before: &str) -> bool {
    matches!(before, "," | "keyword")
        || BEFORE_OPERAND.contains(&before)
        || BETWEEN_OPERANDS.contains(&before)
}
