//! What a test needs of the server it runs on. A test says so in a line of its file, which it
//! begins with `-- needs:`, or `# needs:` in a specification:
//!
//! ```text
//! -- needs: PostgreSQL 17
//! -- needs: dblink, postgres_fdw
//! ```

use std::path::Path;

use xtask::toolchain::Toolchain;

/// Why a test with this text cannot run on the server, in words; `None` where it can.
pub fn lacking(text: &str, toolchain: &Toolchain) -> Option<String> {
    needs(text).find_map(|need| missing(need, toolchain.major, toolchain.sharedir()))
}

/// Whether the server can load the library of this extension.
pub fn has_extension(toolchain: &Toolchain, name: &str) -> bool {
    has_control_file(toolchain.sharedir(), name)
}

fn needs(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter_map(|line| line.trim_start_matches(['-', '#']).trim_start().strip_prefix("needs:"))
        .flat_map(|list| list.split(','))
        .map(str::trim)
}

fn missing(need: &str, major: u32, sharedir: &Path) -> Option<String> {
    match need.strip_prefix("PostgreSQL ") {
        Some(least) => {
            let is_there = least.parse().is_ok_and(|least: u32| major >= least);
            (!is_there).then(|| format!("needs PostgreSQL {least}"))
        }
        None => {
            let is_there = has_control_file(sharedir, need);
            (!is_there).then(|| format!("needs {need}, which came not with this server"))
        }
    }
}

fn has_control_file(sharedir: &Path, name: &str) -> bool {
    sharedir.join(format!("extension/{name}.control")).is_file()
}

#[cfg(test)]
mod tests {
    use super::{missing, needs};
    use std::fs;

    #[test]
    fn a_test_says_what_it_needs() {
        let text = "-- A test.\n-- needs: PostgreSQL 17\n-- needs: dblink, postgres_fdw\nSELECT 1;";
        let all: Vec<&str> = needs(text).collect();
        assert_eq!(all, ["PostgreSQL 17", "dblink", "postgres_fdw"]);
        assert_eq!(needs("# needs: dblink").collect::<Vec<_>>(), ["dblink"]);
        assert_eq!(needs("-- It needs: nothing\nSELECT 'needs: x';").count(), 0);
    }

    #[test]
    fn what_is_missing_is_told() {
        let share = tempfile::tempdir().unwrap();
        let extensions = share.path().join("extension");
        fs::create_dir(&extensions).unwrap();
        fs::write(extensions.join("dblink.control"), "").unwrap();
        let told = |need, major| missing(need, major, share.path());
        assert_eq!(told("PostgreSQL 17", 17), None);
        assert_eq!(told("PostgreSQL 17", 18), None);
        assert_eq!(told("PostgreSQL 17", 16).unwrap(), "needs PostgreSQL 17");
        assert_eq!(told("dblink", 16), None);
        assert!(told("postgres_fdw", 16).unwrap().contains("postgres_fdw"));
        assert!(told("PostgreSQL seventeen", 17).is_some());
    }
}
