//! What Postgres makes of a statement's text. Postgres itself parses, analyzes,
//! rewrites and plans it, and its trees are read into `core::statement::query`. Nothing
//! is executed.

mod deparse;
mod expressions;
mod plan;
mod tree;

use std::ffi::{CStr, CString};
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

use crate::pg::oids::rel_id;
use pgrx::pg_sys;
use pgrx::prelude::*;

use super::lists::cells;
use super::{checks, content, elevate, frames};
use spyne_core::kernel::ids::RelId;
use spyne_core::statement::analyzed::{Analyzed, Wrapper};

/// Why a text cannot be previewed.
#[derive(Clone, Debug)]
pub enum Problem {
    Empty,
    /// Several statements.
    Several(usize),
    /// A statement of another kind, by its command tag.
    Kind(String),
    /// Postgres's own error.
    Error(Box<Raised>),
}

/// An error of Postgres's, taken apart.
#[derive(Clone, Debug)]
pub struct Raised {
    pub sqlstate: PgSqlErrorCode,
    pub message: String,
    pub detail: Option<String>,
    pub hint: Option<String>,
    /// Character in the text, from 1.
    pub position: Option<usize>,
}

/// Writes down the error position inside the text while the error is raised, in the
/// number that this callback is called with, because pgrx does not keep it.
unsafe extern "C-unwind" fn note_position(noted: *mut core::ffi::c_void) {
    // SAFETY: called by errfinish, with an error under construction; the number
    // outlives the callback.
    unsafe {
        let noted = &*noted.cast::<AtomicI32>();
        let position = pg_sys::geterrposition();
        if position > 0 && noted.load(Relaxed) == 0 {
            noted.store(position, Relaxed);
        }
        // The position is one in the text that is analyzed, and not in the client's.
        pg_sys::errposition(0);
    }
}

/// Parses, analyzes, rewrites and plans `text` as the current user, with the current
/// search_path.
///
/// # Errors
/// See [`Problem`].
pub fn analyze(text: &str, with_plans: bool) -> Result<Analyzed, Problem> {
    let Ok(text) = CString::new(text) else {
        return Err(Problem::Empty);
    };
    let position = AtomicI32::new(0);
    // An error that is caught here undoes no subtransaction, so what it leaves on
    // the stack of frames is dropped here.
    let mark = frames::mark();
    // SAFETY: reads a static; put back below, and by Postgres after an error.
    let before = unsafe { pg_sys::error_context_stack };

    PgTryBuilder::new(std::panic::AssertUnwindSafe(|| {
        let mut callback = pg_sys::ErrorContextCallback {
            previous: before,
            callback: Some(note_position),
            arg: (&raw const position).cast_mut().cast(),
        };
        // SAFETY: the callback lives in this frame and is taken off the stack
        // before the frame ends, on the way out and in the handler below.
        unsafe {
            pg_sys::error_context_stack = &mut callback;
            let result = work(&text, with_plans);
            pg_sys::error_context_stack = before;
            result
        }
    }))
    .catch_others(|caught| {
        // SAFETY: as above.
        unsafe { pg_sys::error_context_stack = before };
        frames::back_to(mark);
        match caught {
            pg_sys::panic::CaughtError::PostgresError(report) => {
                // A cancellation says nothing about the text, so it is raised again.
                if matches!(
                    report.sql_error_code(),
                    PgSqlErrorCode::ERRCODE_QUERY_CANCELED | PgSqlErrorCode::ERRCODE_ADMIN_SHUTDOWN
                ) {
                    pg_sys::panic::CaughtError::PostgresError(report).rethrow();
                }
                let position = usize::try_from(position.load(Relaxed)).ok().filter(|p| *p > 0);
                Err(Problem::Error(Box::new(Raised {
                    sqlstate: report.sql_error_code(),
                    message: report.message().to_string(),
                    detail: report.detail().map(str::to_string),
                    hint: report.hint().map(str::to_string),
                    position,
                })))
            }
            other => other.rethrow(),
        }
    })
    .execute()
}

