//! Constraints and keys, and the texts in which columns are named.

use super::SchemaChange;
use super::rules::What;
use super::snapshot::{Constraint, ConstraintKind};

/// The texts of a shape as they would be with its columns renamed.
pub struct Renaming<'a>(pub &'a [(&'a str, &'a str)]);

impl Renaming<'_> {
    /// An expression with the name of each column replaced. Postgres writes columns of
    /// the table itself without a qualifier. A word after a point or a `::`, or before
    /// a bracket, is no column.
    pub fn apply(&self, text: &str) -> String {
        if self.0.is_empty() {
            return text.to_string();
        }
        let mut result = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let length = token(rest, first);
            let (word, after) = rest.split_at(length);
            let qualified = result.ends_with('.') || result.ends_with("::");
            let call = after.starts_with('(') && !word.starts_with('"');
            let bare = bare(word, first).filter(|_| !qualified && !call);
            match bare.and_then(|name| self.0.iter().find(|(old, _)| *old == name)) {
                Some((_, new)) => result.push_str(&as_written(new)),
                None => result.push_str(word),
            }
            rest = after;
        }
        result
    }
}

/// The length in bytes of the token that a text begins with: a quoted text, a
/// word, or one character.
fn token(text: &str, first: char) -> usize {
    let quoted = |quote: char| {
        let mut inside = text.char_indices().skip(1).peekable();
        while let Some((at, c)) = inside.next() {
            if c == quote {
                match inside.peek() {
                    Some((_, next)) if *next == quote => {
                        inside.next();
                    }
                    _ => return at + 1,
                }
            }
        }
        text.len()
    };
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    match first {
        '\'' | '"' => quoted(first),
        c if part(c) => text.find(|c| !part(c)).unwrap_or(text.len()),
        c => c.len_utf8(),
    }
}

/// The name that a token stands for; None where it is no identifier.
fn bare(word: &str, first: char) -> Option<String> {
    match first {
        '"' => Some(word.trim_matches('"').replace("\"\"", "\"")),
        c if c.is_alphabetic() || c == '_' => Some(word.to_string()),
        _ => None,
    }
}

/// A name as Postgres writes it, as far as the comparison needs: quoted where
/// it is not all of small letters, digits and underscores.
fn as_written(name: &str) -> String {
    let plain = name
        .chars()
        .enumerate()
        .all(|(at, c)| c.is_ascii_lowercase() || c == '_' || (at > 0 && c.is_ascii_digit()));
    match plain {
        true => name.to_string(),
        false => crate::kernel::names::quote(name),
    }
}

/// Whether two texts are the same apart from quotes around names. Postgres also quotes
/// keywords, which are not known here.
pub fn same_text(a: &str, b: &str) -> bool {
    a == b || (a.contains('"') || b.contains('"')) && a.replace('"', "") == b.replace('"', "")
}

const NOT_VALID: &str = " NOT VALID";
const NOT_ENFORCED: &str = " NOT ENFORCED";

/// Whether Postgres holds anybody to a foreign key or a check, by its definition.
pub fn is_enforced(definition: &str) -> bool {
    !definition.trim_end().ends_with(NOT_ENFORCED)
}

/// A definition without what says whom it holds: that, and whether it is checked
/// for old rows, for new ones, and for children.
fn held(definition: &str) -> (&str, [bool; 3]) {
    let unless =
        |text, end| str::strip_suffix(text, end).map_or((text, true), |rest| (rest, false));
    let (rest, valid) = unless(definition, NOT_VALID);
    let (rest, enforced) = unless(rest, NOT_ENFORCED);
    let (rest, inherited) = unless(rest, " NO INHERIT");
    (rest, [valid, enforced, inherited])
}

/// Takes the first constraint that fits out of a list.
fn take<'a>(
    left: &mut Vec<&'a Constraint>,
    wanted: impl Fn(&Constraint) -> bool,
) -> Option<&'a Constraint> {
    left.iter().position(|c| wanted(c)).map(|at| left.remove(at))
}

