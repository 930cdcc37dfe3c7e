//! What a query silently assumes: one small rule for each.

mod aggregates;
mod index;
mod joins;
mod nulls;
mod results;
mod time;
mod values;

use super::findings::Assumption;
use super::keys::KnownKeys;
use super::level::Level;
use super::subject::Subject;

/// A rule adds a sentence for each thing that it finds.
type Rule = fn(&Level, &mut Vec<String>);

/// Every rule, with the code of what it finds. To add one, add a line.
const RULES: &[(&str, Rule)] = &[
    ("INNER_JOIN_DROPS", joins::inner_join_drops),
    ("OUTER_JOIN_TURNED_INNER", joins::outer_join_turned_inner),
    ("FAN_TRAP", aggregates::fan_trap),
    ("CHASM_TRAP", aggregates::chasm_trap),
    ("NOT_IN_NULLABLE", nulls::not_in_nullable),
    ("COUNT_SKIPS_NULLS", aggregates::count_skips_nulls),
    ("AVG_IGNORES_NULLS", aggregates::avg_ignores_nulls),
    ("INTEGER_DIVISION", values::integer_division),
    ("LIMIT_WITHOUT_ORDER", results::limit_without_order),
    ("NOT_REPRODUCIBLE", time::not_reproducible),
    ("BETWEEN_DATE_BOUND", time::between_date_bound),
    ("CAST_STOPS_INDEX", index::cast_stops_index),
    ("SELECT_STAR_MAY_GROW", results::select_star_may_grow),
    ("DISTINCT_HIDES_DUPLICATES", results::distinct_hides_duplicates),
];

/// All assumptions of a statement, at any level: by rule, then by level.
pub fn assumptions(subject: &Subject) -> Vec<Assumption> {
    let mut sentences: Vec<Vec<String>> = vec![Vec::new(); RULES.len()];
    let known = KnownKeys::default();
    subject.query.each_level(&mut |query, outer| {
        let level = Level::of(subject, query, outer, &known);
        for ((_, rule), into) in RULES.iter().zip(&mut sentences) {
            rule(&level, into);
        }
    });
    let mut found: Vec<Assumption> = Vec::new();
    for ((code, _), texts) in RULES.iter().zip(sentences) {
        for text in texts {
            let one = Assumption { code: (*code).into(), text };
            if !found.contains(&one) {
                found.push(one);
            }
        }
    }
    found
}
