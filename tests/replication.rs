//! Logical replication into governed tables, both its first copy and the changes after
//! it. It does not pass the executor's hooks, and the row guards refuse what the state
//! forbids.

use postgres::Client;
use spyne_tests::fixture::{DATABASE, connect, empty_database, governed_database, rows, run};
use spyne_tests::waiting::wait_for;
use spyne_tests::{SUPERUSER, Server, ServerBuilder, bare_server, server};

/// The subscriber has a table in each state, and the publisher the same tables with more rows.
struct Pair {
    publisher: Server,
    source: Client,
    subscriber: Server,
    target: Client,
}

fn start(subscriber: ServerBuilder) -> Pair {
    let publisher =
        bare_server("publisher").setting("wal_level", "logical").start().expect("a publisher");
    let mut source = empty_database(&publisher, DATABASE);
    run(
        &mut source,
        "CREATE TABLE customer (id int PRIMARY KEY, origin text NOT NULL);
         CREATE TABLE facts (id int PRIMARY KEY, note text);
         CREATE TABLE ledger (id int PRIMARY KEY, note text);
         CREATE TABLE loose (id int PRIMARY KEY);
         CREATE TABLE sales (id int, day int, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
         CREATE TABLE sales_1 PARTITION OF sales FOR VALUES FROM (0) TO (10);",
    );
    let subscriber =
        subscriber.setting("wal_retrieve_retry_interval", "100ms").start().expect("a subscriber");
    let mut target = governed_database(&subscriber);
    run(
        &mut target,
        "SET spyne.enforcement = off;
         ALTER TABLE facts ADD note text; ALTER TABLE ledger ADD note text;
         RESET spyne.enforcement;
         CREATE TABLE sales (id int, day int, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
         CREATE TABLE sales_1 PARTITION OF sales FOR VALUES FROM (0) TO (10);
         INSERT INTO sales VALUES (1, 1), (2, 2);
         SELECT FROM spyne_register('sales');
         DELETE FROM customer",
    );
    Pair { publisher, source, subscriber, target }
}

impl Pair {
    fn subscribe(&mut self, table: &str, options: &str) {
        run(&mut self.source, &format!("CREATE PUBLICATION p FOR TABLE {table}"));
        let connection = self.publisher.connection_string(DATABASE, SUPERUSER);
        run(
            &mut self.target,
            &format!(
                "CREATE SUBSCRIPTION s CONNECTION '{connection}' PUBLICATION p WITH (disable_on_error = true, {options})"
            ),
        );
    }

    fn unsubscribe(&mut self) {
        run(&mut self.target, "DROP SUBSCRIPTION s");
        run(&mut self.source, "DROP PUBLICATION p");
    }

    /// Waits until the query says `t`.
    #[track_caller]
    fn wait(&mut self, query: &str) {
        wait_for(&mut self.target, query);
    }

    /// Checks that the change was refused by the guard of this table, in these words.
    #[track_caller]
    fn assert_refused(&mut self, words: &str, so_far: usize) {
        self.wait("SELECT NOT subenabled FROM pg_subscription");
        let log = self.subscriber.log();
        assert!(log[so_far..].contains(words), "{words} is not in:\n{}", &log[so_far..]);
    }

    fn contents(&mut self) -> String {
        run(&mut self.target, "SET spyne.include_deprecated = on");
        let all = rows(
            &mut self.target,
            "SELECT 'facts', * FROM facts UNION ALL SELECT 'ledger', * FROM ledger
            UNION ALL SELECT 'sales', id, day::text FROM sales ORDER BY 1, 2",
        );
        run(&mut self.target, "RESET spyne.include_deprecated");
        all
    }
}

const REFUSING: [(&str, &str, &str); 3] = [
    ("facts", "facts", "cannot write to READ_ONLY table public.facts"),
    ("ledger", "ledger", "cannot write to DEPRECATED table public.ledger"),
    ("sales", "sales_1", "cannot write to READ_ONLY table public.sales_1"),
];

fn the_first_copy_is_refused(subscriber: ServerBuilder) {
    let mut pair = start(subscriber);
    run(
        &mut pair.source,
        "INSERT INTO facts VALUES (100); INSERT INTO ledger VALUES (100); INSERT INTO sales VALUES (100, 5)",
    );
    let before = pair.contents();
    for (table, _, words) in REFUSING {
        let so_far = pair.subscriber.log().len();
        pair.subscribe(table, "copy_data = true");
        pair.assert_refused(words, so_far);
        pair.unsubscribe();
        assert_eq!(pair.contents(), before, "{table}");
    }
}

fn each_change_is_refused(subscriber: ServerBuilder) {
    let mut pair = start(subscriber);
    run(&mut pair.source, "INSERT INTO facts SELECT generate_series(1, 5); INSERT INTO ledger SELECT generate_series(1, 3);
                           INSERT INTO sales VALUES (1, 1), (2, 2)");
    let before = pair.contents();
    for (table, partition, words) in REFUSING {
        for change in [
            format!(
                "INSERT INTO {table} (id{0}) VALUES (200{1})",
                if table == "sales" { ", day" } else { "" },
                if table == "sales" { ", 7" } else { "" }
            ),
            format!("UPDATE {table} SET id = id + 1000 WHERE id = 1"),
            format!("DELETE FROM {table} WHERE id = 2"),
            format!("TRUNCATE {partition}"),
        ] {
            let so_far = pair.subscriber.log().len();
            pair.subscribe(table, "copy_data = false");
            run(&mut pair.source, &change);
            pair.assert_refused(words, so_far);
            pair.unsubscribe();
            assert_eq!(pair.contents(), before, "{change}");
        }
    }
}

#[test]
fn the_first_copy_into_a_closed_table_is_refused() {
    the_first_copy_is_refused(server("subscriber"));
}

#[test]
fn the_first_copy_into_a_closed_table_is_refused_without_preloading() {
    the_first_copy_is_refused(bare_server("subscriber"));
}

#[test]
fn each_change_to_a_closed_table_is_refused() {
    each_change_is_refused(server("subscriber"));
}

#[test]
fn each_change_to_a_closed_table_is_refused_without_preloading() {
    each_change_is_refused(bare_server("subscriber"));
}

#[test]
fn an_active_table_is_replicated_until_its_state_changes() {
    let mut pair = start(server("subscriber"));
    run(&mut pair.source, "INSERT INTO customer VALUES (1, 'copied')");
    pair.subscribe("customer, loose", "copy_data = true");
    pair.wait("SELECT count(*) = 1 FROM customer WHERE origin = 'copied'");
    run(
        &mut pair.source,
        "INSERT INTO customer VALUES (2, 'applied'); UPDATE customer SET origin = 'changed' WHERE id = 1; INSERT INTO loose VALUES (1)",
    );
    pair.wait("SELECT count(*) = 2 FROM customer WHERE origin IN ('applied', 'changed')");
    // Replication is a way to write, which spyne_coverage lists.
    assert_eq!(
        rows(
            &mut pair.target,
            "SELECT object, detail ~ 'public.customer' FROM spyne_coverage() WHERE gap = 'subscription writes to a governed table'"
        ),
        "s|t"
    );
    // The worker has the table open and its state cached; the next change meets the new state.
    let mut other = connect(&pair.subscriber, DATABASE, SUPERUSER);
    run(&mut other, "SELECT FROM spyne_deprecate('customer', 'test')");
    let so_far = pair.subscriber.log().len();
    run(&mut pair.source, "INSERT INTO customer VALUES (3, 'too late')");
    pair.assert_refused("cannot write to DEPRECATED table public.customer", so_far);
    run(&mut pair.target, "SET spyne.include_deprecated = on");
    assert_eq!(rows(&mut pair.target, "SELECT count(*) FROM customer"), "2");
    // After the restoration, replication goes on where it stopped.
    run(&mut other, "SELECT FROM spyne_restore('customer')");
    run(&mut pair.target, "ALTER SUBSCRIPTION s ENABLE");
    pair.wait("SELECT count(*) = 3 FROM customer");
    pair.unsubscribe();
}
