//! Splits a name into words.

use std::collections::HashMap;

use super::lexicon::{TYPE_PREFIXES, WRITTEN_OUT};

/// A name without the prefix for its type.
fn without_type(name: &str) -> &str {
    TYPE_PREFIXES
        .iter()
        .filter_map(|prefix| name.strip_prefix(prefix))
        .find(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()))
        .unwrap_or(name)
}

/// The words of a name: split where the case changes, at digits and at other
/// characters; abbreviations are written out.
pub fn words(name: &str) -> Vec<String> {
    #[derive(PartialEq, Clone, Copy)]
    enum Sort {
        Lower,
        Upper,
        Digit,
        Between,
    }
    let sort = |c: char| match c {
        c if c.is_ascii_digit() => Sort::Digit,
        c if c.is_uppercase() => Sort::Upper,
        c if c.is_alphanumeric() => Sort::Lower,
        _ => Sort::Between,
    };
    let mut words: Vec<String> = Vec::new();
    let mut last = Sort::Between;
    for c in without_type(name).chars() {
        let now = sort(c);
        let goes_on = now == last || (last == Sort::Upper && now == Sort::Lower);
        if now != Sort::Between {
            if !goes_on || words.is_empty() {
                words.push(String::new());
            }
            // HTTPStatus: the last capital begins the next word.
            if last == Sort::Upper
                && now == Sort::Lower
                && words.last().is_some_and(|w| w.chars().count() > 1)
            {
                let first = words.last_mut().and_then(String::pop).unwrap_or_default();
                words.push(first.to_string());
            }
            if let Some(word) = words.last_mut() {
                word.extend(c.to_lowercase());
            }
        }
        last = now;
    }
    words.iter().flat_map(|word| written_out(word)).collect()
}

fn written_out(word: &str) -> Vec<String> {
    match WRITTEN_OUT.iter().find(|(short, _)| *short == word) {
        Some((_, long)) => long.split(' ').map(str::to_string).collect(),
        None => vec![word.to_string()],
    }
}

/// A word without its ending in the plural. The result is the same for singular
/// and plural, and need not be a word any more.
pub fn stem(word: &str) -> String {
    let word = match word {
        "people" | "persons" => "person",
        "children" => "child",
        "men" => "man",
        "women" => "woman",
        "staffs" => "staff",
        other => other,
    };
    let keeps = ["ss", "us", "is"].iter().any(|end| word.ends_with(end)) || word.len() < 4;
    let word = if keeps { word } else { word.strip_suffix('s').unwrap_or(word) };
    if let Some(start) = word.strip_suffix("ie") {
        return format!("{start}y");
    }
    match word.strip_suffix('e') {
        Some(start) if ["x", "s", "z", "ch", "sh"].iter().any(|end| start.ends_with(end)) => {
            start.to_string()
        }
        _ => word.to_string(),
    }
}

/// Removes a first word that most names have: `tbl_`, or the name of a module.
pub fn without_common_first(all: &mut [Vec<String>]) {
    if let Some(common) = common_first(all) {
        without_first(all, &common);
    }
}

/// Removes this first word where another follows.
pub fn without_first(all: &mut [Vec<String>], first: &str) {
    for words in all.iter_mut().filter(|w| w.len() > 1 && w[0] == first) {
        words.remove(0);
    }
}

/// The word that at least two thirds of the names begin with, and at least three.
pub fn common_first(all: &[Vec<String>]) -> Option<String> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for first in all.iter().filter(|w| w.len() > 1).filter_map(|w| w.first()) {
        *counts.entry(first.as_str()).or_default() += 1;
    }
    let (word, times) = counts.into_iter().max_by_key(|(word, times)| (*times, *word))?;
    (times >= 3 && times * 3 >= all.len() * 2).then(|| word.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fall_into_words() {
        for (name, expected) in [
            ("customerId", "customer id"),
            ("cust_id", "customer id"),
            ("HTTPStatusCode", "http status code"),
            ("address2", "address 2"),
            ("order-qty", "order quantity"),
            ("Größe", "größe"),
            ("strGuestName", "guest name"),
        ] {
            assert_eq!(words(name).join(" "), expected);
        }
    }

    #[test]
    fn plurals_are_stemmed_like_their_singulars() {
        for (one, many) in [
            ("category", "categories"),
            ("movie", "movies"),
            ("address", "addresses"),
            ("warehouse", "warehouses"),
            ("branch", "branches"),
            ("status", "statuses"),
            ("box", "boxes"),
            ("person", "people"),
        ] {
            assert_eq!(stem(one), stem(many));
        }
    }

    #[test]
    fn a_first_word_that_most_names_have_goes() {
        let mut all: Vec<Vec<String>> =
            ["app_user", "app_order", "app_line", "note"].iter().map(|n| words(n)).collect();
        without_common_first(&mut all);
        assert_eq!(all.concat(), ["user", "order", "line", "note"]);
        let few: Vec<Vec<String>> = ["app_user", "app_order"].iter().map(|n| words(n)).collect();
        assert_eq!(common_first(&few), None);
    }
}
