//! The changes from one shape to another.

use std::collections::{HashMap, HashSet};

use super::constraints::{self, Renaming, same_text};
use super::renames::{self, Suggestion};
use super::rules::{ChangeType, What};
use super::snapshot::{Column, Snapshot};
use super::types::{Fit, TypeFacts, fit};
use super::{SchemaChange, guide, not_null, remedies};
use crate::kernel::names::Address;

/// How the two shapes are related.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relationship {
    /// One table at two times. Columns are matched by attnum, whatever they are called,
    /// and Postgres has converted their values.
    SameTable,
    /// One table before and after a restore from a dump, which numbers columns anew.
    /// Columns are matched by name.
    Restored,
    /// Two tables. Columns are matched by name; a match under another name is a
    /// suggestion.
    OtherTable,
    /// A table and a description. Columns are matched by name; a match under another
    /// name is a suggestion.
    Described,
}

/// Whether something relies on a column, by its name.
pub type Used<'a> = &'a dyn Fn(&str) -> bool;

/// The changes from `old` to `new`, in an order in which their remedies can be
/// run. `address` is the table's, for the remedies.
pub fn compare(
    old: &Snapshot,
    new: &Snapshot,
    relationship: Relationship,
    used: Used,
    address: &Address,
) -> Vec<SchemaChange> {
    let pairs = pair(&old.columns, &new.columns, relationship);
    let names: Vec<(&str, &str)> = pairs
        .kept
        .iter()
        .map(|(was, now, _)| (was.name.as_str(), now.name.as_str()))
        .filter(|(was, now)| was != now)
        .collect();
    let renaming = Renaming(&names);
    let mut changes = Vec::new();
    for was in &old.columns {
        match pairs.kept.iter().find(|(c, _, _)| std::ptr::eq(*c, was)) {
            Some((_, now, suggestion)) => {
                column(was, now, *suggestion, relationship, used, &renaming, &mut changes);
            }
            None => changes.push(removed(was, &pairs)),
        }
    }
    changes.extend(pairs.added.iter().map(|now| added(now, &pairs)));
    let side_by_side = matches!(relationship, Relationship::OtherTable | Relationship::Described);
    if side_by_side && reordered(&pairs.kept) {
        changes.push(SchemaChange::new(
            What::OrderChanged,
            None,
            "the columns come in another order",
        ));
    }
    // A description has no constraints.
    if relationship != Relationship::Described {
        let mut then = old.constraints.clone();
        if relationship != Relationship::SameTable {
            // These are valid for one table only.
            then.iter_mut().for_each(|c| (c.mark, c.refers) = (None, None));
        }
        let mut found = constraints::compare(&then, &new.constraints, &renaming, used);
        // Two tables cannot have indexes of one name in a schema.
        let is_name = |c: &SchemaChange| c.old_name != c.new_name && c.old_type == c.new_type;
        found.retain(|c| relationship != Relationship::OtherTable || !is_name(c));
        changes.extend(found);
    }
    let key = |s: &Snapshot| s.partition_key.clone().unwrap_or_default();
    if relationship != Relationship::Described && !same_text(&renaming.apply(&key(old)), &key(new))
    {
        let change =
            SchemaChange::new(What::PartitionKeyChanged, None, "the partition key is another one");
        changes.push(change.types(old.partition_key.as_deref(), new.partition_key.as_deref()));
    }
    remedies::fill(&mut changes, old, new, address);
    // The sort is stable and by phase alone, so that columns keep their order.
    changes.sort_by_key(undone_in);
    changes
}

/// The phase in which a change is undone. Additions are undone first, since they may
/// have the name or the key of what is to come back.
fn undone_in(change: &SchemaChange) -> u8 {
    let added = change.old_name.is_none();
    match change.change_type {
        ChangeType::Key | ChangeType::Constraint if added => 0,
        ChangeType::Add => 1,
        ChangeType::TypeChange => 2,
        ChangeType::Default => 3,
        ChangeType::Nullability => 4,
        ChangeType::Rename => 5,
        ChangeType::Remove => 6,
        ChangeType::Key | ChangeType::Constraint | ChangeType::Order => 7,
    }
}

