//! Throwaway PostgreSQL servers: made in a moment, reached through a socket alone, gone when
//! dropped.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, bail};
use postgres::{Client, NoTls};
use tempfile::TempDir;

use crate::account;
use crate::place;
use crate::progress::capture;
use crate::server_processes as processes;
use crate::toolchain::Toolchain;

/// Only part of the socket's name, which no other server shares: nothing listens on a network.
const PORT: u16 = 5432;
/// The superuser of every throwaway server.
pub const SUPERUSER: &str = "postgres";
/// Seconds for a server to start or stop, on however busy a machine.
const PATIENCE: &str = "600";
/// Beside a kept server's data: the directory of its socket.
const KEPT: &str = "kept";

/// What a server is to be like.
pub struct ServerBuilder {
    toolchain: Toolchain,
    name: String,
    durable: bool,
    keep: bool,
    settings: Vec<(String, String)>,
}

/// A running server, stopped and removed when dropped.
pub struct Server {
    toolchain: Toolchain,
    data: PathBuf,
    socket: Option<TempDir>,
    socket_path: PathBuf,
    keep: bool,
}

impl ServerBuilder {
    /// `shared_preload_libraries`.
    pub fn preload(self, libraries: &str) -> ServerBuilder {
        self.setting("shared_preload_libraries", libraries)
    }

    /// A line of postgresql.conf.
    pub fn setting(mut self, name: &str, value: &str) -> ServerBuilder {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Writes reach the disk, as a test of crashes needs; otherwise they need not.
    pub fn durable(mut self) -> ServerBuilder {
        self.durable = true;
        self
    }

    /// The server outlives this process, until one of the same name is started.
    pub fn keep(mut self, keep: bool) -> ServerBuilder {
        self.keep = keep;
        self
    }

    /// Makes the cluster and starts the server.
    pub fn start(self) -> Result<Server> {
        let clusters = place::open_to_server()?.join("clusters");
        fs::create_dir_all(&clusters)?;
        remove_abandoned(&self.toolchain, &clusters);
        let data = clusters.join(self.directory_name());
        if data.exists() {
            discard(&self.toolchain, &data)?;
        }
        let template = ensure_template(&self.toolchain, &clusters)?;
        capture(Command::new("cp").arg("-Rp").arg(&template).arg(&data))?;
        let socket = TempDir::with_prefix("spyne-")?;
        account::give_to_server(socket.path())?;
        let server = Server {
            toolchain: self.toolchain.clone(),
            data,
            socket_path: socket.path().to_owned(),
            socket: Some(socket),
            keep: self.keep,
        };
        server.configure(&self.all_settings(&server.socket_path))?;
        if self.keep {
            fs::write(server.data.join(KEPT), server.socket_path.to_string_lossy().as_bytes())?;
        }
        server.start()?;
        Ok(server)
    }

    /// A kept server has a lasting name; any other's names its owner, so that one whose owner
    /// died can be told.
    fn directory_name(&self) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        if self.keep {
            return self.name.clone();
        }
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        format!("{}.{}.{number}", self.name, std::process::id())
    }

    fn all_settings(&self, socket: &Path) -> Vec<(String, String)> {
        let mut settings: Vec<(String, String)> = [
            ("listen_addresses", ""),
            ("port", &PORT.to_string()),
            ("unix_socket_directories", &socket.to_string_lossy()),
            ("timezone", "UTC"),
            ("shared_buffers", "64MB"),
            ("max_wal_size", "4GB"),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        if !self.durable {
            for name in ["fsync", "full_page_writes", "synchronous_commit"] {
                settings.push((name.to_owned(), "off".to_owned()));
            }
        }
        settings.extend(self.settings.iter().cloned());
        settings
    }
}

impl Server {
    /// A server of this name, to be described further and started.
    pub fn build(toolchain: &Toolchain, name: &str) -> ServerBuilder {
        ServerBuilder {
            toolchain: toolchain.clone(),
            name: name.to_owned(),
            durable: false,
            keep: false,
            settings: Vec::new(),
        }
    }

    /// Ends a server that an earlier process kept; `false` where there is none of the name.
    pub fn discard_kept(toolchain: &Toolchain, name: &str) -> Result<bool> {
        let data = place::open_to_server()?.join("clusters").join(name);
        if !data.exists() {
            return Ok(false);
        }
        discard(toolchain, &data)?;
        Ok(true)
    }

    pub fn toolchain(&self) -> &Toolchain {
        &self.toolchain
    }

    pub fn data_directory(&self) -> &Path {
        &self.data
    }

    /// The directory of the server's socket: the `host` of a connection.
    pub fn socket_directory(&self) -> &Path {
        &self.socket_path
    }

    pub fn port(&self) -> u16 {
        PORT
    }

    /// A connection string, for dblink, postgres_fdw, subscriptions and the like.
    pub fn connection_string(&self, database: &str, user: &str) -> String {
        let socket = self.socket_path.display();
        format!("host={socket} port={PORT} dbname={database} user={user}")
    }

    pub fn connect(&self, database: &str, user: &str) -> Result<Client> {
        Client::connect(&self.connection_string(database, user), NoTls)
            .with_context(|| format!("connecting to {database} as {user}"))
    }

