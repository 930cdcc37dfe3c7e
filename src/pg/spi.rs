//! What SPI can tell of a statement without running it.

use std::ffi::{CStr, CString};

use pgrx::pg_sys;

use super::trial;

/// The columns that a statement returns, by name and type, with its arguments
/// typed as given.
///
/// # Errors
/// Why Postgres cannot prepare it, in words.
pub fn columns_of(text: &str, types: &[pg_sys::Oid]) -> Result<Vec<(String, pg_sys::Oid)>, String> {
    let text = CString::new(text).map_err(|_| "it has a NUL byte".to_string())?;
    trial::caught(|| {
        let mut types = types.to_vec();
        let mut columns = Vec::new();
        // SAFETY: SPI in the order that it wants; names are copied before it is
        // finished, and after an error the abort of the subtransaction ends it.
        unsafe {
            pg_sys::SPI_connect();
            let plan = pg_sys::SPI_prepare(text.as_ptr(), types.len() as i32, types.as_mut_ptr());
            let sources = match plan.is_null() {
                true => std::ptr::null_mut(),
                false => pg_sys::SPI_plan_get_plan_sources(plan),
            };
            for cell in super::lists::cells(sources) {
                let source = &*cell.cast::<pg_sys::CachedPlanSource>();
                if source.resultDesc.is_null() {
                    continue;
                }
                for at in 1..=(*source.resultDesc).natts {
                    let name = pg_sys::SPI_fname(source.resultDesc, at);
                    let name = CStr::from_ptr(name).to_string_lossy().into_owned();
                    columns.push((name, pg_sys::SPI_gettypeid(source.resultDesc, at)));
                }
            }
            pg_sys::SPI_finish();
        }
        columns
    })
}
