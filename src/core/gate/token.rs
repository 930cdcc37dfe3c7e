//! Tokens, which stand for authorised statements, and the places where a session keeps
//! those.

use std::num::NonZeroU32;

/// Stands for an authorised statement of this session. It holds the place where the
/// statement is kept and the generation of that place. Once the place is given to
/// another statement, the generation does not match, and the token leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Token(NonZeroU32);

/// Bits of a token that say the place; the others say the generation.
const PLACE_BITS: u32 = 20;
const PLACES: u32 = 1 << PLACE_BITS;

impl Token {
    /// None where there is no such place.
    const fn new(place: usize, generation: u32) -> Option<Token> {
        if place >= PLACES as usize - 1 {
            return None;
        }
        // Places count from 1, so that no token is zero.
        match NonZeroU32::new(generation << PLACE_BITS | (place as u32 + 1)) {
            Some(number) => Some(Token(number)),
            None => None,
        }
    }

    const fn place(self) -> usize {
        (self.0.get() & (PLACES - 1)) as usize - 1
    }

    const fn generation(self) -> u32 {
        self.0.get() >> PLACE_BITS
    }
}

struct Slot<T> {
    generation: u32,
    /// When the value was last used: a number that goes up with each use.
    used_at: u64,
    value: Option<T>,
}

/// Values by tokens, in places that are used again.
pub struct Slots<T> {
    slots: Vec<Slot<T>>,
    vacant: Vec<usize>,
    clock: u64,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Slots::new()
    }
}

impl<T> Slots<T> {
    /// No values yet.
    pub const fn new() -> Slots<T> {
        Slots { slots: Vec::new(), vacant: Vec::new(), clock: 0 }
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.slots.len() - self.vacant.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many places there are, vacant ones among them.
    pub fn places(&self) -> usize {
        self.slots.len()
    }

    /// Keeps a value. None where all of the million places are taken.
    pub fn insert(&mut self, value: T) -> Option<Token> {
        self.clock += 1;
        let place = match self.vacant.pop() {
            Some(place) => place,
            None => {
                Token::new(self.slots.len(), 0)?;
                self.slots.push(Slot { generation: 0, used_at: 0, value: None });
                self.slots.len() - 1
            }
        };
        let slot = self.slots.get_mut(place)?;
        slot.used_at = self.clock;
        slot.value = Some(value);
        Token::new(place, slot.generation)
    }

    fn slot(&self, token: Token) -> Option<&Slot<T>> {
        self.slots.get(token.place()).filter(|slot| slot.generation == token.generation())
    }

    /// The value of a token; None where it is not kept any more.
    pub fn get(&self, token: Token) -> Option<&T> {
        self.slot(token)?.value.as_ref()
    }

    /// As [`Slots::get`], for a change. Its value counts as used now.
    pub fn get_mut(&mut self, token: Token) -> Option<&mut T> {
        self.clock += 1;
        let slot = self.slots.get_mut(token.place())?;
        if slot.generation != token.generation() {
            return None;
        }
        slot.used_at = self.clock;
        slot.value.as_mut()
    }

    /// Forgets a value, and returns it. Its token leads nowhere from then on.
    pub fn remove(&mut self, token: Token) -> Option<T> {
        let slot = self.slots.get_mut(token.place())?;
        if slot.generation != token.generation() {
            return None;
        }
        let value = slot.value.take()?;
        // A token has room for so many generations; then they begin anew.
        slot.generation = (slot.generation + 1) % (1 << (32 - PLACE_BITS));
        self.vacant.push(token.place());
        Some(value)
    }

    /// The values, with their tokens.
    pub fn iter(&self) -> impl Iterator<Item = (Token, &T)> {
        self.slots.iter().enumerate().filter_map(|(place, slot)| {
            Some((Token::new(place, slot.generation)?, slot.value.as_ref()?))
        })
    }

    /// The tokens of the values that were not used for the longest time, those
    /// first; at most `most` of them, and none that `wanted` says no to.
    pub fn oldest(&self, most: usize, wanted: impl Fn(Token, &T) -> bool) -> Vec<Token> {
        let mut found: Vec<(u64, Token)> = self
            .iter()
            .filter(|(token, value)| wanted(*token, value))
            .filter_map(|(token, _)| Some((self.slot(token)?.used_at, token)))
            .collect();
        found.sort_unstable_by_key(|(used_at, _)| *used_at);
        found.into_iter().take(most).map(|(_, token)| token).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_leads_to_its_value_until_that_is_forgotten() {
        let mut slots = Slots::new();
        let one = slots.insert("one").unwrap();
        let two = slots.insert("two").unwrap();
        assert_eq!((slots.get(one), slots.get(two)), (Some(&"one"), Some(&"two")));
        assert_eq!(slots.remove(one), Some("one"));
        assert_eq!(slots.get(one), None);
        assert_eq!(slots.remove(one), None);
        assert_eq!(slots.len(), 1);
    }

    #[test]
    fn a_place_is_used_again_under_another_token() {
        let mut slots = Slots::new();
        let one = slots.insert(1).unwrap();
        slots.remove(one);
        let two = slots.insert(2).unwrap();
        assert_eq!(slots.places(), 1);
        assert_ne!(one, two);
        assert_eq!(slots.get(one), None);
        assert_eq!(slots.get_mut(one), None);
        assert_eq!(slots.get(two), Some(&2));
    }

    #[test]
    fn places_stay_few_however_often_they_are_used() {
        let mut slots = Slots::new();
        for n in 0..20_000 {
            let token = slots.insert(n).unwrap();
            assert_eq!(slots.remove(token), Some(n));
        }
        assert_eq!((slots.places(), slots.len()), (1, 0));
    }

    #[test]
    fn the_oldest_are_those_not_used_for_the_longest_time() {
        let mut slots = Slots::new();
        let all: Vec<Token> = (0..4).filter_map(|n| slots.insert(n)).collect();
        slots.get_mut(all[0]);
        assert_eq!(slots.oldest(2, |_, _| true), [all[1], all[2]]);
        assert_eq!(slots.oldest(9, |token, _| token != all[1]), [all[2], all[3], all[0]]);
    }

    #[test]
    fn there_are_no_more_places_than_tokens_can_name() {
        assert_eq!(Token::new(PLACES as usize - 1, 0), None);
        let last = Token::new(PLACES as usize - 2, 4095).unwrap();
        assert_eq!((last.place(), last.generation()), (PLACES as usize - 2, 4095));
    }
}