unsafe fn work(text: &CStr, with_plans: bool) -> Result<Analyzed, Problem> {
    // SAFETY: Postgres's own functions on the trees that they have made.
    unsafe {
        let statements = pg_sys::pg_parse_query(text.as_ptr());
        let mut cells_of = cells(statements);
        let raw = match (cells_of.next(), cells_of.next()) {
            (None, _) => return Err(Problem::Empty),
            (Some(_), Some(_)) => return Err(Problem::Several((*statements).length as usize)),
            (Some(raw), None) => raw.cast::<pg_sys::RawStmt>(),
        };
        let unwrapped = unwrap(raw, text)?;
        let Unwrapped { wrapper, raw, text: inner_text, types, written } = unwrapped;
        if raw.is_null() {
            checks::check_written(&written);
            return Ok(Analyzed {
                wrapper,
                queries: Vec::new(),
                plans: Vec::new(),
                fingerprint: format!("{} {written:?}", wrapper.as_str()),
                written,
            });
        }
        let mut count = types.len() as i32;
        let mut parameters: *mut pg_sys::Oid = std::ptr::null_mut();
        if count > 0 {
            parameters = pg_sys::palloc(types.len() * size_of::<pg_sys::Oid>()).cast();
            std::ptr::copy_nonoverlapping(types.as_ptr(), parameters, types.len());
        }
        let trees = pg_sys::pg_analyze_and_rewrite_varparams(
            raw,
            inner_text,
            &mut parameters,
            &mut count,
            std::ptr::null_mut(),
        );
        let mut queries = Vec::new();
        let mut plans = Vec::new();
        let fingerprint = fingerprint(trees.cast());
        for cell in cells(trees) {
            let query = cell.cast::<pg_sys::Query>();
            if (*query).commandType == pg_sys::CmdType::CMD_UTILITY {
                return Err(Problem::Kind(tag_of((*query).utilityStmt)));
            }
            // The text of a date is the same whatever the session's DateStyle.
            let read = elevate::with_setting(c"datestyle", "ISO", || tree::read(query));
            queries.push(read);
            if with_plans {
                // The planner changes the tree, so it gets a copy.
                let copy = pg_sys::copyObjectImpl(query.cast()).cast();
                let planned = pg_sys::pg_plan_query(
                    copy,
                    inner_text,
                    pg_sys::CURSOR_OPT_PARALLEL_OK as i32,
                    std::ptr::null_mut(),
                );
                plan::check_permissions(planned, wrapper == Wrapper::Explain);
                plans.push(plan::read(planned));
            }
        }
        Ok(Analyzed { wrapper, queries, plans, fingerprint, written })
    }
}

/// A digest of a tree, of 128 bits. It includes the positions of tokens in the text,
/// which does no harm, because the text is compared anyway.
unsafe fn fingerprint(tree: *const core::ffi::c_void) -> String {
    // SAFETY: nodeToString returns a C string.
    unsafe { content::digest(CStr::from_ptr(pg_sys::nodeToString(tree)).to_bytes()) }
}

/// The statement inside a COPY, an EXPLAIN and the like.
struct Unwrapped {
    wrapper: Wrapper,
    raw: *mut pg_sys::RawStmt,
    text: *const core::ffi::c_char,
    /// The types of the statement's parameters, as far as they are declared.
    types: Vec<pg_sys::Oid>,
    written: Vec<RelId>,
}

