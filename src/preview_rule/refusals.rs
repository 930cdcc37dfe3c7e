//! The refusals of the preview rule, in words.

use crate::guc;
use crate::pg::text::Text;
use crate::pg::{catalogs, own_catalog};
use crate::store::previews::StoredPreview;
use spyne_core::gate::rules::{Denial, Rule, Words};
use spyne_core::gate::situation::Seen;
use spyne_core::statement::preview::Preview;
use spyne_core::statement::preview::text::{dollar_quoted, normalized};

/// The call that previews a text, ready to be copied.
pub(super) fn call_for(sql: &str) -> String {
    format!("Look at it again: SELECT * FROM {}({});", preview_function(), dollar_quoted(sql))
}

/// `spyne_preview`, with its schema where the search_path does not lead there.
fn preview_function() -> String {
    own_catalog::callable_name("spyne_preview").unwrap_or_else(|| "spyne_preview".to_string())
}

/// The refusal of a statement whose preview does not authorise it.
pub(super) fn not_authorising(found: &StoredPreview) -> Denial {
    let id = &found.preview.preview_id;
    let call = call_for(&found.preview.sql);
    if found.preview.requires_confirmation {
        return stopped(&found.preview);
    }
    if found.used && found.preview.writes {
        let what = "a previewed write runs once, and this one has run";
        let words = Words::new(what, format!("Preview {id} authorised one run."), call);
        return Denial::new(Rule::PreviewUsed, words);
    }
    let what = "the preview of this statement has expired";
    let until = format!("Preview {id} was good until {}.", found.expires_at);
    Denial::new(Rule::PreviewExpired, Words::new(what, until, call))
}

/// The refusal of a statement that has no preview. `text` is the text to preview;
/// without one, the statement runs inside another one and uses tables that the preview
/// of that does not have.
pub fn unpreviewed(seen: &[Seen], text: Option<Text>) -> Denial {
    let needing = seen.iter().filter(|seen| seen.needs_preview());
    let names = names(needing.clone());
    let relation = needing.map(|seen| seen.relation).next();
    let denial = match text {
        Some(text) => required(&names, &text.get()),
        None => inside(&names),
    };
    Denial { relation, ..denial }
}

fn required(names: &str, text: &str) -> Denial {
    let words = Words::new(
        format!("nobody has looked at this statement: it uses {names}"),
        format!(
            "spyne.require_preview is {}: whoever queries governed tables looks first at what the query will do.",
            guc::require_preview().as_str()
        ),
        format!("SELECT * FROM {}({});", preview_function(), dollar_quoted(normalized(text))),
    );
    Denial::new(Rule::PreviewRequired, words)
}

fn inside(names: &str) -> Denial {
    let words = Words::new(
        format!("a statement inside another uses {names}, which was not previewed"),
        "What a function, a trigger or a DO block does is held to the tables of the statement that was previewed.",
        "Query these tables in a statement of its own, and preview that. A SECURITY DEFINER function is judged as its owner: an admin's may.",
    );
    Denial::new(Rule::PreviewInside, words)
}

/// The names of the first few tables that need a preview.
fn names<'a>(needing: impl Iterator<Item = &'a Seen>) -> String {
    let mut names: Vec<String> = Vec::new();
    for seen in needing {
        let name = catalogs::relation_name(seen.relation).shown();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.truncate(5);
    names.join(", ")
}

/// The refusal of a statement whose preview has a stop.
pub(super) fn stopped(preview: &Preview) -> Denial {
    let id = &preview.preview_id;
    let sql = &preview.sql;
    let stops = preview.stops_left();
    let words = Words::new(
        format!("the preview of this statement has a stop: {}", stops.join(", ")),
        format!("Preview {id} says why; a stop is overridden with a reason."),
        format!(
            "SELECT * FROM {}({}, override => '{{{}}}', reason => '...');",
            preview_function(),
            dollar_quoted(sql),
            stops.join(",")
        ),
    );
    Denial::new(Rule::PreviewStop, words)
}
