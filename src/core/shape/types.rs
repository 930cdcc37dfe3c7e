//! Whether one type holds every value of another.
//!
//! That is decided by what a value can be (bits, digits, characters, precision), as
//! PostgreSQL's documentation of data types and casts has it, and not by how the names
//! resemble each other. Types of different sorts do not hold each other's values: a
//! number as text sorts and adds up in another way.

use serde::{Deserialize, Serialize};

/// The definition of a type that is none of Postgres's own, or of an array of one.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TypeFacts {
    /// The labels, in order.
    Enum(Vec<String>),
    Domain(Box<Domain>),
    /// The attributes, in order.
    Composite(Vec<Attribute>),
    /// The element type of an array.
    Array(Box<Attribute>),
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Domain {
    pub base: Attribute,
    pub not_null: bool,
    /// The CHECK constraints of the domain.
    pub checks: Vec<String>,
    /// The default for columns that have none of their own.
    #[serde(default)]
    pub default: Option<String>,
}

impl TypeFacts {
    /// The definition in words, to be shown beside the name.
    pub fn describe(&self) -> String {
        let attribute = |a: &Attribute| match &a.facts {
            Some(facts) => format!("{} {}", a.data_type, facts.describe()),
            None => a.data_type.clone(),
        };
        match self {
            TypeFacts::Enum(labels) => format!("({})", labels.join(", ")),
            TypeFacts::Domain(domain) => {
                let not_null = if domain.not_null { " NOT NULL" } else { "" };
                let checks: String = domain.checks.iter().map(|c| format!(" {c}")).collect();
                format!("({}{not_null}{checks})", attribute(&domain.base))
            }
            TypeFacts::Composite(attributes) => {
                let all = attributes.iter().map(|a| format!("{} {}", a.name, attribute(a)));
                format!("({})", all.collect::<Vec<_>>().join(", "))
            }
            TypeFacts::Array(element) => format!("of {}", attribute(element)),
        }
    }
}

/// An attribute of a composite type, or a type that another is made of.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Attribute {
    #[serde(default)]
    pub name: String,
    #[serde(rename = "type")]
    pub data_type: String,
    #[serde(default)]
    pub facts: Option<TypeFacts>,
}

/// How the values of one type fit into another, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// The same type.
    Same,
    /// Every value fits as it is.
    Wider,
    /// Some values may not fit, and Postgres raises an error for each.
    Checked,
    /// Some values may not fit, and are rounded or cut without a word.
    Lossy,
    /// Values of another sort.
    Other,
}

/// How the values of `from` fit into `to`; both as `format_type` writes them.
pub fn fit(from: &str, facts: Option<&TypeFacts>, to: &str, to_facts: Option<&TypeFacts>) -> Fit {
    if from == to && facts == to_facts {
        return Fit::Same;
    }
    match (facts, to_facts) {
        // A default does not change which values are possible.
        (Some(TypeFacts::Domain(old)), Some(TypeFacts::Domain(new)))
            if from == to
                && **old == (Domain { default: old.default.clone(), ..(**new).clone() }) =>
        {
            Fit::Same
        }
        (Some(TypeFacts::Domain(old)), Some(TypeFacts::Domain(new))) => {
            let base = between(&old.base, &new.base);
            let narrowed = (new.not_null && !old.not_null)
                || new.checks.iter().any(|check| !old.checks.contains(check));
            worse(base, narrowed)
        }
        // A value stays the same without its domain.
        (Some(TypeFacts::Domain(old)), _) => {
            fit(&old.base.data_type, old.base.facts.as_ref(), to, to_facts).max(Fit::Wider)
        }
        (_, Some(TypeFacts::Domain(new))) => {
            let base = fit(from, facts, &new.base.data_type, new.base.facts.as_ref());
            worse(base, new.not_null || !new.checks.is_empty())
        }
        (Some(TypeFacts::Array(old)), Some(TypeFacts::Array(new))) => between(old, new),
        (Some(TypeFacts::Enum(old)), Some(TypeFacts::Enum(new))) => labels(old, new),
        (Some(TypeFacts::Composite(old)), Some(TypeFacts::Composite(new))) => attributes(old, new),
        (None, None) => built_in(from, to),
        _ => Fit::Other,
    }
}

