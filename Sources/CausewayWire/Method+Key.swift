import CausewayBytes
public import CausewayCrypto

/// Why a text is no key of a method.
public enum KeyError: Error, Equatable, Sendable {
    /// Not standard base64 with padding, in its canonical form.
    case notBase64
    /// So many bytes where the method wants `expected`.
    case wrongLength(count: Int, expected: Int)
    /// All zeros: a placeholder that was never filled in.
    case allZero
}

extension Method {
    /// The key written as standard base64 with padding (SIP022 section 2.1).
    public func parseKey(_ text: some StringProtocol) throws(KeyError) -> Secret {
        guard let bytes = Base64.decode(text) else { throw .notBase64 }
        guard bytes.count == self.keyCount else {
            throw .wrongLength(count: bytes.count, expected: self.keyCount)
        }
        guard bytes.contains(where: { $0 != 0 }) else { throw .allZero }
        return Secret(bytes)
    }
}

extension KeyError: CustomStringConvertible {
    /// Says what is wrong, and nothing of the key.
    public var description: String {
        switch self {
        case .notBase64: "is not standard base64 with padding"
        case .wrongLength(let count, let expected): "has \(count) bytes, where the method wants \(expected)"
        case .allZero: "is all zeros"
        }
    }
}
