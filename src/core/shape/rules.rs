//! How bad each kind of change is: one table, shown by `spyne.drift_rules`.

use serde::{Deserialize, Serialize};

/// How bad a change is for those who read and write a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Severity {
    /// Nobody has to do anything.
    Compatible,
    /// Somebody should look.
    Warning,
    /// Something that works today stops working.
    Breaking,
}

impl Severity {
    pub const fn as_str(self) -> &'static str {
        match self {
            Severity::Compatible => "COMPATIBLE",
            Severity::Warning => "WARNING",
            Severity::Breaking => "BREAKING",
        }
    }
}

/// The kinds of change, as `change_type` shows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ChangeType {
    Add,
    Remove,
    Rename,
    TypeChange,
    Nullability,
    Default,
    Key,
    Constraint,
    Order,
}

impl ChangeType {
    pub const fn as_str(self) -> &'static str {
        match self {
            ChangeType::Add => "ADD",
            ChangeType::Remove => "REMOVE",
            ChangeType::Rename => "RENAME",
            ChangeType::TypeChange => "TYPE_CHANGE",
            ChangeType::Nullability => "NULLABILITY",
            ChangeType::Default => "DEFAULT",
            ChangeType::Key => "KEY",
            ChangeType::Constraint => "CONSTRAINT",
            ChangeType::Order => "ORDER",
        }
    }
}

/// What has happened, as far as the severity depends on it. A column is "used" where
/// something relies on it: see `consumers`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    TableDropped,
    TableRenamed,
    ColumnAdded,
    RequiredColumnAdded,
    ColumnRemoved,
    ColumnRenamed,
    TypeWidened,
    TypeNarrowedAndValidated,
    TypeNarrowed,
    TypeOfAnotherKind,
    CollationChanged,
    NotNullSet,
    NotNullSetOnUsed,
    NotNullDropped,
    NotNullDroppedFromUsed,
    DefaultChanged,
    IdentityChanged,
    GeneratedChanged,
    GeneratedElsewhere,
    OrderChanged,
    KeyAdded,
    KeyDropped,
    KeyChanged,
    KeyRenamed,
    ConstraintAdded,
    ConstraintDropped,
    ConstraintDroppedFromUsed,
    ConstraintChanged,
    ConstraintValidated,
    ConstraintRenamed,
    ConstraintNotEnforced,
    PartitionKeyChanged,
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct ChangeRule {
    pub what: What,
    pub change_type: ChangeType,
    pub severity: Severity,
    /// The change, in words.
    pub change: &'static str,
    pub because: &'static str,
}

const fn rule(
    what: What,
    change_type: ChangeType,
    severity: Severity,
    change: &'static str,
    because: &'static str,
) -> ChangeRule {
    ChangeRule { what, change_type, severity, change, because }
}

use ChangeType as C;
use Severity::{Breaking, Compatible, Warning};

