import Foundation

/// The methods, by the names they have in configurations.
public enum MethodName: String, CaseIterable, Sendable {
    case aes128 = "2022-blake3-aes-128-gcm"
    case aes256 = "2022-blake3-aes-256-gcm"
    case chacha20 = "2022-blake3-chacha20-poly1305"

    var keyLength: Int { self == .aes128 ? 16 : 32 }
}

/// What a client and a tunnel listener share: fresh keys for each test.
public struct Credentials: Sendable, CustomStringConvertible {
    public let method: MethodName
    /// The server key, which without users is the one key there is.
    public let serverKey: String
    /// The users' names and keys; empty where the server has none.
    public let users: [(name: String, key: String)]

    /// One key for all.
    public static func singleUser(_ method: MethodName) -> Credentials {
        Credentials(method: method, serverKey: Self.key(method), users: [])
    }

    /// A server key and three users.
    public static func multiUser(_ method: MethodName) -> Credentials {
        let users = ["alice", "bob", "carol"].map { (name: $0, key: Self.key(method)) }
        return Credentials(method: method, serverKey: Self.key(method), users: users)
    }

    /// The key chain of the client: that of the second user where there are users.
    public var keys: String { self.users.isEmpty ? self.serverKey : "\(self.serverKey):\(self.users[1].key)" }

    public var description: String { "\(self.method.rawValue), \(self.users.isEmpty ? "one user" : "many users")" }

    /// A fresh key of `method`.
    public static func key(_ method: MethodName) -> String {
        Data((0..<method.keyLength).map { _ in UInt8.random(in: 0...255) }).base64EncodedString()
    }
}