/// The columns that both shapes have, as pairs of the old and the new one.
pub fn kept<'a>(
    old: &'a Snapshot,
    new: &'a Snapshot,
    relationship: Relationship,
) -> Vec<(&'a Column, &'a Column)> {
    let pairs = pair(&old.columns, &new.columns, relationship);
    pairs.kept.into_iter().map(|(was, now, _)| (was, now)).collect()
}

/// The columns of two shapes, matched.
struct Pairs<'a> {
    /// The old and the new column, and the confidence where the match is a suggestion.
    kept: Vec<(&'a Column, &'a Column, Option<f64>)>,
    added: Vec<&'a Column>,
    /// Pairs that may be renames, but with too little confidence.
    uncertain: Vec<Suggestion<'a>>,
}

fn pair<'a>(old: &'a [Column], new: &'a [Column], relationship: Relationship) -> Pairs<'a> {
    let by_attnum: HashMap<i32, &Column> =
        new.iter().filter_map(|c| c.attnum.map(|n| (n, c))).collect();
    let by_name: HashMap<&str, &Column> = new.iter().map(|c| (c.name.as_str(), c)).collect();
    let mut kept = Vec::new();
    let mut gone = Vec::new();
    for was in old {
        let now = match relationship {
            Relationship::SameTable => was.attnum.and_then(|n| by_attnum.get(&n)),
            _ => by_name.get(was.name.as_str()),
        };
        match now {
            Some(now) => kept.push((was, *now, None)),
            None => gone.push(was),
        }
    }
    let met: HashSet<*const Column> =
        kept.iter().map(|(_, now, _)| std::ptr::from_ref(*now)).collect();
    let mut added: Vec<&Column> =
        new.iter().filter(|c| !met.contains(&std::ptr::from_ref(*c))).collect();
    let mut uncertain = Vec::new();
    if matches!(relationship, Relationship::OtherTable | Relationship::Described) {
        for suggestion in renames::suggest(old, new, &gone, &added) {
            if suggestion.confidence >= renames::CERTAIN {
                added.retain(|c| !std::ptr::eq(*c, suggestion.new));
                kept.push((suggestion.old, suggestion.new, Some(suggestion.confidence)));
            } else {
                uncertain.push(suggestion);
            }
        }
    }
    Pairs { kept, added, uncertain }
}

fn reordered(kept: &[(&Column, &Column, Option<f64>)]) -> bool {
    // The pairs are in the order of the old shape. Their places in the new shape
    // follow.
    let places: Vec<*const Column> = {
        let mut all: Vec<_> = kept.iter().collect();
        all.sort_by_key(|(was, _, _)| std::ptr::from_ref(*was));
        all.into_iter().map(|(_, now, _)| std::ptr::from_ref(*now)).collect()
    };
    // The columns of one shape are one behind the other in memory.
    places.windows(2).any(|pair| pair[0] > pair[1])
}

fn removed(was: &Column, pairs: &Pairs) -> SchemaChange {
    let maybe = pairs.uncertain.iter().find(|s| std::ptr::eq(s.old, was));
    let hint = maybe.map(|s| {
        format!(" (it may be {} now, which is not certain: {:.2})", s.new.name, s.confidence)
    });
    let detail = format!("column {} is gone{}", was.name, hint.unwrap_or_default());
    SchemaChange::new(What::ColumnRemoved, Some(&was.name), detail)
        .names(Some(&was.name), None)
        .types(Some(&was.data_type), None)
}

fn added(now: &Column, pairs: &Pairs) -> SchemaChange {
    let maybe = pairs.uncertain.iter().find(|s| std::ptr::eq(s.new, now));
    let hint = maybe.map(|s| {
        format!(" (it may be what was {}, which is not certain: {:.2})", s.old.name, s.confidence)
    });
    let hint = hint.unwrap_or_default();
    let change = match now.not_null && !now.is_supplied() {
        true => SchemaChange::new(
            What::RequiredColumnAdded,
            Some(&now.name),
            format!("column {} is new, NOT NULL and without a default{hint}", now.name),
        ),
        false => SchemaChange::new(
            What::ColumnAdded,
            Some(&now.name),
            format!("column {} is new{hint}", now.name),
        ),
    };
    change.names(None, Some(&now.name)).types(None, Some(&now.data_type))
}

