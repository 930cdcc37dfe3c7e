//! A query as Postgres has analyzed it: names are resolved, views expanded, types
//! known. `pg::analyze` makes it, and the pure rules of `core::statement::preview` read
//! it. For the tests of those rules, trees are recorded as JSON in tests/trees.

use crate::kernel::ids::RelId;

pub mod columns;
pub mod plan;
pub mod relations;
pub mod walk;

use serde::{Deserialize, Serialize};

/// What a statement does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum CommandType {
    #[default]
    Select,
    Insert,
    Update,
    Delete,
    Merge,
}

impl CommandType {
    pub const fn as_str(self) -> &'static str {
        match self {
            CommandType::Select => "SELECT",
            CommandType::Insert => "INSERT",
            CommandType::Update => "UPDATE",
            CommandType::Delete => "DELETE",
            CommandType::Merge => "MERGE",
        }
    }

    pub const fn writes(self) -> bool {
        !matches!(self, CommandType::Select)
    }
}

/// One query level: a statement, a subquery, a CTE, the body of a view.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Query {
    pub command: CommandType,
    /// The range table. [`ExprKind::Column`] counts it from 1, as Postgres does.
    pub sources: Vec<Source>,
    /// The items of FROM; several stand for a comma between them.
    pub from: Vec<From>,
    /// WHERE, as the expressions that AND holds together.
    pub filters: Vec<Expr>,
    /// The expressions that are selected, set or inserted.
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
    /// Expressions of other clauses: VALUES, TABLESAMPLE, XMLTABLE, frames of windows,
    /// row security and the checks of views.
    pub elsewhere: Vec<Expr>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Target {
    pub name: String,
    pub expr: Expr,
    /// Whether the target is not part of the result, but only there for ORDER BY or
    /// GROUP BY.
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
    /// The topmost operator, where several are nested.
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
    /// The names of the columns, in order; a dropped column has an empty name.
    pub columns: Vec<String>,
    pub kind: SourceKind,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum SourceKind {
    /// A table, foreign table or materialized view, by OID.
    Table(RelId),
    Subquery {
        query: Box<Query>,
        /// The view whose query this is, by OID.
        view: Option<RelId>,
        lateral: bool,
    },
    /// A CTE of this query, or of one `levels_up` from it.
    Cte { name: String, levels_up: u32, recursive_reference: bool },
    /// A JOIN: what each of its columns stands for.
    Join(Vec<Expr>),
    /// A function in FROM, with its calls.
    Function { calls: Vec<Expr>, lateral: bool },
    /// VALUES, with its number of rows.
    Values { rows: usize },
    /// An entry that is no source of rows: the OLD and NEW of a rule, and the rest.
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
    /// The OID of the expression's type.
    pub type_oid: u32,
    /// The expression as SQL. Only conditions, aggregates, window calls and targets
    /// have it; it is empty elsewhere.
    pub text: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum ExprKind {
    Column {
        /// The number of the source from 1, in the query that is `levels_up` from here.
        source: usize,
        /// The number of the column from 1; 0 is the whole row, and a negative one a
        /// system column.
        column: i32,
        levels_up: u32,
    },
    /// A constant, by its text; None for NULL.
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
    /// CASE, COALESCE, ARRAY, ROW and others, with their parts.
    #[default]
    Nothing,
    Other {
        /// `CASE` (its conditions are under `WHEN`), `COALESCE`, `GREATEST`, `ARRAY`,
        /// `ROW`, `CURRENT_DATE`, ...
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
    /// Whether the function is part of Postgres itself.
    pub built_in: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Form {
    Function,
    Operator,
    /// `x::t` or CAST, written out.
    ExplicitCast,
    /// A conversion that the author did not write.
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
    /// A subquery that returns one value.
    Scalar,
    Array,
}

impl Query {
    /// The source with a number from 1.
    pub fn source(&self, number: usize) -> Option<&Source> {
        self.sources.get(number.checked_sub(1)?)
    }
}
