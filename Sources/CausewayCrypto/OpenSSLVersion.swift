import COpenSSL

/// The OpenSSL library that this process runs with, such as `OpenSSL 3.0.17 1 Jul 2025`; not the one it was built with.
public func openSSLVersion() -> String {
    // Safe: a constant string of the library, which is never unloaded.
    String(cString: OpenSSL_version(OPENSSL_VERSION))
}
