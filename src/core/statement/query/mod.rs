//! What a query says, as Postgres's own analyzer understood it: names are
//! resolved, views expanded, types known. Made by `pg::analyze`, read by the
//! pure rules of `core::preview`. As JSON, trees are recorded for the tests of those
//! rules, in tests/trees.

use crate::kernel::ids::RelId;

pub mod columns;
pub mod plan;
pub mod relations;
pub mod walk;

use serde::{Deserialize, Serialize};

/// What a statement does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    #[default]
    Select,
    Insert,
    Update,
    Delete,
    Merge,
}

impl Command {
    pub const fn as_str(self) -> &'static str {
        match self {
            Command::Select => "SELECT",
            Command::Insert => "INSERT",
            Command::Update => "UPDATE",
            Command::Delete => "DELETE",
            Command::Merge => "MERGE",
        }
    }

    pub const fn writes(self) -> bool {
        !matches!(self, Command::Select)
    }
}

/// One query level: a statement, a subquery, a CTE, the body of a view.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Query {
    pub command: Command,
    /// The range table. [`ExprKind::Column`] counts it from 1, as Postgres does.
    pub sources: Vec<Source>,
    /// The items of FROM; several stand for a comma between them.
    pub from: Vec<From>,
    /// WHERE, as the expressions that AND holds together.
    pub filters: Vec<Expr>,
    /// What is selected, set or inserted.
    pub targets: Vec<Target>,
    pub group_by: Vec<Expr>,
    /// GROUPING SETS, CUBE or ROLLUP.
    pub grouping_sets: bool,
    pub having: Vec<Expr>,
    pub distinct: Distinct,
    pub order_by: Vec<Expr>,
    pub limit: Option<Expr>,
    pub offset: Option<Expr>,
    /// UNION, INTERSECT, EXCEPT: the members are sources of this level.
    pub set_operation: Option<SetOperation>,
    pub ctes: Vec<Cte>,
    /// The source (from 1) that a write changes.
    pub result: Option<usize>,
    /// RETURNING.
    pub returning: Vec<Target>,
    /// The actions of a MERGE, and the DO UPDATE of an INSERT: conditions and
    /// new values.
    pub actions: Vec<Expr>,
    /// What a MERGE does with rows that have no match.
    pub unmatched: Unmatched,
    /// What is computed elsewhere: VALUES, TABLESAMPLE, XMLTABLE, frames of
    /// windows, row security and the checks of views.
    pub elsewhere: Vec<Expr>,
}