    /// A client program (`psql`, `pg_dump`, `pg_restore`, ...) pointed at this server.
    pub fn client_command(&self, program: &str, database: &str, user: &str) -> Command {
        let mut command = self.toolchain.command(program);
        command.arg("--host").arg(&self.socket_path).args(["--port", &PORT.to_string()]);
        command.args(["--username", user, "--dbname", database]);
        command
    }

    /// Runs psql, undisturbed by the caller's own psqlrc, and hands back what it printed.
    pub fn psql<Argument: AsRef<OsStr>>(
        &self,
        database: &str,
        user: &str,
        arguments: &[Argument],
    ) -> Result<Output> {
        let mut command = self.client_command("psql", database, user);
        command.arg("--no-psqlrc").args(arguments).stdin(Stdio::null());
        command.output().context("starting psql")
    }

    /// Appends lines to postgresql.conf; a later line overrides an earlier one.
    pub fn configure(&self, settings: &[(String, String)]) -> Result<()> {
        let mut file = OpenOptions::new().append(true).open(self.data.join("postgresql.conf"))?;
        for (name, value) in settings {
            writeln!(file, "{name} = '{}'", value.replace('\'', "''"))?;
        }
        Ok(())
    }

    pub fn start(&self) -> Result<()> {
        let mut command = self.toolchain.server_command("pg_ctl")?;
        command.arg("start").arg("--pgdata").arg(&self.data);
        command.arg("--log").arg(self.data.join("server.log"));
        command.args(["--wait", "--timeout", PATIENCE, "--silent"]);
        // The server inherits these: a pipe it held open would never end for whoever reads it.
        let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if !status.status().context("starting pg_ctl")?.success() {
            bail!("the server did not start; its log says:\n{}", self.log());
        }
        Ok(())
    }

    pub fn stop(&self) -> Result<()> {
        stop(&self.toolchain, &self.data, "fast")
    }

    pub fn restart(&self) -> Result<()> {
        self.stop()?;
        self.start()
    }

    /// Kills the server and all its processes at once, as the kernel would on a machine that is
    /// out of memory; `start` then recovers from what is on disk.
    pub fn kill_nine(&self) -> Result<()> {
        let postmaster = read_postmaster(&self.data).context("the server is not running")?;
        processes::kill_tree(postmaster)?;
        // Where nobody collects dead processes, the number stays taken, and the next start would
        // believe the server still alive.
        if processes::is_listed(postmaster) {
            fs::remove_file(self.data.join("postmaster.pid"))?;
            fs::remove_file(self.socket_path.join(format!(".s.PGSQL.{PORT}.lock")))?;
        }
        Ok(())
    }

    /// What the server has logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.data.join("server.log")).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.keep {
            if let Some(socket) = self.socket.take() {
                let _ = socket.keep();
            }
            return;
        }
        // Nobody is left to tell of a failure here; what remains is removed by the next start.
        let _ = discard(&self.toolchain, &self.data);
    }
}

/// An initialized, empty cluster, made once for each server version: copying it is much quicker
/// than initdb.
fn ensure_template(toolchain: &Toolchain, clusters: &Path) -> Result<PathBuf> {
    let version = place::fingerprint(toolchain.version()?);
    let template = clusters.join(format!("template-{version:016x}"));
    if template.exists() {
        return Ok(template);
    }
    // Made beside and then renamed: two tests may get here at once.
    let making = clusters.join(format!("making.{}.{version:016x}", std::process::id()));
    if making.exists() {
        fs::remove_dir_all(&making)?;
    }
    fs::DirBuilder::new().mode(0o700).create(&making)?;
    account::give_to_server(&making)?;
    let mut command = toolchain.server_command("initdb")?;
    command.arg("--pgdata").arg(&making).args(["--username", SUPERUSER, "--auth", "trust"]);
    command.args(["--encoding", "UTF8", "--no-locale", "--no-sync"]);
    capture(&mut command)?;
    if let Err(problem) = fs::rename(&making, &template) {
        fs::remove_dir_all(&making)?;
        if !template.exists() {
            return Err(problem).context("keeping the freshly made cluster");
        }
    }
    Ok(template)
}

fn read_postmaster(data: &Path) -> Option<i32> {
    let lock = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    lock.lines().next()?.trim().parse().ok()
}

fn stop(toolchain: &Toolchain, data: &Path, mode: &str) -> Result<()> {
    let mut command = toolchain.server_command("pg_ctl")?;
    command.arg("stop").arg("--pgdata").arg(data).args(["--mode", mode, "--silent", "--wait"]);
    command.args(["--timeout", PATIENCE]);
    capture(&mut command)?;
    Ok(())
}

/// Stops whatever server runs on the cluster and removes it.
fn discard(toolchain: &Toolchain, data: &Path) -> Result<()> {
    if data.join("postmaster.pid").exists() {
        // A lock left by a server that was killed makes this fail; removing goes on.
        let _ = stop(toolchain, data, "immediate");
    }
    if let Ok(socket) = fs::read_to_string(data.join(KEPT)) {
        let _ = fs::remove_dir_all(socket);
    }
    fs::remove_dir_all(data).with_context(|| format!("removing {}", data.display()))
}

/// Removes the clusters of processes that died before they could do it themselves.
fn remove_abandoned(toolchain: &Toolchain, clusters: &Path) {
    for entry in fs::read_dir(clusters).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let owner = name.split('.').nth(1).and_then(|part| part.parse().ok());
        if owner.is_some_and(|owner| !processes::is_listed(owner)) {
            let _ = discard(toolchain, &entry.path());
        }
    }
}
