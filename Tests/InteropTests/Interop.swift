import TestSupport
import Testing

/// Real peers at the other end. One test at a time, as with the end-to-end tests.
@Suite(.serialized, .enabled(if: Binaries.singBox != nil, "sing-box is not installed: run make test"))
struct Interop {
    /// Three methods with one key, and those with identity headers with users too.
    static let credentials: [Credentials] =
        MethodName.allCases.map { .singleUser($0) } + [.multiUser(.aes128), .multiUser(.aes256)]
}