/// The changes among constraints; `used` says whether something relies on a
/// column.
pub fn compare(
    old: &[Constraint],
    new: &[Constraint],
    renaming: &Renaming,
    used: &dyn Fn(&str) -> bool,
) -> Vec<SchemaChange> {
    let then: Vec<Constraint> = old
        .iter()
        .map(|c| Constraint {
            columns: c.columns.clone(),
            definition: match c.kind {
                ConstraintKind::ForeignKey => in_foreign_key(renaming, &c.definition),
                _ => renaming.apply(&c.definition),
            },
            ..c.clone()
        })
        .collect();
    let same = |a: &Constraint, b: &Constraint| {
        let marked = a.mark.is_some() && a.mark == b.mark && a.columns.len() == b.columns.len();
        same_kind(a, b)
            && (marked && held(&a.definition).1 == held(&b.definition).1
                || same_text(&as_key(a), &as_key(b))
                || same_text(&a.definition, &b.definition)
                || same_foreign_key(a, b, renaming))
    };
    let mut left: Vec<&Constraint> = new.iter().collect();
    let mut gone: Vec<&Constraint> = Vec::new();
    let mut changes = Vec::new();
    // Constraints that are the same under the same name are matched first, so that
    // twins do not change places.
    for was in &then {
        if take(&mut left, |c| same(was, c) && c.name == was.name).is_none() {
            gone.push(was);
        }
    }
    for was in std::mem::take(&mut gone) {
        match take(&mut left, |c| same(was, c)) {
            Some(now) => changes.push(renamed(was, now)),
            None => gone.push(was),
        }
    }
    for was in gone {
        match take(&mut left, |c| c.name == was.name && c.kind == was.kind) {
            Some(now) => changes.push(changed(was, now, used)),
            None => changes.push(dropped(was, used)),
        }
    }
    changes.extend(left.into_iter().map(added));
    changes
}

/// Whether two constraints are of one kind. A unique index can become a constraint, and
/// is the same key.
fn same_kind(a: &Constraint, b: &Constraint) -> bool {
    let unique =
        |kind: ConstraintKind| matches!(kind, ConstraintKind::Unique | ConstraintKind::UniqueIndex);
    a.kind == b.kind || (unique(a.kind) && unique(b.kind))
}

/// The definition; for a plain unique index, that of the constraint that it could be.
fn as_key(constraint: &Constraint) -> String {
    let plain = constraint.definition.strip_prefix(" USING btree (");
    match plain.filter(|_| constraint.kind == ConstraintKind::UniqueIndex) {
        Some(rest) => format!("UNIQUE ({rest}"),
        None => constraint.definition.clone(),
    }
}

const REFERENCES: &str = " REFERENCES ";

/// The definition of a foreign key with columns renamed, up to REFERENCES, which names
/// columns of another table.
fn in_foreign_key(renaming: &Renaming, definition: &str) -> String {
    match definition.split_once(REFERENCES) {
        Some((own, other)) => format!("{}{REFERENCES}{other}", renaming.apply(own)),
        None => definition.to_string(),
    }
}

/// Whether two foreign keys differ only in the names of the columns that they refer to.
fn same_foreign_key(was: &Constraint, now: &Constraint, renaming: &Renaming) -> bool {
    let own = |c: &Constraint| c.definition.split_once(REFERENCES).map(|(own, _)| own.to_string());
    let actions = |c: &Constraint| {
        let (_, other) = c.definition.split_once(REFERENCES)?;
        // The referenced columns come first; ON DELETE SET NULL may have columns of its
        // own.
        other.split_once(')').map(|(_, actions)| actions.to_string())
    };
    let renamed_too = || {
        let (own, other) = was.definition.split_once(REFERENCES)?;
        Some(format!("{own}{REFERENCES}{}", renaming.apply(other)))
    };
    let same_columns = was.refers.is_some() && was.refers == now.refers;
    let same_own = own(was).zip(own(now)).is_some_and(|(a, b)| same_text(&a, &b));
    (same_columns && same_own && actions(was) == actions(now))
        || renamed_too().is_some_and(|text| same_text(&text, &now.definition))
}

fn one_column(constraint: &Constraint) -> Option<&str> {
    match constraint.columns.as_slice() {
        [one] => Some(one),
        _ => None,
    }
}

fn about(what: What, constraint: &Constraint, detail: String) -> SchemaChange {
    SchemaChange::new(what, one_column(constraint), detail)
}

