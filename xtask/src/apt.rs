//! Debian packages, unpacked into a directory of ours instead of installed.
//!
//! apt runs with its lists, cache and locks inside that directory, so that it works without
//! root and leaves the machine's own package state alone. Only the shared libraries that the
//! machine lacks come along with the packages asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::progress::{self, say};

/// Libraries that come with any machine that has a compiler, or must match what it has: a second
/// copy would only do harm.
const NEVER_FETCHED: [&str; 5] = ["libc6", "libc6-dbg", "libgcc-s1", "libstdc++6", "libcrypt1"];

/// A package as the archive describes it.
#[derive(Clone, Debug)]
pub struct Package {
    name: String,
    version: String,
    size: u64,
    libraries: Vec<String>,
}

/// apt with all its state under one directory.
pub struct PrivateApt {
    directory: PathBuf,
    configuration: PathBuf,
}

impl PrivateApt {
    /// Whether this machine has apt at all.
    pub fn is_available() -> bool {
        ["apt-get", "apt-cache", "dpkg"].into_iter().all(|program| {
            Command::new(program).arg("--version").output().is_ok_and(|run| run.status.success())
        })
    }

    /// Prepares the private state and reads the archive's current lists into it.
    pub fn open(directory: &Path) -> Result<PrivateApt> {
        for part in ["state/lists/partial", "cache/archives/partial", "packages"] {
            fs::create_dir_all(directory.join(part))?;
        }
        let configuration = directory.join("apt.conf");
        // The hooks that images and desktops hang on an update write outside this directory.
        fs::write(
            &configuration,
            format!(
                "Dir::State \"{0}/state\";\n\
                 Dir::State::lists \"{0}/state/lists\";\n\
                 Dir::State::status \"/var/lib/dpkg/status\";\n\
                 Dir::Cache \"{0}/cache\";\n\
                 Dir::Cache::archives \"{0}/cache/archives\";\n\
                 Dir::Log \"{0}\";\n\
                 Debug::NoLocking \"true\";\n\
                 APT::Sandbox::User \"root\";\n\
                 Acquire::Languages \"none\";\n\
                 Acquire::Retries \"3\";\n\
                 #clear APT::Update::Pre-Invoke;\n\
                 #clear APT::Update::Post-Invoke;\n\
                 #clear APT::Update::Post-Invoke-Success;\n",
                directory.display()
            ),
        )?;
        let apt = PrivateApt { directory: directory.to_owned(), configuration };
        let spinner = progress::spinner("reading the Debian archive's package lists");
        let updated = progress::capture(apt.command("apt-get").arg("update"));
        spinner.finish_and_clear();
        // A third party's archive that does not answer is no reason to stop: what is missing
        // shows when it is asked for.
        if let Err(problem) = updated {
            say(format!("apt-get update was not wholly successful: {problem:#}"));
        }
        Ok(apt)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.arg("-c").arg(&self.configuration).env("LC_ALL", "C").current_dir(&self.directory);
        command
    }

    /// The package as the archive would install it, if it has it.
    pub fn candidate(&self, name: &str) -> Option<Package> {
        let output = progress::capture_text(self.command("apt-cache").args([
            "show",
            "--no-all-versions",
            name,
        ]))
        .ok()?;
        let fields: BTreeMap<&str, &str> = output
            .lines()
            .take_while(|line| !line.is_empty())
            .filter_map(|line| line.split_once(": "))
            .collect();
        Some(Package {
            name: (*fields.get("Package")?).to_owned(),
            version: (*fields.get("Version")?).to_owned(),
            size: fields.get("Size").and_then(|size| size.parse().ok()).unwrap_or(0),
            libraries: needed_libraries(fields.get("Depends").copied().unwrap_or_default()),
        })
    }

