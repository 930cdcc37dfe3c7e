//! The rows that functions return, each declared once: `sql/rows.sql` says which
//! columns a row has, and one struct beside its functions fills them by name.

use super::{drift, mode, registration, resolution, rules, shadows, statements, transitions};
use crate::pg::row_sets::{Declared, Row};

/// Declares a struct that fills a composite type of schema spyne: each field the
/// column of its name. Comments are on the columns, in `sql/rows.sql`.
macro_rules! row {
    ($(#[$about:meta])* $name:literal => $row:ident { $($field:ident: $value:ty,)* }) => {
        $(#[$about])*
        pub struct $row {
            $($field: $value,)*
        }

        impl $crate::pg::row_sets::Row for $row {
            const DECLARED: $crate::pg::row_sets::Declared = $crate::pg::row_sets::Declared {
                name: $name,
                fields: &[$(spyne_core::kernel::columns::Named {
                    name: stringify!($field),
                    type_oid: <$value as $crate::pg::row_sets::Value>::OID.to_u32(),
                }),*],
            };

            fn values(self) -> Vec<Option<pgrx::pg_sys::Datum>> {
                vec![$($crate::pg::row_sets::Value::datum(self.$field)),*]
            }
        }
    };
}
pub(super) use row;

/// All of them. `spyne.check_rows()` compares them with the catalog, and names the
/// functions of the library that return something else.
pub fn all() -> impl Iterator<Item = Declared> {
    [
        drift::DetectedChange::DECLARED,
        drift::DiffLine::DECLARED,
        drift::SettledDrift::DECLARED,
        mode::ModeChange::DECLARED,
        registration::Registration::DECLARED,
        registration::SchemaRegistration::DECLARED,
        registration::Unregistration::DECLARED,
        resolution::ResolvedName::DECLARED,
        rules::DriftRule::DECLARED,
        rules::RoleRule::DECLARED,
        rules::StateRule::DECLARED,
        shadows::NewShadow::DECLARED,
        statements::RowFault::DECLARED,
        statements::StatementFault::DECLARED,
        transitions::PlanLine::DECLARED,
    ]
    .into_iter()
}
