import Foundation
import TestSupport
import Testing

extension LinkTests {
    /// How many times a new session crosses the link before its first byte comes back.
    ///
    /// The verdict is a count of round trips: the shortest of several sessions, divided by the link's time and rounded,
    /// so that a busy machine does not matter.
    @Suite struct RoundTripTests {
        private static let delay = 75
        private static let sessions = 7
        private static let entry = Entry(to: .multiUser(.aes128))

        private enum Middle: String {
            case blind, terminating, singBox
        }

        /// Seconds to the first byte of each session: client and entry at the near end, exit and page at the far end.
        private static func measure(_ middle: Middle, warm: Int) throws -> [Double] {
            let link = try Link(delay: self.delay)
            let directory = try TemporaryDirectory()
            let socket = directory.file("admin.sock")
            let page = try link.start(
                ["python3", "-m", "http.server", "--bind", "127.0.0.1", "--directory", directory.file(""), "8000"],
                in: link.far,
                port: 8000
            )
            func node(_ name: String, _ text: String, in namespace: String, port: UInt16) throws -> ChildProcess {
                let file = try directory.write(text, to: "\(name).yaml", mode: 0o600)
                return try link.start([Binaries.causeway, "run", "-c", file], in: namespace, port: port)
            }
            let exitText = Configuration.exit(port: 8388, self.entry.exit)
            let exit = try node(
                "exit",
                exitText.replacing("127.0.0.1:8388", with: "\(Link.farAddress):8388"),
                in: link.far,
                port: 8388
            )
            let more = "admin: { socket: \(socket) }"
            let servers: [UInt16] = [8388]
            let group = ", check: off"
            let text: String
            switch middle {
            case .blind:
                text = self.entry.relay(port: 8443, servers: servers, hasUsers: true, group: group, more: more)
            case .terminating: text = self.entry.terminating(port: 8443, servers: servers, group: group, more: more)
            case .singBox: text = self.singBox
            }
            let placed = text.replacing("127.0.0.1:8388", with: "\(Link.farAddress):8388")
                .replacing("name: e0, type: tunnel,", with: "name: e0, type: tunnel, warm: \(warm),")
            let entry: ChildProcess
            let keys: String
            switch middle {
            case .blind, .terminating:
                entry = try node("entry", placed, in: link.near, port: 8443)
                keys = middle == .blind ? self.entry.keys(hasUsers: true) : self.entry.key
            case .singBox:
                guard let program = Binaries.singBox else { throw TestFailure("no sing-box") }
                let file = try directory.write(placed, to: "sing-box.json", mode: 0o600)
                entry = try link.start([program, "run", "--disable-color", "-c", file], in: link.near, port: 8443)
                keys = self.entry.keys(hasUsers: false)
            }
            let clientText = Configuration.client(port: 1080, serverPort: 8443, method: .aes128, keys: keys)
            let client = try node("client", clientText, in: link.near, port: 1080)
            defer { for process in [client, entry, exit, page] { process.kill() } }
            return try (0..<self.sessions).map { _ in
                if warm > 0 {
                    #expect(Deadline.wait(20) { Self.ready(socket) > 0 })
                }
                let fetched = try Command.run([
                    "ip", "netns", "exec", link.near, "curl", "--silent", "--show-error", "--output", "/dev/null",
                    "--write-out", "%{time_starttransfer}", "--max-time", "20", "--noproxy", "",
                    "--proxy", "socks5h://127.0.0.1:1080", "http://127.0.0.1:8000/",
                ])
                guard fetched.succeeded, let seconds = Double(fetched.outputText) else {
                    throw TestFailure("\(fetched.errorText)\n\(client.errorText)\n\(entry.errorText)")
                }
                return seconds
            }
        }

        private static var singBox: String {
            """
            { "log": { "level": "warn" },
              "inbounds": [{ "type": "shadowsocks", "listen": "127.0.0.1", "listen_port": 8443,
                "method": "\(self.entry.exit.method.rawValue)", "password": "\(self.entry.key)",
                "destinations": [{ "name": "next", "server": "\(Link.farAddress)", "server_port": 8388,
                  "password": "\(self.entry.exit.serverKey)" }] }],
              "outbounds": [{ "type": "direct" }] }
            """
        }

        /// Warm sockets that the entry has ready.
        private static func ready(_ socket: String) -> Int {
            struct Status: Decodable {
                struct Exit: Decodable {
                    struct Warm: Decodable { var ready: Int }

                    var warm: Warm?
                }

                var exits: [Exit]
            }
            guard let command = try? Command.run([Binaries.causeway, "status", "--socket", socket, "--json"]),
                let status = try? JSONDecoder().decode(Status.self, from: Data(command.output))
            else { return 0 }
            return status.exits.compactMap(\.warm?.ready).reduce(0, +)
        }

        private static func roundTrips(_ times: [Double]) -> Int {
            Int(((times.min() ?? 0) * 1000 / Double(2 * self.delay)).rounded())
        }

        @Test(arguments: [
            ("blind", 4, 1), ("blind", 0, 2), ("terminating", 4, 1), ("terminating", 0, 2), ("singBox", 0, 2),
        ])
        func `a warm exit answers after one round trip, a cold one after two`(
            name: String,
            warm: Int,
            expected: Int
        ) throws {
            guard let middle = Middle(rawValue: name) else { throw TestFailure("no \(name)") }
            if middle == .singBox, Binaries.singBox == nil { return print("sing-box is not installed: not measured") }
            let times = try Self.measure(middle, warm: warm)
            let sorted = times.map { Int(($0 * 1000).rounded()) }.sorted()
            print("first byte through \(name), \(warm > 0 ? "warm" : "cold"): \(sorted) ms")
            #expect(Self.roundTrips(times) == expected, "\(sorted) ms")
        }
    }
}
