//! Fields of a row and columns of a result, matched by name: each field has its
//! column and each column its field, so that a misspelt name is an error and
//! never a NULL.

/// A field of a row, or a column of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypedName<'n> {
    /// What it is called.
    pub name: &'n str,
    /// The OID of its SQL type.
    pub type_oid: u32,
}

/// How the names of the fields of `row` and those of columns differ; None where
/// they are the same.
pub fn differ(row: &str, fields: &[&str], columns: &[&str]) -> Option<String> {
    if let Some(field) = fields.iter().find(|field| !columns.contains(field)) {
        return Some(no_column(row, field));
    }
    let column = columns.iter().find(|column| !fields.contains(column))?;
    Some(no_field(row, column))
}

/// For each column the index of the field of `row` that fills it.
///
/// # Errors
/// Why they do not fit, in words: a column without a field, one of another type,
/// or a field without a column.
pub fn places(
    row: &str,
    fields: &[TypedName],
    columns: &[TypedName],
) -> Result<Vec<usize>, String> {
    let place = |column: &TypedName| {
        let at = fields
            .iter()
            .position(|field| field.name == column.name)
            .ok_or_else(|| no_field(row, column.name))?;
        match fields[at].type_oid == column.type_oid {
            true => Ok(at),
            false => Err(other_type(row, column, &fields[at])),
        }
    };
    let places = columns.iter().map(place).collect::<Result<Vec<usize>, String>>()?;
    match fields.iter().enumerate().find(|(at, _)| !places.contains(at)) {
        Some((_, field)) => Err(no_column(row, field.name)),
        None => Ok(places),
    }
}

/// For each column the index of the field of `row` that fills it, where it has one:
/// as [`places`], between a library and a catalog of different versions, of which
/// either may have columns that the other lacks.
///
/// # Errors
/// A column of another type than its field, in words.
pub fn shared(
    row: &str,
    fields: &[TypedName],
    columns: &[TypedName],
) -> Result<Vec<Option<usize>>, String> {
    let place = |column: &TypedName| {
        let at = fields.iter().position(|field| field.name == column.name);
        match at {
            Some(at) if fields[at].type_oid != column.type_oid => {
                Err(other_type(row, column, &fields[at]))
            }
            at => Ok(at),
        }
    };
    columns.iter().map(place).collect()
}

fn other_type(row: &str, column: &TypedName, field: &TypedName) -> String {
    format!(
        "column \"{}\" is of the type with OID {}, and its field in {row} of {}",
        column.name, column.type_oid, field.type_oid
    )
}

fn no_column(row: &str, field: &str) -> String {
    format!("there is no column \"{field}\" for {row}")
}

fn no_field(row: &str, column: &str) -> String {
    format!("{row} has no field for column \"{column}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn named(name: &str, type_oid: u32) -> TypedName<'_> {
        TypedName { name, type_oid }
    }

    const FIELDS: [TypedName; 3] = [named("seq", 23), named("kind", 25), named("object", 25)];

    #[test]
    fn the_same_names_in_another_order_fit() {
        assert_eq!(differ("line", &["a", "b"], &["b", "a"]), None);
        let columns = [named("object", 25), named("seq", 23), named("kind", 25)];
        assert_eq!(places("line", &FIELDS, &columns), Ok(vec![2, 0, 1]));
    }

    #[test]
    fn a_field_without_a_column_is_named() {
        let why = "there is no column \"object\" for line".to_string();
        assert_eq!(differ("line", &["object"], &[]), Some(why.clone()));
        assert_eq!(places("line", &FIELDS, &FIELDS[..2]), Err(why));
    }

    #[test]
    fn a_column_without_a_field_is_named() {
        let why = "line has no field for column \"object\"".to_string();
        assert_eq!(differ("line", &[], &["object"]), Some(why.clone()));
        assert_eq!(places("line", &FIELDS[..2], &FIELDS), Err(why));
    }

    #[test]
    fn between_versions_what_both_have_is_filled() {
        let columns = [named("object", 25), named("later", 25), named("seq", 23)];
        assert_eq!(shared("line", &FIELDS, &columns), Ok(vec![Some(2), None, Some(0)]));
        assert!(shared("line", &FIELDS, &[named("seq", 20)]).is_err());
    }

    #[test]
    fn a_column_of_another_type_is_named() {
        let columns = [named("seq", 20), FIELDS[1], FIELDS[2]];
        let why = places("line", &FIELDS, &columns);
        assert_eq!(
            why,
            Err("column \"seq\" is of the type with OID 20, and its field in line of 23".into())
        );
    }
}
