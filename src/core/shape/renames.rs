//! Which added column may be a removed one under another name, where only the
//! two descriptions are at hand. A suggestion, with how sure it is.
//!
//! The confidence is a weighted sum, as in composite schema matchers (Do and
//! Rahm, COMA, VLDB 2002): how the names resemble each other, how the types fit,
//! and whether the columns stand at the same place among their neighbours.

use std::collections::HashMap;

use super::snapshot::Column;
use super::types::{Fit, fit};
use crate::words::{initials, likeness as word_likeness, words};

/// From here on a pair is told as a rename; below it as two changes.
pub const CERTAIN: f64 = 0.8;

/// From here on the two changes mention each other.
const POSSIBLE: f64 = 0.55;

const NAME: f64 = 0.65;
const TYPE: f64 = 0.2;
const PLACE: f64 = 0.15;

/// A rival as close as this makes a pair uncertain.
const MARGIN: f64 = 0.1;

/// More pairs than this are not weighed: nothing in them is a rename any more.
const MOST_PAIRS: usize = 100_000;

/// A removed and an added column that may be one.
#[derive(Clone, Copy, Debug)]
pub struct Suggestion<'a> {
    pub old: &'a Column,
    pub new: &'a Column,
    /// 0 to 1.
    pub confidence: f64,
}

/// The likeliest pairs, each column in one at most.
pub fn suggest<'a>(
    old: &'a [Column],
    new: &'a [Column],
    gone: &[&'a Column],
    added: &[&'a Column],
) -> Vec<Suggestion<'a>> {
    if gone.len() * added.len() > MOST_PAIRS {
        return Vec::new();
    }
    let (gone_words, added_words) = (words_of(old, gone), words_of(new, added));
    let mut all: Vec<Suggestion> = Vec::new();
    for (was, was_words) in gone.iter().zip(&gone_words) {
        for (now, now_words) in added.iter().zip(&added_words) {
            let confidence = NAME * likeness(was_words, now_words)
                + TYPE * type_likeness(was, now)
                + PLACE * place_likeness(old, new, was, now);
            if confidence >= POSSIBLE {
                all.push(Suggestion { old: was, new: now, confidence });
            }
        }
    }
    all.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    let mut chosen: Vec<Suggestion> = Vec::new();
    for one in &all {
        let rival = |other: &&Suggestion| {
            let same_old = std::ptr::eq(other.old, one.old);
            let same_new = std::ptr::eq(other.new, one.new);
            same_old != same_new
        };
        let taken = |c: &Suggestion| std::ptr::eq(c.old, one.old) || std::ptr::eq(c.new, one.new);
        if chosen.iter().any(taken) {
            continue;
        }
        let contested =
            all.iter().filter(rival).any(|other| other.confidence > one.confidence - MARGIN);
        let confidence = match contested {
            true => one.confidence.min(CERTAIN - 0.01),
            false => one.confidence,
        };
        chosen.push(Suggestion { confidence, ..*one });
    }
    chosen
}

/// The words of some columns, without one that most columns of the table begin
/// with: an export writes its own name before each.
fn words_of(all: &[Column], some: &[&Column]) -> Vec<Vec<String>> {
    let first = |column: &Column| words(&column.name).into_iter().next().unwrap_or_default();
    let mut counts: HashMap<String, usize> = HashMap::new();
    all.iter().for_each(|column| *counts.entry(first(column)).or_default() += 1);
    let common = counts.into_iter().find(|(_, n)| *n >= 3 && *n * 3 >= all.len() * 2);
    let without = |mut words: Vec<String>| {
        if words.len() > 1 && common.as_ref().is_some_and(|(word, _)| words[0] == *word) {
            words.remove(0);
        }
        words
    };
    some.iter().map(|column| without(words(&column.name))).collect()
}

fn type_likeness(was: &Column, now: &Column) -> f64 {
    match fit(&was.data_type, was.facts.as_ref(), &now.data_type, now.facts.as_ref()) {
        Fit::Same => 1.0,
        Fit::Wider | Fit::Checked => 0.8,
        Fit::Lossy => 0.5,
        Fit::Other => -1.0,
    }
}

/// Whether the neighbours on both sides are the same.
fn place_likeness(old: &[Column], new: &[Column], was: &Column, now: &Column) -> f64 {
    let place = |all: &[Column], one: &Column| all.iter().position(|c| std::ptr::eq(c, one));
    let (Some(i), Some(j)) = (place(old, was), place(new, now)) else {
        return 0.0;
    };
    let name =
        |all: &[Column], at: Option<usize>| at.and_then(|at| all.get(at)).map(|c| c.name.clone());
    let before = name(old, i.checked_sub(1)) == name(new, j.checked_sub(1));
    let after = name(old, Some(i + 1)) == name(new, Some(j + 1));
    match (before, after) {
        (true, true) => 1.0,
        (true, false) | (false, true) => 0.7,
        _ if i.abs_diff(j) <= 1 => 0.6,
        _ => 0.0,
    }
}

