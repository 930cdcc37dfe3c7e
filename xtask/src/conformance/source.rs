//! The source of PostgreSQL's tests, and the C functions that they call.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use xtask::apt;
use xtask::download;
use xtask::place;
use xtask::progress::{self, capture, capture_text, say};
use xtask::toolchain::Toolchain;

use super::Suite;

/// A source package of Debian's: its original part, as PostgreSQL released it.
struct Package {
    /// The majors of servers that its tests are for.
    majors: &'static [u32],
    version: &'static str,
    path: &'static str,
    sha256: &'static str,
}

/// One version of each, by its checksum, and not the archive's current one: the same tests run
/// today and tomorrow, so that a difference which is new comes from spyne or from the server. They
/// need not be of the server's minor version, since the server is compared with itself.
///
/// Debian has had no release with 16. Its server gets the tests of 17: more of those of 15 do what
/// they should there (162 of 217, and 145 of 225), but two of them then print numbers of objects,
/// transactions and portals, which differ with all that ran before.
const PACKAGES: [Package; 3] = [
    Package {
        majors: &[15],
        version: "15.18",
        path: "main/p/postgresql-15/postgresql-15_15.18.orig.tar.bz2",
        sha256: "11df0df97fe3ea4ba9a791faaf39cee1d2fe571e78885b5b55d8517d27c323b4",
    },
    Package {
        majors: &[16, 17],
        version: "17.10",
        path: "main/p/postgresql-17/postgresql-17_17.10.orig.tar.bz2",
        sha256: "078a03516dcdbdb705fecaf415ea3d13a956c589e46f09fed68a06fb00598c90",
    },
    Package {
        majors: &[18],
        version: "18.6",
        path: "main/p/postgresql-18/postgresql-18_18.6.orig.tar.bz2",
        sha256: "555610c24d53e4316da5b7d3fc25c279d96856d5e0e23ee308c328c5fa881d9f",
    },
];

/// What the regression tests load, one file of C each.
const LIBRARIES: [&str; 3] =
    ["src/test/regress/regress.c", "contrib/spi/autoinc.c", "contrib/spi/refint.c"];

/// An unpacked source, or that part of it which is needed.
pub struct Source {
    root: PathBuf,
    version: String,
    /// Whether it is of the server's major.
    is_of_server: bool,
}

impl Source {
    /// The source that was given, or the one for the server's major, fetched first where it is
    /// not there yet.
    pub fn ensure(toolchain: &Toolchain, given: Option<&Path>) -> Result<Source> {
        if let Some(root) = given {
            let root = fs::canonicalize(root)
                .with_context(|| format!("no source at {}", root.display()))?;
            let version = root.display().to_string();
            let source = Source { version, root, is_of_server: false };
            source.schedule(Suite::Regress)?;
            return Ok(source);
        }
        let package = PACKAGES
            .iter()
            .find(|package| package.majors.contains(&toolchain.major))
            .with_context(|| format!("no tests are known for PostgreSQL {}", toolchain.major))?;
        let home = place::open_to_server()?.join("sources");
        let root = home.join(format!("postgresql-{}", package.version));
        if !root.is_dir() {
            fetch(package, &home)?;
        }
        Ok(Source {
            root,
            version: format!("PostgreSQL {}", package.version),
            is_of_server: package.version.starts_with(&format!("{}.", toolchain.major)),
        })
    }

    /// Which version it is, in words.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Where a suite's tests are.
    pub fn directory(&self, suite: Suite) -> PathBuf {
        self.root.join("src/test").join(suite.name())
    }

    /// The file that lists a suite's tests in their order.
    pub fn schedule(&self, suite: Suite) -> Result<PathBuf> {
        let name = match suite {
            Suite::Regress => "parallel_schedule",
            Suite::Isolation => "isolation_schedule",
        };
        let schedule = self.directory(suite).join(name);
        if !schedule.is_file() {
            bail!("{} is not there: is this a source of PostgreSQL?", schedule.display());
        }
        Ok(schedule)
    }

    /// Compiles what the regression tests load for the server, and returns the directory.
    ///
    /// Each library is one file of C, so the compiler does without make and PostgreSQL's makefiles.
    pub fn build_libraries(&self, toolchain: &Toolchain, into: &Path) -> Result<PathBuf> {
        let libraries = into.join("libraries");
        fs::create_dir_all(&libraries)?;
        let headers = capture_text(Command::new(toolchain.pg_config()).arg("--includedir-server"))?;
        for file in LIBRARIES {
            let source = self.root.join(file);
            let name = source.file_stem().context("a file without a name")?;
            let mut compile = Command::new("cc");
            compile.args(["-O1", "-fPIC", "-shared", "-D_GNU_SOURCE", "-fwrapv"]);
            compile.args(["-fno-strict-aliasing", "-Werror=implicit-function-declaration"]);
            // Other headers brought it in on 15, and do not on 16.
            compile.args(["-include", "postgres.h", "-include", "utils/array.h"]);
            // The server's headers may be of a later minor version than the server, and declare
            // functions that it lacks. The source's own go first; those that its build makes are
            // the server's.
            if self.is_of_server {
                compile.arg("-I").arg(self.root.join("src/include"));
            }
            compile.args(["-I", &headers, "-o"]);
            compile.arg(libraries.join(name).with_extension("so")).arg(&source);
            capture(&mut compile).with_context(|| format!("compiling {}", source.display()))?;
        }
        Ok(libraries)
    }
}

fn fetch(package: &Package, home: &Path) -> Result<()> {
    say(format!("fetching PostgreSQL {} into {}, for its tests", package.version, home.display()));
    fs::create_dir_all(home)?;
    let archive = home.join(format!("archive.{}.tar.bz2", std::process::id()));
    let spinner = progress::spinner(format!("fetching {}", package.path));
    let url = format!("{}/pool/{}", apt::mirror(), package.path);
    download::fetch_pinned(&url, package.sha256, &archive).context(
        "without it: unpack a source of the server's major, and name its directory by --source",
    )?;
    spinner.finish_and_clear();
    let making = home.join(format!("making.{}", std::process::id()));
    fs::create_dir_all(&making)?;
    let mut unpack = Command::new("tar");
    unpack.arg("--extract").arg("--bzip2").arg("--file").arg(&archive);
    unpack.arg("--directory").arg(&making).args(["--strip-components=1", "--no-same-owner"]);
    let directories = ["src/test/regress", "src/test/isolation", "src/include"];
    for part in directories.iter().chain(&LIBRARIES[1..]) {
        unpack.arg(format!("postgresql-{}/{part}", package.version));
    }
    capture(&mut unpack).context("unpacking it, for which tar needs bzip2")?;
    fs::remove_file(&archive)?;
    fs::rename(&making, home.join(format!("postgresql-{}", package.version)))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use xtask::majors::SUPPORTED_MAJORS;

    use super::PACKAGES;

    #[test]
    fn each_major_has_tests_once() {
        let mut majors: Vec<u32> =
            PACKAGES.iter().flat_map(|package| package.majors).copied().collect();
        majors.sort_unstable();
        assert_eq!(majors, SUPPORTED_MAJORS);
        for package in &PACKAGES {
            assert!(package.path.contains(&format!("_{}.orig.", package.version)));
        }
    }
}
