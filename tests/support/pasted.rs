//! Finds the SQL in a text that people read: what they would paste from a HINT or a
//! remedy.

/// Words that a statement begins with in such a text, in capitals as it has them.
const HEADS: [&str; 17] = [
    "ALTER", "ANALYZE", "BEGIN", "COMMENT", "CREATE", "DELETE", "DROP", "GRANT", "INSERT",
    "REFRESH", "REINDEX", "RESET", "REVOKE", "SELECT", "SET", "UPDATE", "WITH",
];

/// The SQL in a text.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Pasted {
    /// Whole statements, each up to its semicolon.
    pub statements: Vec<String>,
    /// What looks like SQL and cannot be run as it stands: a statement without its end, a call or
    /// an argument outside of one.
    pub fragments: Vec<String>,
}

/// Finds the SQL in a text. A statement begins at the start of the text, or of a line, or behind
/// `: `, `; ` or `. `, with one of [`HEADS`]; it ends with a semicolon outside of quotes.
pub fn pasted(text: &str) -> Pasted {
    let mut found = Pasted::default();
    let mut prose = String::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        if begins_here(&text[..at]) && HEADS.iter().any(|head| is_word(rest, head)) {
            match end_of_statement(rest) {
                Some(end) => {
                    found.statements.push(rest[..end].to_string());
                    at += end;
                    prose.push(';');
                }
                None => {
                    found.fragments.push(rest.to_string());
                    at = text.len();
                }
            }
            continue;
        }
        // A comment between statements is for people.
        let next = rest.chars().next().map_or(1, char::len_utf8);
        prose.push_str(&rest[..next]);
        at += next;
    }
    let sentence = prose.trim();
    if sentence.contains("=>") || sentence.contains("spyne_") && sentence.contains('(') {
        found.fragments.push(sentence.to_string());
    }
    found
}

fn begins_here(before: &str) -> bool {
    let bare = before.trim_end_matches(' ');
    bare.is_empty()
        || bare.ends_with([':', ';', '.', '\n'])
            && (bare.len() < before.len() || bare.ends_with('\n'))
}

fn is_word(text: &str, word: &str) -> bool {
    text.strip_prefix(word).is_some_and(|rest| rest.starts_with([' ', ';']))
}

/// Where the statement ends that the text begins with: behind its semicolon.
fn end_of_statement(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b';' => return Some(at + 1),
            b'\'' => {
                let escapes = at > 0
                    && matches!(bytes[at - 1], b'E' | b'e')
                    && !(at > 1
                        && (bytes[at - 2].is_ascii_alphanumeric() || bytes[at - 2] == b'_'));
                at = end_of_quotes(bytes, at, b'\'', escapes)?;
            }
            b'"' => at = end_of_quotes(bytes, at, b'"', false)?,
            b'$' => match dollar_tag(&text[at..]) {
                Some(tag) => {
                    let inside = at + tag.len();
                    at = inside + text[inside..].find(tag)? + tag.len();
                }
                None => at += 1,
            },
            b'-' if bytes.get(at + 1) == Some(&b'-') => {
                at += text[at..].find('\n').unwrap_or(text.len() - at);
            }
            _ => at += 1,
        }
    }
    None
}

/// Behind the closing quote; a doubled one stands for itself.
fn end_of_quotes(bytes: &[u8], open: usize, quote: u8, escapes: bool) -> Option<usize> {
    let mut at = open + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if escapes => at += 2,
            b if b == quote && bytes.get(at + 1) == Some(&quote) => at += 2,
            b if b == quote => return Some(at + 1),
            _ => at += 1,
        }
    }
    None
}

/// `$$` or `$tag$`, where the text begins with one.
fn dollar_tag(text: &str) -> Option<&str> {
    let end = text[1..].find('$')? + 2;
    let tag = &text[1..end - 1];
    tag.chars().all(|c| c.is_ascii_alphanumeric() || c == '_').then_some(&text[..end])
}