/// The changes of one column.
fn column(
    was: &Column,
    now: &Column,
    suggestion: Option<f64>,
    relationship: Relationship,
    used: Used,
    renaming: &Renaming,
    into: &mut Vec<SchemaChange>,
) {
    let name = was.name.as_str();
    let mut add = |what: What, detail: String, old: Option<&str>, new: Option<&str>| {
        let change = SchemaChange::new(what, Some(name), detail);
        into.push(change.names(Some(&was.name), Some(&now.name)).types(old, new));
    };
    if was.name != now.name {
        let sure = suggestion.map(|c| format!(" (suggested, confidence {c:.2})"));
        add(
            What::ColumnRenamed,
            format!("column {name} is now called {}{}", now.name, sure.unwrap_or_default()),
            Some(&was.data_type),
            Some(&now.data_type),
        );
    }
    let same_table = relationship == Relationship::SameTable;
    // The type is the same by its OID, whatever the type and its schema are called now.
    let same_type = same_table
        && was.marks.of_type.is_some()
        && was.marks.of_type == now.marks.of_type
        && was.facts == now.facts;
    let fitting = match same_type {
        true => Fit::Same,
        false => fit(&was.data_type, was.facts.as_ref(), &now.data_type, now.facts.as_ref()),
    };
    let what = match fitting {
        Fit::Same => None,
        Fit::Wider => Some(What::TypeWidened),
        Fit::Checked if relationship == Relationship::SameTable => {
            Some(What::TypeNarrowedAndValidated)
        }
        Fit::Checked | Fit::Lossy => Some(What::TypeNarrowed),
        Fit::Other => Some(What::TypeOfAnotherKind),
    };
    if let Some(what) = what {
        let detail = match was.data_type == now.data_type {
            true => format!("type {} of column {name} is defined in another way", was.data_type),
            false => format!(
                "column {name} changes its type from {} to {}",
                was.data_type, now.data_type
            ),
        };
        let shown = |c: &Column| match (&c.facts, was.data_type == now.data_type) {
            (Some(facts), true) => format!("{} {}", c.data_type, facts.describe()),
            _ => c.data_type.clone(),
        };
        add(what, detail, Some(&shown(was)), Some(&shown(now)));
    }
    // A feed's description does not have these.
    let same_collation =
        same_table && was.marks.collation.is_some() && was.marks.collation == now.marks.collation;
    let described = relationship == Relationship::Described;
    if !described && !same_collation && was.collation != now.collation {
        let named = |c: &Column| c.collation.clone().unwrap_or_else(|| "that of its type".into());
        let detail =
            format!("the collation of column {name} changes from {} to {}", named(was), named(now));
        add(What::CollationChanged, detail, Some(&was.data_type), Some(&now.data_type));
    }
    // A description says no more than whether the column may be NULL.
    if relationship != Relationship::Described || was.not_null != now.not_null {
        let one_table = matches!(relationship, Relationship::SameTable | Relationship::Restored);
        into.extend(not_null::compare(was, now, one_table, used(name)));
    }
    values(was, now, relationship, renaming, &mut |what, detail, old, new| {
        let change = SchemaChange::new(what, Some(name), detail);
        into.push(change.names(Some(&was.name), Some(&now.name)).types(old, new));
    });
}

/// Adds a change: what it is, the words, the old and the new definition.
type Add<'a> = &'a mut dyn FnMut(What, String, Option<&str>, Option<&str>);

