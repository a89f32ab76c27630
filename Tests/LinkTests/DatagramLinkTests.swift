import Foundation
import TestSupport
import Testing

extension LinkTests {
    /// Datagrams over a real device: a path that is narrow, and a host whose address changes.
    @Suite struct DatagramLinkTests {
        /// A client and an application at the near end, an exit and an echo at the far end.
        private final class Ends {
            let link: Link
            let socket: String
            private let directory: TemporaryDirectory
            private var processes: [ChildProcess] = []

            init() throws {
                self.link = try Link(delay: 5)
                self.directory = try TemporaryDirectory()
                self.socket = self.directory.file("admin.sock")
                let credentials = Credentials.singleUser(.aes128)
                let exit = Configuration.exit(port: 8388, credentials)
                    .replacing("127.0.0.1:8388", with: "\(Link.farAddress):8388")
                let client = """
                    listeners:
                      - { name: in, type: forward, address: "127.0.0.1:5000", target: "127.0.0.1:7000", exit: abroad }
                    exits:
                      - { name: abroad, type: tunnel, server: "\(Link.farAddress):8388",
                          method: \(credentials.method.rawValue), keys: "\(credentials.keys)" }
                    admin: { socket: \(self.socket) }

                    """
                self.processes = [
                    try ChildProcess(["ip", "netns", "exec", self.link.far, "python3", "-c", Self.echo]),
                    try self.node("exit", exit, in: self.link.far, port: 8388),
                    try self.node("client", client, in: self.link.near, port: 5000),
                ]
            }

            deinit { for process in self.processes { process.kill() } }

            private func node(_ name: String, _ text: String, in namespace: String, port: UInt16) throws -> ChildProcess
            {
                let file = try self.directory.write(text, to: "\(name).yaml", mode: 0o600)
                return try self.link.start([Binaries.causeway, "run", "-c", file], in: namespace, port: port)
            }

            /// Ends by itself: the loop of every program here is bounded.
            private static let echo = """
                import socket, time
                echo = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                echo.bind(("127.0.0.1", 7000))
                echo.settimeout(1)
                end = time.time() + 120
                while time.time() < end:
                    try: echo.sendto(*echo.recvfrom(65536))
                    except TimeoutError: pass
                """

            /// An application that sends a datagram of each of `sizes` in turn until it is answered or its `patience`
            /// seconds have passed, and writes down the sizes of the answers.
            func application(_ sizes: [Int], patience: (Int) -> Int) throws -> ChildProcess {
                let program = """
                    import socket, time
                    near = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                    near.connect(("127.0.0.1", 5000))
                    near.settimeout(0.3)
                    for size, patience in zip(\(sizes), \(sizes.map(patience))):
                        end = time.time() + patience
                        answer = None
                        while answer != size and time.time() < end:
                            try:
                                near.send(bytes(size))
                                answer = len(near.recv(65536))
                                # What was sent again may have come twice, and the second time late.
                                while answer != size: answer = len(near.recv(65536))
                                print(answer, flush=True)
                            except OSError: time.sleep(0.05)
                    """
                return try ChildProcess(["ip", "netns", "exec", self.link.near, "python3", "-c", program])
            }

            func near(_ arguments: String) throws {
                let done = try Command.run(
                    ["ip", "-n", self.link.near] + arguments.split(separator: " ").map(String.init)
                )
                guard done.succeeded else { throw TestFailure("ip \(arguments): \(done.errorText)") }
            }

            /// Datagrams that did not fit the path, by listener and by exit.
            func tooLarge() throws -> [Int] {
                struct Status: Decodable {
                    struct Place: Decodable {
                        struct Datagrams: Decodable { var too_large: Int }

                        var udp: Datagrams?
                    }

                    var listeners: [Place]
                    var exits: [Place]
                }
                let status = try Command.run([Binaries.causeway, "status", "--socket", self.socket, "--json"])
                let places = try JSONDecoder().decode(Status.self, from: Data(status.output))
                return (places.listeners + places.exits).map { $0.udp?.too_large ?? -1 }
            }
        }

        @Test func `what does not fit the path is dropped and counted, and harms nothing`() throws {
            let ends = try Ends()
            try ends.near("link set dev link0 mtu 1280")
            // With what the tunnel adds, the first fits by a byte.
            let overhead = 20 + 8 + 16 + 11 + 7 + 16
            let most = 1280 - overhead
            let sizes = [most, most + 1, 1_400, most - 1]
            let application = try ends.application(sizes) { $0 <= most ? 20 : 2 }
            #expect(try application.waitForExit(within: 60) == .exited(0))
            #expect(String(decoding: application.output, as: UTF8.self) == "\(most)\n\(most - 1)\n")
            let counts = try ends.tooLarge()
            #expect(counts.count == 2 && counts.allSatisfy { $0 >= 2 }, "\(counts)")
        }

        @Test func `an association stays when its host's address changes`() throws {
            let ends = try Ends()
            let application = try ends.application([100, 101, 102] + (0..<400).map { 200 + $0 }) { _ in 30 }
            defer { application.kill() }
            func lines() -> [Substring] { String(decoding: application.output, as: UTF8.self).split(separator: "\n") }
            #expect(Deadline.wait(20) { lines().count >= 3 })
            try ends.near("addr add 10.77.0.3/24 dev link0")
            try ends.near("addr del 10.77.0.1/24 dev link0")
            // Gone with the first address, where the kernel does not promote it.
            try? ends.near("addr add 10.77.0.3/24 dev link0")
            let before = lines().count
            #expect(Deadline.wait(40) { lines().count >= before + 20 }, "\(lines().count) answers, \(before) before")
        }
    }
}
