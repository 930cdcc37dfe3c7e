//! The package, tried as a user would: on a Debian that has nothing but itself.
//!
//! debootstrap makes a tree of Debian's essential packages; apt installs the package in it with the
//! server that it depends on; the server starts, and the tour of the README runs by the tree's own
//! psql. What the tour prints is compared with what the README says.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use nix::unistd::Uid;
use tempfile::TempDir;
use xtask::apt::PrivateApt;
use xtask::document;
use xtask::place;
use xtask::progress::{capture, capture_text, say, spinner};

/// Where there is no other: Debian's own.
const MIRROR: &str = "http://deb.debian.org/debian";
/// The database that the tour speaks of.
const DATABASE: &str = "shop";
/// Runs a program inside the tree, with mounts that end with it.
const INSIDE: &str = "mount -t proc proc \"$0/proc\" && mount -t tmpfs tmpfs \"$0/dev/shm\" \
                      && exec chroot \"$0\" \"$@\"";

/// What a trial needs, found before the package is built.
pub struct Trial {
    major: u32,
    suite: &'static str,
    debootstrap: Debootstrap,
}

struct Debootstrap {
    program: PathBuf,
    /// Its scripts, where it is not installed.
    scripts: Option<PathBuf>,
}

impl Trial {
    /// Looks for what a trial needs.
    ///
    /// # Errors
    /// What is missing.
    pub fn prepare(major: u32) -> Result<Trial> {
        let suite = match major {
            15 => "bookworm",
            17 => "trixie",
            _ => bail!("no stable release of Debian has PostgreSQL {major}: try 15 or 17"),
        };
        if !Uid::effective().is_root() {
            bail!("--try makes a Debian tree and enters it, which takes root: use sudo");
        }
        for program in ["unshare", "chroot", "mount"] {
            capture(Command::new(program).arg("--version"))
                .with_context(|| format!("--try needs {program}"))?;
        }
        Ok(Trial { major, suite, debootstrap: Debootstrap::find()? })
    }

    /// Installs the package in a clean tree and runs the tour there.
    ///
    /// # Errors
    /// What does not work, and where the tour prints something else than the README says.
    pub fn run(&self, package: &Path) -> Result<()> {
        let directory = TempDir::with_prefix("spyne-debian-")?;
        let tree = Tree { root: directory.path().to_owned(), major: self.major };
        // Whatever the account of the caller's files is, the server's must get in.
        fs::set_permissions(&tree.root, fs::Permissions::from_mode(0o755))?;
        let began = Instant::now();
        self.debootstrap.make(self.suite, &tree.root)?;
        say(format!("a clean {} tree: {:.0} s", self.suite, began.elapsed().as_secs_f64()));

        let began = Instant::now();
        let installed = tree.install(package)?;
        say(format!("{installed}: {:.0} s", began.elapsed().as_secs_f64()));

        let began = Instant::now();
        tree.start()?;
        let readme = fs::read_to_string(place::repository().join("README.md"))?;
        let tour = document::run(tree.psql(DATABASE), tour(&readme)?)?;
        let version = capture_text(
            tree.psql(DATABASE).args(["-Atc", "SELECT 'spyne ' || catalog FROM spyne_version()"]),
        )?;
        let problems = [tour.problems, tour.outdated].concat();
        if !problems.is_empty() {
            bail!("the tour is not what README.md says:\n{}", problems.join("\n"));
        }
        say(format!(
            "{version}: {} statements of the tour, as README.md says: {:.0} s",
            tour.statements,
            began.elapsed().as_secs_f64()
        ));
        Ok(())
    }
}

/// The part of the README that is the tour, with its lines where they are.
fn tour(readme: &str) -> Result<&str> {
    let (before, _) = readme
        .split_once("\n## Install it on a server")
        .context("README.md has no such section")?;
    Ok(before)
}

impl Debootstrap {
    /// The machine's own, or one unpacked under `target/`: it is a script.
    fn find() -> Result<Debootstrap> {
        let installed = Path::new("/usr/sbin/debootstrap");
        if installed.is_file() {
            return Ok(Debootstrap { program: installed.to_owned(), scripts: None });
        }
        let home = place::target().join("package/debootstrap");
        let program = home.join("usr/sbin/debootstrap");
        if !program.is_file() {
            if !PrivateApt::is_available() {
                bail!("--try needs debootstrap: install it");
            }
            let apt = PrivateApt::open(&place::target().join("package/apt"))?;
            apt.fetch(&["debootstrap".to_owned()], &home)
                .context("--try needs debootstrap: apt-get install debootstrap")?;
        }
        Ok(Debootstrap { program, scripts: Some(home.join("usr/share/debootstrap")) })
    }