fn renamed(was: &Constraint, now: &Constraint) -> SchemaChange {
    let what = match was.kind.is_key() {
        true => What::KeyRenamed,
        false => What::ConstraintRenamed,
    };
    let detail = format!("{} {} is now called {}", was.kind.as_str(), was.name, now.name);
    about(what, was, detail)
        .names(Some(&was.name), Some(&now.name))
        .types(Some(&was.definition), Some(&now.definition))
}

fn changed(was: &Constraint, now: &Constraint, used: &dyn Fn(&str) -> bool) -> SchemaChange {
    let validated = was.definition.strip_suffix(NOT_VALID) == Some(&now.definition);
    let same = held(&was.definition).0 == held(&now.definition).0;
    let (what, becomes) = match (is_enforced(&was.definition), is_enforced(&now.definition)) {
        _ if was.kind.is_key() => (What::KeyChanged, "is another one"),
        _ if validated => (What::ConstraintValidated, "was validated"),
        (true, false) if same => (let_go(was, used), "is not enforced any more"),
        (false, true) if same => (What::ConstraintAdded, "is enforced now"),
        (false, false) => (What::ConstraintNotEnforced, "is another one"),
        _ => (What::ConstraintChanged, "is another one"),
    };
    about(what, was, format!("{} {} {becomes}", was.kind.as_str(), was.name))
        .names(Some(&was.name), Some(&was.name))
        .types(Some(&was.definition), Some(&now.definition))
}

/// What it is that a constraint holds nobody any more.
fn let_go(was: &Constraint, used: &dyn Fn(&str) -> bool) -> What {
    match was.columns.iter().any(|c| used(c)) {
        true => What::ConstraintDroppedFromUsed,
        false => What::ConstraintDropped,
    }
}

fn dropped(was: &Constraint, used: &dyn Fn(&str) -> bool) -> SchemaChange {
    let what = match was.kind {
        kind if kind.is_key() => What::KeyDropped,
        _ if !is_enforced(&was.definition) => What::ConstraintNotEnforced,
        _ => let_go(was, used),
    };
    about(what, was, format!("{} {} is gone", was.kind.as_str(), was.name))
        .names(Some(&was.name), None)
        .types(Some(&was.definition), None)
}

fn added(now: &Constraint) -> SchemaChange {
    let what = match now.kind {
        kind if kind.is_key() => What::KeyAdded,
        _ if is_enforced(&now.definition) => What::ConstraintAdded,
        _ => What::ConstraintNotEnforced,
    };
    about(what, now, format!("{} {} is new", now.kind.as_str(), now.name))
        .names(None, Some(&now.name))
        .types(None, Some(&now.definition))
}

