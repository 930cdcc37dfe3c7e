//! The script that CREATE EXTENSION runs.
//!
//! The macros of pgrx leave a description of each SQL object in a section of the library. pgrx's
//! own crate reads the descriptions and puts them in order, which is all that its command-line
//! tool does, too: building that tool takes minutes.

use std::fmt::Display;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use object::{Object, ObjectSection};
use pgrx_sql_entity_graph::section::{decode_entities, is_schema_section_name};
use pgrx_sql_entity_graph::{ControlFile, PgrxSql, SqlGraphEntity};

/// The script for a library, whose control file is given with the version filled in.
pub fn generate(library: &Path, control: &str, name: &str) -> Result<String> {
    let bytes = fs::read(library).with_context(|| format!("reading {}", library.display()))?;
    let section = descriptions(&bytes)
        .with_context(|| format!("{} does not describe its SQL objects", library.display()))?;
    script(&section, control, name)
        .with_context(|| format!("putting the SQL objects of {name} in order"))
}

fn descriptions(library: &[u8]) -> Result<Vec<u8>> {
    let file = object::File::parse(library).context("this is no library")?;
    let section = file.sections().find(|section| section.name().is_ok_and(is_schema_section_name));
    let section = section.context("pgrx's section is missing")?;
    Ok(section.data().context("pgrx's section cannot be read")?.to_vec())
}

fn script(section: &[u8], control: &str, name: &str) -> Result<String> {
    let control = ControlFile::from_str(control)?;
    let mut entities = vec![SqlGraphEntity::ExtensionRoot(control)];
    entities.extend(decode_entities(section).map_err(whole)?);
    let graph = PgrxSql::build(entities.into_iter(), name.to_owned(), false).map_err(whole)?;
    graph.to_sql().map_err(whole)
}

/// The errors of pgrx's crate are of another library's type.
fn whole(problem: impl Display) -> anyhow::Error {
    anyhow!("{problem:#}")
}

#[cfg(test)]
mod tests {
    use super::{descriptions, script};
    use pgrx_sql_entity_graph::section::schema_section_sentinel_entry;

    const CONTROL: &str = "comment = 'a'\ndefault_version = '1.0'\n\
                           module_pathname = '$libdir/one'\nrelocatable = false\n\
                           superuser = true\ntrusted = false\n";

    #[test]
    fn a_library_without_descriptions_is_refused() {
        let library = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert!(descriptions(&library).unwrap_err().to_string().contains("is missing"));
        assert!(descriptions(b"text").is_err());
    }

    #[test]
    fn an_extension_without_objects_has_a_script() {
        let section = schema_section_sentinel_entry();
        assert!(script(&section, CONTROL, "one").unwrap().starts_with("/*"));
        assert!(script(b"\x01", CONTROL, "one").is_err());
        assert!(script(&section, "", "one").is_err());
    }
}
