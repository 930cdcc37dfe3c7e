//! A preview, and a run, as a text for people who would rather read than query.

use serde_json::Value;
use std::fmt::Write;

use super::wording::number;
use crate::statement::correction::format::format;

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

fn items<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn names(value: &Value, key: &str) -> String {
    items(value, key).iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
}

/// A preview's row, from `spyne_preview`.
pub fn preview(row: &Value) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{} preview {}", text(row, "statement"), text(row, "preview_id"));
    statement(text(row, "sql"), &mut out);
    body(row, &mut out);
    let _ = writeln!(out, "Estimate");
    let rows = row["estimated_rows"].as_f64().map_or("unknown".to_string(), number);
    let time = row["estimated_execution_time_ms"]
        .as_f64()
        .map_or("no past runs to tell the time by".to_string(), |ms| {
            std::format!("about {ms:.0} ms")
        });
    let _ = writeln!(out, "    {rows} rows, {time}");
    if let Some(tried) = row["dry_run"].as_object() {
        let _ = writeln!(out, "Dry run, rolled back");
        let rows = tried.get("rows").and_then(Value::as_f64).unwrap_or_default();
        let _ = writeln!(
            out,
            "    {} rows of {}",
            number(rows),
            tried["table"].as_str().unwrap_or("the table")
        );
        for (key, sign) in [("before", '-'), ("after", '+')] {
            for image in tried.get(key).and_then(Value::as_array).into_iter().flatten() {
                let _ = writeln!(out, "    {sign} {image}");
            }
        }
    }
    let _ = match row["requires_confirmation"].as_bool() {
        Some(true) => writeln!(out, "It does not run: a stop is not overridden."),
        _ => writeln!(
            out,
            "It may run until {}; confidence {}.",
            text(row, "expires_at"),
            row["confidence"]
        ),
    };
    out
}

/// The statement, laid out where it can be.
fn statement(sql: &str, out: &mut String) {
    // What somebody has laid out, or is short, is best as it is.
    let laid_out = (sql.len() > 100 && !sql.contains('\n')).then(|| format(sql)).flatten();
    for line in laid_out.as_deref().unwrap_or(sql).lines() {
        let _ = writeln!(out, "    {line}");
    }
}

/// What a statement uses and relies on.
fn body(row: &Value, out: &mut String) {
    section(out, "Tables", items(row, "tables_used"), |t| {
        let governed = match (t["state"].as_str(), t["version"].as_str()) {
            (Some(state), Some(version)) => std::format!("{state} {version}"),
            _ => "not governed".to_string(),
        };
        let rows = t["estimated_rows"]
            .as_f64()
            .map_or("size unknown".to_string(), |r| std::format!("about {} rows", number(r)));
        let via = match names(t, "via") {
            via if via.is_empty() => String::new(),
            via => std::format!(", through {via}"),
        };
        std::format!(
            "{} {} ({governed}, {rows}{via})",
            if text(t, "access") == "write" { "writes" } else { "reads" },
            text(t, "relation")
        )
    });
    section(out, "Joins", items(row, "joins"), |j| {
        let accepted = match j["accepted_by"].as_str() {
            Some(by) => std::format!("accepted by {by}"),
            None => "not accepted by anybody".to_string(),
        };
        std::format!(
            "{} and {}, {}: {} ({accepted})",
            text(j, "left"),
            text(j, "right"),
            text(j, "type"),
            text(j, "condition")
        )
    });
    section(out, "Filters", items(row, "filters"), |f| text(f, "expression").to_string());
    section(out, "Aggregations", items(row, "aggregations"), |a| match a["alias"].as_str() {
        Some(alias) => std::format!("{} as {alias}", text(a, "expression")),
        None => text(a, "expression").to_string(),
    });
    section(out, "It relies on", items(row, "assumptions"), |a| text(a, "text").to_string());
    section(out, "Beware", items(row, "guardrails"), |g| {
        std::format!(
            "{} {}: {} {}",
            text(g, "severity").to_uppercase(),
            text(g, "code"),
            text(g, "message"),
            text(g, "remedy")
        )
    });
}

fn section(out: &mut String, title: &str, all: &[Value], line: impl Fn(&Value) -> String) {
    if all.is_empty() {
        return;
    }
    let _ = writeln!(out, "{title}");
    for one in all {
        let _ = writeln!(out, "    {}", line(one));
    }
}

/// A run, with its preview under `preview`.
pub fn run(row: &Value) -> String {
    let mut out = String::new();
    let preview = &row["preview"];
    let rows = row["result_count"].as_f64().unwrap_or_default();
    let verb = match preview["writes"].as_bool() {
        Some(true) => "wrote",
        _ => "returned",
    };
    let ended = match text(row, "status") {
        "completed" => String::new(),
        other => std::format!(" ({other})"),
    };
    let _ = writeln!(
        out,
        "{} ran this {} at {}; it {verb} {} rows in {:.1} ms{ended}.",
        text(row, "user_name"),
        text(preview, "statement"),
        text(row, "started_at"),
        number(rows),
        row["execution_time_ms"].as_f64().unwrap_or_default()
    );
    statement(text(preview, "sql"), &mut out);
    body(preview, &mut out);
    section(&mut out, "Rows actually read", items(row, "scanned"), |s| {
        std::format!(
            "{} of {}",
            number(s["rows"].as_f64().unwrap_or_default()),
            text(s, "relation")
        )
    });
    if let Some(estimated) = preview["estimated_rows"].as_f64() {
        let _ = writeln!(out, "Estimate against actual");
        let _ =
            writeln!(out, "    {} rows were expected, {} came", number(estimated), number(rows));
        if let Some(ms) = preview["estimated_execution_time_ms"].as_f64() {
            let _ = writeln!(
                out,
                "    {ms:.0} ms were expected, {:.0} ms it took",
                row["execution_time_ms"].as_f64().unwrap_or_default()
            );
        }
    }
    out
}
