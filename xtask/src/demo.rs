//! The demo: a server with real-looking data, and a session that shows what spyne does to it.

use std::io::IsTerminal;

use anyhow::{Context, Result};
use xtask::extension::{self, Profile};
use xtask::progress::{self, say};
use xtask::server::{SUPERUSER, Server};
use xtask::toolchain::Toolchain;
use xtask::tpch;

use crate::narration;

const WALK: &str = include_str!("../demo/walk.sql");
/// The name of the server while it is kept.
const NAME: &str = "demo";
const DATABASE: &str = "demo";
const SCALE: f64 = 0.1;

pub fn run(toolchain: &Toolchain, keep: bool) -> Result<()> {
    extension::install_into(toolchain, Profile::Development)?;
    let spinner = progress::spinner("starting a throwaway PostgreSQL with spyne preloaded");
    let server = Server::build(toolchain, NAME).preload("spyne").keep(keep).start()?;
    spinner.finish_and_clear();
    say(format!("{} runs in {}", toolchain.version()?, server.data_directory().display()));
    let mut client = server.connect("postgres", SUPERUSER)?;
    client.batch_execute(&format!("CREATE DATABASE {DATABASE}"))?;
    let mut client = server.connect(DATABASE, SUPERUSER)?;
    tpch::load(&mut client, SCALE)?;
    client.batch_execute("CREATE EXTENSION spyne").context("creating the extension")?;
    drop(client);
    let mut psql = server.client_command("psql", DATABASE, SUPERUSER);
    let played = narration::play(&mut psql, WALK, std::io::stdout().is_terminal());
    if keep {
        say("the server is still running; connect with");
        println!(
            "LD_LIBRARY_PATH={} {} --host {} --port {} --username {SUPERUSER} {DATABASE}",
            toolchain.library_path().display(),
            toolchain.bindir().join("psql").display(),
            server.socket_directory().display(),
            server.port()
        );
        say("stop and remove it with");
        println!("cargo xtask demo --stop");
    } else {
        say("the server is stopped and removed; `--keep` leaves it running");
    }
    played
}

/// Ends a demo server that was kept.
pub fn stop(toolchain: &Toolchain) -> Result<()> {
    if Server::discard_kept(toolchain, NAME)? {
        say("the demo server is stopped and removed");
    } else {
        say("no demo server was kept");
    }
    Ok(())
}
