//! Whether two words, or two names, mean the same. No other module compares names.

use super::lexicon::{APART, SAY_LITTLE};
use super::split::stem;

/// The number of changes of one character that turn one text into the other
/// (Levenshtein distance).
pub fn edit_distance(a: &str, b: &str) -> usize {
    strsim::levenshtein(a, b)
}

/// How likely two words are the same, 0 to 1: equal, a plural, shortened, without its
/// vowels, or misspelt.
pub fn likeness(a: &str, b: &str) -> f64 {
    if a == b {
        return 1.0;
    }
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if stem(a) == stem(b) {
        return 0.95;
    }
    if short.chars().count() >= 3 && long.starts_with(short) {
        return 0.85;
    }
    let vowels_away = |w: &str| -> String {
        w.chars()
            .enumerate()
            .filter(|(at, c)| *at == 0 || !"aeiou".contains(*c))
            .map(|(_, c)| c)
            .collect()
    };
    if short.chars().count() >= 3 && vowels_away(long) == vowels_away(short) {
        return 0.85;
    }
    match (short.chars().count(), edit_distance(a, b)) {
        (5.., 1) | (8.., 2) => 0.8,
        _ => 0.0,
    }
}

/// As [`likeness`], for the name of a table: a misspelt word needs more than three
/// letters, and a word made of letters of another counts.
pub fn likeness_of_terms(a: &str, b: &str) -> f64 {
    let short = a.len().min(b.len());
    match likeness(a, b) {
        // Three letters must be the beginning of the word: a misspelling of so few
        // means nothing.
        l if l >= 0.8 && (short > 3 || l > 0.9 || a.starts_with(b) || b.starts_with(a)) => l,
        _ if is_short_for(a, b) || is_short_for(b, a) => 0.8,
        _ => 0.0,
    }
}

/// Whether a word is an abbreviation by some letters of another: `whse` for
/// `warehouse`, with the first letter and the others in order.
pub fn is_short_for(short: &str, long: &str) -> bool {
    if short.len() < 3
        || short.len() + 2 > long.len()
        || short.chars().next() != long.chars().next()
    {
        return false;
    }
    if long.len() * 2 > short.len() * 5 + 2 {
        return false;
    }
    // Such an abbreviation has few vowels.
    let vowels = short.chars().skip(1).filter(|c| "aeiou".contains(*c)).count();
    if vowels > 1 {
        return false;
    }
    let mut rest = long.chars();
    short.chars().all(|c| rest.any(|l| l == c))
}

/// Whether a word consists of the beginnings of others: `po` for purchase order,
/// `cdemo` for customer demographics.
pub fn is_made_of_beginnings(word: &str, of: &[String]) -> bool {
    let Some((first, rest)) = of.split_first() else {
        return word.is_empty();
    };
    (1..=word.len().min(first.len()))
        .filter(|at| word.is_char_boundary(*at) && first.starts_with(&word[..*at]))
        .any(|at| is_made_of_beginnings(&word[at..], rest))
}

/// Whether a name of one word consists of the initials of another: `pol` for
/// `purchase_order_line`.
fn is_initials(short: &[String], long: &[String]) -> bool {
    let [one] = short else {
        return false;
    };
    let first: String = long.iter().filter_map(|w| w.chars().next()).collect();
    long.len() >= 3 && *one == first
}

/// How likely two lists of equally many words are the same, compared word by word.
pub fn in_step(a: &[String], b: &[String]) -> f64 {
    if a.len() != b.len() || a.is_empty() {
        return 0.0;
    }
    let each: Vec<f64> = a.iter().zip(b).map(|(x, y)| likeness_of_terms(x, y)).collect();
    match each.contains(&0.0) {
        true => 0.0,
        false => each.iter().sum::<f64>() / each.len() as f64,
    }
}

