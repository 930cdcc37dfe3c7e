//! META.json: what PGXN asks of a distribution, by its meta specification 1.0.0.

use std::fs;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};
use xtask::place;

/// The licenses that a single word may stand for.
const LICENSES: [&str; 28] = [
    "agpl_3",
    "apache_1_1",
    "apache_2_0",
    "artistic_1",
    "artistic_2",
    "bsd",
    "freebsd",
    "gfdl_1_2",
    "gfdl_1_3",
    "gpl_1",
    "gpl_2",
    "gpl_3",
    "lgpl_2_1",
    "lgpl_3_0",
    "mit",
    "mozilla_1_0",
    "mozilla_1_1",
    "openssl",
    "perl_5",
    "postgresql",
    "qpl_1_0",
    "ssleay",
    "sun",
    "zlib",
    "open_source",
    "restricted",
    "unrestricted",
    "unknown",
];
const REQUIRED: [&str; 7] =
    ["abstract", "license", "maintainer", "meta-spec", "name", "provides", "version"];
const OPTIONAL: [&str; 7] =
    ["description", "generated_by", "no_index", "prereqs", "release_status", "resources", "tags"];
const PHASES: [&str; 5] = ["configure", "build", "test", "runtime", "develop"];
const RELATIONS: [&str; 4] = ["requires", "recommends", "suggests", "conflicts"];

/// The file in the repository, checked for a release of this version; returns who maintains it.
///
/// # Errors
/// What is not as the specification says, all of it.
pub fn check_file(version: &str) -> Result<String> {
    let text = fs::read_to_string(place::repository().join("META.json"))?;
    let meta: Value = serde_json::from_str(&text).context("META.json is no JSON")?;
    let mut problems = problems(&meta);
    if meta["version"].as_str() != Some(version) {
        problems.push(format!("version is not {version}, as Cargo.toml has it"));
    }
    for (name, extension) in meta["provides"].as_object().into_iter().flatten() {
        if extension["version"].as_str() != Some(version) {
            problems.push(format!("provides.{name}.version is not {version}"));
        }
        for key in ["file", "docfile"] {
            let path = extension[key].as_str().unwrap_or_default();
            if !place::repository().join(path).is_file() {
                problems.push(format!("provides.{name}.{key}: there is no {path}"));
            }
        }
    }
    if !problems.is_empty() {
        bail!("META.json:\n{}", problems.join("\n"));
    }
    let maintainer = meta["maintainer"].get(0).unwrap_or(&meta["maintainer"]);
    Ok(maintainer.as_str().unwrap_or_default().to_owned())
}

/// Where the value is not what the specification says.
fn problems(meta: &Value) -> Vec<String> {
    let Some(meta) = meta.as_object() else {
        return vec!["it is no object".to_owned()];
    };
    let mut found = Vec::new();
    let mut expect = |holds: bool, problem: &str| {
        if !holds {
            found.push(problem.to_owned());
        }
    };
    for key in REQUIRED {
        expect(meta.contains_key(key), &format!("{key} is missing"));
    }
    for key in meta.keys() {
        let known = REQUIRED.contains(&key.as_str()) || OPTIONAL.contains(&key.as_str());
        let custom = key.starts_with("x_") || key.starts_with("X_");
        expect(known || custom, &format!("{key} is no key of the specification"));
    }
    let of = |key: &str| meta.get(key).unwrap_or(&Value::Null);
    expect(is_term(of("name")), "name is no term");
    expect(is_version(of("version")), "version is no semantic version");
    expect(is_text(of("abstract")), "abstract is no text");
    expect(is_one_or_list(of("maintainer"), is_text), "maintainer is no text or list of texts");
    expect(is_license(of("license")), "license is no license");
    expect(is_spec(of("meta-spec")), "meta-spec is not that of version 1.0");
    expect(is_map(of("provides"), is_extension), "provides is no map of extensions");
    let optional = |key: &str, fits: fn(&Value) -> bool| meta.get(key).is_none_or(fits);
    expect(optional("description", is_text), "description is no text");
    expect(optional("generated_by", is_text), "generated_by is no text");
    expect(optional("tags", is_tags), "tags is no list of terms");
    expect(optional("prereqs", is_prereqs), "prereqs has another shape");
    expect(optional("release_status", is_status), "release_status is none");
    expect(optional("resources", Value::is_object), "resources is no map");
    expect(optional("no_index", Value::is_object), "no_index is no map");
    found
}

fn is_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.trim().is_empty())
}

/// At least two characters, none of them a slash, a backslash or a control character.
fn is_term(value: &Value) -> bool {
    value.as_str().is_some_and(|text| {
        text.chars().count() > 1 && !text.contains(['/', '\\']) && !text.contains(char::is_control)
    })
}

/// Three numbers without leading zeros, with what may follow a hyphen.
fn is_version(value: &Value) -> bool {
    let Some(text) = value.as_str() else { return false };
    let numbers = text.split_once('-').map_or(text, |(numbers, _)| numbers);
    let is_number = |part: &str| part.parse::<u64>().is_ok_and(|number| number.to_string() == part);
    numbers.split('.').count() == 3 && numbers.split('.').all(is_number)
}

