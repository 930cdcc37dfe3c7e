//! Debian packages, laid out as those of PostgreSQL's other extensions are, and put together by
//! dpkg-deb.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use xtask::place;
use xtask::progress::{capture, capture_text, say};

use super::{Built, Release, binary, elf, remove_if_there, tool};

/// The packages that were made.
pub struct Packages {
    pub binary: PathBuf,
    pub symbols: PathBuf,
}

/// Makes both packages in `directory`.
pub fn make(major: u32, release: &Release, built: &Built, directory: &Path) -> Result<Packages> {
    let architecture = capture_text(tool("dpkg", "dpkg")?.arg("--print-architecture"))?;
    let name = format!("postgresql-{major}-spyne");
    let root = Root::empty(&directory.join(&name))?;
    let symbols = Root::empty(&directory.join(format!("{name}-dbgsym")))?;

    let library = root.file(&format!("usr/lib/postgresql/{major}/lib/spyne.so"))?;
    let id = elf::build_id(&built.library)?;
    let (start, rest) = id.split_at_checked(2).context("the build ID is too short")?;
    let apart = symbols.file(&format!("usr/lib/debug/.build-id/{start}/{rest}.debug"))?;
    let sizes = binary::split(&built.library, &library, &apart)?;
    say(format!(
        "spyne.so: {} MB as built, {} MB in the package; its debug symbols, apart: {} MB",
        megabytes(sizes.built),
        megabytes(sizes.shipped),
        megabytes(sizes.symbols)
    ));
    for entry in fs::read_dir(&built.extension)? {
        let path = entry?.path();
        let file =
            path.file_name().context("a file without a name")?.to_string_lossy().into_owned();
        fs::copy(&path, root.file(&format!("usr/share/postgresql/{major}/extension/{file}"))?)?;
    }
    documents(&root, &name)?;
    documents(&symbols, &format!("{name}-dbgsym"))?;

    let mut depends = vec![format!("postgresql-{major}")];
    depends.extend(elf::packages_needed(&library)?);
    let Release { version, maintainer, .. } = release;
    root.control(&format!(
        "Package: {name}\n\
         Version: {version}\n\
         Architecture: {architecture}\n\
         Maintainer: {maintainer}\n\
         Installed-Size: {}\n\
         Depends: {}\n\
         Section: database\n\
         Priority: optional\n\
         Description: governs data inside PostgreSQL {major}\n \
         spyne governs tables where they live: table states, roles, previews of\n \
         statements, drift of schemas, and joins, all in plain SQL.\n \
         .\n \
         After the installation, add spyne to shared_preload_libraries, restart the\n \
         server, and run CREATE EXTENSION spyne in each database to be governed.\n",
        root.kilobytes()?,
        depends.join(", "),
    ))?;
    symbols.control(&format!(
        "Package: {name}-dbgsym\n\
         Version: {version}\n\
         Auto-Built-Package: debug-symbols\n\
         Architecture: {architecture}\n\
         Maintainer: {maintainer}\n\
         Installed-Size: {}\n\
         Depends: {name} (= {version})\n\
         Section: debug\n\
         Priority: optional\n\
         Build-Ids: {id}\n\
         Description: debug symbols for {name}\n",
        symbols.kilobytes()?,
    ))?;
    let file = |package: &str| directory.join(format!("{package}_{version}_{architecture}.deb"));
    let packages = Packages { binary: file(&name), symbols: file(&format!("{name}-dbgsym")) };
    root.build(release, &packages.binary)?;
    symbols.build(release, &packages.symbols)?;
    Ok(packages)
}

/// What is in /usr/share/doc of every package.
fn documents(root: &Root, package: &str) -> Result<()> {
    let repository = place::repository();
    let doc = |file: &str| root.file(&format!("usr/share/doc/{package}/{file}"));
    fs::write(doc("copyright")?, copyright(&fs::read_to_string(repository.join("LICENSE"))?))?;
    if package.ends_with("-dbgsym") {
        return Ok(());
    }
    fs::copy(repository.join("README.md"), doc("README.md")?)?;
    let changelog = doc("changelog")?;
    fs::copy(repository.join("CHANGELOG.md"), &changelog)?;
    capture(tool("gzip", "gzip")?.args(["-9", "--no-name"]).arg(&changelog))?;
    for entry in fs::read_dir(repository.join("docs"))? {
        let path = entry?.path();
        let file =
            path.file_name().context("a file without a name")?.to_string_lossy().into_owned();
        fs::copy(&path, doc(&format!("docs/{file}"))?)?;
    }
    Ok(())
}