    /// Says what it is about to fetch, and from then on nothing but how far it is.
    pub fn fetch(&self, names: &[String], root: &Path) -> Result<()> {
        let packages = self.with_missing_libraries(names)?;
        let size: u64 = packages.iter().map(|package| package.size).sum();
        say(format!(
            "fetching {} Debian packages ({} MB) into {}; nothing is installed on this machine:",
            packages.len(),
            size.div_ceil(1_000_000),
            root.display()
        ));
        for package in &packages {
            eprintln!("    {} {}", package.name, package.version);
        }
        self.unpack(&packages, root)
    }

    /// The packages asked for and, through all of them, the shared libraries this machine lacks.
    fn with_missing_libraries(&self, names: &[String]) -> Result<Vec<Package>> {
        let mut waiting: Vec<String> = names.to_vec();
        let mut seen = BTreeSet::new();
        let mut packages = Vec::new();
        while let Some(name) = waiting.pop() {
            if !seen.insert(name.clone()) {
                continue;
            }
            let Some(package) = self.candidate(&name) else {
                bail!("the package {name} is not in the archives this machine's apt knows");
            };
            waiting.extend(package.libraries.iter().filter(|name| !is_installed(name)).cloned());
            packages.push(package);
        }
        packages.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(packages)
    }

    /// Downloads the packages and unpacks them under `root`.
    fn unpack(&self, packages: &[Package], root: &Path) -> Result<()> {
        fs::create_dir_all(root)?;
        let total = packages.iter().map(|package| package.size).sum();
        let bar = progress::byte_bar(total, "fetching packages");
        for package in packages {
            bar.set_message(package.name.clone());
            // An emptied directory, so that the one file in it is this package's.
            let landing = self.directory.join("packages");
            fs::remove_dir_all(&landing)?;
            fs::create_dir_all(&landing)?;
            let wanted = format!("{}={}", package.name, package.version);
            progress::capture(
                self.command("apt-get").args(["download", &wanted]).current_dir(&landing),
            )?;
            let archive = fs::read_dir(&landing)?
                .next()
                .with_context(|| format!("apt-get download {wanted} left no file"))??
                .path();
            progress::capture(Command::new("dpkg").arg("-x").arg(&archive).arg(root))?;
            fs::remove_file(&archive)?;
            bar.inc(package.size);
        }
        bar.finish_and_clear();
        Ok(())
    }
}

/// The shared libraries in a `Depends` field: of every group of alternatives, the first.
fn needed_libraries(depends: &str) -> Vec<String> {
    depends
        .split(',')
        .filter_map(|group| group.split('|').next())
        .filter_map(|alternative| alternative.split_whitespace().next())
        .map(|name| name.split(':').next().unwrap_or(name))
        .filter(|name| name.starts_with("lib") && !name.ends_with("-dev"))
        .filter(|name| !NEVER_FETCHED.contains(name))
        .map(str::to_owned)
        .collect()
}

/// Where unpacked shared libraries lie: the C library is never among them.
pub fn library_directories(root: &Path) -> Vec<PathBuf> {
    ["usr/lib", "lib"]
        .into_iter()
        .filter_map(|parent| fs::read_dir(root.join(parent)).ok())
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.to_string_lossy().ends_with("-linux-gnu"))
        .collect()
}

fn is_installed(name: &str) -> bool {
    Command::new("dpkg-query").args(["-W", "-f", "${db:Status-Status}\n", name]).output().is_ok_and(
        |run| String::from_utf8_lossy(&run.stdout).lines().any(|line| line == "installed"),
    )
}

#[cfg(test)]
mod tests {
    use super::needed_libraries;

    #[test]
    fn only_shared_libraries_are_followed() {
        let depends = "locales | locales-all, libc6 (>= 2.34), libicu72 (>= 72.1~rc-1~), \
                       libssl3:any (>= 3.0.0) | libssl1.1, llvm-14-dev, libpq-dev (>= 15~~)";
        assert_eq!(needed_libraries(depends), ["libicu72", "libssl3"]);
    }
}
