//! Tests of what counts as SQL in a text.

use spyne_tests::pasted::pasted;

fn statements(text: &str) -> Vec<String> {
    let found = pasted(text);
    assert!(found.fragments.is_empty(), "{found:?}");
    found.statements
}

#[test]
fn a_statement_is_found_behind_a_colon_and_ends_with_its_semicolon() {
    assert_eq!(
        statements("First run: SELECT * FROM spyne_unregister('a.b', 'reason'); then again."),
        ["SELECT * FROM spyne_unregister('a.b', 'reason');"]
    );
    assert_eq!(statements("GRANT a TO b;"), ["GRANT a TO b;"]);
    assert_eq!(statements("Use x, or opt in: SET a.b = on;"), ["SET a.b = on;"]);
}

#[test]
fn quotes_of_every_kind_hide_a_semicolon() {
    for statement in [
        r#"DROP VIEW "a;""b";"#,
        "SELECT 'a;''b';",
        r"SELECT E'a\';b\\';",
        "SELECT $$a;b$$;",
        "SELECT $q1$a;$$;b$q1$;",
        "SELECT 1 -- a; b\n;",
    ] {
        assert_eq!(statements(&format!("Run: {statement}")), [statement]);
    }
}

#[test]
fn several_statements_are_several() {
    assert_eq!(
        statements("SET a = off; DROP VIEW b; RESET a;"),
        ["SET a = off;", "DROP VIEW b;", "RESET a;"]
    );
    assert_eq!(statements("Look: SELECT 1; or accept: SELECT 2;"), ["SELECT 1;", "SELECT 2;"]);
}

#[test]
fn prose_is_no_sql() {
    for text in [
        "Drop the view, and create it again afterwards.",
        "SELECT lists have none of it in this sentence",
        "Pass another name.",
    ] {
        assert!(pasted(text).statements.is_empty(), "{text}");
    }
}

#[test]
fn what_cannot_be_run_is_a_fragment() {
    for text in [
        "For example: role => 'arrival'",
        "For example: spyne_promote(..., dependents => 'repoint')",
        "Check it: SELECT * FROM spyne_propose_join('a'",
    ] {
        assert_eq!(pasted(text).fragments.len(), 1, "{text}");
    }
}
