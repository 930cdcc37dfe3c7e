//! Draws the accepted joins, as text for Mermaid or Graphviz.

use std::fmt::Write as _;

/// An accepted join, as it is drawn.
#[derive(Clone, Debug, serde::Deserialize)]
pub struct Edge {
    pub name1: String,
    pub columns1: Vec<String>,
    pub name2: String,
    pub columns2: Vec<String>,
    /// Whether the join is suspect.
    pub suspect: bool,
    /// How many rows of the first table there are for one of the second, and the
    /// other way round: `many_to_one`, ...
    pub cardinality: Option<String>,
}

/// The formats of a drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Mermaid,
    Dot,
}

impl Format {
    pub fn parse(text: &str) -> Option<Format> {
        match text.trim().to_ascii_lowercase().as_str() {
            "mermaid" => Some(Format::Mermaid),
            "dot" => Some(Format::Dot),
            _ => None,
        }
    }
}

/// Draws the joins.
pub fn draw(edges: &[Edge], format: Format) -> String {
    match format {
        Format::Mermaid => mermaid(edges),
        Format::Dot => dot(edges),
    }
}

fn caption(edge: &Edge) -> String {
    let columns = match edge.columns1 == edge.columns2 {
        true => edge.columns1.join(", "),
        false => format!("{} = {}", edge.columns1.join(", "), edge.columns2.join(", ")),
    };
    match edge.suspect {
        true => format!("{columns} (suspect)"),
        false => columns,
    }
}

/// An entity relationship diagram. A name with characters other than letters, digits
/// and underscores is put in quotes, and a quote in it is written as an entity.
fn mermaid(edges: &[Edge]) -> String {
    let quoted = |text: &str| {
        let text = text.replace('"', "#quot;").replace(['\n', '\r'], " ");
        format!("\"{text}\"")
    };
    let plain = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let entity = |name: &str| if plain(name) { name.to_string() } else { quoted(name) };
    let mut out = String::from("erDiagram\n");
    for edge in edges {
        // The referred side is drawn first: one on its side, many on the other.
        let ends = match edge.cardinality.as_deref() {
            Some("one_to_one") => "||--o|",
            Some("many_to_many") => "}o--o{",
            _ => "||--o{",
        };
        let line = if edge.suspect { ends.replace("--", "..") } else { ends.to_string() };
        let _ = writeln!(
            out,
            "    {} {line} {} : {}",
            entity(&edge.name2),
            entity(&edge.name1),
            quoted(&caption(edge))
        );
    }
    out
}

/// A directed graph, from the referring table to the referred one.
fn dot(edges: &[Edge]) -> String {
    let quoted = |text: &str| {
        let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace(['\n', '\r'], " ");
        format!("\"{text}\"")
    };
    let mut out = String::from("digraph joins {\n    rankdir=LR;\n    node [shape=box];\n");
    for edge in edges {
        let style = if edge.suspect { ", style=dashed" } else { "" };
        let _ = writeln!(
            out,
            "    {} -> {} [label={}{style}];",
            quoted(&edge.name1),
            quoted(&edge.name2),
            quoted(&caption(edge))
        );
    }
    out.push_str("}\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(name1: &str, columns1: &[&str], name2: &str, columns2: &[&str]) -> Edge {
        let texts = |all: &[&str]| all.iter().map(|t| t.to_string()).collect();
        Edge {
            name1: name1.into(),
            columns1: texts(columns1),
            name2: name2.into(),
            columns2: texts(columns2),
            suspect: false,
            cardinality: None,
        }
    }

    #[test]
    fn both_formats_name_tables_and_columns() {
        let edges = [
            edge("orders", &["customer_id"], "customer", &["id"]),
            Edge { suspect: true, ..edge("line item", &["a", "b"], "odd \"name\"", &["a", "b"]) },
        ];
        assert_eq!(
            draw(&edges, Format::Mermaid),
            "erDiagram\n    customer ||--o{ orders : \"customer_id = id\"\n    \"odd #quot;name#quot;\" ||..o{ \"line item\" : \"a, b (suspect)\"\n"
        );
        assert_eq!(
            draw(&edges, Format::Dot),
            "digraph joins {\n    rankdir=LR;\n    node [shape=box];\n    \"orders\" -> \"customer\" [label=\"customer_id = id\"];\n    \"line item\" -> \"odd \\\"name\\\"\" [label=\"a, b (suspect)\", style=dashed];\n}\n"
        );
    }

    #[test]
    fn formats_have_names() {
        assert_eq!(Format::parse(" DOT "), Some(Format::Dot));
        assert_eq!(Format::parse("svg"), None);
    }
}