unsafe fn unwrap(raw: *mut pg_sys::RawStmt, text: &CStr) -> Result<Unwrapped, Problem> {
    use pg_sys::NodeTag::*;
    // SAFETY: the tag of a node says what it is.
    unsafe {
        let node = (*raw).stmt;
        let within = |wrapper: Wrapper, inner: *mut pg_sys::Node| Unwrapped {
            wrapper,
            raw: raw_statement(inner, raw),
            text: text.as_ptr(),
            types: Vec::new(),
            written: Vec::new(),
        };
        let found = match (*node).type_ {
            T_SelectStmt => {
                // INTO is kept in the first member of a UNION.
                let first = |mut select: *mut pg_sys::SelectStmt| {
                    while !(*select).larg.is_null() {
                        select = (*select).larg;
                    }
                    select
                };
                if (*first(node.cast())).intoClause.is_null() {
                    within(Wrapper::None, node)
                } else {
                    let copy: *mut pg_sys::SelectStmt = pg_sys::copyObjectImpl(node.cast()).cast();
                    (*first(copy)).intoClause = std::ptr::null_mut();
                    within(Wrapper::SelectInto, copy.cast())
                }
            }
            T_InsertStmt | T_UpdateStmt | T_DeleteStmt | T_MergeStmt => within(Wrapper::None, node),
            T_ExplainStmt => within(Wrapper::Explain, (*node.cast::<pg_sys::ExplainStmt>()).query),
            T_CreateTableAsStmt => {
                within(Wrapper::CreateTableAs, (*node.cast::<pg_sys::CreateTableAsStmt>()).query)
            }
            T_DeclareCursorStmt => {
                within(Wrapper::DeclareCursor, (*node.cast::<pg_sys::DeclareCursorStmt>()).query)
            }
            T_CopyStmt => return copy(node.cast(), raw, text),
            T_TruncateStmt => Unwrapped {
                written: truncated(&*node.cast()),
                ..within(Wrapper::Truncate, std::ptr::null_mut())
            },
            T_PrepareStmt => {
                let prepare = node.cast::<pg_sys::PrepareStmt>();
                let state = pg_sys::make_parsestate(std::ptr::null_mut());
                let types = cells((*prepare).argtypes)
                    .map(|cell| pg_sys::typenameTypeId(state, cell.cast()))
                    .collect();
                Unwrapped { types, ..within(Wrapper::Prepare, (*prepare).query) }
            }
            T_ExecuteStmt => return execute(node.cast()),
            _ => return Err(Problem::Kind(tag_of(node))),
        };
        if !found.written.is_empty() {
            return Ok(Unwrapped { raw: std::ptr::null_mut(), ..found });
        }
        // EXPLAIN EXECUTE, CREATE TABLE AS EXECUTE.
        if (*(*found.raw).stmt).type_ == T_ExecuteStmt {
            let inner = execute((*found.raw).stmt.cast())?;
            return Ok(Unwrapped { wrapper: found.wrapper, ..inner });
        }
        // EXPLAIN of CREATE TABLE AS or DECLARE CURSOR.
        match (*(*found.raw).stmt).type_ {
            T_CreateTableAsStmt | T_DeclareCursorStmt => {
                Ok(Unwrapped { wrapper: found.wrapper, ..unwrap(found.raw, text)? })
            }
            _ => Ok(found),
        }
    }
}

/// A raw statement around a node, with the position of the statement that it comes
/// from.
unsafe fn raw_statement(
    inner: *mut pg_sys::Node,
    around: *const pg_sys::RawStmt,
) -> *mut pg_sys::RawStmt {
    // SAFETY: a fresh node.
    unsafe {
        let raw = pg_sys::palloc0(size_of::<pg_sys::RawStmt>()).cast::<pg_sys::RawStmt>();
        (*raw).type_ = pg_sys::NodeTag::T_RawStmt;
        (*raw).stmt = inner;
        (*raw).stmt_location = (*around).stmt_location;
        (*raw).stmt_len = (*around).stmt_len;
        raw
    }
}