    fn make(&self, suite: &str, root: &Path) -> Result<()> {
        let mirror = mirror_of(suite);
        let waiting = spinner(format!("a clean {suite} tree from {mirror}"));
        let mut command = Command::new(&self.program);
        command.args(["--variant=minbase", suite]).arg(root).arg(mirror);
        command.envs(self.scripts.as_ref().map(|scripts| ("DEBOOTSTRAP_DIR", scripts)));
        let made = capture(&mut command).context("making a clean Debian tree");
        waiting.finish_and_clear();
        made.map(drop)
    }
}

/// The mirror that this machine's apt has for a release of Debian, or else for another.
fn mirror_of(suite: &str) -> String {
    let mut command = Command::new("apt-get");
    command.args(["indextargets", "--format", "$(CODENAME) $(REPO_URI)", "Created-By: Packages"]);
    let listed = capture_text(&mut command).unwrap_or_default();
    let mirrors: Vec<(&str, &str)> =
        listed.lines().filter_map(|line| line.split_once(' ')).collect();
    let debian = |uri: &str| uri.trim_end_matches('/').ends_with("/debian");
    let of_suite = mirrors.iter().find(|(codename, _)| *codename == suite);
    let any = || mirrors.iter().find(|(_, uri)| debian(uri));
    of_suite.or_else(any).map_or(MIRROR, |(_, uri)| uri).to_owned()
}

/// A Debian of its own. Its server is stopped when it goes.
struct Tree {
    root: PathBuf,
    major: u32,
}

impl Tree {
    fn inside<Argument: AsRef<OsStr>>(&self, arguments: &[Argument]) -> Command {
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", INSIDE]).arg(&self.root).args(arguments);
        // The cluster that the server's package makes takes its encoding from here.
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("LANG", "C.UTF-8");
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    }

    /// Installs the package by apt, and says what came with it.
    fn install(&self, package: &Path) -> Result<String> {
        let name = package.file_name().context("a package without a name")?;
        fs::copy(package, self.root.join("tmp").join(name))?;
        // Nothing is started by a package that is installed here.
        let policy = self.root.join("usr/sbin/policy-rc.d");
        fs::write(&policy, "#!/bin/sh\nexit 101\n")?;
        fs::set_permissions(&policy, fs::Permissions::from_mode(0o755))?;
        let waiting = spinner("installing the package by apt");
        let inside = Path::new("/tmp").join(name);
        let installed = capture(&mut self.inside(&["apt-get", "-qq", "update"])).and_then(|_| {
            let mut command = self.inside(&["apt-get", "-qq", "--yes", "install"]);
            capture(command.arg("--no-install-recommends").arg(&inside))
        });
        waiting.finish_and_clear();
        installed.context("installing the package by apt")?;
        let mut shown = self.inside(&[
            "dpkg-query",
            "--show",
            "--showformat=${Package} ${Version}, ",
            &format!("postgresql-{}-spyne", self.major),
            &format!("postgresql-{}", self.major),
        ]);
        Ok(format!("installed {}", capture_text(&mut shown)?.trim_end_matches([',', ' '])))
    }

    /// Starts the cluster that the server's package has made, with the library preloaded.
    fn start(&self) -> Result<()> {
        let major = self.major.to_string();
        let set = ["pg_conftool", &major, "main", "set", "shared_preload_libraries", "spyne"];
        capture(&mut self.inside(&set))?;
        // It would hold a pipe open.
        let log = "/tmp/start.log";
        let start = format!("pg_ctlcluster {major} main start >{log} 2>&1");
        let started = self.inside(&["sh", "-c", &start]).status().context("starting the server")?;
        if !started.success() {
            let told = fs::read_to_string(self.root.join(&log[1..])).unwrap_or_default();
            bail!("the server of the package did not start:\n{told}");
        }
        capture(self.psql("postgres").args(["-c", &format!("CREATE DATABASE {DATABASE}")]))?;
        Ok(())
    }

    fn psql(&self, database: &str) -> Command {
        self.inside(&["runuser", "-u", "postgres", "--", "psql", "--dbname", database])
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let major = self.major.to_string();
        let stop = ["pg_ctlcluster", "--mode", "immediate", &major, "main", "stop"];
        // Where it never started, there is nothing to stop.
        let _ = self.inside(&stop).output();
    }
}

#[cfg(test)]
mod tests {
    use super::tour;
    use std::fs;
    use xtask::place;

    #[test]
    fn the_readme_has_a_tour() {
        let readme = fs::read_to_string(place::repository().join("README.md")).unwrap();
        let tour = tour(&readme).unwrap();
        assert!(tour.contains("CREATE EXTENSION spyne;") && tour.contains("spyne_coverage()"));
    }
}
