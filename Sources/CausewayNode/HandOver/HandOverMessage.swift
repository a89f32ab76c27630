import CausewayBytes
import CausewayIO
import FoundationEssentials
import Glibc

/// What an old process and the new one that it starts say to each other, in this order.
enum HandOverMessage: Codable {
    /// The old one: what there is to be had.
    case offer(Offer)
    /// The old one: so many listening sockets are beside this message.
    case sockets
    /// The new one: its configuration is good, and everything is ready that can be without the old one's doing.
    case prepared(process: Int32)
    /// The old one, which takes no connection any more: what goes to the new one. Beside it are the salts, the line of
    /// questions about salts, both ends of the owner's pipe, and the lock of the ledger where there is one.
    case estate(Estate)
    /// The new one: it takes connections.
    case running
    /// The old one: the new one is the node from now on.
    case settled
    /// The new one: it ends, and the old one is the node as before.
    case failed(reason: String)

    struct Offer: Codable {
        /// Of what is said here; a process of another one is not understood.
        var version = HandOverMessage.version
        var loops: Int
        var sockets: Int
    }

    struct Estate: Codable {
        /// Whose salts are remembered, in the order in which they are in the file.
        var pools: [SaltPoolName]
        /// The directory of the ledger; `nil` where there is none to hand over.
        var ledger: String?
    }

    /// What a listener's salts are known by in both processes.
    struct SaltPoolName: Codable, Hashable {
        var listener: String
        var method: String
        /// What the key is known by in an identity header.
        var key: [UInt64]
    }

    static let version = 1
}

extension MessageSocket {
    func send(_ message: HandOverMessage, passing descriptors: [Descriptor] = []) throws(HandOverFailure) {
        do {
            try self.send(Array(try JSONEncoder().encode(message)), passing: descriptors)
        } catch {
            throw HandOverFailure("\(error)")
        }
    }

    /// Waits for what the other process says.
    ///
    /// - Throws: also where it has ended, or says that it failed.
    func hear(within patience: Interval) throws(HandOverFailure) -> (HandOverMessage, [Descriptor]) {
        let message: HandOverMessage
        let heard: Message
        do {
            guard let some = try self.receive(within: patience) else {
                throw HandOverFailure("the other process has ended")
            }
            heard = some
            message = try JSONDecoder().decode(HandOverMessage.self, from: Data(some.bytes))
        } catch let failure as HandOverFailure {
            throw failure
        } catch let error as SystemCallError where error.code == ETIMEDOUT {
            throw HandOverFailure("the other process is not done after \(patience)")
        } catch {
            throw HandOverFailure("the other process is not understood: \(error)")
        }
        if case .failed(let reason) = message { throw HandOverFailure(reason) }
        return (message, heard.descriptors)
    }
}

/// Why a hand-over came to nothing.
struct HandOverFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
