//! A statement as Postgres has analyzed it: what can be known without running it.

use super::query::plan::Planned;
use super::query::{Query, walk};
use crate::kernel::ids::RelId;

/// The statement that wraps a query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wrapper {
    /// Nothing: the statement is the query itself.
    #[default]
    None,
    Copy,
    CreateTableAs,
    SelectInto,
    DeclareCursor,
    Explain,
    Prepare,
    Execute,
    /// TRUNCATE has no query at all.
    Truncate,
}

impl Wrapper {
    /// The wrapper as SQL spells it; empty for none.
    pub const fn as_str(self) -> &'static str {
        match self {
            Wrapper::None => "",
            Wrapper::Copy => "COPY",
            Wrapper::CreateTableAs => "CREATE TABLE AS",
            Wrapper::SelectInto => "SELECT INTO",
            Wrapper::DeclareCursor => "DECLARE CURSOR",
            Wrapper::Explain => "EXPLAIN",
            Wrapper::Prepare => "PREPARE",
            Wrapper::Execute => "EXECUTE",
            Wrapper::Truncate => "TRUNCATE",
        }
    }
}

/// A statement as Postgres has analyzed it.
#[derive(Clone, Debug, Default)]
pub struct Analyzed {
    pub wrapper: Wrapper,
    /// The query of the statement, or the queries that rules have made of it.
    pub queries: Vec<Query>,
    /// The plan of each query; empty where they were not planned.
    pub plans: Vec<Planned>,
    /// A digest of the trees. Two statements with the same fingerprint mean the same:
    /// relations, functions, operators and types, with views expanded and row security
    /// applied.
    pub fingerprint: String,
    /// The relations that a statement without a query writes to: COPY FROM, TRUNCATE.
    pub written: Vec<RelId>,
}

/// The function that runs a statement for a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runner {
    /// spyne_execute.
    Function,
    /// spyne_open.
    Cursor,
}

impl Analyzed {
    /// The relations, views among them, and the functions of users that the statement
    /// uses.
    pub fn uses(&self) -> (Vec<RelId>, Vec<u32>) {
        let mut relations = self.written.clone();
        let mut functions = Vec::new();
        for query in &self.queries {
            walk::uses(query, &mut relations, &mut functions);
        }
        relations.sort_unstable();
        relations.dedup();
        functions.sort_unstable();
        functions.dedup();
        (relations, functions)
    }

    /// SELECT, INSERT, ..., or the statement that wraps the query.
    pub fn kind(&self) -> &'static str {
        match (self.wrapper, self.queries.first()) {
            (Wrapper::None, Some(query)) => query.command.as_str(),
            (wrapper, _) => wrapper.as_str(),
        }
    }

    /// Whether the statement writes, at any level.
    pub fn writes(&self) -> bool {
        let mut writes = !self.written.is_empty();
        for query in &self.queries {
            query.each_level(&mut |level, _| writes |= level.command.writes());
        }
        writes
    }

    /// Whether the statement is an INSERT that changes no existing row.
    pub fn only_adds(&self) -> bool {
        use super::query::CommandType::Insert;
        self.queries.iter().all(|q| q.command == Insert && q.actions.is_empty())
    }

    /// Whether a run returns rows.
    pub fn returns_rows(&self) -> bool {
        let rows = |q: &Query| !q.command.writes() || !q.returning.is_empty();
        self.wrapper == Wrapper::Explain || self.queries.iter().any(rows)
    }

    /// Whether a dry run can try the statement and undo it.
    pub fn can_be_tried(&self) -> bool {
        self.wrapper == Wrapper::None && self.writes()
    }

    /// Why `runner` cannot run the statement; None where it can.
    pub fn refusal_of(&self, runner: Runner) -> Option<String> {
        match (self.wrapper, runner) {
            (Wrapper::None, Runner::Function) | (Wrapper::Explain, Runner::Function) => None,
            (Wrapper::None, Runner::Cursor) => {
                self.writes().then(|| "Only a SELECT can be opened.".to_string())
            }
            (wrapper, _) => {
                Some(format!("It is {}, which a client runs by itself.", wrapper.as_str()))
            }
        }
    }

    /// The number of rows that the planner expects.
    pub fn estimated_rows(&self) -> Option<f64> {
        (!self.plans.is_empty()).then(|| self.plans.iter().map(|p| p.rows).sum())
    }

    /// The cost of the statement, in the planner's units.
    pub fn estimated_cost(&self) -> Option<f64> {
        (!self.plans.is_empty()).then(|| self.plans.iter().map(|p| p.cost).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::query::{CommandType, Cte};

    fn of(command: CommandType) -> Query {
        Query { command, ..Query::default() }
    }

    fn analyzed(wrapper: Wrapper, queries: Vec<Query>) -> Analyzed {
        Analyzed { wrapper, queries, ..Analyzed::default() }
    }

    #[test]
    fn a_function_runs_the_query_itself_and_explains_it() {
        let select = || vec![of(CommandType::Select)];
        for (wrapper, runs) in [
            (Wrapper::None, true),
            (Wrapper::Explain, true),
            (Wrapper::Copy, false),
            (Wrapper::DeclareCursor, false),
            (Wrapper::Truncate, false),
        ] {
            let refusal = analyzed(wrapper, select()).refusal_of(Runner::Function);
            assert_eq!(refusal.is_none(), runs, "{wrapper:?} {refusal:?}");
        }
    }

    #[test]
    fn a_cursor_is_opened_for_what_writes_nowhere() {
        let open = |wrapper, query| analyzed(wrapper, vec![query]).refusal_of(Runner::Cursor);
        assert_eq!(open(Wrapper::None, of(CommandType::Select)), None);
        assert!(open(Wrapper::Explain, of(CommandType::Select)).is_some());
        assert!(open(Wrapper::None, of(CommandType::Update)).is_some());
        let inside = Cte { name: "w".into(), query: of(CommandType::Delete), recursive: false };
        let around = Query { ctes: vec![inside], ..Query::default() };
        assert!(open(Wrapper::None, around).is_some());
    }

    #[test]
    fn only_what_writes_by_itself_can_be_tried() {
        assert!(analyzed(Wrapper::None, vec![of(CommandType::Insert)]).can_be_tried());
        assert!(!analyzed(Wrapper::None, vec![of(CommandType::Select)]).can_be_tried());
        assert!(!analyzed(Wrapper::Prepare, vec![of(CommandType::Insert)]).can_be_tried());
    }

    #[test]
    fn an_insert_that_may_update_does_not_only_add() {
        let mut query = of(CommandType::Insert);
        assert!(analyzed(Wrapper::None, vec![query.clone()]).only_adds());
        query.actions.push(Default::default());
        assert!(!analyzed(Wrapper::None, vec![query]).only_adds());
    }

    #[test]
    fn estimates_are_there_where_there_are_plans() {
        let planned = |rows, cost| Planned { rows, cost, ..Planned::default() };
        let mut statement = analyzed(Wrapper::None, vec![of(CommandType::Select)]);
        assert_eq!((statement.estimated_rows(), statement.estimated_cost()), (None, None));
        statement.plans = vec![planned(2.0, 10.0), planned(3.0, 5.0)];
        assert_eq!(
            (statement.estimated_rows(), statement.estimated_cost()),
            (Some(5.0), Some(15.0))
        );
    }
}
