//! Debian packages, unpacked into a directory of ours instead of installed.
//!
//! apt runs with its lists, cache and locks inside that directory, so that it works without
//! root and leaves the machine's own package state alone. Only the shared libraries that the
//! machine lacks come along with the packages asked for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::progress::{self, say};

/// Libraries that come with any machine that has a compiler, or must match what it has: a second
/// copy would only do harm.
const NEVER_FETCHED: [&str; 5] = ["libc6", "libc6-dbg", "libgcc-s1", "libstdc++6", "libcrypt1"];

/// Debian's own mirror and keys, for a suite that the machine does not use.
const MIRROR: &str = "http://deb.debian.org/debian";
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// A package that apt would install.
#[derive(Debug, PartialEq)]
struct Package {
    name: String,
    version: String,
    size: u64,
}

/// apt with all its state under one directory.
pub struct PrivateApt {
    directory: PathBuf,
    configuration: PathBuf,
}

impl PrivateApt {
    /// Whether this machine has apt at all.
    pub fn is_available() -> bool {
        ["apt-get", "dpkg"].into_iter().all(|program| {
            Command::new(program).arg("--version").output().is_ok_and(|run| run.status.success())
        })
    }

    /// Prepares the private state and reads the archive's current lists into it.
    pub fn open(directory: &Path) -> Result<PrivateApt> {
        PrivateApt::open_with(directory, "")
    }

    /// As `open`, with another suite of Debian's main archive in place of the machine's: from the
    /// mirror that the machine uses, with the keys that it trusts.
    pub fn open_suite(directory: &Path, suite: &str) -> Result<PrivateApt> {
        fs::create_dir_all(directory)?;
        let mut targets = Command::new("apt-get");
        targets.args(["indextargets", "--format", "$(ORIGIN) $(COMPONENT) $(REPO_URI)"]);
        let targets = progress::capture_text(&mut targets).unwrap_or_default();
        let mirror = debian_mirror(&targets).unwrap_or(MIRROR);
        let sources = directory.join("sources.list");
        fs::write(&sources, format!("deb [signed-by={KEYRING}] {mirror} {suite} main\n"))?;
        PrivateApt::open_with(
            directory,
            &format!(
                "Dir::Etc::sourcelist \"{}\";\nDir::Etc::sourceparts \"-\";\n",
                sources.display()
            ),
        )
    }

    fn open_with(directory: &Path, more: &str) -> Result<PrivateApt> {
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
                 #clear APT::Update::Post-Invoke-Success;\n\
                 {more}",
                directory.display()
            ),
        )?;
        let apt = PrivateApt { directory: directory.to_owned(), configuration };
        let spinner = progress::spinner("reading the Debian archive's package lists");
        let updated = progress::capture(&mut apt.command("update"));
        spinner.finish_and_clear();
        // A third party's archive that does not answer is no reason to stop: what is missing
        // shows when it is asked for.
        if let Err(problem) = updated {
            say(format!("apt-get update was not wholly successful: {problem:#}"));
        }
        Ok(apt)
    }

    fn command(&self, action: &str) -> Command {
        let mut command = Command::new("apt-get");
        command.arg("-c").arg(&self.configuration).args(["-qq", action]);
        command.env("LC_ALL", "C").current_dir(&self.directory);
        command
    }

    /// Whether the archives have the package.
    pub fn has(&self, name: &str) -> bool {
        progress::capture(self.command("download").args(["--print-uris", name])).is_ok()
    }

    /// Says what it is about to fetch, and from then on nothing but how far it is.
    pub fn fetch(&self, names: &[String], root: &Path) -> Result<()> {
        let packages = self.with_missing_libraries(names, root)?;
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

    /// The packages asked for and, of what apt would install with them, the shared libraries that
    /// neither the machine nor `root` has.
    fn with_missing_libraries(&self, names: &[String], root: &Path) -> Result<Vec<Package>> {
        let mut packages = self.listed("download", names.iter())?;
        // What headers depend on is for compiling with them, which takes no more than the machine has.
        let programs = names.iter().filter(|name| !name.contains("-dev"));
        let installed = self.listed("install", programs)?;
        packages.extend(installed.into_iter().filter(|package| {
            // Each package leaves a directory there.
            let is_unpacked = root.join("usr/share/doc").join(&package.name).is_dir();
            is_library(&package.name) && !is_unpacked && !names.contains(&package.name)
        }));
        Ok(packages)
    }

    /// What apt would fetch in order to carry the action out on this machine.
    fn listed<'n>(
        &self,
        action: &str,
        names: impl Iterator<Item = &'n String>,
    ) -> Result<Vec<Package>> {
        let mut command = self.command(action);
        command.args(["--print-uris", "--yes", "--no-install-recommends"]).args(names);
        let output = progress::capture_text(&mut command)?;
        Ok(output.lines().filter_map(package_in).collect())
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
            // apt checks it against the signed lists.
            progress::capture(self.command("download").arg(&package.name).current_dir(&landing))?;
            let archive = fs::read_dir(&landing)?
                .next()
                .with_context(|| format!("apt-get download {} left no file", package.name))??
                .path();
            progress::capture(Command::new("dpkg").arg("-x").arg(&archive).arg(root))?;
            fs::remove_file(&archive)?;
            bar.inc(package.size);
        }
        bar.finish_and_clear();
        Ok(())
    }
}

