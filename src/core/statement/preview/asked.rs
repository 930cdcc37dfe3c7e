//! The arguments of a preview: a statement, and how to look at it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::guardrails::STOPS;
use super::text::normalized;
use crate::kernel::error::{Code, Result, SpyneError};

/// The HINT that shows how to override a stop.
const OVERRIDE: &str = "For example: SELECT * FROM spyne_preview('SELECT * FROM customer, region', override => '{EXPLOSIVE_JOIN}', reason => 'a small table on purpose');";

/// A statement to preview.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The statement without blanks around it.
    pub text: String,
    /// Whether a write is tried and rolled back.
    pub dry_run: bool,
    /// Whether the statement may read DEPRECATED tables.
    pub include_deprecated: bool,
    /// Logical names, and the version that each stands for.
    pub pins: BTreeMap<String, String>,
    /// The stops that are overridden, in capitals.
    pub overrides: Vec<String>,
    /// The reason for the overrides.
    pub reason: Option<String>,
}

impl Asked {
    /// A statement without any other arguments.
    pub fn plain(sql: &str, include_deprecated: bool) -> Asked {
        Asked { text: normalized(sql).to_string(), include_deprecated, ..Asked::default() }
    }

    /// The statement with the other arguments of `spyne_preview`; `pin` is an object of
    /// logical names and versions.
    ///
    /// # Errors
    /// 22023 for an unknown stop, an override without a reason, and a pin that is no
    /// such object.
    pub fn with(
        self,
        dry_run: bool,
        pin: Option<&Value>,
        overrides: &[String],
        reason: Option<String>,
    ) -> Result<Asked> {
        let overrides = overridden(overrides, reason.as_deref())?;
        Ok(Asked { dry_run, pins: pins(pin)?, overrides, reason, ..self })
    }
}

fn overridden(overrides: &[String], reason: Option<&str>) -> Result<Vec<String>> {
    let capitals: Vec<String> = overrides.iter().map(|o| o.to_uppercase()).collect();
    let is_known = |o: &str| STOPS.iter().any(|s| s.eq_ignore_ascii_case(o));
    let unknown: Vec<&str> =
        overrides.iter().map(String::as_str).filter(|o| !is_known(o)).collect();
    if !unknown.is_empty() {
        return Err(SpyneError::new(
            Code::InvalidParameter,
            format!("there is no stop called {}", unknown.join(", ")),
            format!("The stops are {}.", STOPS.join(", ")),
            OVERRIDE,
        ));
    }
    if !capitals.is_empty() && reason.unwrap_or_default().trim().is_empty() {
        return Err(SpyneError::new(
            Code::InvalidParameter,
            "an override needs a reason",
            "It is recorded with the preview, for whoever asks later.",
            OVERRIDE,
        ));
    }
    Ok(capitals)
}

fn pins(pin: Option<&Value>) -> Result<BTreeMap<String, String>> {
    let wrong = |what: &Value| {
        SpyneError::new(
            Code::InvalidParameter,
            "pin is not an object of names and versions",
            format!("It is {what}."),
            "For example: SELECT * FROM spyne_preview('SELECT count(*) FROM customer', pin => '{\"customer\": \"v1\"}');",
        )
    };
    let Some(pin) = pin.filter(|p| !p.is_null()) else {
        return Ok(BTreeMap::new());
    };
    let object = pin.as_object().ok_or_else(|| wrong(pin))?;
    object
        .iter()
        .map(|(name, version)| match version.as_str() {
            Some(version) => Ok((name.clone(), version.to_string())),
            None => Err(wrong(pin)),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn asked(pin: Option<Value>, overrides: &[&str], reason: Option<&str>) -> Result<Asked> {
        let overrides: Vec<String> = overrides.iter().map(|o| (*o).to_string()).collect();
        let plain = Asked::plain(" SELECT 1; ", false);
        plain.with(false, pin.as_ref(), &overrides, reason.map(str::to_string))
    }

    #[test]
    fn overrides_are_stops_with_a_reason_in_any_case() {
        let good = asked(None, &["explosive_join"], Some("why")).unwrap();
        assert_eq!(
            (good.text.as_str(), &good.overrides[..]),
            ("SELECT 1", &["EXPLOSIVE_JOIN".to_string()][..])
        );
        for (overrides, reason, message) in [
            (&["EXPLOSIVE_JOIN"][..], None, "an override needs a reason"),
            (&["EXPLOSIVE_JOIN"], Some("  "), "an override needs a reason"),
            (
                &["STALE_STATISTICS", "X"],
                Some("why"),
                "there is no stop called STALE_STATISTICS, X",
            ),
        ] {
            assert_eq!(asked(None, overrides, reason).unwrap_err().message, message);
        }
    }

    #[test]
    fn a_pin_is_an_object_of_names_and_versions() {
        let pins = asked(Some(json!({"customer": "v1"})), &[], None).unwrap().pins;
        assert_eq!(pins, BTreeMap::from([("customer".to_string(), "v1".to_string())]));
        assert!(asked(Some(Value::Null), &[], None).unwrap().pins.is_empty());
        for wrong in [json!("customer"), json!(["customer"]), json!({"customer": 1})] {
            let error = asked(Some(wrong.clone()), &[], None).unwrap_err();
            assert_eq!(error.detail, format!("It is {wrong}."));
        }
    }
}
