import TestSupport
import Testing

extension EndToEnd {
    /// Datagrams of a SOCKS5 application through client and exit.
    @Suite struct AssociationTests {
        static let credentials = MethodName.allCases.map { Credentials.singleUser($0) } + [.multiUser(.aes256)]

        @Test(arguments: credentials)
        func `datagrams of every size go there and back, and say where they come from`(credentials: Credentials) throws
        {
            let chain = try Chain(credentials)
            let echoes = [try DatagramEcho(), try DatagramEcho(address: 0x7f00_0002)]
            let association = try SocksAssociation(via: chain.proxyPort)
            for count in [0, 1, 64, 1_200, 1_422, 9_000, 65_000] {
                let payload = BytePattern.slice(at: count, count: count)
                try association.exchange(payload, with: echoes[0].port)
                try association.exchange(payload, with: echoes[1].port, at: 0x7f00_0002)
            }
            // All of one application's datagrams come from one port, whatever their targets (RFC 4787 section 4.1).
            #expect(echoes[0].senderPorts.count == 1 && echoes[0].senderPorts == echoes[1].senderPorts)
            try chain.stop()
        }

        @Test func `a name is resolved at the exit, and its datagrams all go to one address`() throws {
            let dns = try DNSServer()
            defer { dns.stop() }
            let (proxyPort, tunnelPort) = (try FreePort.next(), try FreePort.next())
            let credentials = Credentials.singleUser(.aes128)
            let exit = try Node(
                Configuration.exit(port: tunnelPort, credentials) + "dns: { servers: [\"127.0.0.53:\(dns.port)\"] }\n",
                listeningOn: [tunnelPort]
            )
            let client = try Node(
                Configuration.client(port: proxyPort, serverPort: tunnelPort, credentials),
                listeningOn: [proxyPort]
            )
            let echo = try DatagramEcho()
            let association = try SocksAssociation(via: proxyPort)
            // The resolver asks again where an answer is late.
            var asked = 0
            for payload in [[1], [2, 3], [4, 5, 6]] as [[UInt8]] {
                try association.send(payload, to: echo.port, named: "here.example")
                let answer = try #require(association.receive(), "\(client.log)\(exit.log)")
                #expect(answer.payload == payload && answer.address == 0x7f00_0001 && answer.port == echo.port)
                if asked == 0 { asked = dns.queries("here.example/A") }
            }
            #expect(asked > 0 && dns.queries("here.example/A") == asked)
            // What no name is does not harm the association.
            try association.send([7], to: echo.port, named: "nx.example")
            try association.exchange([8], with: echo.port)
            try client.stop()
            try exit.stop()
        }

        @Test func `a datagram waits for the next hop as long as that is looked for, and no longer`() throws {
            let dns = try DNSServer()
            defer { dns.stop() }
            let directory = try TemporaryDirectory()
            let (port, socket) = (try FreePort.next(), directory.file("admin.sock"))
            let client = try Node(
                Configuration.client(port: port, serverPort: 443, .singleUser(.aes128))
                    .replacing("127.0.0.1:443", with: "nx.example:443")
                    + "dns: { servers: [\"127.0.0.53:\(dns.port)\"] }\nadmin: { socket: \(socket) }\n",
                listeningOn: [port]
            )
            let association = try SocksAssociation(via: port)
            // The first has the name looked for; those after it find that nobody looks.
            for number in 1...3 as ClosedRange<UInt64> {
                try association.send([7], to: 9)
                let isDropped = Deadline.wait(10) {
                    (try? EntryStatus(of: socket).listeners.first?.udp?.dropped) == number
                }
                #expect(isDropped, "datagram \(number)")
            }
            try client.stop()
        }

