public import CausewayBytes

/// A lock of a fleet that a server keeps, asked for by HTTP. Blocking.
///
/// The whole protocol: `PUT PATH?owner=NAME` takes the lock, and is answered with 200, 201 or 204 where NAME has it now,
/// also where it had it before, and with 409 or 423 where somebody else has, whose name may be the body.
/// `DELETE PATH?owner=NAME` lets go of it, and is answered with 200, 204 or 404 where NAME does not have it any more.
public struct LockClient: Sendable {
    public enum Answer: Equatable, Sendable {
        case mine
        case others(String)
    }

    private let client: AdminClient
    private let address: Address
    private let target: String

    /// - Parameters:
    ///   - path: begins with a slash, and has no query.
    ///   - token: a bearer token (RFC 6750), where the server wants one.
    ///   - owner: whom the lock is for.
    public init(_ address: Address, path: String, token: String?, owner: String) {
        self.client = AdminClient(.remote(address, token: token), timeout: 30)
        self.address = address
        self.target = "\(path)?owner=\(PercentEncoding.encode(owner))"
    }

    public func take() throws(AdminError) -> Answer {
        let answer = try self.client.exchange(AdminRequest(method: "PUT", target: self.target))
        switch answer.status {
        case 200, 201, 204: return .mine
        case 409, 423:
            // A name, and no more than that: it goes into the log.
            let name = answer.body.prefix(64).filter { (0x21...0x7e).contains($0) }
            return .others(name.isEmpty ? "somebody else" : String(decoding: name, as: UTF8.self))
        default: throw self.failure(answer)
        }
    }

    public func release() throws(AdminError) {
        let answer = try self.client.exchange(AdminRequest(method: "DELETE", target: self.target))
        guard [200, 204, 404].contains(answer.status) else { throw self.failure(answer) }
    }

    private func failure(_ answer: AdminAnswer) -> AdminError {
        .notUnderstood(path: self.address.description, reason: "status \(answer.status)")
    }
}
