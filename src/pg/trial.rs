//! Runs a statement to see what it does, and undoes it.

use std::ffi::CString;

use pgrx::JsonB;
use pgrx::pg_sys;
use pgrx::prelude::*;

use spyne_core::kernel::error::{Code, SpyneError};

/// What a write has done before it was undone.
#[derive(Debug, Default)]
pub struct TrialOutcome {
    /// Rows written.
    pub rows: u64,
    /// Rows as they were before, at most as many as were asked for.
    pub before: Vec<serde_json::Value>,
    /// Rows as they were afterwards.
    pub after: Vec<serde_json::Value>,
}

/// The table whose rows are shown, by its address as SQL.
pub struct Images<'a> {
    pub address: &'a str,
    pub most: usize,
}

/// Runs `work` in a subtransaction that is undone in any case.
pub fn rolled_back<T>(work: impl FnOnce() -> T) -> T {
    // SAFETY: memory context and resource owner are put back as PL/pgSQL does
    // it for a block with EXCEPTION (exec_stmt_block).
    unsafe {
        let context = pg_sys::CurrentMemoryContext;
        let owner = pg_sys::CurrentResourceOwner;
        pg_sys::BeginInternalSubTransaction(std::ptr::null());
        pg_sys::MemoryContextSwitchTo(context);
        let undo = move || {
            pg_sys::RollbackAndReleaseCurrentSubTransaction();
            pg_sys::MemoryContextSwitchTo(context);
            pg_sys::CurrentResourceOwner = owner;
        };
        let result = PgTryBuilder::new(std::panic::AssertUnwindSafe(work))
            .catch_others(move |caught| -> T {
                undo();
                caught.rethrow()
            })
            .catch_rust_panic(move |caught| -> T {
                undo();
                caught.rethrow()
            })
            .execute();
        undo();
        result
    }
}

/// Runs `work` in a subtransaction. An error of Postgres's undoes the subtransaction,
/// and its message is returned. A cancellation is raised again.
pub fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    // SAFETY: as in `rolled_back`; without an error the subtransaction is kept.
    unsafe {
        let context = pg_sys::CurrentMemoryContext;
        let owner = pg_sys::CurrentResourceOwner;
        pg_sys::BeginInternalSubTransaction(std::ptr::null());
        pg_sys::MemoryContextSwitchTo(context);
        let back = move || {
            pg_sys::MemoryContextSwitchTo(context);
            pg_sys::CurrentResourceOwner = owner;
        };
        let result = PgTryBuilder::new(std::panic::AssertUnwindSafe(|| Ok(work())))
            .catch_others(move |error| {
                pg_sys::RollbackAndReleaseCurrentSubTransaction();
                back();
                match error {
                    pg_sys::panic::CaughtError::PostgresError(report)
                        if report.sql_error_code() != PgSqlErrorCode::ERRCODE_QUERY_CANCELED =>
                    {
                        Err(report.message().to_string())
                    }
                    other => other.rethrow(),
                }
            })
            .catch_rust_panic(move |error| {
                pg_sys::RollbackAndReleaseCurrentSubTransaction();
                back();
                error.rethrow()
            })
            .execute();
        if result.is_ok() {
            pg_sys::ReleaseCurrentSubTransaction();
            back();
        }
        result
    }
}

/// Runs a write as the current user, deferred constraints included, and says what it
/// did. Must be called within [`rolled_back`].
///
/// # Errors
/// XX000 where SPI does not run it; an error of the statement itself is raised.
pub fn write(sql: &str, images: Option<&Images>) -> Result<TrialOutcome, SpyneError> {
    // SAFETY: a snapshot that is registered for as long as it is used; its
    // command counter is that of before the write.
    let before = unsafe { pg_sys::RegisterSnapshot(pg_sys::GetLatestSnapshot()) };
    // Given now, so that it is one even where the rows are written elsewhere.
    // SAFETY: within the subtransaction, and outside of parallel work.
    let xid = unsafe { pg_sys::GetCurrentTransactionId() }.into_inner();
    let mut outcome = TrialOutcome { rows: run(sql)?, ..TrialOutcome::default() };
    run("SET CONSTRAINTS ALL IMMEDIATE")?;
    if let Some(images) = images
        && outcome.rows > 0
    {
        let select = |column: &str| {
            format!(
                "SELECT pg_catalog.to_jsonb(t) FROM {} t WHERE t.{column} OPERATOR(pg_catalog.=) '{xid}'::pg_catalog.xid LIMIT {}",
                images.address, images.most
            )
        };
        // SAFETY: `before` is registered until below.
        unsafe {
            outcome.before = rows_as_of(&select("xmax"), before, images.most)?;
            let now = pg_sys::RegisterSnapshot(pg_sys::GetLatestSnapshot());
            outcome.after = rows_as_of(&select("xmin"), now, images.most)?;
            pg_sys::UnregisterSnapshot(now);
        }
    }
    // SAFETY: registered above. After an error the abort releases it.
    unsafe { pg_sys::UnregisterSnapshot(before) };
    Ok(outcome)
}

/// Runs a statement and says how many rows it has processed. Not by pgrx's client, which
/// takes the status of MERGE ... RETURNING for an error.
///
/// # Errors
/// XX000 where SPI does not run it.
fn run(sql: &str) -> Result<u64, SpyneError> {
    let text = CString::new(sql).map_err(|_| untried("it has a NUL byte"))?;
    // SAFETY: SPI in the order that it wants; after an error the abort ends it.
    let (status, rows) = unsafe {
        pg_sys::SPI_connect();
        let status = pg_sys::SPI_execute(text.as_ptr(), false, 0);
        let rows = pg_sys::SPI_processed;
        pg_sys::SPI_finish();
        (status, rows)
    };
    match status {
        0.. => Ok(rows),
        refused => Err(untried(&format!("status {refused}"))),
    }
}

fn untried(why: &str) -> SpyneError {
    SpyneError::new(
        Code::Internal,
        "spyne could not try the statement",
        format!("SPI does not run it: {why}. Nothing was changed."),
        "Leave dry_run out; the server log may say more.",
    )
}

/// The jsonb values that a query returns, as a snapshot sees them.
///
/// # Errors
/// XX000 where SPI does not prepare it.
unsafe fn rows_as_of(
    sql: &str,
    snapshot: pg_sys::Snapshot,
    most: usize,
) -> Result<Vec<serde_json::Value>, SpyneError> {
    let Ok(sql) = CString::new(sql) else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    // SAFETY: SPI in the order that it wants; values are copied before it is
    // finished.
    unsafe {
        pg_sys::SPI_connect();
        let plan = pg_sys::SPI_prepare(sql.as_ptr(), 0, std::ptr::null_mut());
        if plan.is_null() {
            pg_sys::SPI_finish();
            return Err(untried("the rows that it changes cannot be looked at"));
        }
        pg_sys::SPI_execute_snapshot(
            plan,
            std::ptr::null_mut(),
            std::ptr::null(),
            snapshot,
            std::ptr::null_mut(),
            true,
            false,
            most as core::ffi::c_long as _,
        );
        let table = pg_sys::SPI_tuptable;
        if !table.is_null() {
            for at in 0..pg_sys::SPI_processed as usize {
                let mut null = false;
                let tuple = *(*table).vals.add(at);
                let value = pg_sys::SPI_getbinval(tuple, (*table).tupdesc, 1, &mut null);
                if let Some(JsonB(value)) =
                    JsonB::from_polymorphic_datum(value, null, pg_sys::JSONBOID)
                {
                    found.push(value);
                }
            }
        }
        pg_sys::SPI_finish();
    }
    Ok(found)
}
