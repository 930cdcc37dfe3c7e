//! Decides whether the statistics of a table still describe it.
//!
//! Postgres counts the rows that have changed since the last ANALYZE, and counts too
//! many. A session reports its changes about once a second, when it has nothing else to
//! do; ANALYZE sets the count to zero at once. So rows that were loaded right before an
//! ANALYZE, by the same session or by another, are added to the count after it,
//! although ANALYZE has read them. They stay in the count until the next ANALYZE, so
//! waiting does not help. The count alone cannot tell these rows from others, and so
//! proves nothing.
//!
//! Two facts that a late report cannot cause do prove it, together with the count:
//! - The table has grown. The pages that ANALYZE has read are in pg_class, and the pages that there
//!   are now are those of the file.
//! - The count is higher than all that those pages can have been through. A change that ANALYZE has
//!   seen has left its versions of rows in them, unless they were pruned; and that happens only to
//!   what was committed, so within the second that is not reported yet.
//!
//! A table whose rows are replaced in place is therefore told late. It is never told falsely, and
//! with autovacuum at work it is analyzed before.

use crate::statement::query::relations::Relation;

/// The number of changed rows from which on changes count, besides a fifth of the
/// table: as autovacuum decides, with twice its scale factor and more to begin with.
/// Autovacuum should have analyzed the table by then.
const ROWS: f64 = 1000.0;
const SHARE: f64 = 0.2;

/// The most versions of rows that a page of 8 kB holds (MaxHeapTuplesPerPage).
const VERSIONS_PER_PAGE: f64 = 291.0;

/// A number of changes beyond what a second allows, to rows whose earlier versions are
/// gone by then.
const UNREPORTED: f64 = 500_000.0;

/// Whether much of an analyzed table has changed since. Where a fact is missing, the
/// answer is no.
pub fn are_outdated(table: &Relation) -> bool {
    let (Some(rows), Some(changed)) = (table.estimated_rows, table.changed_rows) else {
        return false;
    };
    let (Some(analyzed), Some(now)) = (table.analyzed_pages, table.pages) else {
        return false;
    };
    let has_grown = now - analyzed > ROWS / VERSIONS_PER_PAGE + SHARE * analyzed;
    // Each version of a row in a page was made once, and has ended at most once.
    let seen_at_most = 2.0 * VERSIONS_PER_PAGE * analyzed.max(now) + UNREPORTED;
    changed > ROWS + SHARE * rows && (has_grown || changed > seen_at_most)
}

#[cfg(test)]
mod tests {
    use super::are_outdated;
    use crate::statement::query::relations::Relation;

    /// A table by rows and pages when it was analyzed, the count of changes, and pages now.
    fn outdated(rows: f64, analyzed: f64, changed: f64, now: f64) -> bool {
        are_outdated(&Relation {
            estimated_rows: Some(rows),
            analyzed_pages: Some(analyzed),
            changed_rows: Some(changed),
            pages: Some(now),
            ..Relation::default()
        })
    }

    #[test]
    fn a_load_that_analyze_has_read_is_not_told_however_it_is_counted() {
        // Loaded and analyzed at once; loaded and updated; loaded, and most of it deleted.
        assert!(!outdated(2000.0, 9.0, 2000.0, 9.0));
        assert!(!outdated(2000.0, 18.0, 4000.0, 18.0));
        assert!(!outdated(10.0, 4500.0, 1_999_990.0, 4500.0));
        // The same, with some rows changed since.
        assert!(!outdated(2000.0, 9.0, 2300.0, 11.0));
        // A row that is updated again and again in small transactions.
        assert!(!outdated(1.0, 1.0, 30_000.0, 1.0));
    }

    #[test]
    fn a_load_after_it_is_told() {
        assert!(outdated(2000.0, 9.0, 1500.0, 16.0));
        // Into an empty table, and into one of a few rows.
        assert!(outdated(0.0, 0.0, 2000.0, 9.0));
        assert!(outdated(10.0, 1.0, 1100.0, 6.0));
        // Rows as wide as a page.
        assert!(outdated(1000.0, 1000.0, 1300.0, 2300.0));
        // Updates for which there was no room in place.
        assert!(outdated(1_000_000.0, 4500.0, 1_000_000.0, 9000.0));
    }

    #[test]
    fn little_is_not_told() {
        // A fifth and a thousand rows, whatever the pages say: what was rolled back takes room.
        assert!(!outdated(100.0, 1.0, 1020.0, 500.0));
        assert!(outdated(100.0, 1.0, 1021.0, 500.0));
        assert!(!outdated(10_000.0, 45.0, 3000.0, 90.0));
        // A fifth of the pages, and as many as a thousand rows need.
        assert!(!outdated(10_000.0, 100.0, 9000.0, 123.0));
        assert!(outdated(10_000.0, 100.0, 9000.0, 124.0));
    }

    #[test]
    fn a_million_updates_in_place_are_told() {
        assert!(outdated(10_000.0, 50.0, 1_000_000.0, 50.0));
        assert!(!outdated(10_000.0, 50.0, 500_000.0, 50.0));
        // As many rows may have been deleted before an ANALYZE of a large table.
        assert!(!outdated(1_000_000.0, 4500.0, 1_000_000.0, 4500.0));
        assert!(outdated(1_000_000.0, 4500.0, 4_000_000.0, 4500.0));
    }

    #[test]
    fn what_is_not_known_is_not_told() {
        let known = Relation {
            estimated_rows: Some(2000.0),
            analyzed_pages: Some(9.0),
            changed_rows: Some(5000.0),
            pages: Some(30.0),
            ..Relation::default()
        };
        assert!(are_outdated(&known));
        for forget in [
            |r: &mut Relation| r.estimated_rows = None,
            |r: &mut Relation| r.analyzed_pages = None,
            |r: &mut Relation| r.changed_rows = None,
            |r: &mut Relation| r.pages = None,
        ] {
            let mut unknown = known.clone();
            forget(&mut unknown);
            assert!(!are_outdated(&unknown), "{unknown:?}");
        }
    }
}
