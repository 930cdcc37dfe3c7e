//! Statement texts: what counts as the same one, and where an error is in one.

/// A statement as it is compared: without space around it and without the
/// semicolon at its end. Everything else counts.
pub fn normalized(text: &str) -> &str {
    let mut rest = text.trim_matches(is_space);
    while let Some(shorter) = rest.strip_suffix(';') {
        rest = shorter.trim_end_matches(is_space);
    }
    rest
}

/// What Postgres's scanner takes for space.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0c' | '\x0b')
}

/// The line of `text` with character `position` (from 1), and a caret below it.
pub fn pointed_at(text: &str, position: usize) -> String {
    let mut line_number = 1;
    let mut line_start = 0;
    for (at, c) in text.chars().enumerate().take(position.saturating_sub(1)) {
        if c == '\n' {
            line_number += 1;
            line_start = at + 1;
        }
    }
    let line: String = text.chars().skip(line_start).take_while(|c| *c != '\n').collect();
    let prefix = format!("LINE {line_number}: ");
    let blank = prefix.chars().count() + position.saturating_sub(1).saturating_sub(line_start);
    format!("{prefix}{line}\n{}^", " ".repeat(blank))
}

/// A literal that any text can stand in.
pub fn dollar_quoted(text: &str) -> String {
    let mut tag = String::new();
    // The first place where the quote could end must be its end.
    while format!("{text}${tag}$").find(&format!("${tag}$")) != Some(text.len()) {
        tag.push('q');
    }
    format!("${tag}${text}${tag}$")
}

/// The names most like `wanted`, at most three, nearest first: those within a
/// third of its length in edits, or that contain it.
pub fn near<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let wanted = wanted.to_lowercase();
    let most = (wanted.chars().count() / 3).max(1);
    let mut found: Vec<(usize, &str)> = names
        .into_iter()
        .filter_map(|name| {
            let lower = name.to_lowercase();
            let edits = distance(&wanted, &lower);
            let contains = lower.contains(&wanted) || wanted.contains(&lower);
            (edits <= most || (contains && lower.len() > 2)).then_some((edits, name))
        })
        .collect();
    found.sort();
    found.dedup();
    found.into_iter().take(3).map(|(_, name)| name.to_string()).collect()
}

/// Levenshtein's edit distance, by Wagner and Fischer's table, a row at a time.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
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

    #[test]
    fn near_names_are_near() {
        let names = ["customer", "orders", "customers_old", "part"];
        assert_eq!(near("custmer", names), ["customer"]);
        assert_eq!(near("Customers", names), ["customer", "customers_old"]);
        assert!(near("lineitem", names).is_empty());
    }
}
