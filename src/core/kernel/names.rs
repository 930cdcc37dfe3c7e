//! Names: quoting and the length limit.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ids::RelId;
use super::keywords::is_reserved;

/// The longest identifier Postgres keeps, in bytes (NAMEDATALEN - 1).
pub const MAX_NAME_BYTES: usize = 63;

/// Quotes an identifier, also where it need not be: for a statement that is run and not
/// read by people.
pub fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// An identifier as people write it: quoted where it must be, as `quote_ident`
/// does it.
pub fn plain(name: &str) -> String {
    let starts = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    let simple = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let bare = starts && name.chars().all(simple) && !is_reserved(name);
    if bare { name.to_string() } else { quote(name) }
}

/// The address of a relation: its schema and its name, as the catalogs have them.
///
/// Each use has a form of its own, since a name may hold blanks, capitals, dots
/// and quotes: [`shown`](Address::shown) for people, [`quoted`](Address::quoted)
/// in a statement, [`as_argument`](Address::as_argument) where a function takes
/// a regclass.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Address {
    pub schema: String,
    pub name: String,
}

impl Address {
    /// The address of `name` in `schema`.
    pub fn new(schema: impl Into<String>, name: impl Into<String>) -> Address {
        Address { schema: schema.into(), name: name.into() }
    }

    /// Another name in the same schema.
    pub fn renamed(&self, name: impl Into<String>) -> Address {
        Address::new(&self.schema, name)
    }

    /// `schema.name` for people: each part quoted where it must be, so that the
    /// text can be pasted where SQL wants a table.
    pub fn shown(&self) -> String {
        format!("{}.{}", plain(&self.schema), plain(&self.name))
    }

    /// `"schema"."name"`, for a statement that is run.
    pub fn quoted(&self) -> String {
        format!("{}.{}", quote(&self.schema), quote(&self.name))
    }

    /// `'schema.name'`: a string literal that reads as this regclass.
    pub fn as_argument(&self) -> String {
        literal(&self.shown())
    }
}

/// As [`Address::shown`].
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

/// The name of a relation in messages: its address, or its OID where the relation is
/// gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RelationName {
    At(Address),
    Gone(RelId),
}

impl RelationName {
    /// The address for people; `relation 16400` for what is gone.
    pub fn shown(&self) -> String {
        match self {
            RelationName::At(address) => address.shown(),
            RelationName::Gone(relid) => format!("relation {relid}"),
        }
    }

    /// A literal that reads as this regclass.
    pub fn as_argument(&self) -> String {
        match self {
            RelationName::At(address) => address.as_argument(),
            RelationName::Gone(relid) => relid.to_string(),
        }
    }
}

/// As [`RelationName::shown`].
impl fmt::Display for RelationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

impl From<Address> for RelationName {
    fn from(address: Address) -> RelationName {
        RelationName::At(address)
    }
}

/// Quotes a string literal, whatever standard_conforming_strings is. No name and
/// no digit may stand right before it.
pub fn literal(text: &str) -> String {
    let doubled = text.replace('\'', "''");
    match doubled.contains('\\') {
        true => format!("E'{}'", doubled.replace('\\', "\\\\")),
        false => format!("'{doubled}'"),
    }
}

/// `base` and `suffix` joined, `base` cut at a character so that all fits.
pub fn with_suffix(base: &str, suffix: &str) -> String {
    let room = MAX_NAME_BYTES.saturating_sub(suffix.len());
    let mut end = base.len().min(room);
    while !base.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{suffix}", &base[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoting_survives_quotes_and_backslashes() {
        assert_eq!(Address::new("a\"b", "C d").quoted(), "\"a\"\"b\".\"C d\"");
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal("a\\'b"), "E'a\\\\''b'");
    }

    #[test]
    fn an_address_can_be_pasted_in_each_of_its_forms() {
        let plain = Address::new("public", "customer");
        assert_eq!(plain.shown(), "public.customer");
        assert_eq!(plain.quoted(), r#""public"."customer""#);
        assert_eq!(plain.as_argument(), "'public.customer'");
        let odd = Address::new("spyne_shadow", r#"O'Brien "x""#);
        assert_eq!(odd.shown(), r#"spyne_shadow."O'Brien ""x""""#);
        assert_eq!(odd.as_argument(), r#"'spyne_shadow."O''Brien ""x"""'"#);
        let backslash = Address::new("public", r"a\b");
        assert_eq!(backslash.as_argument(), r#"E'public."a\\b"'"#);
        assert_eq!(Address::new("public", "select").shown(), r#"public."select""#);
    }

    #[test]
    fn a_relation_that_is_gone_is_called_by_its_oid() {
        let gone = RelationName::Gone(RelId::new(16400));
        assert_eq!(gone.to_string(), "relation 16400");
        assert_eq!(gone.as_argument(), "16400");
        let there = RelationName::from(Address::new("public", "Order Lines"));
        assert_eq!(there.to_string(), r#"public."Order Lines""#);
        assert_eq!(there.as_argument(), r#"'public."Order Lines"'"#);
    }

    #[test]
    fn a_suffix_fits_and_cuts_between_characters() {
        assert_eq!(with_suffix("customer", "__v1"), "customer__v1");
        let long = "ü".repeat(40);
        let cut = with_suffix(&long, "__v1");
        assert!(cut.len() <= MAX_NAME_BYTES && cut.ends_with("ü__v1"));
    }
}