/// The changes of where the values of a column come from: default, identity,
/// expression.
fn values(was: &Column, now: &Column, relationship: Relationship, renaming: &Renaming, add: Add) {
    let name = was.name.as_str();
    let same = |a: Option<&str>, b: Option<&str>| match (a, b) {
        (Some(a), Some(b)) => same_text(a, b),
        (None, None) => true,
        _ => false,
    };
    let generated = was.generated.as_deref().map(|g| renaming.apply(g));
    let same_expression = relationship == Relationship::SameTable
        && was.marks.expression.is_some()
        && was.marks.expression == now.marks.expression
        && was.generated.is_some() == now.generated.is_some();
    if relationship != Relationship::Described
        && !same_expression
        && !same(generated.as_deref(), now.generated.as_deref())
    {
        let detail = match (&was.generated, &now.generated) {
            (Some(_), None) => format!("column {name} is not generated any more"),
            (None, Some(_)) => format!("column {name} is generated now"),
            _ => format!("column {name} is generated in another way"),
        };
        add(What::GeneratedChanged, detail, was.generated.as_deref(), now.generated.as_deref());
    } else if relationship != Relationship::Described
        && was.generated.is_some()
        && was.is_virtual != now.is_virtual
    {
        let kept = |c: &Column| if c.is_virtual { "VIRTUAL" } else { "STORED" };
        let detail = format!("generated column {name} is {} and was {}", kept(now), kept(was));
        add(What::GeneratedElsewhere, detail, was.generated.as_deref(), now.generated.as_deref());
    }
    if relationship != Relationship::Described && was.identity != now.identity {
        let text = |c: &Column| match c.identity.as_deref() {
            Some("a") => Some("GENERATED ALWAYS AS IDENTITY"),
            Some(_) => Some("GENERATED BY DEFAULT AS IDENTITY"),
            None => None,
        };
        let detail = match (text(was), text(now)) {
            (Some(_), None) => format!("column {name} is no identity any more"),
            (None, Some(_)) => format!("column {name} is an identity now"),
            _ => format!("the identity of column {name} is another one"),
        };
        add(What::IdentityChanged, detail, text(was), text(now));
    }
    let (old_default, new_default) = (default_of(was), default_of(now));
    // A feed's description has a value where Postgres has an expression.
    let as_said = relationship == Relationship::Described
        && old_default.map(literal_value) == new_default.map(literal_value);
    let same_default = same_expression || as_said || same(old_default, new_default);
    if !now.unsaid.default && !same_default {
        let named = |d: Option<&str>| d.unwrap_or("none").to_string();
        let detail = format!(
            "the default of column {name} changes from {} to {}",
            named(old_default),
            named(new_default)
        );
        add(What::DefaultChanged, detail, old_default, new_default);
    }
}

/// The value of a literal: `'x'::text` is x.
fn literal_value(expression: &str) -> String {
    let bare = match expression.strip_prefix('\'') {
        Some(rest) => match rest.rsplit_once('\'') {
            Some((value, cast)) if cast.is_empty() || cast.starts_with("::") => {
                return value.replace("''", "'");
            }
            _ => expression,
        },
        None => expression,
    };
    bare.to_lowercase()
}

/// The default of a column: its own, or its domain's.
fn default_of(column: &Column) -> Option<&str> {
    match (&column.default, &column.facts) {
        (Some(own), _) => Some(own),
        (None, Some(TypeFacts::Domain(domain))) if !column.is_supplied() => {
            domain.default.as_deref()
        }
        _ => None,
    }
}

/// The change that the table was dropped, renamed or moved; None where it is at its
/// address.
pub fn table(home: &Address, now: Option<&Address>) -> Option<SchemaChange> {
    match now {
        None => {
            let detail = format!("table {home} is gone");
            Some(
                SchemaChange::new(What::TableDropped, None, detail)
                    .names(Some(&home.shown()), None),
            )
        }
        Some(now) if now != home => {
            let detail = format!("table {home} is now {now}");
            let mut change = SchemaChange::new(What::TableRenamed, None, detail)
                .names(Some(&home.shown()), Some(&now.shown()));
            change.remedy = guide::relocation(now, home);
            Some(change)
        }
        Some(_) => None,
    }
}
