//! Expressions as SQL, written by Postgres's own deparser.

use std::collections::HashMap;
use std::ffi::{CStr, CString};

use pgrx::pg_sys;

use crate::pg::lists::cells;

/// The SQL of each of `expressions`, which belong to the last of `levels` (the
/// outermost comes first).
///
/// Postgres deparses whole queries only. So the expressions become the target list of a
/// query over the same range table, with the queries around it pulled into that range
/// table, and the text is cut at column names that occur nowhere else.
///
/// # Safety
/// Valid analyzed queries, each inside the one before, and expressions of the last.
pub unsafe fn texts(
    levels: &[*mut pg_sys::Query],
    expressions: &[*mut pg_sys::Node],
) -> HashMap<*mut pg_sys::Node, String> {
    let Some((own, outer)) = levels.split_last() else {
        return HashMap::new();
    };
    if expressions.is_empty() {
        return HashMap::new();
    }
    // SAFETY: copies of the parts that deparsing reads; the originals stay as
    // they are.
    unsafe {
        let query = pg_sys::palloc0(size_of::<pg_sys::Query>()).cast::<pg_sys::Query>();
        let copy = |list: *mut pg_sys::List| -> *mut pg_sys::List {
            pg_sys::copyObjectImpl(list.cast()).cast()
        };
        let own = &**own;
        (*query).type_ = pg_sys::NodeTag::T_Query;
        (*query).commandType = pg_sys::CmdType::CMD_SELECT;
        (*query).canSetTag = true;
        (*query).hasSubLinks = true;
        (*query).rtable = without_subqueries(own.rtable);
        (*query).windowClause = copy(own.windowClause);
        (*query).cteList = std::ptr::null_mut();
        let from = match own.jointree.is_null() {
            true => std::ptr::null_mut(),
            false => copy((*own.jointree).fromlist),
        };
        (*query).jointree = pg_sys::makeFromExpr(from, std::ptr::null_mut());
        // A literal in the expressions may hold any text.
        let marker = format!("spyne_{:x}_", own as *const pg_sys::Query as usize);
        for (number, expression) in expressions.iter().enumerate() {
            let name = CString::new(format!("{marker}{number}_")).unwrap_or_default();
            let entry = pg_sys::makeTargetEntry(
                pg_sys::copyObjectImpl(expression.cast()).cast(),
                (number + 1) as i16,
                pg_sys::pstrdup(name.as_ptr()),
                false,
            );
            (*query).targetList = pg_sys::lappend((*query).targetList, entry.cast());
        }
        // Expressions that windows are partitioned and ordered by. They are hidden, so
        // they are not written.
        for cell in cells(own.targetList) {
            let entry = cell.cast::<pg_sys::TargetEntry>();
            if (*entry).ressortgroupref > 0 && !own.windowClause.is_null() {
                let hidden: *mut pg_sys::TargetEntry = pg_sys::copyObjectImpl(cell).cast();
                (*hidden).resno = cells((*query).targetList).count() as i16 + 1;
                (*hidden).resjunk = true;
                (*query).targetList = pg_sys::lappend((*query).targetList, hidden.cast());
            }
        }
        // Only those of the queries around it that the query refers to.
        let farthest = (1..=outer.len())
            .rev()
            .find(|up| pg_sys::contain_vars_of_level(query.cast(), *up as i32))
            .unwrap_or(0);
        for around in outer.iter().rev().take(farthest) {
            let around = &**around;
            let offset = cells(around.rtable).count() as i32;
            pg_sys::OffsetVarNodes(query.cast(), offset, 0);
            pg_sys::IncrementVarSublevelsUp(query.cast(), -1, 1);
            (*query).rtable =
                pg_sys::list_concat(without_subqueries(around.rtable), (*query).rtable);
            if !around.jointree.is_null() {
                let from = copy((*around.jointree).fromlist);
                (*(*query).jointree).fromlist =
                    pg_sys::list_concat(from, (*(*query).jointree).fromlist);
            }
        }
        let text = pg_sys::pg_get_querydef(query, false);
        let text = CStr::from_ptr(text).to_string_lossy();
        cut(&text, &marker, expressions)
    }
}

