//! State that belongs to one back end.

use std::cell::UnsafeCell;

/// A value of this back end alone.
///
/// A back end runs one thread, so there is no other that could look at it. The
/// closures given to [`Local::with`] make no calls into Postgres, hence cannot
/// be re-entered by an invalidation callback.
pub struct Local<T>(UnsafeCell<T>);

// SAFETY: Postgres back ends are single-threaded processes; pgrx refuses calls
// into Postgres from any other thread.
unsafe impl<T> Sync for Local<T> {}

impl<T> Local<T> {
    pub const fn new(value: T) -> Self {
        Local(UnsafeCell::new(value))
    }

    /// Gives `f` the value. `f` must not call into Postgres.
    #[inline(always)]
    pub fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: one thread, and `f` does not come back here (see above).
        f(unsafe { &mut *self.0.get() })
    }
}

impl<T: Copy> Local<T> {
    #[inline(always)]
    pub fn get(&self) -> T {
        self.with(|v| *v)
    }

    #[inline(always)]
    pub fn set(&self, value: T) {
        self.with(|v| *v = value)
    }
}
