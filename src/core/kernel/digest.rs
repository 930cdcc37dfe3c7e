//! The hash functions that all of spyne uses.
//!
//! Some of these hashes are stored (`spyne.column_samples`, `spyne.snapshot_digests`).
//! Whoever changes a function here must change the signatures there as well, or stored
//! hashes will be compared with hashes of another kind.

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

/// Spreads a number over 64 bits, one to one, so that the number can be found from its
/// image: the finalizer of Steele et al., "Fast splittable pseudorandom number
/// generators" (OOPSLA 2014), by the constants of David Stafford's mix 13.
pub const fn spread(number: u64) -> u64 {
    let z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The number that [`spread`] has made a hash of.
pub const fn gathered(hash: u64) -> u64 {
    let z = unshifted(hash, 31).wrapping_mul(0x3196_42b2_d24d_8ec3);
    let z = unshifted(z, 27).wrapping_mul(0x96de_1b17_3f11_9089);
    unshifted(z, 30).wrapping_sub(0x9e37_79b9_7f4a_7c15)
}

/// Undoes `z ^ (z >> by)`.
const fn unshifted(z: u64, by: u32) -> u64 {
    z ^ (z >> by) ^ (z >> (2 * by))
}

/// The hash of some bytes: FNV-1a, spread.
pub fn of_bytes(bytes: &[u8]) -> u64 {
    let hash = bytes
        .iter()
        .fold(FNV_OFFSET, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME));
    spread(hash)
}

/// The hash of several hashes, in their order.
pub fn of_several(hashes: impl IntoIterator<Item = u64>) -> u64 {
    hashes.into_iter().fold(0, with)
}

/// A hash of several, with one more.
pub const fn with(all: u64, next: u64) -> u64 {
    spread(all.rotate_left(17) ^ next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_from_its_hash() {
        for number in [0, 1, 2, 41, u64::MAX, 1 << 63, 0x1234_5678_9abc_def0] {
            assert_eq!(gathered(spread(number)), number);
        }
    }

    #[test]
    fn stored_hashes_stay_what_they_are() {
        assert_eq!(spread(0), 0xe220_a839_7b1d_cdaf);
        assert_eq!(of_bytes(b""), spread(0xcbf2_9ce4_8422_2325));
        assert_eq!(of_several([]), 0);
        assert_eq!(of_several([1, 2]), spread(spread(1).rotate_left(17) ^ 2));
        assert_ne!(of_several([1, 2]), of_several([2, 1]));
    }
}