/// The rows without a match that a MERGE has an action for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unmatched {
    /// WHEN NOT MATCHED: rows of the source, which are inserted.
    pub of_source: bool,
    /// WHEN NOT MATCHED BY SOURCE: rows of the target, which are changed.
    pub of_target: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Target {
    pub name: String,
    pub expr: Expr,
    /// Not part of the result: there for ORDER BY or GROUP BY alone.
    pub hidden: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cte {
    pub name: String,
    pub query: Query,
    pub recursive: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Distinct {
    #[default]
    No,
    /// SELECT DISTINCT.
    Rows,
    /// SELECT DISTINCT ON (...).
    On,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetOperation {
    /// The topmost, where several are nested.
    pub operator: SetOperator,
    pub all: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SetOperator {
    Union,
    Intersect,
    Except,
}

/// An entry of the range table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// The alias, or the name where there is none.
    pub alias: String,
    /// Names of its columns, in order; a dropped column is an empty name.
    pub columns: Vec<String>,
    pub kind: SourceKind,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum SourceKind {
    /// A table, foreign table or materialized view, by OID.
    Table(RelId),
    Subquery {
        query: Box<Query>,
        /// The view whose body it is, by OID.
        view: Option<RelId>,
        lateral: bool,
    },
    /// A CTE of this query, or of one `levels_up` from it.
    Cte { name: String, levels_up: u32, recursive_reference: bool },
    /// A JOIN: what each of its columns stands for.
    Join(Vec<Expr>),
    /// A function in FROM: the calls.
    Function { calls: Vec<Expr>, lateral: bool },
    /// VALUES: its number of rows.
    Values { rows: usize },
    /// What is no source of rows: the OLD and NEW of a rule, and the rest.
    Other,
}

/// An item of FROM.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum From {
    /// A source, by its number from 1.
    Source(usize),
    Join(Box<Join>),
    /// A bracketed FROM with conditions, as rules leave them.
    Nested(Vec<From>, Vec<Expr>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Join {
    pub kind: JoinKind,
    pub left: From,
    pub right: From,
    /// ON or USING, as the expressions that AND holds together.
    pub conditions: Vec<Expr>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum JoinKind {
    Inner,
    Left,
    Right,
    Full,
}

impl JoinKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            JoinKind::Inner => "INNER",
            JoinKind::Left => "LEFT",
            JoinKind::Right => "RIGHT",
            JoinKind::Full => "FULL",
        }
    }
}

/// An expression.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Expr {
    pub kind: ExprKind,
    /// The OID of its type.
    pub type_oid: u32,
    /// As SQL. Only conditions, aggregates, window calls and targets have it;
    /// empty elsewhere.
    pub text: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum ExprKind {
    Column {
        /// The source's number from 1, in the query `levels_up` from here.
        source: usize,
        /// The column's number from 1; 0 is the whole row, below 0 a system column.
        column: i32,
        levels_up: u32,
    },
    /// A constant, by its text; None is NULL.
    Constant(Option<String>),
    /// `$n`.
    Parameter(i32),
    Call(Call),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Not(Box<Expr>),
    /// IS NULL, or IS NOT NULL.
    NullTest {
        operand: Box<Expr>,
        is_null: bool,
    },
    Aggregate(Aggregate),
    Window(Aggregate),
    Sublink(Box<Sublink>),
    /// CASE, COALESCE, ARRAY, ROW and the rest: what they are made of.
    #[default]
    Nothing,
    Other {
        /// `CASE` (what decides in it is under `WHEN`), `COALESCE`, `GREATEST`,
        /// `ARRAY`, `ROW`, `CURRENT_DATE`, ...
        name: String,
        operands: Vec<Expr>,
    },
}

/// A call of a function, an operator or a cast.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// The OID of the function, also behind an operator.
    pub function: u32,
    /// Schema-less name: `lower`, `=`, `int4`.
    pub name: String,
    pub form: Form,
    pub arguments: Vec<Expr>,
    pub volatility: Volatility,
    /// Part of Postgres itself, not made by a user.
    pub built_in: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Form {
    Function,
    Operator,
    /// `x::t` or CAST, written out.
    ExplicitCast,
    /// A conversion that nobody wrote.
    ImplicitCast,
    /// `x = ANY (...)`, `x IN (...)`; `name` is the operator.
    AnyOf,
    /// `x <> ALL (...)`, `x NOT IN (list)`.
    AllOf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Volatility {
    Immutable,
    Stable,
    Volatile,
}

/// A call of an aggregate, or of a window function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Aggregate {
    pub function: u32,
    pub name: String,
    pub arguments: Vec<Expr>,
    /// `count(*)`.
    pub star: bool,
    pub distinct: bool,
    pub filter: Option<Box<Expr>>,
    /// The query level the aggregate belongs to, counted outwards from here.
    pub levels_up: u32,
}

/// A subquery in an expression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sublink {
    pub kind: SublinkKind,
    /// `x IN (SELECT ...)`: the comparisons, whose right sides are parameters.
    pub test: Option<Expr>,
    pub query: Query,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SublinkKind {
    Exists,
    /// IN and = ANY. NOT IN is a `Not` around it.
    Any,
    All,
    /// One value.
    Scalar,
    Array,
}

impl Query {
    /// The source with a number from 1.
    pub fn source(&self, number: usize) -> Option<&Source> {
        self.sources.get(number.checked_sub(1)?)
    }
}
