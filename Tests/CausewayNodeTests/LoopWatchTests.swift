import TestSupport
import Testing

@testable import CausewayNode

@Suite struct LoopWatchTests {
    @Test func `a loop that stands still is noticed, and one that goes on`() throws {
        let node = try LocalNode(
            """
            listeners: [{ name: in, type: mixed, address: "127.0.0.1:\(try FreePort.next())", exit: out }]
            exits: [{ name: out, type: block }]
            loops: 2

            """
        )
        let turned = Deadline.wait(20) { node.node.loopsTurn() }
        #expect(turned)
        node.standingStill {
            // The question of before was answered; the next one is not.
            _ = node.node.loopsTurn()
            for _ in 0..<3 { #expect(!node.node.loopsTurn()) }
        }
        let goesOn = Deadline.wait(20) { node.node.loopsTurn() }
        #expect(goesOn)
    }
}
