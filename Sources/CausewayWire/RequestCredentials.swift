public import CausewayCrypto

/// What a client needs to open sessions at a server: the method, the user's key, and the server keys of the hops before
/// it, each with the identity that its header names (SIP023).
public final class RequestCredentials: Sendable {
    public let method: Method
    /// The user's key, which seals the stream.
    public let userKey: Secret
    /// One for each identity header: the key it is encrypted under and the identity of the key after it.
    let hops: [(key: Secret, next: KeyIdentity)]

    /// Credentials for the chain `identityKeys` … `userKey`; all keys have the method's width, and identity keys go
    /// with the AES methods alone.
    public init(method: Method, identityKeys: [Secret], userKey: Secret) {
        precondition(identityKeys.isEmpty || method.hasIdentityHeaders)
        precondition((identityKeys + [userKey]).allSatisfy { $0.count == method.keyCount })
        self.method = method
        self.userKey = userKey
        self.hops = zip(identityKeys, identityKeys.dropFirst() + [userKey]).map { key, next in
            (key, KeyDerivation.identity(of: next))
        }
    }
}