/// How likely two names, as words in any order, are the same, 0 to 1: for a column that
/// may have been renamed.
pub fn of_names(a: &[String], b: &[String]) -> f64 {
    if a == b {
        return 1.0;
    }
    if a.concat() == b.concat() {
        return 0.98;
    }
    let is_number = |w: &String| w.chars().all(|c| c.is_ascii_digit());
    let numbers = |words: &[String]| -> Vec<String> {
        words.iter().filter(|w| is_number(w)).cloned().collect()
    };
    if numbers(a) != numbers(b) {
        return 0.2;
    }
    let Matched { met, alone, left } = matched(a, b);
    if alone.iter().any(|w| left.iter().any(|o| are_apart(w, o))) {
        return 0.2;
    }
    if is_initials(a, b) || is_initials(b, a) {
        return 0.85;
    }
    if alone.is_empty() && left.is_empty() {
        return met / a.len() as f64;
    }
    // The names are the same apart from words that add little, as long as one other
    // word is left.
    let says_little = |w: &&String| SAY_LITTLE.contains(&w.as_str());
    let says = |words: &[String]| words.iter().any(|w| !SAY_LITTLE.contains(&w.as_str()));
    let one_sided = alone.is_empty() || left.is_empty();
    if one_sided && met > 0.0 && alone.iter().chain(&left).all(says_little) && says(a) && says(b) {
        return 0.85;
    }
    2.0 * met / (a.len() + b.len()) as f64
}

/// The words of two names, each matched with at most one of the other.
struct Matched<'a> {
    /// The sum of the likenesses of matched words.
    met: f64,
    /// Words of the first name without a match, and of the second.
    alone: Vec<&'a String>,
    left: Vec<&'a String>,
}

fn matched<'a>(a: &'a [String], b: &'a [String]) -> Matched<'a> {
    let mut found = Matched { met: 0.0, alone: Vec::new(), left: b.iter().collect() };
    for word in a {
        let best = found
            .left
            .iter()
            .enumerate()
            .map(|(at, other)| (at, likeness(word, other)))
            .max_by(|x, y| x.1.total_cmp(&y.1));
        match best {
            Some((at, likeness)) if likeness >= 0.75 => {
                found.met += likeness;
                found.left.remove(at);
            }
            _ => found.alone.push(word),
        }
    }
    found
}

fn are_apart(a: &str, b: &str) -> bool {
    a != b && APART.iter().any(|group| group.contains(&a) && group.contains(&b))
}

/// Up to three of `known` that resemble `wanted`, nearest first: for "did you
/// mean".
pub fn near<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = wanted.to_lowercase();
    let limit = (wanted.chars().count() / 3).max(1);
    let mut scored: Vec<(usize, &str)> = known
        .into_iter()
        .filter_map(|name| {
            let lower = name.to_lowercase();
            let inside = lower.contains(&wanted) || (lower.len() > 2 && wanted.contains(&lower));
            let distance = if inside { 1 } else { edit_distance(&wanted, &lower) };
            (distance <= limit).then_some((distance, name))
        })
        .collect();
    scored.sort();
    scored.into_iter().take(3).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::split::words;

    #[test]
    fn near_names_come_nearest_first_and_far_ones_not() {
        let known = ["customers", "costumer", "orders"];
        assert_eq!(near("customer", known), ["customers", "costumer"]);
        assert!(near("lineitem", known).is_empty());
    }

    #[test]
    fn what_is_set_apart_is_not_alike() {
        let of = |a: &str, b: &str| of_names(&words(a), &words(b));
        assert!(of("cust_id", "customer_id") > 0.95);
        assert!(of("phone", "phone_number") > 0.8);
        assert!(of("first_name", "last_name") < 0.5);
        assert!(of("address1", "address2") < 0.5);
        assert!(of("created_at", "updated_at") < 0.5);
        assert!(of("zip", "postcode") > 0.8);
        assert!(of("pol", "purchase_order_line") > 0.8);
    }

    #[test]
    fn words_are_cut_off_misspelt_and_abbreviated() {
        assert_eq!(likeness("customer", "customer"), 1.0);
        assert_eq!(likeness("customer", "customers"), 0.95);
        assert_eq!(likeness("invoice", "inv"), 0.85);
        assert_eq!(likeness("product", "prduct"), 0.85);
        assert_eq!(likeness("accommodation", "accomodation"), 0.8);
        assert_eq!(likeness("city", "county"), 0.0);
        assert_eq!(likeness_of_terms("whse", "warehouse"), 0.8);
        assert_eq!(likeness_of_terms("sun", "son"), 0.0);
        assert!(is_made_of_beginnings("po", &words("purchase_order")));
        assert!(!is_made_of_beginnings("op", &words("purchase_order")));
    }
}
