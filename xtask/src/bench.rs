//! Measures what spyne costs.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Subcommand;
use spyne_core::joins::weights;
use xtask::extension::{self, Profile};
use xtask::join_quality;
use xtask::place;
use xtask::progress::say;
use xtask::server::Server;
use xtask::toolchain::Toolchain;

use crate::callgrind::{self, Count, Variant};
use crate::{drift_cost, preview_cost, promotion};

#[derive(Subcommand)]
pub enum Measurement {
    /// Instructions per statement, and how long a promotion holds its locks
    Enforcement {
        /// Statements in the shorter of the two runs that are compared
        #[arg(long, default_value_t = 2000)]
        statements: u32,
        /// Measure the instructions only
        #[arg(long, conflicts_with = "locks_only")]
        instructions_only: bool,
        /// Measure the lock times only
        #[arg(long)]
        locks_only: bool,
    },
    /// A preview against EXPLAIN, and what the rule costs a previewed statement
    Previews {
        /// Pairs of EXPLAIN and spyne_preview
        #[arg(long, default_value_t = 200)]
        pairs: usize,
        /// Statements in the shorter of the two runs that are compared
        #[arg(long, default_value_t = 1000)]
        statements: u32,
        /// Count the instructions only
        #[arg(long)]
        instructions_only: bool,
    },
    /// Looking for drift in many tables that have none, beside other ways to compare
    Drift {
        /// Governed tables, of 20 columns each
        #[arg(long, default_value_t = 10_000)]
        tables: usize,
        /// Rounds of reading and looking
        #[arg(long, default_value_t = 15)]
        rounds: usize,
    },
    /// Finding joins where every constraint is gone: how many, how many wrong ones, how long
    Joins {
        /// Scales of TPC-H
        #[arg(long, value_delimiter = ',', default_value = "0.01,0.1,1")]
        scales: Vec<f64>,
        /// A directory of schemas: NAME.sql makes one, NAME.json has its references
        #[arg(long)]
        schemas: Option<PathBuf>,
    },
}

pub fn run(toolchain: &Toolchain, what: &Measurement) -> Result<()> {
    extension::install_into(toolchain, Profile::Release)?;
    match what {
        Measurement::Enforcement { statements, instructions_only, locks_only } => {
            if !locks_only {
                instructions(toolchain, *statements)?;
            }
            if !instructions_only {
                locks(toolchain)?;
            }
        }
        Measurement::Previews { pairs, statements, instructions_only } => {
            if !instructions_only {
                against_explain(toolchain, *pairs)?;
            }
            run_time_check(toolchain, *statements)?;
        }
        Measurement::Drift { tables, rounds } => drift(toolchain, *tables, *rounds)?,
        Measurement::Joins { scales, schemas } => {
            let ours = place::repository().join("tests/joins");
            joins(toolchain, scales, schemas.as_ref().unwrap_or(&ours))?;
        }
    }
    Ok(())
}

/// Prints how well joins are found.
fn joins(toolchain: &Toolchain, scales: &[f64], schemas: &Path) -> Result<()> {
    let server = Server::build(toolchain, "bench_joins")
        .preload("spyne")
        .setting("shared_buffers", "512MB")
        .start()?;
    let all = join_quality::measure(&server, scales, schemas)?;
    println!("\nThe weights of the evidence:\n\n{}", weights::table());
    println!("\n| schema | references | recall | precision | F1 | seconds | again | MB |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for one in &all {
        println!(
            "| {} | {} | {:.3} | {:.3} | {:.3} | {:.2} | {:.2} | {:.1} |",
            one.title,
            one.references,
            one.recall(),
            one.precision(),
            one.f1(),
            one.seconds,
            one.again,
            one.megabytes
        );
    }
    for one in all.iter().filter(|q| !q.missed.is_empty() || !q.wrong.is_empty()) {
        println!("\n{}", one.title);
        one.missed.iter().for_each(|m| println!("  missed {m}"));
        one.wrong.iter().for_each(|w| println!("  wrong  {w}"));
    }
    println!();
    Ok(())
}

/// Prints what it costs to find that nothing has changed.
fn drift(toolchain: &Toolchain, tables: usize, rounds: usize) -> Result<()> {
    let times = drift_cost::measure(toolchain, tables, rounds)?;
    println!("\n| {tables} governed tables of 20 columns | median ms | ratio |");
    println!("| --- | ---: | ---: |");
    for timed in times {
        println!("| {} | {:.1} | {:.2} |", timed.title, timed.milliseconds, timed.ratio);
    }
    let (without, with, ratio) = drift_cost::unrelated_ddl(toolchain, 200)?;
    println!("\n| ALTER TABLE of a table that is not governed | median ms |");
    println!("| --- | ---: |");
    println!("| spyne's event triggers disabled | {without:.3} |");
    println!("| enabled | {with:.3} ({ratio:.2} times, the median of the pairs) |\n");
    Ok(())
}

