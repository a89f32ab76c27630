import TestSupport
import Testing

extension EndToEnd {
    /// Associations of one client, which share sockets to their exit.
    @Suite struct SharedHopTests {
        /// What a socket to an exit is shared by, at most.
        private static let shareAtMost = 64

        private static func text(_ number: Int, _ round: Int) -> [UInt8] {
            Array("association \(number), round \(round)".utf8)
        }

        @Test func `many associations share few sockets, and each gets its own answers`() throws {
            let (proxyPort, tunnelPort) = (try FreePort.next(), try FreePort.next())
            let credentials = Credentials.multiUser(.aes128)
            let exitText = Configuration.exit(port: tunnelPort, credentials)
            var exit = try Node(exitText, listeningOn: [tunnelPort])
            let client = try Node(
                Configuration.client(port: proxyPort, serverPort: tunnelPort, credentials) + "loops: 1\n",
                listeningOn: [proxyPort]
            )
            let echo = try DatagramEcho()
            let before = client.status.descriptorCount
            var associations = try (0..<2 * Self.shareAtMost).map { _ in try SocksAssociation(via: proxyPort) }
            func exchangeAll(_ round: Int) throws {
                // All at once, so that answers come mixed.
                for (number, association) in associations.enumerated() {
                    try association.send(Self.text(number, round), to: echo.port)
                }
                for (number, association) in associations.enumerated() {
                    let answer = try #require(association.receive(), "association \(number)")
                    #expect(answer.payload == Self.text(number, round) && answer.port == echo.port)
                }
            }
            try exchangeAll(0)
            // Each has its connection and the socket that its application sends to.
            #expect(client.status.descriptorCount <= before + 2 * associations.count + 2)
            // The exit begins its sessions anew, and every association takes the new ones.
            try exit.stop()
            exit = try Node(exitText, listeningOn: [tunnelPort])
            try exchangeAll(1)
            // Whoever leaves takes nothing from the others; the last one takes the socket along.
            for association in associations.suffix(associations.count / 2) { association.control.close() }
            associations.removeLast(associations.count / 2)
            let isHalved = Deadline.wait(20) { client.status.descriptorCount <= before + 2 * associations.count + 2 }
            #expect(isHalved)
            try exchangeAll(2)
            for association in associations { association.control.close() }
            let isEmpty = Deadline.wait(20) { client.status.descriptorCount <= before }
            #expect(isEmpty)
            try client.stop()
            try exit.stop()
        }
    }
}
