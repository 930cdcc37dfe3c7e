//! What no file may hold: readers that find it, and the comparison with what is known.

use std::collections::BTreeSet;

use super::lexer::{Kind, Token};

/// The lines that the body of a function may have.
const LINES_OF_A_FUNCTION: usize = 80;
/// The lines that a statement may have that is not in a file of its own.
const LINES_OF_A_STATEMENT: usize = 3;
/// Types whose value can change in a `static`, by what their names start with.
const CHANGING: [&str; 10] = [
    "Local",
    "Atomic",
    "Cell",
    "RefCell",
    "OnceCell",
    "OnceLock",
    "LazyLock",
    "Mutex",
    "RwLock",
    "GucSetting",
];

/// The functions whose bodies are too long, by name.
pub fn long_functions(tokens: &[Token]) -> Vec<String> {
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let Some(name) = tokens.get(at + 1).and_then(Token::word) else { continue };
        if token.is_word("fn") && lines_of_body(&tokens[at..]) > LINES_OF_A_FUNCTION {
            found.push(name.to_owned());
        }
    }
    found
}

/// The lines between the braces of the function that starts here; none where it has no body.
fn lines_of_body(tokens: &[Token]) -> usize {
    let mut depth = 0_usize;
    let mut opened = None;
    for token in tokens {
        match token.kind {
            Kind::Mark('(' | '[') => depth += 1,
            Kind::Mark(')' | ']') => depth = depth.saturating_sub(1),
            Kind::Mark(';') if depth == 0 => return 0,
            Kind::Mark('{') => {
                if depth == 0 {
                    opened = Some(token.line);
                }
                depth += 1;
            }
            Kind::Mark('}') => {
                depth = depth.saturating_sub(1);
                if let (0, Some(line)) = (depth, opened) {
                    return token.line.saturating_sub(line + 1);
                }
            }
            _ => {}
        }
    }
    0
}

/// SQL statements that are too long to stand between Rust.
pub fn long_statements(tokens: &[Token]) -> usize {
    const VERBS: [&str; 5] = ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"];
    let is_long = |token: &&Token| token.end - token.line + 1 > LINES_OF_A_STATEMENT;
    let is_sql = |token: &&Token| match &token.kind {
        Kind::Text(text) => {
            text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| VERBS.contains(&word))
        }
        _ => false,
    };
    tokens.iter().filter(is_long).filter(is_sql).count()
}

/// Names of two parts as two strings, which say nothing of which is which.
pub fn pairs_of_strings(tokens: &[Token]) -> usize {
    let is = |token: &Token, part: &str| match &token.kind {
        Kind::Word(word) => word == part,
        Kind::Mark(mark) => part.chars().eq([*mark]),
        _ => false,
    };
    count(tokens, &["(", "String", ",", "String", ")"], is)
}

/// Imports by way of the module two above, which move when either does.
pub fn climbs(tokens: &[Token]) -> usize {
    let is = |token: &Token, part: &str| match &token.kind {
        Kind::Word(word) => word == part,
        kind => *kind == Kind::Path && part == "::",
    };
    count(tokens, &["super", "::", "super"], is)
}

fn count(tokens: &[Token], parts: &[&str], is: impl Fn(&Token, &str) -> bool) -> usize {
    let matches = |window: &&[Token]| window.iter().zip(parts).all(|(token, part)| is(token, part));
    tokens.windows(parts.len()).filter(matches).count()
}

/// The statics that can change, by name.
pub fn changing_statics(tokens: &[Token]) -> Vec<String> {
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        // The lifetime is another thing.
        let is_lifetime = at > 0 && tokens[at - 1].is_mark('\'');
        if !token.is_word("static") || is_lifetime {
            continue;
        }
        let is_mutable = tokens.get(at + 1).is_some_and(|token| token.is_word("mut"));
        let Some(name) = tokens.get(at + 1 + usize::from(is_mutable)).and_then(Token::word) else {
            continue;
        };
        let kind =
            tokens[at..].iter().take_while(|token| !token.is_mark('=') && !token.is_mark(';'));
        let changes = kind
            .filter_map(Token::word)
            .skip(2)
            .any(|word| CHANGING.iter().any(|changing| word.starts_with(changing)));
        if is_mutable || changes {
            found.push(name.to_owned());
        }
    }
    found
}

/// What is found, against what is known: a line for each that is in one of them alone.
///
/// The list of what is known is exact: an entry goes with what it stands for, so that nothing comes
/// back unnoticed.
pub fn differences(found: &BTreeSet<String>, known: &[&str]) -> Vec<String> {
    let is_known = |line: &&String| known.contains(&line.as_str());
    let new = found.iter().filter(|line| !is_known(line)).map(|line| format!("new: {line}"));
    let gone = known.iter().filter(|line| !found.contains(**line));
    new.chain(gone.map(|line| format!("mended, to be taken off the list: {line}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexer::tokens;

    #[test]
    fn a_function_is_as_long_as_its_body() {
        let of = |lines: usize| {
            let body = "    x();\n".repeat(lines);
            tokens(&format!("fn f(\n a: [u8; 3],\n) -> u8\n{{\n{body}}}\ntrait T {{ fn g(); }}"))
        };
        assert!(long_functions(&of(80)).is_empty());
        assert_eq!(long_functions(&of(81)), ["f"]);
        let nested = format!("fn outer() {{\n{}fn inner() {{\n\n}}\n}}", "if a { b }\n".repeat(90));
        assert_eq!(long_functions(&tokens(&nested)), ["outer"]);
    }

    #[test]
    fn a_statement_is_long_by_its_lines() {
        assert_eq!(long_statements(&tokens("\"SELECT\n1\n2\"")), 0);
        assert_eq!(long_statements(&tokens("\"SELECT\n1\n2\n3\"; r\"WITH x\n\n\n\"")), 2);
        assert_eq!(long_statements(&tokens("\"SELECTED\nin\nno\nplace\"")), 0);
    }

    #[test]
    fn pairs_and_climbs_are_counted() {
        assert_eq!(pairs_of_strings(&tokens("f: (String, String), g: Vec<(String,\n String)>")), 2);
        assert_eq!(pairs_of_strings(&tokens("(String, String, u8) (String, &str)")), 0);
        assert_eq!(climbs(&tokens("use super::super::a; use super::super::super::b;")), 3);
        assert_eq!(climbs(&tokens("use super::a; // super::super::")), 0);
    }

    #[test]
    fn a_static_that_changes_is_told_from_one_that_does_not() {
        let source =
            "static A: Local<u8> = Local::new(0); static B: &str = \"x\"; pub static mut C: u8 = 0;
            fn f(x: &'static str) { static D: std::sync::OnceLock<u8> = OnceLock::new(); }
            static E: Query = Query::new(Local); static F: [AtomicBool; 2] = x;";
        assert_eq!(changing_statics(&tokens(source)), ["A", "C", "D", "F"]);
    }

    #[test]
    fn a_list_of_what_is_known_is_exact() {
        let found: BTreeSet<String> = ["a: 1", "b: 2"].map(str::to_owned).into();
        assert!(differences(&found, &["b: 2", "a: 1"]).is_empty());
        assert_eq!(differences(&found, &["a: 1"]), ["new: b: 2"]);
        assert_eq!(
            differences(&found, &["a: 1", "b: 3", "b: 2"]),
            ["mended, to be taken off the list: b: 3"]
        );
    }
}