impl ConstraintKind {
    /// Whether the constraint is an index, made by CREATE INDEX.
    pub fn is_index(self) -> bool {
        self == ConstraintKind::UniqueIndex
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_columns_are_renamed() {
        let names = [("length", "len"), ("a", "b c"), ("b", "a")];
        let renaming = Renaming(&names);
        for (text, expected) in [
            ("CHECK ((length(length) > 3))", "CHECK ((length(len) > 3))"),
            ("CHECK ((a > b))", "CHECK ((\"b c\" > a))"),
            ("CHECK ((x = 'a b'::text))", "CHECK ((x = 'a b'::text))"),
            ("CHECK ((x = 'it''s a'))", "CHECK ((x = 'it''s a'))"),
            ("FOREIGN KEY (a) REFERENCES s.a(id)", "FOREIGN KEY (\"b c\") REFERENCES s.a(id)"),
            ("((\"a\"))", "((\"b c\"))"),
            ("(x)::a", "(x)::a"),
        ] {
            assert_eq!(renaming.apply(text), expected);
        }
    }

    fn constraint(name: &str, kind: ConstraintKind, definition: &str, column: &str) -> Constraint {
        Constraint {
            name: name.into(),
            kind,
            definition: definition.into(),
            columns: vec![column.into()],
            refers: None,
            mark: None,
        }
    }

    #[test]
    fn each_change_of_a_constraint_is_told() {
        let key = constraint("k", ConstraintKind::PrimaryKey, "PRIMARY KEY (id)", "id");
        let check = constraint("c", ConstraintKind::Check, "CHECK ((n > 0)) NOT VALID", "n");
        let valid = constraint("c", ConstraintKind::Check, "CHECK ((n > 0))", "n");
        let other = constraint("c", ConstraintKind::Check, "CHECK ((n > 1))", "n");
        let renamed = constraint("d", ConstraintKind::Check, "CHECK ((n > 0))", "n");
        let go = |old: &[Constraint], new: &[Constraint]| -> Vec<(String, &'static str)> {
            compare(old, new, &Renaming(&[]), &|c| c == "n")
                .into_iter()
                .map(|c| {
                    (c.detail.split(':').next().unwrap_or("").to_string(), c.severity.as_str())
                })
                .collect()
        };
        let told = |text: &str, severity: &'static str| vec![(text.to_string(), severity)];
        assert_eq!(go(&[key.clone()], &[]), told("primary key k is gone", "BREAKING"));
        assert_eq!(go(&[], &[key]), told("primary key k is new", "WARNING"));
        assert_eq!(go(&[check], &[valid.clone()]), told("check c was validated", "COMPATIBLE"));
        assert_eq!(go(&[valid.clone()], &[other]), told("check c is another one", "WARNING"));
        assert_eq!(go(&[valid.clone()], &[renamed]), told("check c is now called d", "COMPATIBLE"));
        assert_eq!(go(std::slice::from_ref(&valid), &[]), told("check c is gone", "WARNING"));
        // By its mark too, which is of the expression alone.
        let marked = |c: &Constraint| vec![Constraint { mark: Some("m".into()), ..c.clone() }];
        let ending = |end: &str| Constraint {
            definition: format!("{}{end}", valid.definition),
            ..valid.clone()
        };
        for (from, to, says, severity) in [
            ("", " NOT ENFORCED", "check c is not enforced any more", "WARNING"),
            (" NOT ENFORCED", "", "check c is enforced now", "WARNING"),
            (" NOT ENFORCED", " NOT VALID", "check c is enforced now", "WARNING"),
            (" NO INHERIT NOT VALID", " NOT VALID", "check c is another one", "WARNING"),
            (" NO INHERIT NOT ENFORCED", " NOT ENFORCED", "check c is another one", "COMPATIBLE"),
        ] {
            let changes = go(&marked(&ending(from)), &marked(&ending(to)));
            assert_eq!(changes, told(says, severity), "{from} to {to}");
        }
        let unheld = ending(" NOT ENFORCED");
        assert_eq!(go(std::slice::from_ref(&unheld), &[]), told("check c is gone", "COMPATIBLE"));
        assert_eq!(go(&[], &[unheld]), told("check c is new", "COMPATIBLE"));
    }

    #[test]
    fn a_foreign_key_to_another_table_of_the_columns_name_stays_itself() {
        let was =
            constraint("f", ConstraintKind::ForeignKey, "FOREIGN KEY (x) REFERENCES y(z)", "x");
        let now =
            constraint("f", ConstraintKind::ForeignKey, "FOREIGN KEY (w) REFERENCES y(z)", "w");
        assert!(compare(&[was], &[now], &Renaming(&[("x", "w")]), &|_| false).is_empty());
        // The other table's column has another name.
        let key = |column: &str| Constraint {
            refers: Some("s.y(1)".into()),
            ..constraint(
                "f",
                ConstraintKind::ForeignKey,
                &format!("FOREIGN KEY (x) REFERENCES s.y({column})"),
                "x",
            )
        };
        assert!(compare(&[key("a")], &[key("b")], &Renaming(&[]), &|_| false).is_empty());
        let ending = |action: &str| Constraint {
            definition: format!("{}{action}", key("a").definition),
            ..key("a")
        };
        let (null, default) =
            (ending(" ON DELETE SET NULL (x)"), ending(" ON DELETE SET DEFAULT (x)"));
        assert_eq!(compare(&[null], &[default], &Renaming(&[]), &|_| false).len(), 1);
        let elsewhere = Constraint { refers: Some("s.y(2)".into()), ..key("b") };
        assert_eq!(compare(&[key("a")], &[elsewhere], &Renaming(&[]), &|_| false).len(), 1);
    }
}
