//! Prints the weights of the evidence for joins. A program of its own, so that the newcomer's
//! commands do not wait until the rules are compiled for them.

use spyne_core::joins::weights;

fn main() {
    print!("{}", weights::table());
}
