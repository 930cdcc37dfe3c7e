//! A server with TPC-H in it, and the queries.

use postgres::Client;
use xtask::server::Server;

use crate::default_server;
use crate::fixture::{connect, empty_database, run};

const DATABASE: &str = "tpch";

/// A server with TPC-H at scale 0.01, governed and ACTIVE, and with a user for each
/// role.
pub fn server() -> (Server, Client) {
    let server = default_server("tpch").start().expect("a server");
    let mut admin = empty_database(&server, DATABASE);
    xtask::tpch::load(&mut admin, 0.01).expect("TPC-H");
    run(&mut admin, "CREATE EXTENSION spyne");
    run(
        &mut admin,
        "CREATE ROLE analyst LOGIN IN ROLE spyne_analyst;
         CREATE ROLE engineer LOGIN IN ROLE spyne_engineer;
         SELECT FROM spyne_register_schema('public', 'SHADOW');
         DO $$ DECLARE t regclass; BEGIN
             FOR t IN SELECT relation FROM spyne.tables LOOP PERFORM spyne_promote(t); END LOOP;
         END $$;
         GRANT SELECT ON ALL TABLES IN SCHEMA public TO analyst;
         GRANT ALL ON ALL TABLES IN SCHEMA public TO engineer;
         SELECT pg_stat_force_next_flush();",
    );
    // What was loaded is counted as changed until it has been analyzed.
    run(&mut admin, "ANALYZE");
    (server, admin)
}

/// A connection as one of those users.
pub fn user(server: &Server, name: &str) -> Client {
    connect(server, DATABASE, name)
}

/// `(name, text)` of each query.
pub fn queries() -> Vec<(String, String)> {
    xtask::tpch::queries().expect("the queries of TPC-H")
}
