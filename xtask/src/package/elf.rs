//! What a shared library says of itself: which libraries it needs, of which versions.

use std::path::Path;

use anyhow::{Context, Result, bail};
use xtask::progress::capture_text;

use super::tool;

/// The Debian packages that a library needs, as `Depends` names them.
pub fn packages_needed(library: &Path) -> Result<Vec<String>> {
    let described = capture_text(tool("objdump", "binutils")?.arg("-p").arg(library))?;
    needed(&described)
}

/// The identifier that the linker has given the library, in hexadecimal.
pub fn build_id(library: &Path) -> Result<String> {
    let notes = capture_text(tool("readelf", "binutils")?.arg("--notes").arg(library))?;
    let id = notes.lines().find_map(|line| line.trim().strip_prefix("Build ID: "));
    Ok(id.context("the linker gave the library no build ID")?.trim().to_owned())
}

/// Reads what objdump prints of an ELF file's private headers.
fn needed(described: &str) -> Result<Vec<String>> {
    let mut packages = Vec::new();
    let mut libc = None;
    for line in described.lines() {
        let mut words = line.split_whitespace();
        let (first, last) = (words.next(), words.next_back());
        if let (Some("NEEDED"), Some(file)) = (first, last) {
            let package = package_of(file)?;
            if !packages.contains(&package) {
                packages.push(package);
            }
        }
        // A needed version reads `0x069691b4 0x00 07 GLIBC_2.34`.
        if let Some(version) = last.and_then(|name| name.strip_prefix("GLIBC_")) {
            let numbers: Option<Vec<u32>> = version.split('.').map(|n| n.parse().ok()).collect();
            libc = libc.max(numbers);
        }
    }
    let libc = libc.context("the library needs no version of the C library")?;
    let version: Vec<String> = libc.iter().map(u32::to_string).collect();
    Ok(packages
        .into_iter()
        .map(|package| match package {
            "libc6" => format!("libc6 (>= {})", version.join(".")),
            other => other.to_owned(),
        })
        .collect())
}

fn package_of(file: &str) -> Result<&'static str> {
    let of_libc = ["libc.so.", "libm.so.", "libdl.so.", "libpthread.so.", "librt.so.", "ld-linux"];
    match file {
        _ if of_libc.iter().any(|start| file.starts_with(start)) => Ok("libc6"),
        "libgcc_s.so.1" => Ok("libgcc-s1"),
        _ => bail!("the library needs {file}, and no package is known to have it"),
    }
}

#[cfg(test)]
mod tests {
    use super::needed;

    const DESCRIBED: &str = "
Dynamic Section:
  NEEDED               libgcc_s.so.1
  NEEDED               libm.so.6
  NEEDED               libc.so.6
  SONAME               libspyne.so

Version References:
  required from libgcc_s.so.1:
    0x0d696910 0x00 11 GCC_3.0
  required from libc.so.6:
    0x06969189 0x00 03 GLIBC_2.9
    0x069691b4 0x00 07 GLIBC_2.34
    0x0d696914 0x00 08 GLIBC_2.2.5
";

    #[test]
    fn the_newest_version_of_the_c_library_counts() {
        assert_eq!(needed(DESCRIBED).unwrap(), ["libgcc-s1", "libc6 (>= 2.34)"]);
    }

    #[test]
    fn a_library_of_an_unknown_package_is_an_error() {
        let with_ssl = format!("{DESCRIBED}  NEEDED  libssl.so.3\n");
        assert!(needed(&with_ssl).unwrap_err().to_string().contains("libssl.so.3"));
    }
}