/// The license in the form that Debian's tools read.
fn copyright(license: &str) -> String {
    let mut text = String::from(
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\
         Upstream-Name: spyne\n\n\
         Files: *\n",
    );
    let holder = license.lines().find_map(|line| line.strip_prefix("Copyright (c) "));
    text.push_str(&format!("Copyright: {}\n", holder.unwrap_or("The spyne authors")));
    text.push_str("License: PostgreSQL\n");
    for line in license.lines().skip(1).skip_while(|line| line.is_empty()) {
        match line {
            "" => text.push_str(" .\n"),
            line => text.push_str(&format!(" {line}\n")),
        }
    }
    text
}

/// One decimal is what people compare.
fn megabytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / 1e6)
}

/// The tree that becomes a package.
struct Root(PathBuf);

impl Root {
    fn empty(path: &Path) -> Result<Root> {
        remove_if_there(path)?;
        fs::create_dir_all(path.join("DEBIAN"))?;
        Ok(Root(path.to_owned()))
    }

    /// Where a file goes, with its directory made.
    fn file(&self, path: &str) -> Result<PathBuf> {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().context("a file at the root")?)?;
        Ok(path)
    }

    fn control(&self, text: &str) -> Result<()> {
        let sums = capture_text(
            Command::new("sh")
                .args(["-c", "find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum"])
                .current_dir(&self.0),
        )?;
        fs::write(self.0.join("DEBIAN/md5sums"), sums + "\n")?;
        fs::write(self.0.join("DEBIAN/control"), text)?;
        Ok(())
    }

    /// What the files take on disk, as `Installed-Size` counts it.
    fn kilobytes(&self) -> Result<u64> {
        let mut total = 0;
        each_path(&self.0.join("usr"), &mut |_, metadata| {
            total += if metadata.is_file() { metadata.len().div_ceil(1024) } else { 1 };
            Ok(())
        })?;
        Ok(total)
    }

    /// Puts the package together. Everything in it is root's, of the commit's time, and may be
    /// read by all.
    fn build(&self, release: &Release, package: &Path) -> Result<()> {
        each_path(&self.0, &mut |path, metadata| {
            let mode = if metadata.is_dir() { 0o755 } else { 0o644 };
            Ok(fs::set_permissions(path, fs::Permissions::from_mode(mode))?)
        })?;
        let mut command = tool("dpkg-deb", "dpkg")?;
        command.args(["--root-owner-group", "-Zxz", "--build"]).arg(&self.0).arg(package);
        // Every file was written after the commit, so dpkg-deb gives all of them its time. More
        // threads would cut the archive into other blocks.
        command.env("DPKG_DEB_THREADS_MAX", "1");
        command.env("SOURCE_DATE_EPOCH", release.time.to_string());
        capture(&mut command)?;
        match package.is_file() {
            true => remove_if_there(&self.0),
            false => bail!("dpkg-deb left no {}", package.display()),
        }
    }
}

fn each_path(
    path: &Path,
    visit: &mut impl FnMut(&Path, &fs::Metadata) -> Result<()>,
) -> Result<()> {
    let metadata = fs::symlink_metadata(path)?;
    visit(path, &metadata)?;
    if metadata.is_dir() {
        for entry in fs::read_dir(path)? {
            each_path(&entry?.path(), visit)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::copyright;

    #[test]
    fn the_license_is_in_debians_form() {
        let text = copyright("PostgreSQL License\n\nCopyright (c) 2026, Somebody\n\nPermission.\n");
        assert!(text.contains("Copyright: 2026, Somebody\nLicense: PostgreSQL\n"), "{text}");
        assert!(text.ends_with(" Copyright (c) 2026, Somebody\n .\n Permission.\n"), "{text}");
    }
}
