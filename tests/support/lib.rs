//! What the client tests share: servers with spyne in them.
//!
//! A test keeps its server in a local variable: it ends when that goes out of scope. One in a
//! `static` would outlive the test run.

pub mod fixture;
pub mod pasted;
pub mod stand_in;
pub mod tpch;
pub mod waiting;

use std::env;
use std::sync::OnceLock;

use xtask::extension::{self, Profile};
pub use xtask::server::SUPERUSER;
pub use xtask::{Server, ServerBuilder, Toolchain};

/// The private PostgreSQL, with the extension as it is in the tree built into it.
pub fn toolchain() -> &'static Toolchain {
    static TOOLCHAIN: OnceLock<Toolchain> = OnceLock::new();
    TOOLCHAIN.get_or_init(|| {
        let toolchain = Toolchain::ensure(None).expect("a PostgreSQL to test with");
        // `cargo xtask test` has done this already.
        if env::var_os("SPYNE_INSTALLED").is_none() {
            extension::install_into(&toolchain, Profile::Development).expect("spyne builds");
        }
        toolchain
    })
}

/// A server with spyne preloaded, to be described further and started. Nobody
/// must preview anything: the tests of previews switch that on.
pub fn server(name: &str) -> ServerBuilder {
    default_server(name).setting("spyne.require_preview", "off")
}

/// A server with spyne preloaded and every setting as it comes.
pub fn default_server(name: &str) -> ServerBuilder {
    bare_server(name).preload("spyne")
}

/// A server that knows nothing of spyne, though its files are there.
pub fn bare_server(name: &str) -> ServerBuilder {
    // Autovacuum would come by at some moment or other, take locks and renew statistics.
    Server::build(toolchain(), name).setting("autovacuum", "off")
}
