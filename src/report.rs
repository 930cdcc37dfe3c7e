//! Makes an error of Postgres of a domain error: SQLSTATE, DETAIL and HINT. Only this
//! module raises.

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use spyne_core::gate::rules::detail_of;
use spyne_core::kernel::error::{Code, SpyneError};

fn sqlstate(code: Code) -> PgSqlErrorCode {
    match code {
        Code::InsufficientPrivilege => PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
        Code::ReadOnly => PgSqlErrorCode::ERRCODE_READ_ONLY_SQL_TRANSACTION,
        Code::WrongState => PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        Code::InvalidParameter => PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
        Code::NullNotAllowed => PgSqlErrorCode::ERRCODE_NULL_VALUE_NOT_ALLOWED,
        Code::UndefinedTable => PgSqlErrorCode::ERRCODE_UNDEFINED_TABLE,
        Code::UndefinedObject => PgSqlErrorCode::ERRCODE_UNDEFINED_OBJECT,
        Code::DuplicateObject => PgSqlErrorCode::ERRCODE_DUPLICATE_OBJECT,
        Code::DuplicateTable => PgSqlErrorCode::ERRCODE_DUPLICATE_TABLE,
        Code::WrongObjectType => PgSqlErrorCode::ERRCODE_WRONG_OBJECT_TYPE,
        Code::DependentObjects => PgSqlErrorCode::ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST,
        Code::Unsupported => PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED,
        Code::Internal => PgSqlErrorCode::ERRCODE_INTERNAL_ERROR,
    }
}

fn report(error: SpyneError) -> ErrorReport {
    let detail = detail_of(&error);
    ErrorReport::new(sqlstate(error.code), error.message, "spyne")
        .set_detail(detail)
        .set_hint(error.hint)
}

/// Raises `error`; the statement ends here.
pub fn raise(error: SpyneError) -> ! {
    report(error).report(PgLogLevel::ERROR);
    unreachable!("an ERROR does not return")
}

/// Raises an error of Postgres's own again, with the SQLSTATE it had.
pub fn raise_as(sqlstate: PgSqlErrorCode, message: String, detail: String, hint: String) -> ! {
    let mut report = ErrorReport::new(sqlstate, message, "spyne").set_hint(hint);
    if !detail.is_empty() {
        report = report.set_detail(detail);
    }
    report.report(PgLogLevel::ERROR);
    unreachable!("an ERROR does not return")
}

/// Writes `error` to the server log and goes on, as permissive mode does.
pub fn log(error: SpyneError) {
    report(error).report(PgLogLevel::LOG_SERVER_ONLY);
}

/// Shows `error` to the client as a WARNING and goes on.
pub fn warn(error: SpyneError) {
    let detail = detail_of(&error);
    ErrorReport::new(PgSqlErrorCode::ERRCODE_WARNING, error.message, "spyne")
        .set_detail(detail)
        .set_hint(error.hint)
        .report(PgLogLevel::WARNING);
}

/// Shows one line to the client as a NOTICE.
pub fn notice(line: &str) {
    ErrorReport::new(PgSqlErrorCode::ERRCODE_SUCCESSFUL_COMPLETION, line.to_string(), "spyne")
        .report(PgLogLevel::NOTICE);
}

/// Writes one line to the server log.
pub fn log_line(line: &str) {
    ErrorReport::new(PgSqlErrorCode::ERRCODE_SUCCESSFUL_COMPLETION, line.to_string(), "spyne")
        .report(PgLogLevel::LOG_SERVER_ONLY);
}

/// Unwraps a result at the edge of the extension: returns the value, or raises the
/// error.
pub trait OrRaise<T> {
    fn or_raise(self) -> T;
}

impl<T> OrRaise<T> for spyne_core::kernel::error::Result<T> {
    fn or_raise(self) -> T {
        match self {
            Ok(value) => value,
            Err(error) => raise(error),
        }
    }
}
