//! Renders a preview or a run as text, for people who would rather read than query.

use std::fmt::Write;

use super::description::Use;
use super::record::{DryRun, Preview, Run, RunStatus};
use super::wording::number;
use crate::statement::correction::format::format;

/// Renders a preview.
pub fn preview(made: &Preview) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{} preview {}", made.statement, made.preview_id);
    statement(&made.sql, &mut out);
    body(made, &mut out);
    let _ = writeln!(out, "Estimate");
    let rows = made.estimated_rows.map_or("unknown".to_string(), number);
    let time = made.estimated_execution_time_ms.map_or_else(
        || "no past runs to tell the time by".to_string(),
        |ms| std::format!("about {ms:.0} ms"),
    );
    let _ = writeln!(out, "    {rows} rows, {time}");
    if let Some(tried) = &made.dry_run {
        dry_run(tried, &mut out);
    }
    let _ = match made.requires_confirmation {
        true => writeln!(out, "It does not run: a stop is not overridden."),
        false => {
            writeln!(out, "It may run until {}; confidence {:?}.", made.expires_at, made.confidence)
        }
    };
    out
}

fn dry_run(tried: &DryRun, out: &mut String) {
    let _ = writeln!(out, "Dry run, rolled back");
    let table = tried.table.as_deref().unwrap_or("the table");
    let _ = writeln!(out, "    {} rows of {table}", number(tried.rows as f64));
    for (images, sign) in [(&tried.before, '-'), (&tried.after, '+')] {
        for image in images {
            let _ = writeln!(out, "    {sign} {image}");
        }
    }
}

/// The statement, laid out where it can be.
fn statement(sql: &str, out: &mut String) {
    // A statement that is short, or that its author has laid out, is shown as it is.
    let laid_out = (sql.len() > 100 && !sql.contains('\n')).then(|| format(sql)).flatten();
    for line in laid_out.as_deref().unwrap_or(sql).lines() {
        let _ = writeln!(out, "    {line}");
    }
}

/// Renders what a statement uses and assumes.
fn body(made: &Preview, out: &mut String) {
    section(out, "Tables", &made.tables_used, |t| {
        let governed = match (t.state, &t.version) {
            (Some(state), Some(version)) => std::format!("{} {version}", state.as_str()),
            _ => "not governed".to_string(),
        };
        let rows = t.estimated_rows.map_or_else(
            || "size unknown".to_string(),
            |rows| std::format!("about {} rows", number(rows)),
        );
        let via = match t.via.join(", ") {
            via if via.is_empty() => String::new(),
            via => std::format!(", through {via}"),
        };
        let verb = if t.access == Use::Write { "writes" } else { "reads" };
        std::format!("{verb} {} ({governed}, {rows}{via})", t.relation)
    });
    section(out, "Joins", &made.joins, |j| {
        let accepted = match &j.accepted_by {
            Some(by) => std::format!("accepted by {by}"),
            None => "not accepted by anybody".to_string(),
        };
        std::format!("{} and {}, {}: {} ({accepted})", j.left, j.right, j.join_type, j.condition)
    });
    section(out, "Filters", &made.filters, |f| f.expression.clone());
    section(out, "Aggregations", &made.aggregations, |a| match &a.alias {
        Some(alias) => std::format!("{} as {alias}", a.expression),
        None => a.expression.clone(),
    });
    section(out, "It relies on", &made.assumptions, |a| a.text.clone());
    section(out, "Beware", &made.guardrails, |g| {
        let severity = g.severity.as_str().to_uppercase();
        std::format!("{severity} {}: {} {}", g.code, g.message, g.remedy)
    });
}

fn section<T>(out: &mut String, title: &str, all: &[T], line: impl Fn(&T) -> String) {
    if all.is_empty() {
        return;
    }
    let _ = writeln!(out, "{title}");
    for one in all {
        let _ = writeln!(out, "    {}", line(one));
    }
}

/// Renders a run.
pub fn run(run: &Run) -> String {
    let mut out = String::new();
    let preview = &run.preview;
    let rows = run.result_count as f64;
    let verb = if preview.writes { "wrote" } else { "returned" };
    let ended = match run.status {
        RunStatus::Completed => String::new(),
        other => std::format!(" ({})", other.as_str()),
    };
    let _ = writeln!(
        out,
        "{} ran this {} at {}; it {verb} {} rows in {:.1} ms{ended}.",
        run.user_name,
        preview.statement,
        run.started_at,
        number(rows),
        run.execution_time_ms
    );
    statement(&preview.sql, &mut out);
    body(preview, &mut out);
    section(&mut out, "Rows actually read", &run.scanned, |s| {
        std::format!("{} of {}", number(s.rows), s.relation)
    });
    if let Some(estimated) = preview.estimated_rows {
        let _ = writeln!(out, "Estimate against actual");
        let _ =
            writeln!(out, "    {} rows were expected, {} came", number(estimated), number(rows));
        if let Some(ms) = preview.estimated_execution_time_ms {
            let took = run.execution_time_ms;
            let _ = writeln!(out, "    {ms:.0} ms were expected, {took:.0} ms it took");
        }
    }
    out
}
