//! The texts of statements: which count as the same, and where in one an error is.

/// A statement as it is compared: without what stands before its first word, without
/// blanks behind it and without the semicolon at its end. All other characters count.
/// From PostgreSQL 18 on the text of a statement begins with its first word, so a
/// comment before that word cannot count.
pub fn normalized(text: &str) -> &str {
    let mut rest = from_first_word(text).trim_end_matches(is_space);
    while let Some(shorter) = rest.strip_suffix(';') {
        rest = shorter.trim_end_matches(is_space);
    }
    rest
}

/// A text without the space and the comments that it begins with.
fn from_first_word(text: &str) -> &str {
    let mut rest = text.trim_start_matches(is_space);
    while let Some(length) = comment(rest) {
        rest = rest[length..].trim_start_matches(is_space);
    }
    rest
}

/// The length in bytes of the comment that a text begins with; None where it
/// begins with none, or with one that has no end.
fn comment(text: &str) -> Option<usize> {
    if text.starts_with("--") {
        return Some(text.find(['\n', '\r']).unwrap_or(text.len()));
    }
    text.strip_prefix("/*")?;
    // They nest.
    let (mut depth, mut at) = (0_usize, 0);
    loop {
        let rest = text.get(at..)?;
        let step = match rest.as_bytes() {
            [] => return None,
            [b'/', b'*', ..] => {
                depth += 1;
                2
            }
            [b'*', b'/', ..] => {
                depth -= 1;
                2
            }
            _ => rest.chars().next().map_or(1, char::len_utf8),
        };
        at += step;
        if depth == 0 {
            return Some(at);
        }
    }
}

/// Whether Postgres's scanner takes a character for space.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0c' | '\x0b')
}

/// The line of `text` with character `position` (from 1), and a caret below it.
pub fn pointed_at(text: &str, position: usize) -> String {
    const WIDE: usize = 60;
    let mut line_number = 1;
    let mut line_start = 0;
    for (at, c) in text.chars().enumerate().take(position.saturating_sub(1)) {
        if c == '\n' {
            line_number += 1;
            line_start = at + 1;
        }
    }
    let column = position.saturating_sub(1).saturating_sub(line_start);
    // Of a long line, the part around the position is shown.
    let from = column.saturating_sub(if column > WIDE { WIDE / 2 } else { column });
    let line: Vec<char> = text.chars().skip(line_start).take_while(|c| *c != '\n').collect();
    let shown: String = line.iter().skip(from).take(2 * WIDE).collect();
    let before = if from > 0 { "..." } else { "" };
    let after = if line.len() > from + 2 * WIDE { "..." } else { "" };
    let prefix = format!("LINE {line_number}: {before}");
    let blank = prefix.chars().count() + column - from;
    format!("{prefix}{shown}{after}\n{}^", " ".repeat(blank))
}

/// A dollar-quoted literal, which can hold any text.
pub fn dollar_quoted(text: &str) -> String {
    let mut tag = String::new();
    // The first place where the quote could end must be its end.
    while format!("{text}${tag}$").find(&format!("${tag}$")) != Some(text.len()) {
        tag.push('q');
    }
    format!("${tag}${text}${tag}$")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn space_and_semicolons_at_the_ends_do_not_count() {
        assert_eq!(normalized("  SELECT 1 ;\n ; "), "SELECT 1");
        assert_eq!(normalized("SELECT ' ;'"), "SELECT ' ;'");
        assert_eq!(normalized(";"), "");
    }

    #[test]
    fn what_stands_before_the_first_word_does_not_count() {
        for before in ["-- a\n", "/* é /* b */ -- */ ", "--\r/**/\n--x\n", "/* ; */"] {
            assert_eq!(normalized(&format!("{before}SELECT 1")), "SELECT 1", "{before}");
        }
        assert_eq!(normalized("/* a"), "/* a");
        assert_eq!(normalized("-- a"), "");
        assert_eq!(normalized("/* a */"), "");
        assert_eq!(normalized("- 1"), "- 1");
    }

    #[test]
    fn space_and_comments_inside_do_count() {
        assert_ne!(normalized("SELECT  1"), normalized("SELECT 1"));
        assert_ne!(normalized("SELECT 1 -- a"), normalized("SELECT 1"));
        assert_ne!(normalized("SELECT 'a '"), normalized("SELECT 'a'"));
    }

    #[test]
    fn an_error_is_pointed_at_in_its_line() {
        assert_eq!(pointed_at("SELEC 1", 1), "LINE 1: SELEC 1\n        ^");
        assert_eq!(pointed_at("SELECT 1\nFRM t", 10), "LINE 2: FRM t\n        ^");
        assert_eq!(pointed_at("sélect x", 8), "LINE 1: sélect x\n               ^");
    }

    #[test]
    fn any_text_can_be_quoted() {
        assert_eq!(dollar_quoted("SELECT 1"), "$$SELECT 1$$");
        assert_eq!(dollar_quoted("SELECT $$a$$"), "$q$SELECT $$a$$$q$");
        assert_eq!(dollar_quoted("SELECT $q$ $$"), "$qq$SELECT $q$ $$$qq$");
        assert_eq!(dollar_quoted("SELECT a$"), "$q$SELECT a$$q$");
        assert_eq!(dollar_quoted("SELECT $$ a$q"), "$qq$SELECT $$ a$q$qq$");
    }
}
