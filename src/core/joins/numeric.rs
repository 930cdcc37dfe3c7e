//! Reads a numeric as Postgres stores it: whether it is whole, and which number it is.

use super::sketch::Value;
use crate::kernel::digest::of_bytes;

/// Digits to the base of 10,000 of Postgres's numeric.
const BASE: i128 = 10_000;

/// The value of a numeric, from its bytes without the length: a header with
/// sign, weight and scale, then its digits to the base of 10,000, without zeros
/// at either end (src/backend/utils/adt/numeric.c of PostgreSQL, the formats
/// NumericShort and NumericLong).
pub fn value(bytes: &[u8]) -> Value {
    let word = |at: usize| -> Option<u16> {
        Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
    };
    let Some(head) = word(0) else {
        return Value::Fraction;
    };
    let (negative, weight, start) = match head & 0xc000 {
        // NaN and the infinities.
        0xc000 => return Value::Fraction,
        0x8000 => {
            let weight = i32::from(head & 0x3f) - if head & 0x40 != 0 { 0x40 } else { 0 };
            (head & 0x2000 != 0, weight, 2)
        }
        sign => match word(2) {
            Some(weight) => (sign == 0x4000, i32::from(weight as i16), 4),
            None => return Value::Fraction,
        },
    };
    let digits = bytes.get(start..).unwrap_or_default();
    let count = digits.len() as i32 / 2;
    if count > weight + 1 {
        return Value::Fraction;
    }
    // 10,000 to the power of 8 is below 2^127.
    if weight >= 8 {
        return Value::Hashed(of_bytes(bytes));
    }
    let mut number: i128 = 0;
    for place in 0..=weight.max(-1) {
        let digit = word(start + 2 * place as usize).filter(|_| place < count).unwrap_or(0);
        number = number * BASE + i128::from(digit);
    }
    match i64::try_from(if negative { -number } else { number }) {
        Ok(whole) => Value::Whole(whole),
        Err(_) => Value::Hashed(of_bytes(bytes)),
    }
}

/// The value of a binary fraction.
pub fn of_float(number: f64) -> Value {
    // Up to 2^53 every whole number has a float of its own.
    match number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0 {
        true => Value::Whole(number as i64),
        false => Value::Fraction,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn short(negative: bool, weight: u16, digits: &[u16]) -> Vec<u8> {
        let head = 0x8000 | if negative { 0x2000 } else { 0 } | (weight & 0x7f);
        [&[head], digits].concat().iter().flat_map(|w| w.to_ne_bytes()).collect()
    }

    #[test]
    fn whole_numerics_are_their_numbers() {
        assert_eq!(value(&short(false, 0, &[42])), Value::Whole(42));
        assert_eq!(value(&short(true, 1, &[1, 5])), Value::Whole(-10_005));
        // Zeros at the end are not stored.
        assert_eq!(value(&short(false, 2, &[3])), Value::Whole(300_000_000));
        // Zero has no digits.
        assert_eq!(value(&short(false, 0, &[])), Value::Whole(0));
        let long: Vec<u8> =
            [0x4000_u16, 1, 12, 3400].iter().flat_map(|w| w.to_ne_bytes()).collect();
        assert_eq!(value(&long), Value::Whole(-123_400));
    }

    #[test]
    fn fractions_and_what_is_no_number_are_told() {
        // 0.5 has the weight -1.
        assert_eq!(value(&short(false, 0x7f, &[5000])), Value::Fraction);
        assert_eq!(value(&short(false, 0, &[1, 5000])), Value::Fraction);
        assert_eq!(value(&0xc000_u16.to_ne_bytes()), Value::Fraction);
        assert_eq!(value(&[]), Value::Fraction);
    }

    #[test]
    fn what_is_too_large_for_64_bits_is_still_a_value() {
        assert!(matches!(value(&short(false, 6, &[1])), Value::Hashed(_)));
        assert!(matches!(value(&short(false, 9, &[1])), Value::Hashed(_)));
    }

    #[test]
    fn whole_floats_are_their_numbers() {
        assert_eq!(of_float(7.0), Value::Whole(7));
        assert_eq!(of_float(7.25), Value::Fraction);
        assert_eq!(of_float(f64::NAN), Value::Fraction);
        assert_eq!(of_float(f64::INFINITY), Value::Fraction);
    }
}
