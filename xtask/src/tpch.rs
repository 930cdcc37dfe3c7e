//! TPC-H data, generated and streamed into a server through COPY.

use std::fmt::Display;
use std::fs;
use std::io::{BufWriter, Write};

use crate::{place, progress};
use anyhow::{Context, Result};
use indicatif::ProgressBar;
use postgres::Client;
use tpchgen::csv::{
    CustomerCsv, LineItemCsv, NationCsv, OrderCsv, PartCsv, PartSuppCsv, RegionCsv, SupplierCsv,
};
use tpchgen::generators::{
    CustomerGenerator, LineItemGenerator, NationGenerator, OrderGenerator, PartGenerator,
    PartSuppGenerator, RegionGenerator, SupplierGenerator,
};

const TABLES: &str = include_str!("../demo/tpch.sql");
const KEYS: &str = include_str!("../demo/tpch-keys.sql");

/// An order has one to seven lines.
const LINES_PER_ORDER: i64 = 4;

/// Creates the eight tables in the client's schema, fills them and adds their keys.
pub fn load(client: &mut Client, scale: f64) -> Result<()> {
    client.batch_execute(TABLES).context("creating the TPC-H tables")?;
    let orders = OrderGenerator::calculate_row_count(scale, 1, 1);
    let rows = orders * (1 + LINES_PER_ORDER)
        + CustomerGenerator::calculate_row_count(scale, 1, 1)
        + PartGenerator::calculate_row_count(scale, 1, 1)
        + PartSuppGenerator::calculate_row_count(scale, 1, 1)
        + SupplierGenerator::calculate_row_count(scale, 1, 1);
    let message = format!("loading TPC-H at scale {scale}");
    let bar = progress::row_bar(rows.unsigned_abs(), &message);
    let mut copy = Copy { client, bar: &bar };
    copy.table("region", RegionGenerator::default().iter().map(RegionCsv::new))?;
    copy.table("nation", NationGenerator::default().iter().map(NationCsv::new))?;
    copy.table("part", PartGenerator::new(scale, 1, 1).iter().map(PartCsv::new))?;
    copy.table("supplier", SupplierGenerator::new(scale, 1, 1).iter().map(SupplierCsv::new))?;
    copy.table("partsupp", PartSuppGenerator::new(scale, 1, 1).iter().map(PartSuppCsv::new))?;
    copy.table("customer", CustomerGenerator::new(scale, 1, 1).iter().map(CustomerCsv::new))?;
    copy.table("orders", OrderGenerator::new(scale, 1, 1).iter().map(OrderCsv::new))?;
    copy.table("lineitem", LineItemGenerator::new(scale, 1, 1).iter().map(LineItemCsv::new))?;
    bar.finish_and_clear();
    let spinner = progress::spinner("adding keys and statistics");
    client.batch_execute(KEYS).context("adding the TPC-H keys")?;
    spinner.finish_and_clear();
    Ok(())
}

/// The 22 queries, each with its name, `Q1` and so on.
pub fn queries() -> Result<Vec<(String, String)>> {
    let path = place::repository().join("tests/tpch/queries.sql");
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    text.split("\n-- Q")
        .skip(1)
        .map(|part| {
            let (number, sql) = part.split_once('\n').context("a query without a text")?;
            Ok((format!("Q{number}"), sql.trim().to_owned()))
        })
        .collect()
}

struct Copy<'a> {
    client: &'a mut Client,
    bar: &'a ProgressBar,
}

impl Copy<'_> {
    fn table(&mut self, name: &str, rows: impl Iterator<Item = impl Display>) -> Result<()> {
        let statement = format!("COPY {name} FROM STDIN WITH (FORMAT csv)");
        let mut writer = BufWriter::with_capacity(1 << 16, self.client.copy_in(&statement)?);
        for (number, row) in rows.enumerate() {
            writeln!(writer, "{row}")?;
            if number % 1000 == 999 {
                self.bar.inc(1000);
            }
        }
        let copy = writer.into_inner().map_err(|problem| problem.into_error())?;
        copy.finish().with_context(|| format!("loading {name}"))?;
        Ok(())
    }
}
