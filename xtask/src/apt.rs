//! Debian packages, unpacked into a directory of ours instead of installed.
//!
//! apt runs with its lists, cache and locks inside that directory, so that it works without
//! root and leaves the machine's own package state alone. Only the shared libraries that the
//! machine lacks come along with the packages asked for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::progress::{self, say};

/// Libraries that come with any machine that has a compiler, or must match what it has: a second
/// copy would only do harm.
const NEVER_FETCHED: [&str; 5] = ["libc6", "libc6-dbg", "libgcc-s1", "libstdc++6", "libcrypt1"];

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
        let mut command = self.prepared("apt-get");
        command.args(["-qq", action]);
        command
    }

    /// One of apt's programs, with its state in our directory.
    fn prepared(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.arg("-c").arg(&self.configuration);
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

    /// Fetches one file of the archive's pool, such as a package's original source, as `into`.
    ///
    /// The path is that below `pool/`. The checksum says that it is the file which was meant, so
    /// that no list has to name it: a pool may still hold what the lists have passed over.
    pub fn fetch_pool_file(&self, path: &str, sha256: &str, into: &Path) -> Result<()> {
        let mut problems = String::new();
        for mirror in self.mirrors()? {
            let spinner = progress::spinner(format!("fetching {path} from {mirror}"));
            let mut command = self.prepared("/usr/lib/apt/apt-helper");
            command.args(["-qq", "download-file"]).arg(format!("{mirror}pool/{path}"));
            command.arg(into).arg(format!("SHA256:{sha256}"));
            let fetched = progress::capture(&mut command);
            spinner.finish_and_clear();
            match fetched {
                Ok(_) => return Ok(()),
                Err(problem) => problems.push_str(&format!("\n{problem:#}")),
            }
        }
        bail!("none of this machine's Debian mirrors has {path}:{problems}")
    }

    /// Where the machine's sources of Debian packages lie, such as `http://deb.debian.org/debian/`.
    fn mirrors(&self) -> Result<Vec<String>> {
        let mut command = self.command("indextargets");
        command.args(["--format", "$(ORIGIN) $(REPO_URI)", "Created-By: Packages"]);
        Ok(debian_mirrors(&progress::capture_text(&mut command)?))
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

/// The addresses of Debian's own archives, each once, in lines of `ORIGIN ADDRESS`.
fn debian_mirrors(targets: &str) -> Vec<String> {
    let mut mirrors: Vec<String> = Vec::new();
    for address in targets.lines().filter_map(|line| line.strip_prefix("Debian ")) {
        if !mirrors.iter().any(|mirror| mirror == address) {
            mirrors.push(address.to_owned());
        }
    }
    mirrors
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
    use super::{Package, debian_mirrors, is_library, package_in};

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
    fn sources_are_sought_at_the_mirrors_of_debian_alone() {
        let targets = "Debian http://deb.debian.org/debian/\n\
                       Debian http://deb.debian.org/debian/\n\
                       . nodesource https://deb.nodesource.com/node_20.x/\n\
                       Debian http://deb.debian.org/debian-security/";
        assert_eq!(
            debian_mirrors(targets),
            ["http://deb.debian.org/debian/", "http://deb.debian.org/debian-security/"]
        );
    }

    #[test]
    fn only_shared_libraries_come_along() {
        let offered = ["libicu72", "libc6", "libstdc++-12-dev", "clang-14", "libpq5", "perl"];
        assert_eq!(offered.map(is_library), [true, false, false, false, true, false]);
    }
}
