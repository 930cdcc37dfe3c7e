//! State that belongs to one back end.
//!
//! A back end is a process with one thread, and pgrx refuses calls into Postgres
//! from any other thread. So a static of it need not be locked; but code that
//! uses one may be called again while it does so, by an invalidation callback or
//! by a nested statement. Nothing here hands out a `&mut` to a static: a value is
//! copied, replaced or taken ([`Local`]), or it guards itself with a `Cell` or a
//! `RefCell` ([`Static`]).

use std::cell::Cell;
use std::ops::Deref;

/// A static of this back end, of a type that is safe to use by `&` alone.
///
/// `Cell` and `RefCell` are: with one thread, what makes them unsafe to share
/// cannot happen, and a nested use of a `RefCell` is told apart by `try_borrow`.
pub struct Static<T>(T);

// SAFETY: a back end runs one thread, as above. There is no other that could use
// the value at the same time.
unsafe impl<T> Sync for Static<T> {}

impl<T> Static<T> {
    /// The static.
    pub const fn new(value: T) -> Self {
        Static(value)
    }
}

impl<T> Deref for Static<T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        &self.0
    }
}

/// A value that is read and replaced as a whole.
pub struct Local<T>(Static<Cell<T>>);

impl<T> Local<T> {
    /// The static.
    pub const fn new(value: T) -> Self {
        Local(Static::new(Cell::new(value)))
    }

    /// Puts another value in its place. What was there is dropped afterwards.
    #[inline(always)]
    pub fn set(&self, value: T) {
        self.0.set(value);
    }
}

impl<T: Copy> Local<T> {
    /// A copy of the value.
    #[inline(always)]
    pub fn get(&self) -> T {
        self.0.get()
    }
}

impl<T: Default> Local<T> {
    /// Takes the value, and leaves the default in its place.
    pub fn take(&self) -> T {
        self.0.take()
    }
}