/// Prints what a preview costs, beside what EXPLAIN costs.
fn against_explain(toolchain: &Toolchain, pairs: usize) -> Result<()> {
    say(format!(
        "timing {pairs} pairs of EXPLAIN and spyne_preview of the same statement, in one session"
    ));
    let measured = preview_cost::against_explain(toolchain, pairs)?;
    let median = measured.tpch_median();
    println!("\n| statement | EXPLAIN, ms | spyne_preview, ms | median ratio of the pairs |");
    println!("| --- | ---: | ---: | ---: |");
    for timed in measured.statements.iter().chain([&median]) {
        println!(
            "| {} | {:.2} | {:.2} | {:.2} |",
            timed.title, timed.explain, timed.preview, timed.ratio
        );
    }
    let each: Vec<String> =
        measured.tpch.iter().map(|t| format!("{} {:.1}", t.title, t.ratio)).collect();
    println!("\nThe ratio of each query of TPC-H: {}\n", each.join(", "));
    Ok(())
}

/// Prints what the preview rule adds to a statement that runs.
fn run_time_check(toolchain: &Toolchain, statements: u32) -> Result<()> {
    let valgrind = toolchain.ensure_valgrind()?;
    say(format!(
        "counting instructions: runs of {statements} and {} times one point select of a governed \
         table, the difference divided by {statements}",
        2 * statements
    ));
    let server = preview_cost::stopped_server(toolchain)?;
    let made = preview_cost::made(&server, &valgrind)?;
    println!(
        "\nMaking a preview of it takes {:.0} instructions, {:.2} times the {:.0} of its EXPLAIN.",
        made.preview,
        made.preview / made.explain,
        made.explain
    );
    let costs = preview_cost::run_time_check(&server, &valgrind, statements)?;
    let baseline = costs[0].total;
    println!(
        "\n| table and session | point select | ratio | in spyne's code | of it for the rule |"
    );
    println!("| --- | ---: | ---: | ---: | ---: |");
    for cost in &costs {
        println!(
            "| {} | {:.0} | {} | {:.0} | {:.0} ({:.2} %) |",
            cost.title,
            cost.total,
            more_than(cost.total, baseline),
            cost.spyne,
            cost.rule,
            cost.rule / baseline * 100.0
        );
    }
    println!();
    Ok(())
}

fn instructions(toolchain: &Toolchain, statements: u32) -> Result<()> {
    let valgrind = toolchain.ensure_valgrind()?;
    let mut variants = vec![
        Variant::WithoutSpyne,
        Variant::WithoutSpyneAgain,
        Variant::NotInstalled,
        Variant::NotGoverned,
        Variant::Active,
    ];
    if toolchain.ensure_pgaudit()? {
        variants.push(Variant::Pgaudit);
    }
    say(format!(
        "counting instructions: runs of {statements} and {} statements under callgrind, the \
         difference divided by {statements}",
        2 * statements
    ));
    let mut counts: Vec<(Variant, Count)> = Vec::new();
    for variant in variants {
        counts.push((variant, callgrind::measure(toolchain, &valgrind, variant, statements)?));
    }
    let baseline = counts[0].1;
    println!();
    println!("| server | point select | ratio | single-row update | ratio |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    for (variant, count) in &counts {
        println!(
            "| {} | {:.0} | {} | {:.0} | {} |",
            variant.title(),
            count.select,
            more_than(count.select, baseline.select),
            count.update,
            more_than(count.update, baseline.update)
        );
    }
    println!();
    Ok(())
}

/// How much one figure exceeds the other, in per cent.
fn more_than(figure: f64, baseline: f64) -> String {
    format!("{:+.2} %", (figure / baseline - 1.0) * 100.0)
}

fn locks(toolchain: &Toolchain) -> Result<()> {
    say("timing promotions that swap two tables, from the statement's start to its commit");
    let mut lines = String::new();
    for rows in [1_000, 5_000_000] {
        let times = promotion::measure(toolchain, rows)?;
        writeln!(
            lines,
            "| {rows} | {} | {:.1} | {:.1} | {:.1} |",
            times.len(),
            times[times.len() / 2],
            times[0],
            times[times.len() - 1]
        )?;
    }
    println!("\n| rows | promotions | median ms | least ms | most ms |");
    println!("| ---: | ---: | ---: | ---: | ---: |\n{lines}");
    Ok(())
}
