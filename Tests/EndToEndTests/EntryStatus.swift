import Foundation
import TestSupport

/// What `causeway status --json` says of a node.
struct EntryStatus: Decodable {
    struct Listener: Decodable {
        var name: String
        var sessions: Int
        var total: UInt64
        var refused: UInt64
        var bytes_up: UInt64
        var bytes_down: UInt64
        var udp: Datagrams?
    }

    struct Datagrams: Decodable, Equatable {
        var associations: Int
        var total: UInt64
        var up: UInt64
        var down: UInt64
        var refused: UInt64
        var dropped: UInt64
        var too_large: UInt64
    }

    struct Exit: Decodable {
        var name: String
        var sessions: Int
        var total: UInt64
        var failures: UInt64
        var bytes_up: UInt64
        var bytes_down: UInt64
        var udp: Datagrams?
    }

    struct Group: Decodable {
        struct Member: Decodable {
            var exit: String
            var state: String
        }

        var name: String
        var members: [Member]
    }

    struct Sessions: Decodable {
        var live: Int
    }

    var sessions: Sessions
    var listeners: [Listener]
    var exits: [Exit]
    var groups: [Group]

    /// Asks the node behind `socket`.
    init(of socket: String) throws {
        let command = try Command.run([Binaries.causeway, "status", "--socket", socket, "--json"])
        guard command.succeeded else { throw TestFailure("status: \(command.errorText)") }
        self = try JSONDecoder().decode(Self.self, from: Data(command.output))
    }

    func exit(_ name: String) -> Exit? { self.exits.first { $0.name == name } }

    func state(of exit: String) -> String? {
        self.groups.flatMap(\.members).first { $0.exit == exit }?.state
    }
}
