//! Tables and columns, as far as joins need to know them.

use serde::{Deserialize, Serialize};

use crate::kernel::error::{Code, Result, SpyneError};
use crate::kernel::ids::RelId;

/// Types whose values can be compared with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Integers of any width, numeric without a scale, floats.
    Number,
    /// text, varchar, char, name.
    Text,
    Uuid,
    /// date and timestamp.
    Time,
    /// timestamp with time zone.
    Instant,
    /// Any other type that can be hashed, compared with itself only: by the OID of the
    /// type.
    Other(u32),
}

impl Class {
    /// The class of a base type, by its OID, its typtype and the scale of a numeric. A
    /// type with its own idea of equality, such as citext, has none.
    pub fn of(base: u32, kind: &str, scale: Option<i32>) -> Option<Class> {
        match base {
            // smallint, integer, bigint, real, double precision.
            21 | 23 | 20 | 700 | 701 => Some(Class::Number),
            // A number with decimals is no key.
            1700 => scale.is_none_or(|scale| scale <= 0).then_some(Class::Number),
            // text, varchar, char, name.
            25 | 1043 | 1042 | 19 => Some(Class::Text),
            2950 => Some(Class::Uuid),
            // date, timestamp.
            1082 | 1114 => Some(Class::Time),
            1184 => Some(Class::Instant),
            // bytea, macaddr, macaddr8, inet, cidr.
            17 | 829 | 774 | 869 | 650 => Some(Class::Other(base)),
            _ if kind == "e" => Some(Class::Other(base)),
            _ => None,
        }
    }
}

/// A table that joins are looked for in.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Table {
    pub oid: RelId,
    /// The logical name of the table.
    pub name: String,
    /// `schema.name`, for people.
    pub shown: String,
    /// The relation by which the caller reads the table: the table itself, or its
    /// governed view. Quoted.
    pub source: String,
    /// Whether the source takes TABLESAMPLE.
    pub samples: bool,
    /// The number of rows by the catalog; None where the table was never analyzed.
    pub rows: Option<f64>,
    /// The number of rows; a guess where the table was never analyzed.
    pub guessed_rows: Option<f64>,
    /// A digest that changes whenever the contents of the table may have changed.
    pub signature: String,
    pub columns: Vec<Column>,
    /// Declared primary and unique keys, the primary key first: column indexes.
    #[serde(default)]
    pub keys: Vec<Vec<usize>>,
    #[serde(default)]
    pub has_primary_key: bool,
    /// Declared foreign keys.
    #[serde(default)]
    pub references: Vec<Reference>,
}

/// A declared foreign key.
#[derive(Clone, Debug, Deserialize)]
pub struct Reference {
    /// Column indexes.
    pub columns: Vec<usize>,
    pub parent: RelId,
    /// Column names.
    pub parent_columns: Vec<String>,
}

/// A column, as the catalog and its statistics know it.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Column {
    pub name: String,
    pub data_type: String,
    /// The class of the values; None for a column that can neither be a key nor refer
    /// to one.
    pub class: Option<Class>,
    /// The OID of the column's type; for a domain, that of its base type.
    #[serde(default)]
    pub base: u32,
    /// Whether the values can be shown without calling a function that a user has made.
    #[serde(default)]
    pub is_shown: bool,
    /// None where there are no statistics, or only stale ones.
    pub statistics: Option<Statistics>,
}

/// A row of pg_stats, as far as it matters.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Statistics {
    /// 0 to 1.
    pub null_share: f64,
    /// The number of distinct values; negative for a share of the rows.
    pub distinct: f64,
    /// The average number of bytes.
    pub width: f64,
    /// The smallest and the largest value of numbers.
    pub low: Option<f64>,
    pub high: Option<f64>,
}

impl Statistics {
    /// The number of distinct values in a table of `rows` rows.
    pub fn distinct_of(&self, rows: f64) -> f64 {
        match self.distinct {
            share if share < 0.0 => -share * rows,
            distinct => distinct,
        }
    }
}

