//! The weights of the evidence: the one table that [`evidence`](super::evidence),
//! [`keys`](super::keys), [`weighing`](super::weighing) and
//! [`choose`](super::choose) read, and that `cargo xtask bench joins` prints above
//! what they find.
//!
//! Each is in log-odds: 0 says nothing, 1 makes a join 2.7 times as likely, and the
//! sum becomes a confidence by the logistic function. They are judged, not fitted,
//! so that each can be explained.

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weight {
    /// The name of the part of the evidence.
    pub evidence: &'static str,
    /// When the weight counts.
    pub when: &'static str,
    /// The figure from which on the row counts. Of several rows for one figure, the
    /// first that the figure reaches counts.
    pub from: Option<f64>,
    pub weight: f64,
    /// The weight that is added for values that lie in the key not by chance, times
    /// their surprise, 0 to 1.
    pub by_surprise: f64,
    /// The words for the reason of a candidate; empty where there are none, or where
    /// they have figures.
    pub says: &'static str,
}

const fn row(evidence: &'static str, when: &'static str, weight: f64) -> Weight {
    Weight { evidence, when, from: None, weight, by_surprise: 0.0, says: "" }
}

impl Weight {
    const fn from(self, from: f64) -> Weight {
        Weight { from: Some(from), ..self }
    }

    const fn says(self, says: &'static str) -> Weight {
        Weight { says, ..self }
    }

    const fn and_surprise(self, by_surprise: f64) -> Weight {
        Weight { by_surprise, ..self }
    }

    /// Whether `figure` reaches this row.
    fn reached(self, figure: f64) -> bool {
        self.from.is_none_or(|from| figure >= from)
    }
}

/// The first of these rows that a figure reaches.
pub fn first_reached(rows: &[Weight], figure: f64) -> Option<Weight> {
    rows.iter().copied().find(|row| row.reached(figure))
}

/// Declares the rows, and [`ALL`] of them.
macro_rules! table {
    ($($name:ident = $row:expr;)*) => {
        $(pub const $name: Weight = $row;)*

        /// The whole table, in its order.
        pub const ALL: &[Weight] = &[$($name),*];
    };
}

/// Likeness of names.
const LIKENESS: &str = "likeness of the names";
/// The share of rows with a value that is in the key.
const SHARE: &str = "share of rows whose value is in the key";
const COVERED: &str = "share of the key that is referred to";
const SPANNED: &str = "share of the key between the smallest and largest value";

