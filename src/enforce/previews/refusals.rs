//! The refusals of the preview rule, in words.

use crate::guc;
use crate::pg::runs::{self, Token};
use crate::pg::statement::{Statement, Text, Touched};
use crate::pg::{catalogs, users};
use crate::store::previews::{Found, Preview};
use spyne_core::kernel::error::{Code, SpyneError};
use spyne_core::statement::preview::text::{dollar_quoted, normalized};

/// The call that previews a text, ready to be copied.
pub(super) fn call_for(sql: &str) -> String {
    format!("Look at it again: SELECT * FROM {}({});", preview_function(), dollar_quoted(sql))
}

/// `spyne_preview`, with its schema where the search_path does not lead there.
fn preview_function() -> String {
    catalogs::callable_name("spyne_preview").unwrap_or_else(|| "spyne_preview".to_string())
}

/// The refusal of a statement whose preview does not authorise it.
pub(super) fn not_authorising(found: &Found) -> SpyneError {
    let id = &found.preview.preview_id;
    let sql = &found.preview.sql;
    if found.preview.requires_confirmation {
        return stopped(&found.preview);
    }
    let (what, rule) = match found.used && found.preview.writes {
        true => ("a previewed write runs once, and this one has run", "preview.used"),
        false => ("the preview of this statement has expired", "preview.expired"),
    };
    SpyneError::new(
        Code::WrongState,
        what,
        match rule {
            "preview.used" => format!("Preview {id} authorised one run. [{rule}]"),
            _ => format!("Preview {id} was good until {}. [{rule}]", found.expires_at),
        },
        call_for(sql),
    )
}

/// The refusal of a statement that nobody has looked at.
pub(super) fn unpreviewed(
    statement: &Statement,
    needing: &[&Touched],
    token: Token,
    current: Token,
) -> SpyneError {
    // A foreign key's own work is part of the statement that the client has sent.
    let key = users::in_key_statement().then(runs::client_text).flatten();
    let outer = runs::utility_text().or(key).or(statement.text).filter(Text::is_from_client);
    let within = outer.is_none() || current != 0 || token != 0;
    if within {
        return inside(needing);
    }
    let text = outer.map(|t| t.get()).unwrap_or_default();
    SpyneError::new(
        Code::WrongState,
        format!("nobody has looked at this statement: it uses {}", names(needing)),
        format!(
            "spyne.require_preview is {}: whoever queries governed tables looks first at what the query will do. [preview.required]",
            guc::require_preview().as_str()
        ),
        format!("SELECT * FROM {}({});", preview_function(), dollar_quoted(normalized(&text))),
    )
}

/// The refusal of what is done inside a statement, beyond its tables.
pub(super) fn inside(needing: &[&Touched]) -> SpyneError {
    SpyneError::new(
        Code::WrongState,
        format!("a statement inside another uses {}, which was not previewed", names(needing)),
        "What a function, a trigger or a DO block does is held to the tables of the statement that was previewed. [preview.inside]",
        "Query these tables in a statement of its own, and preview that. A SECURITY DEFINER function is judged as its owner: an admin's may.",
    )
}

/// The first few of the tables.
fn names(needing: &[&Touched]) -> String {
    let mut names: Vec<String> = Vec::new();
    for touched in needing {
        let name = catalogs::relation_name(touched.relid).shown();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.truncate(5);
    names.join(", ")
}

/// The refusal of a statement whose preview has a stop.
pub(super) fn stopped(preview: &Preview) -> SpyneError {
    let id = &preview.preview_id;
    let sql = &preview.sql;
    let stops = preview.stops_left();
    SpyneError::new(
        Code::WrongState,
        format!("the preview of this statement has a stop: {}", stops.join(", ")),
        format!("Preview {id} says why; a stop is overridden with a reason. [preview.stop]"),
        format!(
            "SELECT * FROM {}({}, override => '{{{}}}', reason => '...');",
            preview_function(),
            dollar_quoted(sql),
            stops.join(",")
        ),
    )
}
