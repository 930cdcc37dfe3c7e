//! Tables and columns, as far as joins need to know them.

use serde::{Deserialize, Serialize};

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
    /// Anything else that can be hashed, with itself: by the OID of the type.
    Other(u32),
}

impl Class {
    /// The class of a base type: its OID and typtype, and the scale of a numeric. What
    /// has its own idea of equality, as citext, has none.
    pub fn of(base: u32, kind: &str, scale: Option<i32>) -> Option<Class> {
        match base {
            // smallint, integer, bigint, real, double precision.
            21 | 23 | 20 | 700 | 701 => Some(Class::Number),
            // What is measured to the cent is no key.
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
    /// Its logical name.
    pub name: String,
    /// `schema.name`, for people.
    pub shown: String,
    /// What the caller reads it by: the table, or its governed view. Quoted.
    pub source: String,
    /// Whether the source takes TABLESAMPLE.
    pub samples: bool,
    /// Rows, as far as the catalog knows; None where it was never analyzed.
    pub rows: Option<f64>,
    /// Rows, at a guess where it was not.
    pub guessed_rows: Option<f64>,
    /// Changes whenever the table may have changed.
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
    /// None for what cannot be a key or refer to one.
    pub class: Option<Class>,
    /// The OID of its type, domains seen through.
    #[serde(default)]
    pub base: u32,
    /// Whether its values can be shown without calling what a user has made.
    #[serde(default)]
    pub is_shown: bool,
    /// None where there are no statistics that can be relied on.
    pub statistics: Option<Statistics>,
}

/// A row of pg_stats, as far as it matters.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Statistics {
    /// 0 to 1.
    pub null_share: f64,
    /// Distinct values; negative: as a share of the rows.
    pub distinct: f64,
    /// Bytes, on average.
    pub width: f64,
    /// The smallest and the largest value that were met, of numbers.
    pub low: Option<f64>,
    pub high: Option<f64>,
}

impl Statistics {
    /// Distinct values, in a table of so many rows.
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

    /// The names of columns.
    pub fn names_of(&self, columns: &[usize]) -> Vec<String> {
        columns.iter().map(|c| self.columns[*c].name.clone()).collect()
    }

    /// The distinct values of a column by statistics, where they say more than a
    /// sample of some rows. None for several columns together.
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

/// The type in which Postgres compares two columns of one class, where it is not that
/// of both: `::type`, to be written behind each.
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
        // With a char(n), spaces at the end do not count, unless the other is a text.
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

/// Columns of one table that refer to a key of another: both by index, in step.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pair {
    pub child: usize,
    pub columns: Vec<usize>,
    pub parent: usize,
    pub key: Vec<usize>,
}
