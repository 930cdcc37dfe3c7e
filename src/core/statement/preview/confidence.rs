//! The confidence of a preview that the result means what it seems to mean.

use super::findings::{Assumption, Guardrail, GuardrailSeverity};

/// What each finding takes off. These weights are a judgement and not a measurement: a
/// stop takes off nearly half, and a structural assumption more than one that depends
/// on the data.
const FOR_STOP: f64 = 0.4;
const FOR_WARNING: f64 = 0.1;
const FOR_STRUCTURE: f64 = 0.08;
const FOR_ASSUMPTION: f64 = 0.03;

/// Assumptions about what is joined with what.
const STRUCTURE: &[&str] =
    &["FAN_TRAP", "CHASM_TRAP", "OUTER_JOIN_TURNED_INNER", "NOT_IN_NULLABLE"];

/// The confidence, from 0 (the result may be anything) to 1 (nothing speaks against
/// it), with two decimals.
pub fn confidence(assumptions: &[Assumption], guardrails: &[Guardrail]) -> f64 {
    let mut off = 0.0;
    for (at, guardrail) in guardrails.iter().enumerate() {
        // A repeated warning about another table or join says nothing new.
        let again = guardrails[..at].iter().any(|g| g.code == guardrail.code);
        if again && guardrail.severity == GuardrailSeverity::Warning {
            continue;
        }
        off += match guardrail.severity {
            GuardrailSeverity::Stop => FOR_STOP,
            GuardrailSeverity::Warning => FOR_WARNING,
            GuardrailSeverity::Info => 0.0,
        };
    }
    for assumption in assumptions {
        off += match STRUCTURE.contains(&&*assumption.code) {
            true => FOR_STRUCTURE,
            false => FOR_ASSUMPTION,
        };
    }
    ((1.0_f64 - off).max(0.0) * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_finding_takes_something_off_and_it_ends_at_nothing() {
        let assumption = |code: &'static str| Assumption { code: code.into(), text: String::new() };
        let stop = Guardrail {
            code: "X".into(),
            severity: GuardrailSeverity::Stop,
            message: String::new(),
            remedy: String::new(),
        };
        assert_eq!(confidence(&[], &[]), 1.0);
        assert_eq!(confidence(&[assumption("LIMIT_WITHOUT_ORDER")], &[]), 0.97);
        assert_eq!(confidence(&[assumption("FAN_TRAP")], std::slice::from_ref(&stop)), 0.52);
        assert_eq!(confidence(&[], &[stop.clone(), stop.clone(), stop]), 0.0);
    }
}
