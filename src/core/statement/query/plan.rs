//! The estimates of a plan.

/// A planned query.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Planned {
    /// The number of rows that the query returns or writes.
    pub rows: f64,
    /// The cost in the planner's units.
    pub cost: f64,
    pub tree: PlanNode,
}

/// A node of a plan, as far as the rules need it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlanNode {
    pub is_join: bool,
    /// Estimated rows.
    pub rows: f64,
    pub children: Vec<PlanNode>,
}