/// The mirror of Debian's main archive among lines `ORIGIN COMPONENT URI`: the security archive is
/// of the same origin, and apart.
fn debian_mirror(targets: &str) -> Option<&str> {
    targets.lines().find_map(|line| {
        let mirror = line.strip_prefix("Debian main ")?.trim();
        (!mirror.contains("security")).then_some(mirror)
    })
}

/// A line of `--print-uris`: `'URI' NAME_VERSION_ARCHITECTURE.deb SIZE HASH`.
fn package_in(line: &str) -> Option<Package> {
    let mut fields = line.split_whitespace().skip(1);
    let mut file = fields.next()?.split('_');
    Some(Package {
        name: file.next()?.to_owned(),
        version: file.next()?.replace("%3a", ":"),
        size: fields.next()?.parse().ok()?,
    })
}

/// Whether a package holds shared libraries that programs need, and may be fetched.
fn is_library(name: &str) -> bool {
    name.starts_with("lib") && !name.ends_with("-dev") && !NEVER_FETCHED.contains(&name)
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

#[cfg(test)]
mod tests {
    use super::{Package, debian_mirror, is_library, package_in};

    #[test]
    fn a_line_of_what_apt_would_fetch_is_read() {
        let line = "'http://deb.debian.org/debian/pool/main/l/llvm/libclang1-14_14.0.6-12_amd64.deb' \
                    libclang1-14_1%3a14.0.6-12_amd64.deb 6156824 MD5Sum:16abf48c755a6107c61d06c9f48cc75d";
        let package = Package {
            name: "libclang1-14".to_owned(),
            version: "1:14.0.6-12".to_owned(),
            size: 6_156_824,
        };
        assert_eq!(package_in(line), Some(package));
        assert_eq!(package_in("W: a warning"), None);
        assert_eq!(package_in(""), None);
    }

    #[test]
    fn another_suite_comes_from_the_mirror_that_the_machine_uses() {
        let targets = "Debian main http://mirror.example/debian-security/\n\
                       Other main http://other.example/\n\
                       Debian main http://mirror.example/debian/\n";
        assert_eq!(debian_mirror(targets), Some("http://mirror.example/debian/"));
        assert_eq!(debian_mirror("Ubuntu main http://mirror.example/ubuntu/\n"), None);
    }

    #[test]
    fn only_shared_libraries_come_along() {
        let offered = ["libicu72", "libc6", "libstdc++-12-dev", "clang-14", "libpq5", "perl"];
        assert_eq!(offered.map(is_library), [true, false, false, false, true, false]);
    }
}
