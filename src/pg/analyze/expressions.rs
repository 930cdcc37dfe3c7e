//! Reads expressions from Postgres's nodes into `core::statement::query::Expr`.

use std::cell::Cell;
use std::collections::HashMap;
use std::ffi::CStr;

use pgrx::pg_sys;

use crate::pg::lists::cells;
use crate::pg::server;
use spyne_core::statement::query::{
    Aggregate, Call, Expr, ExprKind, Form, Sublink, SublinkKind, Volatility,
};

/// What reading an expression needs: the queries around it, and the texts of
/// those expressions that have one.
pub struct Reader<'a> {
    pub levels: &'a [*mut pg_sys::Query],
    pub texts: HashMap<*mut pg_sys::Node, String>,
    /// How many expressions around the current one are being read.
    pub depth: Cell<u32>,
}

/// The deepest nesting that is read as such, which is deeper than people write. What is
/// deeper is read flat, so that rules may recurse over expressions.
const DEEPEST: u32 = 200;

impl Reader<'_> {
    /// # Safety
    /// `node` is null or a valid expression of the last level.
    pub unsafe fn read(&self, node: *mut pg_sys::Node) -> Expr {
        if node.is_null() {
            return Expr::default();
        }
        // SAFETY: the tag of a node says what it is.
        unsafe {
            self.depth.set(self.depth.get() + 1);
            let kind = match self.depth.get() > DEEPEST {
                true => other("", self.flat(node)),
                false => self.kind(node),
            };
            self.depth.set(self.depth.get() - 1);
            let type_oid = match (*node).type_ {
                pg_sys::NodeTag::T_List | pg_sys::NodeTag::T_TableFunc => 0,
                _ => pg_sys::exprType(node).to_u32(),
            };
            Expr { kind, type_oid, text: self.texts.get(&node).cloned().unwrap_or_default() }
        }
    }

    /// The columns, calls and subqueries of a very deep expression, side by side.
    unsafe fn flat(&self, node: *mut pg_sys::Node) -> Vec<Expr> {
        use pg_sys::NodeTag::{T_FuncExpr, T_OpExpr, T_SubLink, T_Var};
        let mut found = Vec::new();
        let mut left = vec![node];
        while let Some(node) = left.pop() {
            if node.is_null() {
                continue;
            }
            // SAFETY: the walker calls back for each direct part of an expression.
            unsafe {
                let kind = match (*node).type_ {
                    T_Var => Some(self.kind(node)),
                    T_SubLink => {
                        found.push(Expr { kind: self.sublink(&*node.cast()), ..Expr::default() });
                        continue;
                    }
                    T_FuncExpr => {
                        let function = (*node.cast::<pg_sys::FuncExpr>()).funcid;
                        let name = function_name(function);
                        Some(self.call(function, name, Form::Function, std::ptr::null_mut()))
                    }
                    T_OpExpr => {
                        pg_sys::set_opfuncid(node.cast());
                        let operation = &*node.cast::<pg_sys::OpExpr>();
                        let name = operator_name(operation.opno);
                        let function = operation.opfuncid;
                        Some(self.call(function, name, Form::Operator, std::ptr::null_mut()))
                    }
                    _ => None,
                };
                found.extend(kind.map(|kind| Expr { kind, ..Expr::default() }));
                server::each_part(node, &mut |part| left.push(part));
            }
        }
        found
    }

    /// # Safety
    /// A list of expressions.
    pub unsafe fn all(&self, list: *mut pg_sys::List) -> Vec<Expr> {
        // SAFETY: as promised by the caller.
        unsafe { cells(list).map(|cell| self.read(cell.cast())).collect() }
    }

    /// The expressions of a list of TargetEntry.
    unsafe fn entries(&self, list: *mut pg_sys::List) -> Vec<Expr> {
        // SAFETY: the arguments of an aggregate are target entries.
        unsafe {
            cells(list)
                .map(|cell| self.read((*cell.cast::<pg_sys::TargetEntry>()).expr.cast()))
                .collect()
        }
    }

    unsafe fn kind(&self, node: *mut pg_sys::Node) -> ExprKind {
        use pg_sys::NodeTag::*;
        // SAFETY: the tag of a node says what it is.
        unsafe {
            match (*node).type_ {
                T_Var | T_Const | T_Param | T_CurrentOfExpr => self.leaf(node),
                T_Aggref => ExprKind::Aggregate(self.aggregate(&*node.cast())),
                T_WindowFunc => self.window(&*node.cast()),
                T_FuncExpr => self.function(&*node.cast()),
                T_OpExpr | T_DistinctExpr | T_NullIfExpr | T_ScalarArrayOpExpr => {
                    self.operation(node)
                }
                T_BoolExpr => self.boolean(&*node.cast()),
                T_NullTest => {
                    let test = &*node.cast::<pg_sys::NullTest>();
                    ExprKind::NullTest {
                        operand: Box::new(self.read(test.arg.cast())),
                        is_null: test.nulltesttype == pg_sys::NullTestType::IS_NULL,
                    }
                }
                T_SubLink => self.sublink(&*node.cast()),
                T_RelabelType | T_CoerceViaIO | T_ArrayCoerceExpr | T_CoerceToDomain => {
                    self.conversion(node)
                }
                T_SQLValueFunction => {
                    other(value_function((*node.cast::<pg_sys::SQLValueFunction>()).op), Vec::new())
                }
                T_NextValueExpr => other("NEXTVAL", Vec::new()),
                T_SetToDefault => other("DEFAULT", Vec::new()),
                T_CaseExpr => other("CASE", self.branches(&*node.cast())),
                T_CoalesceExpr => other("COALESCE", self.parts(node)),
                T_MinMaxExpr => {
                    let test = &*node.cast::<pg_sys::MinMaxExpr>();
                    let greatest = test.op == pg_sys::MinMaxOp::IS_GREATEST;
                    other(if greatest { "GREATEST" } else { "LEAST" }, self.parts(node))
                }
                T_ArrayExpr => other("ARRAY", self.parts(node)),
                T_RowExpr => other("ROW", self.parts(node)),
                T_BooleanTest => other("BOOLEAN TEST", self.parts(node)),
                T_CollateExpr => other("COLLATE", self.parts(node)),
                _ => other("", self.parts(node)),
            }
        }
    }

    /// An expression without parts: a column, a constant, a parameter.
    unsafe fn leaf(&self, node: *mut pg_sys::Node) -> ExprKind {
        // SAFETY: the tag of a node says what it is.
        unsafe {
            match (*node).type_ {
                pg_sys::NodeTag::T_Var => {
                    let var = &*node.cast::<pg_sys::Var>();
                    ExprKind::Column {
                        source: usize::try_from(var.varno).unwrap_or(0),
                        column: i32::from(var.varattno),
                        levels_up: var.varlevelsup,
                    }
                }
                pg_sys::NodeTag::T_Const => {
                    ExprKind::Constant(constant(&*node.cast::<pg_sys::Const>()))
                }
                // The one row that a cursor stands on, by its ctid.
                pg_sys::NodeTag::T_CurrentOfExpr => {
                    let source = (*node.cast::<pg_sys::CurrentOfExpr>()).cvarno as usize;
                    let row = ExprKind::Column { source, column: -1, levels_up: 0 };
                    other("CURRENT OF", vec![Expr { kind: row, ..Expr::default() }])
                }
                _ => {
                    let parameter = &*node.cast::<pg_sys::Param>();
                    match parameter.paramkind {
                        pg_sys::ParamKind::PARAM_EXTERN => ExprKind::Parameter(parameter.paramid),
                        _ => other("SUBQUERY COLUMN", Vec::new()),
                    }
                }
            }
        }
    }

    unsafe fn window(&self, window: &pg_sys::WindowFunc) -> ExprKind {
        // SAFETY: the parts of an expression are expressions.
        unsafe {
            ExprKind::Window(Aggregate {
                function: window.winfnoid.to_u32(),
                name: function_name(window.winfnoid),
                arguments: self.all(window.args),
                star: window.winstar,
                distinct: false,
                filter: self.optional(window.aggfilter.cast()),
                levels_up: 0,
            })
        }
    }

    unsafe fn function(&self, call: &pg_sys::FuncExpr) -> ExprKind {
        use pg_sys::CoercionForm::*;
        let form = match call.funcformat {
            COERCE_EXPLICIT_CAST => Form::ExplicitCast,
            COERCE_IMPLICIT_CAST => Form::ImplicitCast,
            _ => Form::Function,
        };
        // SAFETY: the arguments of a call are expressions.
        unsafe { self.call(call.funcid, function_name(call.funcid), form, call.args) }
    }

    /// An operator, also one that is applied to each element of an array.
    unsafe fn operation(&self, node: *mut pg_sys::Node) -> ExprKind {
        // SAFETY: the tag of a node says what it is; DistinctExpr and NullIfExpr
        // are OpExpr by another name.
        unsafe {
            if (*node).type_ == pg_sys::NodeTag::T_ScalarArrayOpExpr {
                let operation = &*node.cast::<pg_sys::ScalarArrayOpExpr>();
                pg_sys::set_sa_opfuncid(node.cast());
                let form = if operation.useOr { Form::AnyOf } else { Form::AllOf };
                let name = operator_name(operation.opno);
                return self.call(operation.opfuncid, name, form, operation.args);
            }
            let operation = &*node.cast::<pg_sys::OpExpr>();
            pg_sys::set_opfuncid(node.cast());
            let name = match (*node).type_ {
                pg_sys::NodeTag::T_DistinctExpr => "IS DISTINCT FROM".to_string(),
                pg_sys::NodeTag::T_NullIfExpr => return other("NULLIF", self.all(operation.args)),
                _ => operator_name(operation.opno),
            };
            self.call(operation.opfuncid, name, Form::Operator, operation.args)
        }
    }

    unsafe fn boolean(&self, operation: &pg_sys::BoolExpr) -> ExprKind {
        // SAFETY: the arguments of an operation are expressions.
        let mut parts = unsafe { self.all(operation.args) };
        match operation.boolop {
            pg_sys::BoolExprType::AND_EXPR => ExprKind::And(parts),
            pg_sys::BoolExprType::OR_EXPR => ExprKind::Or(parts),
            _ => ExprKind::Not(Box::new(parts.pop().unwrap_or_default())),
        }
    }

    /// A conversion that calls no function of its own.
    unsafe fn conversion(&self, node: *mut pg_sys::Node) -> ExprKind {
        // SAFETY: the tag of a node says what it is.
        unsafe {
            match (*node).type_ {
                pg_sys::NodeTag::T_RelabelType => {
                    let cast = &*node.cast::<pg_sys::RelabelType>();
                    self.cast("binary", cast.relabelformat, cast.arg, 0)
                }
                pg_sys::NodeTag::T_CoerceViaIO => {
                    let cast = &*node.cast::<pg_sys::CoerceViaIO>();
                    self.cast("input/output", cast.coerceformat, cast.arg, 0)
                }
                pg_sys::NodeTag::T_ArrayCoerceExpr => {
                    let cast = &*node.cast::<pg_sys::ArrayCoerceExpr>();
                    self.cast("array", cast.coerceformat, cast.arg, 0)
                }
                _ => {
                    let cast = &*node.cast::<pg_sys::CoerceToDomain>();
                    self.cast("domain", cast.coercionformat, cast.arg, 0)
                }
            }
        }
    }

    unsafe fn optional(&self, node: *mut pg_sys::Node) -> Option<Box<Expr>> {
        // SAFETY: as for `read`.
        (!node.is_null()).then(|| Box::new(unsafe { self.read(node) }))
    }

    unsafe fn aggregate(&self, aggregate: &pg_sys::Aggref) -> Aggregate {
        // SAFETY: the lists of an aggregate hold what their names say.
        unsafe {
            let mut arguments = self.all(aggregate.aggdirectargs);
            arguments.extend(self.entries(aggregate.args));
            Aggregate {
                function: aggregate.aggfnoid.to_u32(),
                name: function_name(aggregate.aggfnoid),
                arguments,
                star: aggregate.aggstar,
                distinct: !aggregate.aggdistinct.is_null(),
                filter: self.optional(aggregate.aggfilter.cast()),
                levels_up: aggregate.agglevelsup,
            }
        }
    }

    unsafe fn call(
        &self,
        function: pg_sys::Oid,
        name: String,
        form: Form,
        arguments: *mut pg_sys::List,
    ) -> ExprKind {
        // SAFETY: a list of expressions; the function exists, since the
        // analyzer has found it.
        unsafe {
            ExprKind::Call(Call {
                function: function.to_u32(),
                name,
                form,
                arguments: self.all(arguments),
                volatility: match pg_sys::func_volatile(function) as u8 {
                    b'i' => Volatility::Immutable,
                    b's' => Volatility::Stable,
                    _ => Volatility::Volatile,
                },
                built_in: function.to_u32() < pg_sys::FirstNormalObjectId,
            })
        }
    }

    /// A cast without a function of its own.
    unsafe fn cast(
        &self,
        name: &str,
        format: pg_sys::CoercionForm::Type,
        argument: *mut pg_sys::Expr,
        function: u32,
    ) -> ExprKind {
        let explicit = format == pg_sys::CoercionForm::COERCE_EXPLICIT_CAST;
        ExprKind::Call(Call {
            function,
            name: name.to_string(),
            form: if explicit { Form::ExplicitCast } else { Form::ImplicitCast },
            // SAFETY: the argument of a cast is an expression.
            arguments: vec![unsafe { self.read(argument.cast()) }],
            volatility: Volatility::Immutable,
            built_in: true,
        })
    }

    unsafe fn sublink(&self, link: &pg_sys::SubLink) -> ExprKind {
        use pg_sys::SubLinkType::*;
        let kind = match link.subLinkType {
            EXISTS_SUBLINK => SublinkKind::Exists,
            ANY_SUBLINK => SublinkKind::Any,
            ALL_SUBLINK | ROWCOMPARE_SUBLINK => SublinkKind::All,
            ARRAY_SUBLINK => SublinkKind::Array,
            _ => SublinkKind::Scalar,
        };
        // SAFETY: after analysis a sublink's subselect is a Query.
        unsafe {
            ExprKind::Sublink(Box::new(Sublink {
                kind,
                test: (!link.testexpr.is_null()).then(|| self.read(link.testexpr)),
                query: self.subquery(link.subselect.cast()),
            }))
        }
    }

    /// The branches of a CASE: conditions are under `WHEN`, and results beside them.
    unsafe fn branches(&self, case: &pg_sys::CaseExpr) -> Vec<Expr> {
        let deciding = |expr: Expr| Expr {
            kind: other("WHEN", vec![expr]),
            type_oid: 16,
            text: String::new(),
        };
        // SAFETY: the parts of a CASE are what their names say, or null.
        unsafe {
            let mut all = Vec::new();
            if !case.arg.is_null() {
                all.push(deciding(self.read(case.arg.cast())));
            }
            for cell in cells(case.args) {
                let when = &*cell.cast::<pg_sys::CaseWhen>();
                all.push(deciding(self.read(when.expr.cast())));
                all.push(self.read(when.result.cast()));
            }
            if !case.defresult.is_null() {
                all.push(self.read(case.defresult.cast()));
            }
            all
        }
    }

    /// The parts of a node that no rule looks at for itself.
    unsafe fn parts(&self, node: *mut pg_sys::Node) -> Vec<Expr> {
        let mut found: Vec<*mut pg_sys::Node> = Vec::new();
        // SAFETY: the walker calls back for each direct part.
        unsafe {
            server::each_part(node, &mut |part| found.push(part));
            found
                .into_iter()
                .filter(|part| !part.is_null())
                .flat_map(|part| match (*part).type_ {
                    pg_sys::NodeTag::T_List => self.all(part.cast()),
                    // A CASE's branch, a ROW's comparison: no expressions themselves.
                    pg_sys::NodeTag::T_CaseWhen | pg_sys::NodeTag::T_TargetEntry => {
                        self.parts(part)
                    }
                    pg_sys::NodeTag::T_Query => Vec::new(),
                    _ => vec![self.read(part)],
                })
                .collect()
        }
    }
}

