//! What the newcomer's commands share with the tests: a private PostgreSQL, the extension built
//! into it, and throwaway servers started from it.
//!
//! Nothing here writes outside the repository's `target/` (or, where the server's account cannot
//! reach that, one directory of the system's temporary directory), and no server that already
//! runs on the machine is touched.

pub mod account;
pub mod apt;
pub mod document;
mod download;
pub mod extension;
pub mod join_quality;
pub mod libclang;
pub mod majors;
pub mod place;
pub mod progress;
pub mod script;
pub mod server;
mod server_copy;
mod server_processes;
mod server_source;
pub mod toolchain;
pub mod tpch;
mod wheels;

pub use server::{Server, ServerBuilder};
pub use toolchain::{Source, Toolchain};
