//! Versions of a logical table: `v1`, `v1.1`, `v2`.

use std::fmt;

/// A version. Ordered as people expect: v1 < v1.1 < v1.10 < v2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    pub major: u32,
    pub minor: u32,
}

impl Version {
    pub const FIRST: Version = Version { major: 1, minor: 0 };

    /// Reads `v1` or `v1.1`.
    pub fn parse(text: &str) -> Option<Version> {
        let digits = text.strip_prefix('v')?;
        let (major, minor) = digits.split_once('.').unwrap_or((digits, "0"));
        Some(Version { major: major.parse().ok()?, minor: minor.parse().ok()? })
    }

    /// The version after a compatible change: the first free minor of this major.
    pub fn next_minor(self, taken: &[Version]) -> Version {
        let highest = taken.iter().filter(|v| v.major == self.major).map(|v| v.minor).max();
        Version { major: self.major, minor: highest.unwrap_or(self.minor).max(self.minor) + 1 }
    }

    /// The version after a breaking change: one major above all that exist.
    pub fn next_major(self, taken: &[Version]) -> Version {
        let highest = taken.iter().map(|v| v.major).max().unwrap_or(self.major).max(self.major);
        Version { major: highest + 1, minor: 0 }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.minor {
            0 => write!(f, "v{}", self.major),
            minor => write!(f, "v{}.{}", self.major, minor),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    #[test]
    fn texts_are_read_back() {
        for text in ["v1", "v1.1", "v12.30"] {
            assert_eq!(v(text).to_string(), text);
        }
        for text in ["", "1", "v", "v1.", "vx", "v1.1.1"] {
            assert_eq!(Version::parse(text), None, "{text}");
        }
    }

    #[test]
    fn order_is_numeric() {
        assert!(v("v1") < v("v1.1") && v("v1.9") < v("v1.10") && v("v1.10") < v("v2"));
    }

    #[test]
    fn the_next_version_is_free() {
        let taken = [v("v1"), v("v1.1"), v("v2")];
        assert_eq!(v("v1").next_minor(&taken), v("v1.2"));
        assert_eq!(v("v2").next_minor(&taken), v("v2.1"));
        assert_eq!(v("v1").next_major(&taken), v("v3"));
    }
}
