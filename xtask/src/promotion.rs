//! How long a promotion holds its locks.
//!
//! A promotion takes its locks within one statement and releases them when that
//! commits, so the statement's own duration is an upper bound of the time for which
//! anyone else waits.

use std::time::Instant;

use anyhow::Result;
use xtask::progress;
use xtask::server::{SUPERUSER, Server};
use xtask::toolchain::Toolchain;

const ROUNDS: usize = 5;

/// The durations, in milliseconds and in order, of promotions that swap tables of so many rows.
pub fn measure(toolchain: &Toolchain, rows: u32) -> Result<Vec<f64>> {
    let server = Server::build(toolchain, "promotion").preload("spyne").start()?;
    let mut client = server.connect("postgres", SUPERUSER)?;
    client.batch_execute(&format!(
        "CREATE EXTENSION spyne;
         SELECT spyne_set_system_mode('INGESTION_READY', 'bench');
         CREATE TABLE public.measured (id bigint PRIMARY KEY, amount numeric, note text);
         INSERT INTO public.measured
         SELECT id, id % 1000, 'row ' || id FROM generate_series(1, {rows}) AS id;
         SELECT spyne_register('public.measured', state => 'SHADOW');
         SELECT spyne_promote('public.measured');",
    ))?;
    let mut times = Vec::new();
    for round in 1..=ROUNDS {
        let spinner =
            progress::spinner(format!("{rows} rows: filling the shadow of round {round}"));
        client.batch_execute(
            "SELECT spyne_create_shadow('measured');
             INSERT INTO spyne_shadow.measured SELECT * FROM public.measured;
             ANALYZE spyne_shadow.measured;
             CHECKPOINT;",
        )?;
        spinner.finish_and_clear();
        let started = Instant::now();
        client.batch_execute("SELECT spyne_promote('spyne_shadow.measured')")?;
        times.push(started.elapsed().as_secs_f64() * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    Ok(times)
}