fn other(name: &str, operands: Vec<Expr>) -> ExprKind {
    ExprKind::Other { name: name.to_string(), operands }
}

unsafe fn text(name: *const core::ffi::c_char) -> String {
    match name.is_null() {
        true => String::new(),
        // SAFETY: a C string of the catalog caches.
        false => unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned(),
    }
}

fn function_name(function: pg_sys::Oid) -> String {
    // SAFETY: returns null for what is not there.
    unsafe { text(pg_sys::get_func_name(function)) }
}

fn operator_name(operator: pg_sys::Oid) -> String {
    // SAFETY: returns null for what is not there.
    unsafe { text(pg_sys::get_opname(operator)) }
}

/// A constant as its type writes it; None for NULL.
unsafe fn constant(constant: &pg_sys::Const) -> Option<String> {
    if constant.constisnull {
        return None;
    }
    // SAFETY: the type's own output function, on a value of the type.
    unsafe {
        let mut output = pg_sys::InvalidOid;
        let mut variable_length = false;
        pg_sys::getTypeOutputInfo(constant.consttype, &mut output, &mut variable_length);
        Some(text(pg_sys::OidOutputFunctionCall(output, constant.constvalue)))
    }
}

fn value_function(op: pg_sys::SQLValueFunctionOp::Type) -> &'static str {
    use pg_sys::SQLValueFunctionOp::*;
    match op {
        SVFOP_CURRENT_DATE => "CURRENT_DATE",
        SVFOP_CURRENT_TIME | SVFOP_CURRENT_TIME_N => "CURRENT_TIME",
        SVFOP_CURRENT_TIMESTAMP | SVFOP_CURRENT_TIMESTAMP_N => "CURRENT_TIMESTAMP",
        SVFOP_LOCALTIME | SVFOP_LOCALTIME_N => "LOCALTIME",
        SVFOP_LOCALTIMESTAMP | SVFOP_LOCALTIMESTAMP_N => "LOCALTIMESTAMP",
        SVFOP_CURRENT_ROLE => "CURRENT_ROLE",
        SVFOP_CURRENT_USER | SVFOP_USER => "CURRENT_USER",
        SVFOP_SESSION_USER => "SESSION_USER",
        SVFOP_CURRENT_CATALOG => "CURRENT_CATALOG",
        _ => "CURRENT_SCHEMA",
    }
}