impl Table {
    /// A column by its name.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == name)
    }

    /// The columns that a caller has named; `argument` is the name of the argument.
    ///
    /// # Errors
    /// 22023 where a column does not exist or is named twice, and where there is none.
    pub fn columns_named(
        &self,
        names: &[String],
        argument: &str,
        hint: &str,
    ) -> Result<Vec<usize>> {
        let mut columns = Vec::new();
        for name in names {
            let Some(column) = self.column(name) else {
                let known: Vec<&str> = self.columns.iter().map(|c| c.name.as_str()).collect();
                let message = format!("{} has no column \"{name}\"", self.shown);
                let detail =
                    format!("{argument} names columns of {}: {}.", self.shown, known.join(", "));
                return Err(bad(message, detail, hint));
            };
            if columns.contains(&column) {
                let message = format!("{argument} names \"{name}\" twice");
                return Err(bad(message, "Each column stands in one step of the join.", hint));
            }
            columns.push(column);
        }
        match columns.is_empty() {
            true => Err(bad(
                format!("{argument} is empty"),
                "A join has at least one column on each side.",
                hint,
            )),
            false => Ok(columns),
        }
    }

    /// Checks that columns can be joined with those of another table, one by one.
    ///
    /// # Errors
    /// 22023.
    pub fn check_steps(
        &self,
        columns: &[usize],
        parent: &Table,
        key: &[usize],
        hint: &str,
    ) -> Result<()> {
        if columns.len() != key.len() {
            return Err(bad(
                format!("columns1 has {} columns and columns2 {}", columns.len(), key.len()),
                "They are taken in step: the first with the first, and so on.",
                hint,
            ));
        }
        for (column, other) in columns.iter().zip(key) {
            let (one, two) = (&self.columns[*column], &parent.columns[*other]);
            if one.class.is_none() || one.class != two.class {
                return Err(bad(
                    format!(
                        "{} ({}) cannot be compared with {} ({})",
                        one.name, one.data_type, two.name, two.data_type
                    ),
                    "Columns are compared where their types are of one kind: numbers without decimals, texts, uuids, dates and timestamps, or the same other type.",
                    hint,
                ));
            }
        }
        if self.oid == parent.oid && columns == key {
            let detail = format!("Both sides are {}.", self.shown);
            return Err(bad("a column cannot refer to itself", detail, hint));
        }
        Ok(())
    }

    /// The names of columns.
    pub fn names_of(&self, columns: &[usize]) -> Vec<String> {
        columns.iter().map(|c| self.columns[*c].name.clone()).collect()
    }

    /// The number of distinct values of a column by statistics, where they say more
    /// than a sample of some rows. None for several columns together.
    pub fn known_distinct(&self, columns: &[usize]) -> Option<f64> {
        let [column] = columns else {
            return None;
        };
        let statistics = self.columns[*column].statistics.as_ref()?;
        match statistics.distinct < 0.0 {
            true => Some(statistics.distinct_of(self.rows?)),
            false => Some(statistics.distinct),
        }
    }

    /// Whether exactly these columns are a declared key, in any order.
    pub fn declares(&self, columns: &[usize]) -> bool {
        self.keys
            .iter()
            .any(|key| key.len() == columns.len() && key.iter().all(|c| columns.contains(c)))
    }

    /// Whether these columns are the declared primary key.
    pub fn is_primary_key(&self, columns: &[usize]) -> bool {
        self.has_primary_key
            && self.keys.first().is_some_and(|key| {
                key.len() == columns.len() && key.iter().all(|c| columns.contains(c))
            })
    }
}

fn bad(message: impl Into<String>, detail: impl Into<String>, hint: &str) -> SpyneError {
    SpyneError::new(Code::InvalidParameter, message, detail, hint)
}

/// The type in which Postgres compares two columns of one class, where it is not the
/// type of both: `::type`, to be written behind each.
pub fn compared_as(one: &Column, other: &Column) -> &'static str {
    const FLOATS: [u32; 2] = [700, 701];
    const NUMERIC: u32 = 1700;
    const CHAR: u32 = 1042;
    const VARCHAR: u32 = 1043;
    let (a, b) = (one.base, other.base);
    match one.class {
        Some(Class::Number) if FLOATS.contains(&a) || FLOATS.contains(&b) => "::float8",
        Some(Class::Number) if a == NUMERIC || b == NUMERIC => "::numeric",
        Some(Class::Number) => "::int8",
        // Compared with a char(n), spaces at the end do not count, unless the other is
        // a text.
        Some(Class::Text)
            if (a == CHAR || b == CHAR) && [a, b].iter().all(|t| [CHAR, VARCHAR].contains(t)) =>
        {
            "::bpchar COLLATE \"C\""
        }
        Some(Class::Text) => "::text COLLATE \"C\"",
        Some(Class::Time) => "::timestamp",
        _ => "",
    }
}

/// Columns of one table that refer to a key of another: both by index, in the same
/// order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pair {
    pub child: usize,
    pub columns: Vec<usize>,
    pub parent: usize,
    pub key: Vec<usize>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::joins::testing::shop;

    #[test]
    fn what_cannot_be_joined_is_told_with_the_reason() {
        let mut tables = shop();
        tables[0].oid = RelId::new(1);
        tables[1].columns[2].class = Some(Class::Text);
        let (customers, orders) = (&tables[0], &tables[1]);
        let named = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|n| n.to_string()).collect();
            orders.columns_named(&names, "columns1", "").map_err(|error| error.message)
        };
        assert_eq!(named(&["customer_id", "id"]), Ok(vec![1, 0]));
        assert_eq!(named(&["id", "id"]), Err("columns1 names \"id\" twice".into()));
        assert_eq!(named(&["x"]), Err(" has no column \"x\"".into()));
        assert_eq!(named(&[]), Err("columns1 is empty".into()));
        assert_eq!(orders.check_steps(&[1], customers, &[0], ""), Ok(()));
        assert!(orders.check_steps(&[1, 0], customers, &[0], "").is_err());
        assert!(orders.check_steps(&[2], customers, &[0], "").is_err());
        assert!(customers.check_steps(&[0], customers, &[0], "").is_err());
        assert_eq!(customers.check_steps(&[1], customers, &[0], ""), Ok(()));
    }
}
