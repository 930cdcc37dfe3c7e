//! Whether one table can stand in for another, column by column.

use super::facts::Column;

/// A difference that a reader or writer of the old table would meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    Removed(String),
    TypeChanged {
        column: String,
        from: String,
        to: String,
    },
    Added(String),
    /// NOT NULL without a default: writers that do not name it fail.
    AddedRequired(String),
    NullabilityChanged {
        column: String,
        now_required: bool,
    },
    Reordered,
}

impl Difference {
    /// Whether something that works today stops working.
    pub fn is_breaking(&self) -> bool {
        matches!(self, Difference::Removed(_) | Difference::TypeChanged { .. })
    }

    pub fn describe(&self) -> String {
        match self {
            Difference::Removed(column) => format!("column {column} is gone"),
            Difference::TypeChanged { column, from, to } => {
                format!("column {column} changes its type from {from} to {to}")
            }
            Difference::Added(column) => format!("column {column} is new"),
            Difference::AddedRequired(column) => {
                format!("column {column} is new, NOT NULL and without a default")
            }
            Difference::NullabilityChanged { column, now_required: true } => {
                format!("column {column} becomes NOT NULL")
            }
            Difference::NullabilityChanged { column, .. } => {
                format!("column {column} may now be NULL")
            }
            Difference::Reordered => "the columns come in another order".to_string(),
        }
    }
}

/// The differences between the columns of two tables, the breaking ones first.
pub fn compare(old: &[Column], new: &[Column]) -> Vec<Difference> {
    let mut found = Vec::new();
    for column in old {
        match new.iter().find(|c| c.name == column.name) {
            None => found.push(Difference::Removed(column.name.clone())),
            Some(now) if now.data_type != column.data_type => found.push(Difference::TypeChanged {
                column: column.name.clone(),
                from: column.data_type.clone(),
                to: now.data_type.clone(),
            }),
            Some(now) if now.not_null != column.not_null => {
                found.push(Difference::NullabilityChanged {
                    column: column.name.clone(),
                    now_required: now.not_null,
                })
            }
            Some(_) => {}
        }
    }
    for column in new.iter().filter(|c| !old.iter().any(|o| o.name == c.name)) {
        let supplied =
            column.default.is_some() || column.generated.is_some() || column.identity.is_some();
        found.push(match column.not_null && !supplied {
            true => Difference::AddedRequired(column.name.clone()),
            false => Difference::Added(column.name.clone()),
        });
    }
    let kept = |of: &[Column], other: &[Column]| -> Vec<String> {
        of.iter().map(|c| c.name.clone()).filter(|n| other.iter().any(|o| o.name == *n)).collect()
    };
    if kept(old, new) != kept(new, old) {
        found.push(Difference::Reordered);
    }
    found.sort_by_key(|d| !d.is_breaking());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, data_type: &str) -> Column {
        Column { name: name.into(), data_type: data_type.into(), ..Column::default() }
    }

    #[test]
    fn equal_shapes_have_no_differences() {
        let a = [column("id", "integer"), column("name", "text")];
        assert!(compare(&a, &a).is_empty());
    }

    #[test]
    fn a_removed_column_and_a_changed_type_are_breaking() {
        let old = [column("id", "integer"), column("name", "text")];
        let new = [column("id", "bigint"), column("extra", "text")];
        let found = compare(&old, &new);
        assert_eq!(found.iter().filter(|d| d.is_breaking()).count(), 2);
        assert!(found.contains(&Difference::Added("extra".into())));
    }

    #[test]
    fn a_required_column_without_a_default_is_told_apart() {
        let required = Column { not_null: true, ..column("x", "text") };
        let supplied = Column { default: Some("''".into()), ..required.clone() };
        assert_eq!(compare(&[], &[required]), [Difference::AddedRequired("x".into())]);
        assert_eq!(compare(&[], &[supplied]), [Difference::Added("x".into())]);
    }

    #[test]
    fn another_order_is_noticed_among_the_columns_that_stay() {
        let old = [column("a", "text"), column("b", "text"), column("c", "text")];
        let new = [column("c", "text"), column("a", "text")];
        let found = compare(&old, &new);
        assert!(found.contains(&Difference::Reordered));
        assert!(found.contains(&Difference::Removed("b".into())));
    }
}
