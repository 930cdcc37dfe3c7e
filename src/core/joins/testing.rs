//! Tables that the tests of several modules look at.

use super::accepted::AcceptedJoin;
use super::candidate::Candidate;
use super::kinds::{JoinType, Risk};
use super::sketch::{Builder, Sketch, Value};
use super::status::{CandidateStatus, JoinStatus};
use super::table::{Class, Column, Statistics, Table};
use crate::kernel::ids::{RelId, RoleId};

/// A column of numbers, with statistics.
pub fn column(name: &str, distinct: f64, low: f64, high: f64) -> Column {
    Column {
        name: name.into(),
        data_type: "integer".into(),
        class: Some(Class::Number),
        base: 23,
        is_shown: true,
        statistics: Some(Statistics {
            distinct,
            width: 4.0,
            low: Some(low),
            high: Some(high),
            ..Statistics::default()
        }),
    }
}

/// Customers, and orders that refer to them.
pub fn shop() -> Vec<Table> {
    let table = |name: &str, rows: f64, columns: Vec<Column>| Table {
        name: name.into(),
        rows: Some(rows),
        columns,
        ..Table::default()
    };
    vec![
        table(
            "customers",
            1000.0,
            vec![column("id", -1.0, 1.0, 1000.0), column("age", 60.0, 18.0, 90.0)],
        ),
        table(
            "orders",
            5000.0,
            vec![
                column("id", -1.0, 100_001.0, 105_000.0),
                column("customer_id", 900.0, 1.0, 1000.0),
                column("cents", 4000.0, 5.0, 900_000.0),
            ],
        ),
    ]
}

/// The sketch of a column of numbers.
pub fn numbers(all: impl IntoIterator<Item = i64>) -> Sketch {
    let mut builder = Builder::default();
    all.into_iter().for_each(|n| builder.add(Value::Whole(n)));
    builder.finish()
}

fn texts(all: &[&str]) -> Vec<String> {
    all.iter().map(|text| text.to_string()).collect()
}

/// An open candidate, as the catalog has it.
pub fn candidate() -> Candidate {
    Candidate {
        candidate_id: 7,
        name1: "orders".into(),
        table1: RelId::new(1),
        columns1: texts(&["customer_id"]),
        name2: "customer".into(),
        table2: RelId::new(2),
        columns2: texts(&["id"]),
        join_type: JoinType::Inner,
        condition: "orders.customer_id = customer.id".into(),
        confidence: 0.9,
        confidence_level: "HIGH".into(),
        reason: String::new(),
        assumptions: Vec::new(),
        risk_level: Risk::Low,
        validation_stats: None,
        status: CandidateStatus::Open,
        rejected_by: None,
        rejected_because: None,
        expires_at: 0,
        expired: false,
    }
}

/// A join over the columns of that candidate.
pub fn accepted_join(join_id: &str, version: i32, status: JoinStatus) -> AcceptedJoin {
    AcceptedJoin {
        join_id: join_id.into(),
        table1: Some(RelId::new(1)),
        columns1: texts(&["customer_id"]),
        table2: Some(RelId::new(2)),
        columns2: texts(&["id"]),
        role: String::new(),
        join_type: JoinType::Inner,
        condition: "orders.customer_id = customer.id".into(),
        cardinality: "one_to_many".into(),
        version,
        status,
        rationale: "why".into(),
        owner: RoleId::new(10),
        accepted_by: "ann".into(),
        accepted_at: 0,
        validated_at: 0,
        confidence: 0.9,
        evidence: serde_json::Value::Null,
        validation_stats: serde_json::json!({ "blockers": ["one"] }),
        suspect_because: None,
        superseded_by: None,
    }
}