/// The whole table.
#[rustfmt::skip]
pub const RULES: [ChangeRule; 32] = [
    rule(What::TableDropped, C::Remove, Breaking, "the table is gone", "nothing can be read"),
    rule(What::TableRenamed, C::Rename, Breaking, "the table has another address", "statements name it by the old one"),
    rule(What::ColumnAdded, C::Add, Compatible, "a column is new, nullable or with a default", "who does not name it meets nothing new"),
    rule(What::RequiredColumnAdded, C::Add, Warning, "a column is new, NOT NULL and without a default", "writers that do not name it fail"),
    rule(What::ColumnRemoved, C::Remove, Breaking, "a column is gone", "who names it fails"),
    rule(What::ColumnRenamed, C::Rename, Breaking, "a column has another name", "who names the old one fails"),
    rule(What::TypeWidened, C::TypeChange, Compatible, "the new type holds every value of the old one", "values stay what they are"),
    rule(What::TypeNarrowedAndValidated, C::TypeChange, Warning, "the new type holds less, and Postgres has checked each value", "writers may send what does not fit any more"),
    rule(What::TypeNarrowed, C::TypeChange, Breaking, "the new type holds less, and nobody has checked the values", "values are lost, rounded or refused"),
    rule(What::TypeOfAnotherKind, C::TypeChange, Breaking, "the new type is of another kind", "values compare, sort and add up in another way"),
    rule(What::CollationChanged, C::TypeChange, Warning, "the collation is another one", "texts sort and compare in another way"),
    rule(What::NotNullSet, C::Nullability, Compatible, "NOT NULL is set on a column that nothing uses", "nothing relies on its NULLs"),
    rule(What::NotNullSetOnUsed, C::Nullability, Warning, "NOT NULL is set on a column that is used", "who writes NULL fails"),
    rule(What::NotNullDropped, C::Nullability, Compatible, "NOT NULL is dropped from a column that nothing uses", "nothing relies on a value"),
    rule(What::NotNullDroppedFromUsed, C::Nullability, Warning, "NOT NULL is dropped from a column that is used", "who relies on a value may meet NULL"),
    rule(What::DefaultChanged, C::Default, Warning, "the default is another one", "rows that do not name it get another value"),
    rule(What::IdentityChanged, C::Default, Warning, "the identity is another one", "rows that do not name it get another value"),
    rule(What::GeneratedChanged, C::Default, Breaking, "the generated expression is another one", "the column means something else"),
    rule(What::GeneratedElsewhere, C::Default, Warning, "a generated column is stored now, or not stored any more", "one that is not stored has no index, and is in no publication"),
    rule(What::OrderChanged, C::Order, Warning, "the columns come in another order", "INSERT without column names and COPY fill other columns"),
    rule(What::KeyAdded, C::Key, Warning, "a primary or unique key is new", "who writes the same key twice fails"),
    rule(What::KeyDropped, C::Key, Breaking, "a primary or unique key is gone", "joins on it may multiply rows, and ON CONFLICT fails"),
    rule(What::KeyChanged, C::Key, Breaking, "a primary or unique key is another one", "joins on it may multiply rows, and ON CONFLICT fails"),
    rule(What::KeyRenamed, C::Key, Warning, "a primary or unique key has another name", "ON CONFLICT ON CONSTRAINT names the old one"),
    rule(What::ConstraintAdded, C::Constraint, Warning, "a check, foreign key or exclusion constraint is new", "who writes what it forbids fails"),
    rule(What::ConstraintDropped, C::Constraint, Compatible, "a constraint is gone from columns that nothing uses", "nothing relies on it"),
    rule(What::ConstraintDroppedFromUsed, C::Constraint, Warning, "a constraint is gone from a column that is used", "who relies on it may meet what it forbade"),
    rule(What::ConstraintChanged, C::Constraint, Warning, "a constraint is another one", "it forbids or allows something else"),
    rule(What::ConstraintValidated, C::Constraint, Compatible, "a NOT VALID constraint was validated", "every row satisfies it now"),
    rule(What::ConstraintRenamed, C::Constraint, Compatible, "a constraint has another name", "it forbids the same"),
    rule(What::ConstraintNotEnforced, C::Constraint, Compatible, "a constraint that is not enforced is new, or gone", "nobody is held to it"),
    rule(What::PartitionKeyChanged, C::Key, Warning, "the partition key is another one", "statements read other partitions, and rows may find none"),
];

impl What {
    /// The line of the table for this change.
    pub fn rule(self) -> &'static ChangeRule {
        // A test checks that each kind has a line.
        RULES.iter().find(|rule| rule.what == self).unwrap_or(&RULES[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_change_has_one_line() {
        // All kinds, in the order in which they are declared, so that none is missing.
        for (at, rule) in RULES.iter().enumerate() {
            assert_eq!(rule.what as usize, at, "{:?}", rule.what);
        }
        assert_eq!(What::PartitionKeyChanged as usize + 1, RULES.len());
    }
}
