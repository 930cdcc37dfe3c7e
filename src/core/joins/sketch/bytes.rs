//! A sketch as bytes, as spyne.column_samples keeps it and as a parallel worker
//! hands it to its leader.

/// Writes hashes, and how often each occurred.
pub(super) fn write_entries<'a>(
    into: &mut Vec<u8>,
    entries: impl Iterator<Item = (&'a u64, &'a u32)>,
) {
    for (hash, times) in entries {
        into.extend(hash.to_le_bytes());
        into.extend(times.to_le_bytes());
    }
}

/// Reads hashes, and how often each occurred; None where these bytes are none.
pub(super) fn read_entries(bytes: &[u8]) -> Option<Vec<(u64, u32)>> {
    bytes
        .chunks(12)
        .map(|entry| {
            let (hash, times) = entry.split_at_checked(8)?;
            let hash = u64::from_le_bytes(hash.try_into().ok()?);
            Some((hash, u32::from_le_bytes(times.try_into().ok()?)))
        })
        .collect()
}

/// The header of a state and of a sketch.
pub(super) struct Header {
    pub values: u64,
    pub nulls: u64,
    pub fractions: u64,
    pub range: Option<(i64, i64)>,
    pub threshold: Option<u64>,
}

const HEADER: usize = 1 + 6 * 8;

impl Header {
    pub(super) fn write(&self, into: &mut Vec<u8>) {
        let (has_range, has_threshold) = (self.range.is_some(), self.threshold.is_some());
        into.push(u8::from(has_range) | u8::from(has_threshold) << 1);
        let (low, high) = self.range.unwrap_or_default();
        let threshold = self.threshold.unwrap_or_default();
        let fields = [self.values, self.nulls, self.fractions, low as u64, high as u64, threshold];
        fields.iter().for_each(|field| into.extend(field.to_le_bytes()));
    }

    /// The header and the bytes behind it; None where these are too few.
    pub(super) fn read(bytes: &[u8]) -> Option<(Header, &[u8])> {
        let (head, rest) = bytes.split_at_checked(HEADER)?;
        let field = |at: usize| -> Option<u64> {
            let from = 1 + at * 8;
            Some(u64::from_le_bytes(head.get(from..from + 8)?.try_into().ok()?))
        };
        let header = Header {
            values: field(0)?,
            nulls: field(1)?,
            fractions: field(2)?,
            range: (head[0] & 1 != 0).then_some((field(3)? as i64, field(4)? as i64)),
            threshold: (head[0] & 2 != 0).then_some(field(5)?),
        };
        Some((header, rest))
    }
}