/// A copy of a range table in which each subquery is an empty one, since only the names
/// of its columns are asked for, which stand beside it. Copying and writing out all
/// subqueries at each level would take exponential time.
unsafe fn without_subqueries(rtable: *mut pg_sys::List) -> *mut pg_sys::List {
    // SAFETY: a range table's own entries; each gets its subquery back.
    unsafe {
        let entries: Vec<*mut pg_sys::RangeTblEntry> =
            cells(rtable).map(|cell| cell.cast()).collect();
        let subqueries: Vec<*mut pg_sys::Query> = entries.iter().map(|e| (**e).subquery).collect();
        for entry in entries.iter().filter(|e| !(***e).subquery.is_null()) {
            (**entry).subquery = hollow((**entry).subquery);
        }
        let copied = pg_sys::copyObjectImpl(rtable.cast()).cast();
        for (entry, subquery) in entries.iter().zip(subqueries) {
            (**entry).subquery = subquery;
        }
        copied
    }
}

/// `SELECT NULL::type, ...` with the columns of a query. A query that returns a row
/// without a type is kept, because only the query itself has the names of the row's
/// fields.
unsafe fn hollow(query: *mut pg_sys::Query) -> *mut pg_sys::Query {
    // SAFETY: a target list holds target entries.
    unsafe {
        let columns: Vec<*mut pg_sys::TargetEntry> =
            cells((*query).targetList).map(|cell| cell.cast()).collect();
        let type_of = |entry: *mut pg_sys::TargetEntry| pg_sys::exprType((*entry).expr.cast());
        if columns.iter().any(|entry| type_of(*entry) == pg_sys::RECORDOID) {
            return query;
        }
        let hollow = pg_sys::palloc0(size_of::<pg_sys::Query>()).cast::<pg_sys::Query>();
        (*hollow).type_ = pg_sys::NodeTag::T_Query;
        (*hollow).commandType = pg_sys::CmdType::CMD_SELECT;
        (*hollow).canSetTag = true;
        (*hollow).jointree = pg_sys::makeFromExpr(std::ptr::null_mut(), std::ptr::null_mut());
        for entry in columns {
            let null = pg_sys::makeNullConst(type_of(entry), -1, pg_sys::InvalidOid);
            let column = pg_sys::makeTargetEntry(
                null.cast(),
                (*entry).resno,
                (*entry).resname,
                (*entry).resjunk,
            );
            (*hollow).targetList = pg_sys::lappend((*hollow).targetList, column.cast());
        }
        hollow
    }
}

fn cut(
    text: &str,
    marker: &str,
    expressions: &[*mut pg_sys::Node],
) -> HashMap<*mut pg_sys::Node, String> {
    let mut found = HashMap::new();
    let mut rest = text.trim_start().trim_start_matches("SELECT").trim_start();
    for (number, expression) in expressions.iter().enumerate() {
        let end = format!(" AS {marker}{number}_");
        let Some(at) = rest.find(&end) else {
            break;
        };
        found.insert(*expression, tidy(&rest[..at]));
        rest = rest[at + end.len()..].trim_start_matches(',').trim_start();
    }
    found
}

/// The text on one line, without the brackets that Postgres puts around all of it.
fn tidy(text: &str) -> String {
    let line = one_line(text);
    let inner = line.strip_prefix('(').and_then(|l| l.strip_suffix(')'));
    match inner {
        Some(inner) if balanced(inner) => inner.trim().to_string(),
        _ => line,
    }
}

/// The text with each run of blanks made one, except inside quotes.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    let mut quote: Option<char> = None;
    for c in text.trim().chars() {
        match quote {
            Some(q) if c == q => quote = None,
            None if c == '\'' || c == '"' => quote = Some(c),
            None if c.is_whitespace() => {
                if !line.ends_with(' ') {
                    line.push(' ');
                }
                continue;
            }
            _ => {}
        }
        line.push(c);
    }
    line
}

/// Whether every bracket that a text opens is closed again in it, and none is closed
/// that was not opened; quoted brackets do not count.
fn balanced(text: &str) -> bool {
    let mut depth = 0_i32;
    let mut quote: Option<char> = None;
    for c in text.chars() {
        match quote {
            Some(q) if c == q => quote = None,
            Some(_) => {}
            None => match c {
                '\'' | '"' => quote = Some(c),
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            },
        }
        if depth < 0 {
            return false;
        }
    }
    depth == 0
}