        @Test func `bad datagrams of an application are dropped, and nothing else comes of them`() throws {
            let chain = try Chain()
            let echo = try DatagramEcho()
            let association = try SocksAssociation(via: chain.proxyPort)
            try association.exchange([1], with: echo.port)
            let port = [UInt8(echo.port >> 8), UInt8(echo.port & 0xff)]
            for bad in [[], [0], [0, 0, 0], [0, 0, 1, 1, 127, 0, 0, 1] + port + [9], [0, 0, 0, 9, 1, 2]] as [[UInt8]] {
                try association.sendRaw(bad)
            }
            // A stranger on the same host has another port.
            let stranger = try LoopbackDatagrams(patience: 0.3)
            try stranger.send([0, 0, 0, 1, 127, 0, 0, 1] + port + [9], to: association.relayPort)
            try association.exchange([2], with: echo.port)
            #expect(stranger.receive() == nil)
            try chain.stop()
        }

        @Test func `an association ends with its connection, and is refused where there is no UDP`() throws {
            let port = try FreePort.next()
            let directory = try TemporaryDirectory()
            let configuration = Configuration.direct(port: port, allow: ["127.0.0.0/8"])
            let node = try Node(
                configuration + "admin: { socket: \(directory.file("admin.sock")) }\n",
                listeningOn: [port]
            )
            let echo = try DatagramEcho()
            let association = try SocksAssociation(via: port)
            try association.exchange([1], with: echo.port)
            let before = node.status.descriptorCount
            association.control.close()
            let hasEnded = Deadline.wait(10) { node.status.descriptorCount <= before - 3 }
            #expect(hasEnded)
            let isForgotten = Deadline.wait(10) {
                (try? EntryStatus(of: directory.file("admin.sock")).sessions.live) == 0
            }
            #expect(isForgotten)
            try node.stop()

            let without = try Node(
                configuration.replacing("type: mixed", with: "type: mixed, udp: false"),
                listeningOn: [port]
            )
            #expect(throws: TestFailure.self) { try SocksAssociation(via: port) }
            try without.stop()
        }

        @Test func `dig asks a name server behind the exit, by a forwarded port`() throws {
            let dns = try DNSServer()
            defer { dns.stop() }
            let (port, tunnelPort) = (try FreePort.next(), try FreePort.next())
            let credentials = Credentials.singleUser(.aes256)
            let exit = try Node(Configuration.exit(port: tunnelPort, credentials), listeningOn: [tunnelPort])
            let client = try Node(
                Configuration.client(port: port, serverPort: tunnelPort, credentials)
                    .replacing("type: mixed", with: "type: forward, target: \"127.0.0.53:\(dns.port)\""),
                listeningOn: [port]
            )
            for (name, answer) in [("here.example", "127.0.0.1"), ("ok.example", "192.0.2.1\n192.0.2.2")] {
                let dig = try Command.run([
                    "dig", "@127.0.0.1", "-p", "\(port)", "+short", "+tries=1", "+time=20", name, "A",
                ])
                #expect(dig.succeeded, "\(dig.errorText)\(client.log)\(exit.log)")
                #expect(String(decoding: dig.output, as: UTF8.self) == answer + "\n")
            }
            // More than a datagram holds: dig is told so, and asks again over TCP, by the same port.
            let many = try Command.run([
                "dig", "@127.0.0.1", "-p", "\(port)", "+short", "+time=20", "many.example", "A",
            ])
            #expect(many.output.count { $0 == 0x0a } == 200)
            try client.stop()
            try exit.stop()
        }

        @Test func `a stream of many datagrams arrives whole and in order`() throws {
            let chain = try Chain()
            let sink = try LoopbackDatagrams()
            let association = try SocksAssociation(via: chain.proxyPort)
            let total = TestSize.choose(full: 40_000, short: 4_000)
            var received = 0
            // A window of its own: what is lost is lost by the nodes, not by a full socket of the test.
            for number in 0..<total {
                try association.send(Self.numbered(number), to: sink.port)
                guard number % 64 == 63 else { continue }
                for expected in received...number {
                    guard let datagram = sink.receive(), datagram.bytes == Self.numbered(expected) else {
                        throw TestFailure("datagram \(expected) is lost or late\n\(chain.client.log)\(chain.exit.log)")
                    }
                }
                received = number + 1
            }
            #expect(received == total / 64 * 64)
            try chain.stop()
        }

        private static func numbered(_ number: Int) -> [UInt8] {
            BytePattern.slice(at: number * 7, count: 1_200) + withUnsafeBytes(of: number.bigEndian) { Array($0) }
        }
    }
}