/// Words that say little by themselves: `phone` and `phone_number` are one.
const SAY_LITTLE: &[&str] = &[
    "id",
    "number",
    "code",
    "name",
    "date",
    "at",
    "on",
    "is",
    "has",
    "flag",
    "value",
    "text",
    "amount",
    "address",
    "timestamp",
    "time",
    "of",
    "the",
    "key",
    "type",
    "field",
    "col",
    "column",
    "data",
    "info",
    "total",
    "full",
    "utc",
];

/// Words that set columns apart which are otherwise called the same.
const APART: &[&[&str]] = &[
    &["first", "last", "middle", "full", "nick", "user", "display", "maiden"],
    &[
        "created",
        "updated",
        "deleted",
        "modified",
        "archived",
        "published",
        "expired",
        "expiry",
        "completed",
        "cancelled",
        "canceled",
        "confirmed",
        "approved",
        "rejected",
        "received",
        "sent",
        "shipped",
        "delivered",
        "paid",
        "ordered",
        "opened",
        "closed",
        "started",
        "ended",
        "issued",
        "due",
        "scheduled",
        "birth",
        "hired",
        "hire",
        "registered",
        "verified",
    ],
    &["start", "end", "begin", "stop", "finish"],
    &["minimum", "maximum", "average", "total", "median", "sum"],
    &["billing", "shipping", "home", "work", "mailing", "delivery", "invoice", "legal"],
    &["gross", "net", "tax", "discount", "fee", "tip", "shipping", "cost", "price", "sub"],
    &[
        "buyer",
        "seller",
        "sender",
        "receiver",
        "recipient",
        "payer",
        "payee",
        "owner",
        "author",
        "editor",
        "reviewer",
        "approver",
        "manager",
        "assignee",
        "reporter",
        "creator",
    ],
    &["from", "to"],
    &["source", "target", "destination", "origin"],
    &["in", "out"],
    &["input", "output"],
    &["old", "new"],
    &["before", "after"],
    &["previous", "next", "current"],
    &["open", "close", "high", "low"],
    &["debit", "credit"],
    &["parent", "child"],
    &["width", "height", "depth", "length", "weight"],
    &["latitude", "longitude"],
    &["x", "y", "z"],
    &["day", "week", "month", "quarter", "year", "hour", "minute", "second"],
    &["planned", "actual", "expected", "estimated"],
    &["left", "right", "top", "bottom"],
    &["primary", "secondary", "alternate", "backup"],
    &["public", "private"],
    &["read", "write"],
    &["email", "phone", "mobile", "fax"],
    &["city", "country", "state", "street", "region", "county"],
    &[
        "user", "customer", "product", "order", "account", "company", "vendor", "supplier",
        "employee",
    ],
    &["id", "name", "code", "description", "type", "status", "count", "date", "amount"],
    &["success", "failure", "error"],
    &["male", "female"],
    &["push", "pull"],
    &["up", "down"],
];

fn are_apart(a: &str, b: &str) -> bool {
    a != b && APART.iter().any(|group| group.contains(&a) && group.contains(&b))
}

/// How much two names resemble each other, 0 to 1.
fn likeness(a: &[String], b: &[String]) -> f64 {
    if a == b {
        return 1.0;
    }
    let joined = |words: &[String]| words.concat();
    if joined(a) == joined(b) {
        return 0.98;
    }
    let is_number = |w: &String| w.chars().all(|c| c.is_ascii_digit());
    let numbers = |words: &[String]| -> Vec<String> {
        words.iter().filter(|w| is_number(w)).cloned().collect()
    };
    if numbers(a) != numbers(b) {
        return 0.2;
    }
    // Each word with its like, once.
    let mut left: Vec<&String> = b.iter().collect();
    let mut alone: Vec<&String> = Vec::new();
    let mut met = 0.0;
    for word in a {
        let best = left
            .iter()
            .enumerate()
            .map(|(at, other)| (at, word_likeness(word, other)))
            .max_by(|x, y| x.1.total_cmp(&y.1));
        match best {
            Some((at, likeness)) if likeness >= 0.75 => {
                met += likeness;
                left.remove(at);
            }
            _ => alone.push(word),
        }
    }
    if alone.iter().any(|w| left.iter().any(|o| are_apart(w, o))) {
        return 0.2;
    }
    if initials(a, b) || initials(b, a) {
        return 0.85;
    }
    if alone.is_empty() && left.is_empty() {
        return met / a.len() as f64;
    }
    // The same but for words that say little, as long as one is left that says
    // something.
    let says_little = |w: &&String| SAY_LITTLE.contains(&w.as_str());
    let says = |words: &[String]| words.iter().any(|w| !SAY_LITTLE.contains(&w.as_str()));
    let one_sided = alone.is_empty() || left.is_empty();
    if one_sided && met > 0.0 && alone.iter().chain(&left).all(says_little) && says(a) && says(b) {
        return 0.85;
    }
    2.0 * met / (a.len() + b.len()) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_apart_is_not_alike() {
        let of = |a: &str, b: &str| likeness(&words(a), &words(b));
        assert!(of("cust_id", "customer_id") > 0.95);
        assert!(of("phone", "phone_number") > 0.8);
        assert!(of("first_name", "last_name") < 0.5);
        assert!(of("address1", "address2") < 0.5);
        assert!(of("created_at", "updated_at") < 0.5);
        assert!(of("zip", "postcode") > 0.8);
    }
}
