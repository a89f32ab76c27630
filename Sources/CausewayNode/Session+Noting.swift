import CausewayBytes
import CausewayConfig
import Logging

/// What the log says of a session, and whose it was where the configuration lets it.
extension Session {
    func note(_ cause: CauseLog.Cause, _ detail: String, at place: String) {
        self.worker.note(cause, detail, at: place) {
            self.worker.shared.loggedAddresses.facts(client: self.source, destination: self.loggedTarget?.address)
        }
    }

    /// Remembers where the session goes, where an event may say so.
    func noteTarget(_ target: Address?) {
        guard let target, self.worker.shared.loggedAddresses.contains(.destinations) else { return }
        self.loggedTarget = LoggedTarget(target)
    }
}

/// Where a session goes: kept for the log alone, and so apart from the session, most of which have none.
final class LoggedTarget {
    let address: Address

    init(_ address: Address) {
        self.address = address
    }
}

/// Which addresses events may have.
struct LoggedAddresses: OptionSet, Sendable {
    let rawValue: UInt8

    static let clients = LoggedAddresses(rawValue: 1)
    static let destinations = LoggedAddresses(rawValue: 2)

    init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    init(_ log: Configuration.Log) {
        self = []
        if log.clients { self.insert(.clients) }
        if log.destinations { self.insert(.destinations) }
    }

    /// Of those that are known, the ones that may be told.
    func facts(client: SocketAddress?, destination: Address?) -> Logger.Metadata {
        var facts: Logger.Metadata = [:]
        if self.contains(.clients), let client { facts["client"] = "\(client)" }
        if self.contains(.destinations), let destination { facts["destination"] = "\(destination)" }
        return facts
    }
}
