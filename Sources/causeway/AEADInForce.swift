import CausewayCrypto

/// The library that records are sealed and opened with on this machine.
var aeadBackend: String { OpenSSLBackend()?.name ?? "none" }
