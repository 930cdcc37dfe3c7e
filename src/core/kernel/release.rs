//! Versions of spyne itself. The library is loaded into a server, the catalog is in
//! a database, and between the installation of another version and ALTER EXTENSION
//! they are of different ones.

/// How the library stands to a catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// They are of one version.
    Same,
    /// The catalog waits for ALTER EXTENSION.
    LibraryNewer,
    /// The session has a library loaded that is no longer the one installed.
    LibraryOlder,
    /// One of them is of a version that is none of spyne's.
    Unknown,
}

/// The version of the library, and that of the catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Releases {
    pub library: String,
    pub catalog: String,
}

/// What makes the catalog follow the library.
pub const UPDATE_CATALOG: &str = "As a superuser, in this database: ALTER EXTENSION spyne UPDATE;";
/// What makes the library follow the catalog.
pub const RELOAD_LIBRARY: &str = "Load the library that is installed: restart the server where shared_preload_libraries has spyne, else connect anew.";

impl Releases {
    pub fn standing(&self) -> Standing {
        let (library, catalog) = (&self.library, &self.catalog);
        match (numbers(library), numbers(catalog)) {
            _ if library == catalog => Standing::Same,
            (Some(library), Some(catalog)) if library > catalog => Standing::LibraryNewer,
            (Some(library), Some(catalog)) if library < catalog => Standing::LibraryOlder,
            _ => Standing::Unknown,
        }
    }

    pub fn differ(&self) -> bool {
        self.standing() != Standing::Same
    }

    /// Both versions, as a sentence.
    pub fn shown(&self) -> String {
        format!(
            "The library is spyne {}, and the catalog of this database {}.",
            self.library, self.catalog
        )
    }

    /// What to do where they differ.
    pub fn remedy(&self) -> Option<&'static str> {
        match self.standing() {
            Standing::Same => None,
            Standing::LibraryOlder => Some(RELOAD_LIBRARY),
            Standing::LibraryNewer | Standing::Unknown => Some(UPDATE_CATALOG),
        }
    }

    /// As [`Releases::remedy`], where files of version `installed` lie on disk.
    pub fn advice(&self, installed: &str) -> Option<String> {
        let on_disk = Releases { library: self.library.clone(), catalog: installed.to_string() };
        match (self.remedy(), on_disk.standing()) {
            (Some(remedy), _) => Some(remedy.to_string()),
            (None, Standing::LibraryOlder) => Some(format!(
                "Version {installed} is installed. {RELOAD_LIBRARY} Then: ALTER EXTENSION spyne UPDATE;"
            )),
            (None, _) => None,
        }
    }
}

/// `1.2.3` as numbers.
fn numbers(version: &str) -> Option<Vec<u32>> {
    version.split('.').map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(library: &str, catalog: &str) -> Releases {
        Releases { library: library.to_string(), catalog: catalog.to_string() }
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(of("0.10.0", "0.9.1").standing(), Standing::LibraryNewer);
        assert_eq!(of("0.9.1", "0.10.0").standing(), Standing::LibraryOlder);
        assert_eq!(of("0.1.0", "0.1.0").standing(), Standing::Same);
        assert_eq!(of("0.1.0", "unreleased").standing(), Standing::Unknown);
        assert_eq!(of("next", "next").standing(), Standing::Same);
    }

    #[test]
    fn the_remedy_is_for_the_one_that_lags_behind() {
        assert_eq!(of("0.2.0", "0.1.0").remedy(), Some(UPDATE_CATALOG));
        assert_eq!(of("0.1.0", "0.2.0").remedy(), Some(RELOAD_LIBRARY));
        assert_eq!(of("0.1.0", "0.1.0").remedy(), None);
    }

    #[test]
    fn files_that_nobody_has_loaded_are_told_of() {
        assert_eq!(of("0.1.0", "0.1.0").advice("0.1.0"), None);
        let advice = of("0.1.0", "0.1.0").advice("0.2.0").unwrap();
        assert!(advice.contains("0.2.0") && advice.contains(RELOAD_LIBRARY), "{advice}");
        assert_eq!(of("0.2.0", "0.1.0").advice("0.2.0").as_deref(), Some(UPDATE_CATALOG));
    }
}
