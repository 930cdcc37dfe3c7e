//! What the client tests share: servers with spyne in them.
//!
//! A test keeps its server in a local variable, so that the server ends when the
//! variable goes out of scope. One in a `static` would outlive the test run.

pub mod fixture;
pub mod pasted;
pub mod skipped;
pub mod stand_in;
pub mod tpch;
pub mod waiting;

use std::env;
use std::sync::OnceLock;

use xtask::Source;
use xtask::extension::{self, Profile};
pub use xtask::server::SUPERUSER;
pub use xtask::{Server, ServerBuilder, Toolchain};

/// The private PostgreSQL, with the extension built from this tree and installed into
/// it.
pub fn toolchain() -> &'static Toolchain {
    static TOOLCHAIN: OnceLock<Toolchain> = OnceLock::new();
    TOOLCHAIN.get_or_init(|| {
        let toolchain = Source::from_environment()
            .and_then(|source| Toolchain::ensure(&source))
            .expect("a PostgreSQL to test with");
        // `cargo xtask test` has done this already.
        if env::var_os("SPYNE_INSTALLED").is_none() {
            extension::install_into(&toolchain, Profile::Development).expect("spyne builds");
        }
        toolchain
    })
}

/// A server with spyne preloaded, to be described further and started. No user needs
/// previews: the tests of previews switch that on.
pub fn server(name: &str) -> ServerBuilder {
    default_server(name).setting("spyne.require_preview", "off")
}

/// A server with spyne preloaded and every setting at its default.
pub fn default_server(name: &str) -> ServerBuilder {
    bare_server(name).preload("spyne")
}

/// A server without the library, although its files are installed.
pub fn bare_server(name: &str) -> ServerBuilder {
    // Autovacuum would start at some moment, take locks and renew statistics.
    Server::build(toolchain(), name).setting("autovacuum", "off")
}