table! {
    BEGINNING = row("beginning", "always: of all pairs of columns few are references", -2.0);
    DECLARED = row("declared", "a foreign key", 20.0).says("a foreign key is declared");

    CALLED_FOR_IT = row("names", LIKENESS, 4.2).from(0.93)
        .says("it is called for what it refers to");
    ENDS_IN_IT = row("names", LIKENESS, 3.4).from(0.8).says("its name ends in what it refers to");
    SPEAKS_OF_IT = row("names", LIKENESS, 2.4).from(0.64)
        .says("its name speaks of what it refers to");
    MAY_SPEAK_OF_IT = row("names", LIKENESS, 0.8).from(0.45);
    SPEAKS_OF_A_KEY = row("names", "less, called as keys are, values surprising", -0.8)
        .says("its name speaks of a key, not of this one");
    SAYS_NOTHING_OF_A_NUMBER = row("names", "less, values not surprising: any number", -4.0)
        .says("its name does not speak of it");
    SAYS_NOTHING = row("names", "less", -2.2).says("its name does not speak of it");
    POLYMORPHIC = row("polymorphic", "owner_type stands beside owner_id", -7.0)
        .says("another column says what kind of thing it refers to");
    NAMED_ELSEWHERE = row("named elsewhere", "it speaks more of another table or key", -2.5)
        .says("its name speaks of another table");
    MEASURE_BY_NAME = row("measure", "called as a measure, and for what it refers to", -1.0)
        .says("it is called as measures and descriptions are");
    MEASURE = row("measure", "called as a measure or description", -3.0)
        .says("it is called as measures and descriptions are");

    NO_VALUES = row("no values", "nothing to compare", -0.3).says("there are no values to compare");
    ALL_WITHIN = row("containment", SHARE, 0.5).from(0.999).and_surprise(3.0);
    NEARLY_ALL_WITHIN = row("containment", SHARE, 0.0).from(0.98).and_surprise(2.5);
    MOST_WITHIN = row("containment", SHARE, -0.5).from(0.95).and_surprise(1.5);
    SEVERAL_NOT_WITHIN = row("containment", "less, of several columns", -5.0);
    MANY_WITHIN = row("containment", SHARE, -1.5).from(0.9).and_surprise(1.0);
    SOME_ORPHANS = row("containment", SHARE, -4.0).from(0.8);
    MANY_ORPHANS = row("containment", SHARE, -5.0).from(0.7);
    MOSTLY_ORPHANS = row("containment", "less", -8.0);
    MOST_VALUES_ELSEWHERE = row("containment", "besides, most of its values are elsewhere", -3.0);

    MOST_COVERED = row("coverage", COVERED, 1.5).from(0.9);
    HALF_COVERED = row("coverage", COVERED, 0.8).from(0.5);
    HALF_COVERED_BY_NUMBERS = row("coverage", "the same, values not surprising:", 0.4).from(0.5);
    LITTLE_COVERED = row("coverage", COVERED, 0.0).from(0.05);
    HARDLY_COVERED_BY_NUMBERS = row("coverage", "less, values not surprising", -0.8);
    MOST_SPANNED = row("range", SPANNED, 1.0).from(0.95);
    HALF_SPANNED = row("range", SPANNED, 0.0).from(0.5);
    LITTLE_SPANNED_BY_NUMBERS = row("range", "less, values not surprising", -1.0);
    LITTLE_SPANNED = row("range", "less", -0.3);

    BETTER_KEY_THAN_DECLARED = row("another key", "a likelier key, where this is declared", -0.7)
        .says("the table has a likelier key");
    BETTER_KEY_THAN_NAMED = row("another key", "a likelier key, where this is called so", -1.8)
        .says("the table has a likelier key");
    BETTER_KEY = row("another key", "a likelier key", -3.0)
        .says("the table has a likelier key");
    COPY = row("copy", "besides, this is called as a measure or description", -2.5)
        .says("what is referred to describes a row and does not name it");
    OWN_KEY_BY_NAME = row("key to key", "the key that the referring table is called for", -3.5)
        .says("the referring columns are the key of their own table");
    NAMED_KEY_TO_KEY = row("key to key", "the referring table's key, by name", -0.3).from(0.93)
        .says("the referring columns are the key of their own table");
    KEY_TO_KEY = row("key to key", "the referring table's key", -3.0)
        .says("the referring columns are the key of their own table");
    NAMELESS_KEY_TO_KEY = row("key to key", "the referring table's key, nameless", -2.2)
        .says("the referring columns are the key of their own table");
    WITHIN_BY_NO_KEY = row("within a table", "not to its key, or from its key", -9.0)
        .says("a table refers to itself by its key only");
    WITHIN_NAMELESS = row("within a table", "names say nothing", -2.0)
        .says("few tables refer to themselves");
    TIME_OF_A_KEY = row("time", "a date or time among several columns that are unique", -9.0)
        .says("times are seldom part of a reference");
    TIME = row("time", "a date or time among several columns", -1.5)
        .says("times are seldom part of a reference");
    EXPLAINED = row("explained", "each of several columns refers to a table of its own", -3.0)
        .says("each of the columns refers to a table of its own");

    EXTENDED = row("extended", "as sure as the join to a table that extends it", 0.0)
        .says("its values are those of a table that extends what it refers to");

    KEY_PRIMARY = row("key", "the declared primary key", 3.0);
    KEY_UNIQUE = row("key", "a declared unique key", 1.0);
    KEY_OF_ITS_TABLE = row("key", "called for its table", 1.2);
    KEY_BY_NAME = row("key", "called as keys are, and the first column or one of several", 0.5);
    KEY_OF_ANOTHER = row("key", "called as keys are, and not the first: it refers", -0.8);
    KEY_MEASURE = row("key", "called as a measure or description", -1.0);
    KEY_MEASURE_OF_SEVERAL = row("key", "called as a measure or description, one of several", -0.5);
    KEY_NUMBER = row("key", "a number or uuid", 0.2);
    KEY_LONG_TEXT = row("key", "a text of more than 40 bytes on average", -1.5);
    KEY_DATE = row("key", "a date or timestamp", -0.6);
    KEY_INSTANT = row("key", "a timestamp with time zone", -2.0);
    KEY_OTHER_TYPE = row("key", "another type", -0.5);
    KEY_NO_TYPE = row("key", "a type that is no key", -3.0);
    KEY_FIRST = row("key", "the first column", 0.6);
    KEY_LATER = row("key", "for each column before it", -0.1);
    KEY_LAST = row("key", "for the columns before it, at most", -0.5);
    KEY_LEAST = row("key", "in all, at least", -2.5);
    KEY_MOST = row("key", "in all, at most", 1.5);
    KEY_CLEARLY_LIKELIER = row("key", "a key is likelier than another by", 0.3);

    ALIKE = row("rivals", "two sums closer than this are alike: names and sizes decide", 1.3);
    CLEARLY_NEARER = row("rivals", "of two keys the nearer is meant from", 3.0);
}

/// The highest confidence of a candidate without any values to compare.
pub const MOST_WITHOUT_VALUES: f64 = 0.79;

/// The surprise from which on it is no chance that values lie in the key: see
/// [`Measured::surprise`](super::measure::Measured::surprise).
pub const SURPRISING: f64 = 0.5;

/// The number of values below which they lie in anything; evidence for the pair then
/// counts by as much less.
pub const FEW_VALUES: f64 = 4.0;
pub const OF_FEW_VALUES: f64 = 0.6;

/// The likeness from which on a name means exactly this table.
pub const MEANT: f64 = 0.8;

/// The table as rows of figures and words, for people.
pub fn table() -> String {
    let mut out = String::from("| evidence | when | log-odds |\n| --- | --- | ---: |\n");
    for row in ALL {
        let from = row.from.map_or(String::new(), |from| format!(" from {from}"));
        let surprise = match row.by_surprise {
            0.0 => String::new(),
            by => format!(" + {by} x surprise"),
        };
        let when = format!("{}{from}", row.when);
        out += &format!("| {} | {} | {:+.1}{surprise} |\n", row.evidence, when.trim(), row.weight);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_row_that_is_reached_counts() {
        let rows = [ALL_WITHIN, NEARLY_ALL_WITHIN, MOSTLY_ORPHANS];
        assert_eq!(first_reached(&rows, 1.0), Some(ALL_WITHIN));
        assert_eq!(first_reached(&rows, 0.98), Some(NEARLY_ALL_WITHIN));
        assert_eq!(first_reached(&rows, 0.1), Some(MOSTLY_ORPHANS));
        assert_eq!(first_reached(&rows[..2], 0.1), None);
    }

    #[test]
    fn every_row_says_when_it_counts() {
        for row in ALL {
            assert!(!row.evidence.is_empty() && !row.when.is_empty(), "{row:?}");
        }
        let printed = table();
        assert_eq!(printed.lines().count(), 2 + ALL.len());
        assert!(printed.contains("| names | likeness of the names from 0.93 | +4.2 |"));
    }
}
