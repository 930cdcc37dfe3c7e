//! Takes words apart that were written together.

use std::collections::HashSet;

use super::lexicon::{ENDINGS, KEY_WORDS, MEASURE_ENDINGS, NO_COMPOUNDS};
use super::split::{stem, words};

/// The words that a word is put together of: `custkey` is customer and key,
/// `billtoaddressid` is billto, address and id. `known` are stems of words that other
/// names have by themselves.
pub fn apart(word: &str, known: &HashSet<&str>) -> Vec<String> {
    let whole = || vec![word.to_string()];
    if NO_COMPOUNDS.contains(&word) || KEY_WORDS.contains(&word) {
        return whole();
    }
    for ending in ENDINGS {
        let Some(start) = word.strip_suffix(ending).filter(|s| s.len() > 1) else {
            continue;
        };
        let written = words(start);
        let is_known = known.contains(stem(start).as_str())
            || written.concat() != start
            || (start.len() > 2 && known.iter().any(|k| k.starts_with(start)));
        let end = words(ending);
        if is_known {
            return written.into_iter().chain(end).collect();
        }
        if let Some(parts) = with_role(start, known) {
            return parts.into_iter().chain(end).collect();
        }
        // Only compounds end like this.
        if matches!(*ending, "id" | "key" | "uuid" | "guid" | "number" | "code") && start.len() > 2
        {
            return [start.to_string()].into_iter().chain(end).collect();
        }
    }
    let measure = MEASURE_ENDINGS
        .iter()
        .find_map(|ending| word.strip_suffix(ending).filter(|s| s.len() > 2).map(|s| (s, ending)));
    match measure {
        Some((start, ending)) => [start.to_string()].into_iter().chain(words(ending)).collect(),
        None => whole(),
    }
}

/// `billtoaddress` as `billto` and `address`, where some name has the word address.
fn with_role(word: &str, known: &HashSet<&str>) -> Option<Vec<String>> {
    (2..word.len().saturating_sub(2))
        .filter(|at| word.is_char_boundary(*at))
        .find(|at| known.contains(stem(&word[*at..]).as_str()))
        .map(|at| vec![word[..at].to_string(), word[at..].to_string()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_for_keys_are_words_of_their_own() {
        let known = HashSet::from(["customer", "address"]);
        for (word, expected) in [
            ("custkey", "customer key"),
            ("billtoaddressid", "billto address id"),
            ("orderid", "order id"),
            ("unitprice", "unit price"),
            ("paid", "paid"),
            ("code", "code"),
        ] {
            assert_eq!(apart(word, &known).join(" "), expected);
        }
    }
}
