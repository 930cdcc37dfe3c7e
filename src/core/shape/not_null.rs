//! NOT NULL: a mark of a column, and from PostgreSQL 18 on a constraint too, which has a name, may
//! be left to the rows to come (NOT VALID), and may stop at the table itself (NO INHERIT).

use super::SchemaChange;
use super::rules::What;
use super::snapshot::{Column, NotNull};
use crate::kernel::names::{Address, quote};

/// What is known of a column's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Nullable,
    /// New rows have a value; what was there before may have none.
    Unchecked,
    Always,
}

fn standing(column: &Column) -> Standing {
    match (column.not_null, &column.not_null_constraint) {
        (true, _) => Standing::Always,
        (false, Some(_)) => Standing::Unchecked,
        (false, None) => Standing::Nullable,
    }
}

/// The change in a column's NOT NULL. `used` says whether something relies on the column;
/// `one_table`, whether it is the same table's, so that names of constraints count.
pub fn compare(was: &Column, now: &Column, one_table: bool, used: bool) -> Option<SchemaChange> {
    if now.unsaid.nullable {
        return None;
    }
    let name = was.name.as_str();
    let set = || if used { What::NotNullSetOnUsed } else { What::NotNullSet };
    let dropped = || if used { What::NotNullDroppedFromUsed } else { What::NotNullDropped };
    let (what, becomes) = match (standing(was), standing(now)) {
        (then, still) if then == still => return renamed(was, now, one_table),
        (Standing::Unchecked, Standing::Always) => {
            return Some(of_constraint(What::ConstraintValidated, was, now, "was validated"));
        }
        (_, Standing::Always) => (set(), "becomes NOT NULL"),
        (Standing::Nullable, Standing::Unchecked) => {
            (set(), "becomes NOT NULL for new rows (NOT VALID)")
        }
        (_, Standing::Unchecked) => (dropped(), "is NOT NULL for new rows alone (NOT VALID)"),
        (_, Standing::Nullable) => (dropped(), "may be NULL"),
    };
    let change = SchemaChange::new(what, Some(name), format!("column {name} {becomes}"));
    let change = change.names(Some(name), Some(&now.name));
    Some(change.types(Some(&was.data_type), Some(&now.data_type)))
}

/// The same constraint under another name, or for other tables.
fn renamed(was: &Column, now: &Column, one_table: bool) -> Option<SchemaChange> {
    let (then, still) = was.not_null_constraint.as_ref().zip(now.not_null_constraint.as_ref())?;
    if then.no_inherit != still.no_inherit {
        let does = if still.no_inherit { "is not inherited any more" } else { "is inherited now" };
        return Some(of_constraint(What::ConstraintChanged, was, now, does));
    }
    (one_table && then.name != still.name).then(|| {
        let does = format!("is now called {}", still.name);
        of_constraint(What::ConstraintRenamed, was, now, &does)
    })
}

fn of_constraint(what: What, was: &Column, now: &Column, does: &str) -> SchemaChange {
    let name = |c: &Column| c.not_null_constraint.as_ref().map(|c| c.name.clone());
    let (then, still) = (name(was), name(now));
    let detail =
        format!("not-null constraint {} {does}", then.as_deref().unwrap_or(was.name.as_str()));
    SchemaChange::new(what, Some(&was.name), detail)
        .names(then.as_deref(), still.as_deref())
        .types(Some(&definition(was)), Some(&definition(now)))
}

/// As `pg_get_constraintdef` writes it.
fn definition(column: &Column) -> String {
    let constraint = column.not_null_constraint.clone().unwrap_or_default();
    let inherit = if constraint.no_inherit { " NO INHERIT" } else { "" };
    let valid = if constraint.not_valid { " NOT VALID" } else { "" };
    format!("NOT NULL {}{inherit}{valid}", quote(&column.name))
}

/// The name that Postgres gives the constraint by itself; none where it would
/// have to shorten it.
fn usual_name(table: &str, column: &str) -> Option<String> {
    Some(format!("{table}_{column}_not_null")).filter(|name| name.len() < 64)
}

/// The constraint, where CREATE TABLE has to say more than NOT NULL.
fn special<'a>(column: &'a Column, table: &str) -> Option<&'a NotNull> {
    let usual = usual_name(table, &column.name);
    column
        .not_null_constraint
        .as_ref()
        .filter(|c| c.not_valid || c.no_inherit || Some(&c.name) != usual.as_ref())
}

/// NOT NULL as the definition of a column of `table` has it; empty where it may
/// be NULL, or where rows that are there need not have a value.
pub fn clause(column: &Column, table: &str) -> String {
    match (column.not_null, special(column, table)) {
        (false, _) => String::new(),
        (true, None) => " NOT NULL".into(),
        (true, Some(constraint)) => format!(
            " CONSTRAINT {} NOT NULL{}",
            quote(&constraint.name),
            if constraint.no_inherit { " NO INHERIT" } else { "" }
        ),
    }
}

