public import CausewayCrypto

/// The keys of a client: those of the hops in their order, then the user's (SIP023: `iPSK0:iPSK1:uPSK`).
public struct KeyChain: Equatable, Sendable {
    /// Identity headers that are made at most. Every hop takes its own off, each is 16 bytes of the first packet, and
    /// a path of more hops than this is a mistake in the writing.
    public static let maximumIdentityCount = 7

    public let method: Method
    /// The keys that identity headers are made with, the first hop's first; empty where a server has one user.
    public let identityKeys: [Secret]
    /// The key that seals the session.
    public let userKey: Secret

    /// Reads keys joined by colons, each as `Method.parseKey` does.
    public init(_ text: some StringProtocol, method: Method) throws(KeyChainError) {
        let parts = text.split(
            separator: ":",
            maxSplits: Self.maximumIdentityCount + 1,
            omittingEmptySubsequences: false
        )
        guard parts.count <= Self.maximumIdentityCount + 1 else { throw .tooLong }
        guard parts.count == 1 || method.hasIdentityHeaders else { throw .noIdentityHeaders(method) }
        var keys: [Secret] = []
        for (index, part) in parts.enumerated() {
            let key: Secret
            do throws(KeyError) {
                key = try method.parseKey(part)
            } catch {
                throw .key(index: index, error)
            }
            if let first = keys.firstIndex(of: key) { throw .repeated(index: index, first: first) }
            keys.append(key)
        }
        self.method = method
        self.userKey = keys.removeLast()
        self.identityKeys = keys
    }
}

/// Why a text is no key chain of a method. Indices count from zero.
public enum KeyChainError: Error, Equatable, Sendable {
    /// One of the keys is none.
    case key(index: Int, KeyError)
    /// Two keys are equal: whoever holds the one could stand in for the other.
    case repeated(index: Int, first: Int)
    /// Several keys for a method without identity headers.
    case noIdentityHeaders(Method)
    /// More keys than `KeyChain.maximumIdentityCount` and one.
    case tooLong
}

extension KeyChainError: CustomStringConvertible {
    /// Says what is wrong, counting keys from one, and nothing of the keys.
    public var description: String {
        switch self {
        case .key(let index, let error): "key \(index + 1) \(error)"
        case .repeated(let index, let first): "key \(index + 1) is the same as key \(first + 1)"
        case .noIdentityHeaders(let method): "\(method.rawValue) has no identity headers and takes a single key"
        case .tooLong: "has more than \(KeyChain.maximumIdentityCount + 1) keys"
        }
    }
}
