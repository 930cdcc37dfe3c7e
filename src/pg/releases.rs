//! The versions of the library and of the catalog, which differ between the
//! installation of another version and ALTER EXTENSION.

use spyne_core::kernel::release::Releases;

use super::local::Local;
use super::own_catalog;
use crate::report;

/// The version of this library.
pub const LIBRARY: &str = env!("CARGO_PKG_VERSION");

/// What the server log was told of, so that a session tells it once.
static TOLD: Local<Option<Releases>> = Local::new(None);

/// The versions that meet here now; None where the extension is not installed.
pub fn now() -> Option<Releases> {
    let catalog = own_catalog::extension_version()?;
    Some(Releases { library: LIBRARY.to_string(), catalog })
}

/// The versions that meet here, where they are not the same.
pub fn differing() -> Option<Releases> {
    now().filter(Releases::differ)
}

/// Tells the server log, once in a session, that the versions differ.
pub fn tell() {
    let differing = differing();
    let told = TOLD.take();
    if let Some(releases) = differing.as_ref().filter(|_| differing != told) {
        let remedy = releases.remedy().unwrap_or_default();
        report::log_line(&format!("{} It stays governed. {remedy}", releases.shown()));
    }
    TOLD.set(differing);
}