/// The statements that lead from the NOT NULL of `now` to that of `then`, for the
/// column that is called `name` meanwhile; empty where there is nothing to do.
pub fn alter(address: &Address, name: &str, now: &Column, then: &Column) -> String {
    let table = format!("ALTER TABLE {}", address.quoted());
    let named = |c: &Column| c.not_null_constraint.as_ref().map(|c| quote(&c.name));
    let set = || match special(then, &address.name) {
        None => format!("{table} ALTER COLUMN {} SET NOT NULL;", quote(name)),
        Some(constraint) => {
            let called = Column { name: name.to_string(), ..then.clone() };
            let definition = definition(&called);
            format!("{table} ADD CONSTRAINT {} {definition};", quote(&constraint.name))
        }
    };
    let drop = format!("{table} ALTER COLUMN {} DROP NOT NULL;", quote(name));
    let inherited = now.not_null_constraint.as_ref().is_some_and(|c| c.inherited);
    match (standing(now), standing(then)) {
        (was, is) if was == is => same(&table, now, then, inherited),
        (Standing::Nullable, _) => set(),
        (Standing::Unchecked, Standing::Always) => {
            let validate = named(now).map(|c| format!("{table} VALIDATE CONSTRAINT {c};"));
            let rest = same(&table, now, then, inherited);
            [validate.unwrap_or_default(), rest].join(" ").trim_end().to_string()
        }
        _ if inherited => INHERITED.into(),
        (_, Standing::Nullable) => drop,
        _ => format!("{drop} {}", set()),
    }
}

const INHERITED: &str = "-- the constraint is inherited: alter it where the parent has it";

/// From one name to another, and from one way of inheriting to another.
fn same(table: &str, now: &Column, then: &Column, inherited: bool) -> String {
    let Some((now, then)) = now.not_null_constraint.as_ref().zip(then.not_null_constraint.as_ref())
    else {
        return String::new();
    };
    let (name, old) = (quote(&now.name), quote(&then.name));
    let mut all = Vec::new();
    if now.name != then.name {
        all.push(match inherited {
            true => INHERITED.to_string(),
            false => format!("{table} RENAME CONSTRAINT {name} TO {old};"),
        });
    }
    if now.no_inherit != then.no_inherit {
        let inherit = if then.no_inherit { "NO INHERIT" } else { "INHERIT" };
        all.push(format!("{table} ALTER CONSTRAINT {old} {inherit};"));
    }
    all.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(not_null: bool, constraint: Option<NotNull>) -> Column {
        Column {
            name: "a".into(),
            data_type: "integer".into(),
            not_null,
            not_null_constraint: constraint,
            ..Column::default()
        }
    }

    fn called(name: &str) -> NotNull {
        NotNull { name: name.into(), ..NotNull::default() }
    }

    #[test]
    fn each_pair_is_told_and_undone() {
        let nullable = column(false, None);
        let marked = column(true, None);
        let usual = column(true, Some(called("t_a_not_null")));
        let named = column(true, Some(called("N")));
        let unchecked = column(false, Some(NotNull { not_valid: true, ..called("N") }));
        let alone = column(true, Some(NotNull { no_inherit: true, ..called("N") }));
        let inherited = column(true, Some(NotNull { inherited: true, ..called("N") }));
        let address = Address::new("s", "t");
        let t = r#"ALTER TABLE "s"."t""#;
        let set = format!(r#"{t} ALTER COLUMN "a" SET NOT NULL;"#);
        let add = format!(r#"{t} ADD CONSTRAINT "N" NOT NULL "a";"#);
        let drop = format!(r#"{t} ALTER COLUMN "a" DROP NOT NULL;"#);
        let half = format!(r#"{t} ADD CONSTRAINT "N" NOT NULL "a" NOT VALID;"#);
        for (was, now, told, undo) in [
            (&nullable, &nullable, None, String::new()),
            (&marked, &named, None, String::new()),
            (&nullable, &marked, Some("column a becomes NOT NULL"), drop.clone()),
            (&marked, &nullable, Some("column a may be NULL"), set.clone()),
            (&usual, &nullable, Some("column a may be NULL"), set),
            (&named, &nullable, Some("column a may be NULL"), add.clone()),
            (&nullable, &inherited, Some("column a becomes NOT NULL"), INHERITED.into()),
            (
                &nullable,
                &unchecked,
                Some("column a becomes NOT NULL for new rows (NOT VALID)"),
                drop.clone(),
            ),
            (&unchecked, &nullable, Some("column a may be NULL"), half.clone()),
            (
                &unchecked,
                &named,
                Some("not-null constraint N was validated"),
                format!("{drop} {half}"),
            ),
            (
                &named,
                &unchecked,
                Some("column a is NOT NULL for new rows alone (NOT VALID)"),
                format!(r#"{t} VALIDATE CONSTRAINT "N";"#),
            ),
            (
                &usual,
                &named,
                Some("not-null constraint t_a_not_null is now called N"),
                format!(r#"{t} RENAME CONSTRAINT "N" TO "t_a_not_null";"#),
            ),
            (
                &named,
                &alone,
                Some("not-null constraint N is not inherited any more"),
                format!(r#"{t} ALTER CONSTRAINT "N" INHERIT;"#),
            ),
        ] {
            let change = compare(was, now, true, false);
            let detail = change.as_ref().and_then(|c| c.detail.split(": ").next());
            assert_eq!(detail, told, "{was:?} {now:?}");
            assert_eq!(alter(&address, "a", now, was), undo, "{was:?} {now:?}");
        }
    }

    #[test]
    fn other_tables_have_names_of_their_own() {
        let (one, other) = (column(true, Some(called("x"))), column(true, Some(called("y"))));
        assert_eq!(compare(&one, &other, false, false), None);
    }

    #[test]
    fn a_definition_says_what_is_not_usual() {
        let of = |constraint: Option<NotNull>| clause(&column(true, constraint), "t");
        assert_eq!(of(None), " NOT NULL");
        assert_eq!(of(Some(called("t_a_not_null"))), " NOT NULL");
        assert_eq!(of(Some(called("N"))), r#" CONSTRAINT "N" NOT NULL"#);
        assert_eq!(clause(&column(false, Some(called("N"))), "t"), "");
    }
}