/// A version, or several with a comparison each; 0 is any.
fn is_range(value: &Value) -> bool {
    let is_part = |part: &str| {
        let version = part.trim().trim_start_matches(['<', '>', '=', '!']).trim();
        is_version(&Value::from(version))
    };
    value.as_u64() == Some(0)
        || value.as_str().is_some_and(|t| t == "0" || t.split(',').all(is_part))
}

fn is_one_or_list(value: &Value, fits: fn(&Value) -> bool) -> bool {
    match value.as_array() {
        Some(list) => !list.is_empty() && list.iter().all(fits),
        None => fits(value),
    }
}

fn is_map(value: &Value, fits: fn(&Value) -> bool) -> bool {
    let is_key = |key: &String| is_term(&Value::from(key.as_str()));
    value
        .as_object()
        .is_some_and(|map| !map.is_empty() && map.keys().all(is_key) && map.values().all(fits))
}

fn is_license(value: &Value) -> bool {
    let is_known = |value: &Value| value.as_str().is_some_and(|text| LICENSES.contains(&text));
    is_one_or_list(value, is_known) || is_map(value, |url| url.as_str().is_some_and(is_url))
}

fn is_url(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty())
}

fn is_spec(value: &Value) -> bool {
    let url = value.get("url").is_none_or(|url| url.as_str().is_some_and(is_url));
    let version = value["version"].as_str().is_some_and(|text| text.starts_with("1.0."));
    version && url
}

fn is_extension(value: &Value) -> bool {
    let known = ["file", "version", "abstract", "docfile"];
    let keys = |map: &Map<String, Value>| map.keys().all(|key| known.contains(&key.as_str()));
    value.as_object().is_some_and(keys)
        && is_text(&value["file"])
        && is_version(&value["version"])
        && ["abstract", "docfile"].iter().all(|key| value.get(*key).is_none_or(is_text))
}

fn is_tags(value: &Value) -> bool {
    let is_tag = |tag: &Value| is_term(tag) && tag.as_str().is_some_and(|text| text.len() < 256);
    value.as_array().is_some_and(|tags| !tags.is_empty() && tags.iter().all(is_tag))
}

fn is_prereqs(value: &Value) -> bool {
    value.as_object().is_some_and(|phases| {
        phases.iter().all(|(phase, relations)| {
            PHASES.contains(&phase.as_str())
                && relations.as_object().is_some_and(|relations| {
                    relations.iter().all(|(relation, wanted)| {
                        RELATIONS.contains(&relation.as_str()) && is_map(wanted, is_range)
                    })
                })
        })
    })
}

fn is_status(value: &Value) -> bool {
    ["stable", "testing", "unstable"].iter().any(|status| value == status)
}

#[cfg(test)]
mod tests {
    use super::{check_file, problems};
    use serde_json::{Value, json};
    use xtask::extension;

    fn minimal() -> Value {
        json!({
            "name": "pair", "version": "0.1.0", "abstract": "A pair", "license": "postgresql",
            "maintainer": "Somebody <somebody@example.com>",
            "provides": {"pair": {"file": "sql/pair.sql", "version": "0.1.0"}},
            "meta-spec": {"version": "1.0.0", "url": "http://pgxn.org/meta/spec.txt"},
        })
    }

    #[test]
    fn what_is_distributed_is_described_validly() {
        check_file(&extension::version().unwrap()).unwrap();
    }

    #[test]
    fn a_file_of_another_version_is_noticed() {
        let problem = check_file("9.9.9").unwrap_err().to_string();
        assert!(problem.contains("version is not 9.9.9"), "{problem}");
    }

    #[test]
    fn the_least_that_is_valid_is_valid() {
        assert_eq!(problems(&minimal()), Vec::<String>::new());
    }

    #[test]
    fn what_is_wrong_is_named() {
        let cases = [
            ("version", json!("0.1"), "semantic version"),
            ("version", json!("0.01.0"), "semantic version"),
            ("license", json!("beerware"), "license"),
            ("maintainer", json!([]), "maintainer"),
            ("name", json!("a/b"), "term"),
            ("colour", json!("red"), "colour"),
            ("tags", json!([]), "tags"),
            ("release_status", json!("done"), "release_status"),
            ("prereqs", json!({"runtime": {"requires": {"PostgreSQL": "15"}}}), "prereqs"),
            ("prereqs", json!({"later": {}}), "prereqs"),
            ("provides", json!({"pair": {"version": "0.1.0"}}), "provides"),
            ("meta-spec", json!({"version": "2.0.0"}), "meta-spec"),
        ];
        for (key, value, word) in cases {
            let mut meta = minimal();
            meta[key] = value;
            let found = problems(&meta).join("\n");
            assert!(found.contains(word), "{key}: {found}");
        }
        let mut meta = minimal();
        meta.as_object_mut().unwrap().remove("abstract");
        assert!(problems(&meta).contains(&"abstract is missing".to_owned()));
    }
}
