//! The majors of PostgreSQL that spyne is written for.

use anyhow::{Context, Result, bail};

pub const SUPPORTED_MAJORS: [u32; 4] = [15, 16, 17, 18];

/// The major version in `PostgreSQL 15.20 (Debian ...)`, refused where spyne does not support it.
pub fn major_of(version: &str) -> Result<u32> {
    let number = version.split_whitespace().nth(1).unwrap_or_default();
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    let major = digits.parse().with_context(|| format!("no version number in {version:?}"))?;
    if !SUPPORTED_MAJORS.contains(&major) {
        bail!("spyne supports PostgreSQL 15 to 18, and this is {version}");
    }
    Ok(major)
}

/// A major as a person types it.
pub fn parse_major(text: &str) -> Result<u32> {
    let major = text.parse().ok().filter(|major| SUPPORTED_MAJORS.contains(major));
    major.with_context(|| format!("spyne supports PostgreSQL 15 to 18, not {text:?}"))
}

#[cfg(test)]
mod tests {
    use super::{major_of, parse_major};

    #[test]
    fn versions_name_their_major() {
        assert_eq!(major_of("PostgreSQL 15.20 (Debian 15.20-0+deb12u1)").unwrap(), 15);
        assert_eq!(major_of("PostgreSQL 18beta1").unwrap(), 18);
        assert!(major_of("PostgreSQL 9.6.24").is_err());
        assert!(major_of("").is_err());
    }

    #[test]
    fn a_major_is_typed_as_a_number() {
        assert_eq!(parse_major("17").unwrap(), 17);
        for wrong in ["14", "19", "17.1", "pg17", ""] {
            assert!(parse_major(wrong).is_err(), "{wrong:?}");
        }
    }
}
