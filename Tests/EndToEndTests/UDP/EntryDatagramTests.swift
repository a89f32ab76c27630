import TestSupport
import Testing

extension EndToEnd {
    /// Datagrams through the two kinds of entry.
    @Suite struct EntryDatagramTests {
        private static func world(isBlind: Bool) throws -> EntryWorld {
            try EntryWorld(isBlind: isBlind, to: .singleUser(.aes128), exits: 1, group: ", check: off")
        }

        /// What a datagram of the AES methods has beyond its payload, to and from IPv4 targets.
        private static let (overheadUp, overheadDown) = (50, 58)

        @Test func `a blind relay bills what it passes on, and nothing before there is an answer`() throws {
            let world = try Self.world(isBlind: true)
            let mute = try LoopbackDatagrams(patience: 5)
            let association = try SocksAssociation(via: world.proxyPort)
            try association.send(BytePattern.slice(at: 0, count: 300), to: mute.port)
            let heard = try #require(mute.receive())
            #expect(heard.bytes.count == 300)
            #expect(try world.user().used == 0)
            try mute.send([1], to: heard.port)
            #expect(association.receive()?.payload == [1])
            var total = 300 + Self.overheadUp + 1 + Self.overheadDown
            #expect(try world.user().used == total)

            let echo = try DatagramEcho()
            for count in [0, 1, 100, 1_000, 1_300] {
                try association.exchange(BytePattern.slice(at: 1, count: count), with: echo.port)
                total += 2 * count + Self.overheadUp + Self.overheadDown
            }
            #expect(try world.user().used == total)
            for node in [world.client, world.entry] + world.exits { try node.stop() }
        }

        @Test func `nobody can have a blind relay pass on more than a little that is not answered`() throws {
            let world = try Self.world(isBlind: true)
            let mute = try LoopbackDatagrams()
            let association = try SocksAssociation(via: world.proxyPort)
            for _ in 0..<100 { try association.send(BytePattern.slice(at: 0, count: 1_000), to: mute.port) }
            for number in 0..<(64 << 10) / (1_000 + Self.overheadUp) {
                #expect(mute.receive()?.bytes.count == 1_000, "after \(number)")
            }
            mute.setPatience(seconds: 1)
            #expect(mute.receive() == nil)
            #expect(try world.user().used == 0)
            for node in [world.client, world.entry] + world.exits { try node.stop() }
        }

        @Test func `an entry that terminates opens datagrams and seals them anew`() throws {
            let world = try Self.world(isBlind: false)
            let echo = try DatagramEcho()
            let association = try SocksAssociation(via: world.proxyPort)
            for count in [0, 1, 100, 1_000, 1_300] {
                try association.exchange(BytePattern.slice(at: 1, count: count), with: echo.port)
            }
            let listener = try #require(try EntryStatus(of: world.socket).listeners.first)
            #expect(listener.bytes_up == 2_401 && listener.bytes_down == 2_401)
            #expect(listener.udp?.up == 5 && listener.udp?.down == 5 && listener.udp?.associations == 1)
            for node in [world.client, world.entry] + world.exits { try node.stop() }
        }

        @Test(arguments: [true, false])
        func `when its exit has gone down, an association goes on by another`(isBlind: Bool) throws {
            let target = try HTTPOrigin(body: [1])
            let url = isBlind ? "" : "url: \"http://127.0.0.1:\(target.port)/\", "
            let world = try EntryWorld(
                isBlind: isBlind,
                to: .singleUser(.aes128),
                exits: 2,
                group: ", policy: failover, check: { \(url)interval: 1 s, timeout: 20 s, rise: 1, fall: 1 }"
            )
            let echo = try DatagramEcho()
            let association = try SocksAssociation(via: world.proxyPort)
            try association.exchange([1], with: echo.port)
            world.exits[0].process.kill()
            association.socket.setPatience(seconds: 0.3)
            let goesOn = Deadline.wait(60) { (try? association.exchange([2], with: echo.port)) != nil }
            #expect(goesOn, "\(world.entry.log)")
            #expect(echo.senderPorts.count == 2)
            try world.client.stop()
            try world.entry.stop()
            try world.exits[1].stop()
        }
    }
}
