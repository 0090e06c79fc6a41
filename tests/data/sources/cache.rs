//! A cache in memory.

use std::collections::HashMap;

const LIMIT: usize = 10;

/// Keeps values.
///
/// Not for threads.
#[derive(Debug, Clone)]
pub struct Cache<K, V> {
    /// What is kept.
    entries: HashMap<K, V>,
}

impl<K: Hash, V> Cache<K, V>
where
    K: Eq,
{
    pub const EMPTY: usize = 0;

    /// Looks a value up.
    #[inline]
    pub fn get(&self, key: &K) -> Option<&V> {
        fn helper() {}
        self.entries.get(key)
    }
}

impl<'a> fmt::Display for Cache<&'a str, u8> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cache")
    }
}

pub trait Store {
    type Key;
    fn len(&self) -> usize;
    /// Whether there is nothing.
    fn is_empty(&self) -> bool;
    fn first(&self) -> usize {
        0
    }
}

type Small = Cache<u8, u8>;

macro_rules! cache {
    ($($key:expr => $value:expr),*) => {
        Cache::default()
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_empty_at_first() {
        assert!(Cache::<u8, u8>::default().is_empty());
    }
}