unsafe fn copy(
    copy: *mut pg_sys::CopyStmt,
    raw: *mut pg_sys::RawStmt,
    text: &CStr,
) -> Result<Unwrapped, Problem> {
    // SAFETY: a COPY has a relation or a query.
    unsafe {
        let copy = &*copy;
        let mut found = Unwrapped {
            wrapper: Wrapper::Copy,
            raw: std::ptr::null_mut(),
            text: text.as_ptr(),
            types: Vec::new(),
            written: Vec::new(),
        };
        if !copy.query.is_null() {
            found.raw = raw_statement(copy.query, raw);
            return Ok(found);
        }
        if copy.is_from {
            let relation = pg_sys::RangeVarGetRelidExtended(
                copy.relation,
                pg_sys::AccessShareLock as pg_sys::LOCKMODE,
                0,
                None,
                std::ptr::null_mut(),
            );
            found.written = vec![rel_id(relation)];
            return Ok(found);
        }
        // What COPY itself does for a table with row security: TABLE t, spelt
        // as a SELECT of its columns.
        let quoted = |name: *const core::ffi::c_char| {
            CStr::from_ptr(pg_sys::quote_identifier(name)).to_string_lossy().into_owned()
        };
        let columns: Vec<String> =
            cells(copy.attlist).map(|cell| quoted((*cell.cast::<pg_sys::String>()).sval)).collect();
        let relation = &*copy.relation;
        let schema = match relation.schemaname.is_null() {
            true => String::new(),
            false => format!("{}.", quoted(relation.schemaname)),
        };
        let select = format!(
            "SELECT {} FROM ONLY {schema}{}",
            if columns.is_empty() { "*".to_string() } else { columns.join(", ") },
            quoted(relation.relname)
        );
        let select = CString::new(select).unwrap_or_default();
        // The tree points into the text.
        let select = pg_sys::pstrdup(select.as_ptr());
        let parsed = pg_sys::pg_parse_query(select);
        found.raw = cells(parsed).next().unwrap_or(std::ptr::null_mut()).cast();
        found.text = select;
        Ok(found)
    }
}

/// The tables that a TRUNCATE names, and with CASCADE those that refer to them.
unsafe fn truncated(statement: &pg_sys::TruncateStmt) -> Vec<RelId> {
    // SAFETY: a TRUNCATE has a list of names; look-ups raise where there is none.
    unsafe {
        let mut all: *mut pg_sys::List = std::ptr::null_mut();
        let mut oids = Vec::new();
        for cell in cells(statement.relations) {
            let relation = pg_sys::RangeVarGetRelidExtended(
                cell.cast(),
                pg_sys::AccessShareLock as pg_sys::LOCKMODE,
                0,
                None,
                std::ptr::null_mut(),
            );
            all = pg_sys::lappend_oid(all, relation);
            oids.push(rel_id(relation));
        }
        let cascades = statement.behavior == pg_sys::DropBehavior::DROP_CASCADE;
        let mut referring = match cascades {
            true => pg_sys::heap_truncate_find_FKs(all),
            false => std::ptr::null_mut(),
        };
        while !referring.is_null() {
            let more =
                std::slice::from_raw_parts((*referring).elements, (*referring).length as usize);
            oids.extend(more.iter().map(|cell| rel_id(cell.oid_value)));
            all = pg_sys::list_concat(all, referring);
            referring = pg_sys::heap_truncate_find_FKs(all);
        }
        oids.sort_unstable();
        oids.dedup();
        oids
    }
}

/// The statement that EXECUTE runs.
unsafe fn execute(statement: *mut pg_sys::ExecuteStmt) -> Result<Unwrapped, Problem> {
    // SAFETY: FetchPreparedStatement raises where there is none; its plan
    // source lives as long as the prepared statement.
    unsafe {
        let prepared = pg_sys::FetchPreparedStatement((*statement).name, true);
        let source = &*(*prepared).plansource;
        let types = match source.num_params {
            n if n > 0 => std::slice::from_raw_parts(source.param_types, n as usize).to_vec(),
            _ => Vec::new(),
        };
        Ok(Unwrapped {
            wrapper: Wrapper::Execute,
            raw: pg_sys::copyObjectImpl(source.raw_parse_tree.cast()).cast(),
            text: source.query_string,
            types,
            written: Vec::new(),
        })
    }
}

/// The command tag of a statement.
unsafe fn tag_of(node: *mut pg_sys::Node) -> String {
    // SAFETY: CreateCommandTag knows every statement node.
    unsafe {
        let tag = pg_sys::GetCommandTagName(pg_sys::CreateCommandTag(node));
        CStr::from_ptr(tag).to_string_lossy().into_owned()
    }
}
