import CausewayIO
import Synchronization
import TestSupport

@testable import CausewayNode

extension LocalNode {
    /// Sessions now, in any state.
    var sessionCount: Int { self.node.shared.sessionCount.load(ordering: .relaxed) }

    /// Bytes of blocks that sessions hold now, over all loops, each asked on its own thread.
    var lentCount: Int {
        self.node.workers.reduce(0) { sum, worker in
            let answer = Answer()
            worker.loop.execute {
                answer.value.store(worker.pool.lentCount, ordering: .relaxed)
                answer.isThere.open()
            }
            answer.isThere.wait()
            return sum + answer.value.load(ordering: .relaxed)
        }
    }

    /// Waits until no session is left and says whether all memory has come back with them.
    var hasSettled: Bool { Deadline.wait(20) { self.sessionCount == 0 && self.lentCount == 0 } }

    /// Holds all loops still while `body` runs, so that what it causes comes to them in one turn.
    func standingStill(_ body: () throws -> Void) rethrows {
        let goOn = Gate()
        defer { goOn.open() }
        for worker in self.node.workers {
            let stands = Gate()
            worker.loop.execute {
                stands.open()
                goOn.wait()
            }
            stands.wait()
        }
        try body()
    }

    private final class Answer: Sendable {
        let value = Atomic<Int>(-1)
        let isThere = Gate()
    }
}

/// A client and an exit, each with two loops.
struct LocalChain {
    let client: LocalNode
    let exit: LocalNode
    /// Where applications connect to.
    let port: UInt16
    /// Where the exit's tunnel listener is.
    let exitPort: UInt16

    init(_ credentials: Credentials = .multiUser(.aes128)) throws {
        self.port = try FreePort.next()
        self.exitPort = try FreePort.next()
        let clientText = TestSupport.Configuration.client(port: self.port, serverPort: self.exitPort, credentials)
        self.exit = try LocalNode(TestSupport.Configuration.exit(port: self.exitPort, credentials) + "loops: 2\n")
        self.client = try LocalNode(clientText + "loops: 2\n")
    }

    var hasSettled: Bool { self.client.hasSettled && self.exit.hasSettled }
}
