//! Waits for events that must happen, on a machine of any speed.

use std::thread;
use std::time::{Duration, Instant};

use postgres::Client;

/// How long a test waits for an event that must happen. No machine takes that long: the
/// limit makes a fault end the test, and nothing is measured by it.
const PATIENCE: Duration = Duration::from_secs(600);

/// The same limit, as PostgreSQL writes it in a setting.
pub const PATIENT: &str = "10min";

/// Waits until the condition holds; a test that waits in vain fails with `what`.
#[track_caller]
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until the query, asked by this client again and again, answers with one row, true.
#[track_caller]
pub fn wait_for(client: &mut Client, query: &str) {
    let mut holds = || {
        let row = client.query_opt(query, &[]).expect("an answer");
        row.and_then(|row| row.get(0)).unwrap_or(false)
    };
    wait_until(query, &mut holds);
}

/// Waits until the back end waits for this, by the names of `pg_stat_activity.wait_event`.
#[track_caller]
pub fn wait_for_event(client: &mut Client, backend: i32, event: &str) {
    let waits =
        format!("SELECT wait_event = '{event}' FROM pg_stat_activity WHERE pid = {backend}");
    wait_for(client, &waits);
}

/// The number of the client's back end.
#[track_caller]
pub fn backend_of(client: &mut Client) -> i32 {
    client.query_one("SELECT pg_backend_pid()", &[]).expect("a number").get(0)
}

/// Waits until the back end waits for a heavyweight lock that another session holds.
#[track_caller]
pub fn wait_for_lock(client: &mut Client, backend: i32) {
    wait_for(
        client,
        &format!("SELECT EXISTS (SELECT FROM pg_locks WHERE pid = {backend} AND NOT granted)"),
    );
}
