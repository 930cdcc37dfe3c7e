//! A stand-in for Citus: a library and an extension of that name, built from `tests/citus` for
//! the private server. Citus itself is nothing that a test could fetch.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::{env, fs};

use postgres::Client;
use xtask::progress::{capture, capture_text};

use crate::fixture::{database, run};
use crate::{Server, bare_server, toolchain};

/// A server that preloads the stand-in, and spyne after it, as Citus wants it. Nobody must
/// preview anything.
pub fn server() -> Server {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(build);
    let server = bare_server("citus").preload("citus,spyne");
    server.setting("spyne.require_preview", "off").start().expect("a server")
}

/// A database with both extensions, spyne's roles, and these tables, each with the rows (1, a)
/// and (2, b). Distributed: `orders`, ACTIVE; `customer`, READ_ONLY; `ledger`, DEPRECATED;
/// `staged`, SHADOW; `loose`, not governed. On this server: `facts`, READ_ONLY; `plain`, ACTIVE;
/// `free`, not governed.
pub fn distributed_database(server: &Server) -> Client {
    let mut client = database(server);
    run(&mut client, "CREATE EXTENSION citus");
    for table in ["orders", "customer", "ledger", "staged", "loose", "facts", "plain", "free"] {
        let made = format!(
            "CREATE TABLE {table} (id int PRIMARY KEY, v text);
             INSERT INTO {table} VALUES (1, 'a'), (2, 'b');
             GRANT ALL ON {table} TO PUBLIC;"
        );
        run(&mut client, &made);
    }
    for table in ["orders", "customer", "ledger", "staged", "loose"] {
        run(&mut client, &format!("SELECT create_distributed_table('{table}', 'id')"));
    }
    run(
        &mut client,
        "SET citus.enable_ddl_propagation = off;
         SELECT FROM spyne_register('orders', state => 'SHADOW');
         SELECT FROM spyne_promote('orders');
         SELECT FROM spyne_register('customer');
         SELECT FROM spyne_register('ledger', state => 'SHADOW');
         SELECT FROM spyne_promote('ledger');
         SELECT FROM spyne_deprecate('ledger', 'replaced by the tests');
         SELECT FROM spyne_register('staged', state => 'SHADOW');
         RESET citus.enable_ddl_propagation;
         SELECT FROM spyne_register('facts');
         SELECT FROM spyne_register('plain', state => 'SHADOW');
         SELECT FROM spyne_promote('plain');",
    );
    client
}

/// Compiles the library and puts it, with the extension, into the private server.
fn build() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("citus");
    let ask = |what: &str| {
        let answer = capture_text(Command::new(toolchain().pg_config()).arg(what));
        PathBuf::from(answer.expect("an answer of pg_config"))
    };
    let library = ask("--pkglibdir").join("citus.so");
    // Two test programs may get here at once: each puts a whole file into its place.
    let made = library.with_extension(std::process::id().to_string());
    let mut compiler = Command::new(env::var_os("CC").unwrap_or_else(|| "cc".into()));
    compiler.args(["-shared", "-fPIC", "-O1", "-I"]).arg(ask("--includedir-server"));
    compiler.arg("-I").arg(ask("--includedir"));
    compiler.arg("-o").arg(&made).arg(sources.join("stand_in.c"));
    capture(&mut compiler).expect("the library of the stand-in");
    fs::rename(&made, &library).expect("the library in its place");
    for name in ["citus.control", "citus--0.1.sql"] {
        let place = toolchain().sharedir().join("extension").join(name);
        let copy = place.with_extension(format!("{}.new", std::process::id()));
        fs::copy(sources.join(name), &copy).expect("a copy of the extension");
        fs::rename(&copy, &place).expect("the extension in its place");
    }
}