fn between(old: &Attribute, new: &Attribute) -> Fit {
    fit(&old.data_type, old.facts.as_ref(), &new.data_type, new.facts.as_ref())
}

/// The fit of a changed definition: at least a change of name, or checked values where
/// it has a new check.
fn worse(base: Fit, narrowed: bool) -> Fit {
    base.max(if narrowed { Fit::Checked } else { Fit::Wider })
}

/// Labels may be added anywhere, as long as the others keep their order.
fn labels(old: &[String], new: &[String]) -> Fit {
    let kept: Vec<&String> = new.iter().filter(|label| old.contains(label)).collect();
    match kept.iter().copied().eq(old.iter()) {
        true => Fit::Wider,
        false => Fit::Other,
    }
}

/// Attributes keep their names and places; more may follow.
fn attributes(old: &[Attribute], new: &[Attribute]) -> Fit {
    if old.len() > new.len() || old.iter().zip(new).any(|(a, b)| a.name != b.name) {
        return Fit::Other;
    }
    old.iter().zip(new).map(|(a, b)| between(a, b)).fold(Fit::Wider, Fit::max)
}

/// What a value of a built-in type can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held<'a> {
    /// Bits, the sign included.
    Integer(u32),
    /// Bits of the mantissa.
    Float(u32),
    /// Digits in all and behind the point; None for any.
    Numeric(Option<(i32, i32)>),
    /// At most so many characters, and blanks at the end that mean nothing.
    Text {
        most: Option<u32>,
        padded: bool,
    },
    Name,
    Bits {
        most: Option<u32>,
        fixed: bool,
    },
    Date,
    /// Digits of a second, and whether it is an instant.
    Timestamp(u32, bool),
    Time(u32, bool),
    /// Its fields (empty for all), and digits of a second.
    Interval(&'a str, u32),
    Cidr,
    Inet,
    /// Any other, by its name.
    Named(&'a str),
}

/// Digits of a second where none are given.
const MICROSECONDS: u32 = 6;

/// Splits `numeric(8,2)` into its words and its modifiers, wherever these are:
/// `timestamp(3) with time zone`, `interval day to second(3)`.
fn modifiers(text: &str) -> (String, Vec<i32>) {
    let Some((before, rest)) = text.split_once('(') else {
        return (text.to_string(), Vec::new());
    };
    let Some((inside, after)) = rest.split_once(')') else {
        return (text.to_string(), Vec::new());
    };
    let numbers: Option<Vec<i32>> = inside.split(',').map(|n| n.trim().parse().ok()).collect();
    match numbers {
        Some(numbers) => (format!("{before}{after}"), numbers),
        None => (text.to_string(), Vec::new()),
    }
}

fn held<'a>(text: &'a str, words: &'a str, modifiers: &[i32]) -> Held<'a> {
    let first = modifiers.first().copied();
    let length = first.and_then(|n| u32::try_from(n).ok());
    let precision = length.unwrap_or(MICROSECONDS);
    match words {
        "smallint" => Held::Integer(16),
        "integer" => Held::Integer(32),
        "bigint" => Held::Integer(64),
        "real" => Held::Float(24),
        "double precision" => Held::Float(53),
        "numeric" => Held::Numeric(first.map(|p| (p, modifiers.get(1).copied().unwrap_or(0)))),
        "text" | "character varying" => Held::Text { most: length, padded: false },
        "character" => Held::Text { most: Some(length.unwrap_or(1)), padded: true },
        "bpchar" => Held::Text { most: None, padded: true },
        "name" => Held::Name,
        "bit" => Held::Bits { most: Some(length.unwrap_or(1)), fixed: true },
        "bit varying" => Held::Bits { most: length, fixed: false },
        "date" => Held::Date,
        "timestamp without time zone" => Held::Timestamp(precision, false),
        "timestamp with time zone" => Held::Timestamp(precision, true),
        "time without time zone" => Held::Time(precision, false),
        "time with time zone" => Held::Time(precision, true),
        "cidr" => Held::Cidr,
        "inet" => Held::Inet,
        _ => match words.strip_prefix("interval") {
            Some(fields) if fields.is_empty() || fields.starts_with(' ') => {
                Held::Interval(fields.trim(), precision)
            }
            _ => Held::Named(text),
        },
    }
}

fn built_in(from: &str, to: &str) -> Fit {
    if from == to {
        return Fit::Same;
    }
    // Arrays hold what their elements hold; dimensions are no part of a type.
    match (from.strip_suffix("[]"), to.strip_suffix("[]")) {
        (Some(from), Some(to)) => return built_in(from, to),
        (None, None) => {}
        _ => return Fit::Other,
    }
    let (from_words, from_modifiers) = modifiers(from);
    let (to_words, to_modifiers) = modifiers(to);
    let old = held(from, &from_words, &from_modifiers);
    let new = held(to, &to_words, &to_modifiers);
    // Two names of the same type.
    if old == new && !matches!(old, Held::Named(_)) {
        return Fit::Wider;
    }
    fits(old, new)
}

/// Decimal digits that an integer of so many bits never exceeds.
fn digits(bits: u32) -> i32 {
    match bits {
        16 => 5,
        32 => 10,
        _ => 19,
    }
}

/// Decimal digits of whole numbers that a mantissa of so many bits always holds.
fn exact_digits(mantissa: u32) -> i32 {
    match mantissa {
        24 => 7,
        _ => 15,
    }
}

fn fits(old: Held, new: Held) -> Fit {
    let wider = |holds: bool, otherwise: Fit| if holds { Fit::Wider } else { otherwise };
    let room = |old: Option<u32>, new: Option<u32>| match (old, new) {
        (_, None) => true,
        (Some(old), Some(new)) => old <= new,
        (None, Some(_)) => false,
    };
    match (old, new) {
        (Held::Integer(a), Held::Integer(b)) => wider(a <= b, Fit::Checked),
        (Held::Integer(bits), Held::Float(mantissa)) => wider(bits <= mantissa, Fit::Lossy),
        (Held::Integer(_), Held::Numeric(None)) => Fit::Wider,
        (Held::Integer(_), Held::Numeric(Some((_, scale)))) if scale < 0 => Fit::Lossy,
        (Held::Integer(bits), Held::Numeric(Some((precision, scale)))) => {
            wider(precision - scale >= digits(bits), Fit::Checked)
        }
        (Held::Float(a), Held::Float(b)) => wider(a <= b, Fit::Lossy),
        (Held::Numeric(_), Held::Numeric(None)) => Fit::Wider,
        (Held::Numeric(Some((p, s))), Held::Numeric(Some((q, t)))) if t >= s => {
            wider(q - t >= p - s, Fit::Checked)
        }
        // Whole numbers of so few digits have a binary fraction of their own.
        (Held::Numeric(Some((precision, scale))), Held::Float(mantissa))
            if scale <= 0 && exact_digits(mantissa) >= precision - scale =>
        {
            Fit::Wider
        }
        // Whole numbers; NaN alone does not fit.
        (Held::Numeric(Some((_, scale))), Held::Integer(_)) if scale <= 0 => Fit::Checked,
        (
            Held::Float(_) | Held::Numeric(_),
            Held::Integer(_) | Held::Float(_) | Held::Numeric(_),
        ) => Fit::Lossy,
        (Held::Text { .. }, Held::Text { padded: true, .. }) if !is_padded(old) => Fit::Lossy,
        (Held::Text { most: a, .. }, Held::Text { most: b, .. }) => wider(room(a, b), Fit::Checked),
        // At most 63 bytes.
        (Held::Name, Held::Text { padded: false, most }) => {
            wider(room(Some(63), most), Fit::Checked)
        }
        // Characters of up to four bytes.
        (Held::Text { most: Some(most), .. }, Held::Name) if most <= 15 => Fit::Wider,
        (Held::Name, Held::Text { .. }) | (Held::Text { .. }, Held::Name) => Fit::Lossy,
        // A length that must be met exactly.
        (Held::Bits { fixed: true, .. }, Held::Bits { fixed: true, .. }) => Fit::Other,
        (Held::Bits { .. }, Held::Bits { fixed: true, .. }) => Fit::Checked,
        (Held::Bits { most: a, .. }, Held::Bits { most: b, .. }) => wider(room(a, b), Fit::Checked),
        (Held::Date, Held::Timestamp(_, false)) => Fit::Wider,
        (Held::Timestamp(_, false), Held::Date) => Fit::Lossy,
        (Held::Timestamp(p, a), Held::Timestamp(q, b)) | (Held::Time(p, a), Held::Time(q, b))
            if a == b =>
        {
            wider(p <= q, Fit::Lossy)
        }
        (Held::Interval(a, p), Held::Interval(b, q)) => {
            wider((a == b || b.is_empty()) && p <= q, Fit::Lossy)
        }
        (Held::Cidr, Held::Inet) => Fit::Wider,
        (Held::Inet, Held::Cidr) => Fit::Lossy,
        _ => Fit::Other,
    }
}

fn is_padded(held: Held) -> bool {
    matches!(held, Held::Text { padded: true, .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(from: &str, to: &str) -> Fit {
        fit(from, None, to, None)
    }

    /// Every ordered pair of the commonest types, with how the one fits into the
    /// other: = same, W wider, c narrower and checked, l narrower and unchecked,
    /// . of another kind. A test with a server tries each on values.
    #[test]
    fn every_pair_of_common_types() {
        let table = include_str!("../../../tests/drift/type_pairs.txt");
        let rows: Vec<(&str, &str)> = table
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty())
            .filter_map(|line| line.split_once('|'))
            .collect();
        assert!(rows.len() >= 40);
        for (from, marks) in &rows {
            let found: String = rows
                .iter()
                .map(|(to, _)| match of(from.trim(), to.trim()) {
                    Fit::Same => '=',
                    Fit::Wider => 'W',
                    Fit::Checked => 'c',
                    Fit::Lossy => 'l',
                    Fit::Other => '.',
                })
                .collect();
            assert_eq!(found, marks.trim(), "{from}");
        }
    }

    #[test]
    fn numbers_by_their_digits() {
        assert_eq!(of("integer", "bigint"), Fit::Wider);
        assert_eq!(of("bigint", "integer"), Fit::Checked);
        assert_eq!(of("integer", "numeric(10,0)"), Fit::Wider);
        assert_eq!(of("integer", "numeric(11,2)"), Fit::Checked);
        assert_eq!(of("integer", "real"), Fit::Lossy);
        assert_eq!(of("integer", "double precision"), Fit::Wider);
        assert_eq!(of("bigint", "double precision"), Fit::Lossy);
        assert_eq!(of("numeric(8,2)", "numeric(10,2)"), Fit::Wider);
        assert_eq!(of("numeric(8,2)", "numeric(8,3)"), Fit::Checked);
        assert_eq!(of("numeric(8,2)", "numeric(10,1)"), Fit::Lossy);
        assert_eq!(of("numeric(4,0)", "integer"), Fit::Checked);
        assert_eq!(of("numeric(4,1)", "integer"), Fit::Lossy);
    }

    #[test]
    fn text_by_its_length() {
        assert_eq!(of("character varying(10)", "character varying(20)"), Fit::Wider);
        assert_eq!(of("character varying(20)", "character varying(10)"), Fit::Checked);
        assert_eq!(of("character varying(10)", "text"), Fit::Wider);
        assert_eq!(of("text", "character varying"), Fit::Wider);
        assert_eq!(of("character(10)", "text"), Fit::Wider);
        assert_eq!(of("text", "character(10)"), Fit::Lossy);
        assert_eq!(of("text", "integer"), Fit::Other);
    }

    #[test]
    fn time_by_its_precision() {
        assert_eq!(of("date", "timestamp without time zone"), Fit::Wider);
        assert_eq!(of("date", "timestamp with time zone"), Fit::Other);
        assert_eq!(of("timestamp(3) without time zone", "timestamp without time zone"), Fit::Wider);
        assert_eq!(of("timestamp with time zone", "timestamp(0) with time zone"), Fit::Lossy);
        assert_eq!(of("interval day to second(3)", "interval"), Fit::Wider);
        assert_eq!(of("interval", "interval year to month"), Fit::Lossy);
    }

    #[test]
    fn arrays_by_their_elements() {
        assert_eq!(of("integer[]", "bigint[]"), Fit::Wider);
        assert_eq!(of("integer[]", "bigint"), Fit::Other);
    }

    fn domain(base: &str, not_null: bool, checks: &[&str]) -> TypeFacts {
        let base = Attribute { data_type: base.into(), ..Attribute::default() };
        let checks = checks.iter().map(|c| c.to_string()).collect();
        TypeFacts::Domain(Box::new(Domain { base, not_null, checks, default: None }))
    }

    #[test]
    fn domains_by_their_base_and_checks() {
        let short = domain("character varying(5)", false, &[]);
        let checked = domain("character varying(5)", false, &["CHECK (true)"]);
        let long = domain("text", true, &[]);
        let go = |a: Option<&TypeFacts>, b: Option<&TypeFacts>| {
            fit(
                if a.is_some() { "s.a" } else { "text" },
                a,
                if b.is_some() { "s.b" } else { "text" },
                b,
            )
        };
        assert_eq!(go(Some(&short), None), Fit::Wider);
        assert_eq!(go(None, Some(&short)), Fit::Checked);
        assert_eq!(go(Some(&checked), Some(&short)), Fit::Wider);
        assert_eq!(go(Some(&short), Some(&checked)), Fit::Checked);
        assert_eq!(go(Some(&short), Some(&long)), Fit::Checked);
        // The same name, with another check.
        assert_eq!(fit("s.d", Some(&short), "s.d", Some(&checked)), Fit::Checked);
    }

    #[test]
    fn enums_by_their_labels() {
        let of = |labels: &[&str]| TypeFacts::Enum(labels.iter().map(|l| l.to_string()).collect());
        let go = |a: &TypeFacts, b: &TypeFacts| fit("s.e", Some(a), "s.e", Some(b));
        assert_eq!(go(&of(&["a", "c"]), &of(&["a", "b", "c"])), Fit::Wider);
        assert_eq!(go(&of(&["a", "b"]), &of(&["b", "a"])), Fit::Other);
        assert_eq!(go(&of(&["a", "b"]), &of(&["a"])), Fit::Other);
    }

    #[test]
    fn composites_by_their_attributes() {
        let of = |all: &[(&str, &str)]| {
            let one = |(name, t): &(&str, &str)| Attribute {
                name: name.to_string(),
                data_type: t.to_string(),
                facts: None,
            };
            TypeFacts::Composite(all.iter().map(one).collect())
        };
        let go = |a: &TypeFacts, b: &TypeFacts| fit("s.c", Some(a), "s.c", Some(b));
        assert_eq!(
            go(&of(&[("a", "integer")]), &of(&[("a", "bigint"), ("b", "text")])),
            Fit::Wider
        );
        assert_eq!(go(&of(&[("a", "bigint")]), &of(&[("a", "integer")])), Fit::Checked);
        assert_eq!(go(&of(&[("a", "text")]), &of(&[("b", "text")])), Fit::Other);
    }
}
