import Foundation
import TestSupport
import Testing

extension LinkTests {
    /// Downloads over a link of 100 Mbit/s and 150 ms that loses one packet in twenty.
    ///
    /// The verdicts are ratios of what was carried in one run, with room for a busy machine. What is printed are the
    /// figures: `CAUSEWAY_LINK_SECONDS=20 make test-link` is long enough for them.
    @Suite(.enabled(if: BrutalKernel.obstacle == nil, "\(BrutalKernel.obstacle ?? "")")) struct BrutalTests {
        private static let seconds = TestSize.number("CAUSEWAY_LINK_SECONDS", full: 8, short: 4)

        private struct Download {
            /// Bytes of each of those that ran at one time.
            var bytes: [Int]
            var status: Status

            var rate: Double { Double(self.bytes.reduce(0, +)) * 8 / 1e6 / Double(BrutalTests.seconds) }
        }

        private struct Status: Decodable {
            struct Congestion: Decodable {
                var in_force: String?
                var reason: String?
                var is_shared_by_kernel: Bool
                var sockets: Int
                var retransmitted_per_mille: Double?
            }
            var congestion: [Congestion]
        }

        /// Client at the near end, exit and page at the far end, whose listener has `congestion`.
        ///
        /// - Parameter user: whose process the exit is.
        private static func download(_ congestion: String, count: Int = 1, user: String = "root") throws -> Download {
            let link = try Link(delay: 75, rate: 100, loss: 5)
            for namespace in [link.near, link.far] {
                for name in ["tcp_rmem=4096 131072 67108864", "tcp_wmem=4096 16384 67108864"] {
                    let set = try Command.run(["ip", "netns", "exec", namespace, "sysctl", "-qw", "net.ipv4.\(name)"])
                    guard set.succeeded else { throw TestFailure(set.errorText) }
                }
            }
            let directory = try TemporaryDirectory()
            chmod(directory.file(""), 0o755)
            let made = try Command.run(["truncate", "-s", "1G", directory.file("page")])
            guard made.succeeded else { throw TestFailure(made.errorText) }
            let page = try link.start(
                ["python3", "-m", "http.server", "--bind", "127.0.0.1", "--directory", directory.file(""), "8000"],
                in: link.far,
                port: 8000
            )
            let key = Credentials.key(.aes128)
            let run = directory.file("run")
            mkdir(run, 0o777)
            chmod(run, 0o777)
            let exitFile = try directory.write(
                """
                listeners:
                  - { name: public, type: tunnel, address: "\(Link.farAddress):8388", key: "\(key)", exit: out,
                      congestion: \(congestion) }
                exits: [{ name: out, type: direct, allow: [127.0.0.0/8] }]
                admin: { socket: \(run)/admin.sock }

                """,
                to: "exit.yaml",
                mode: 0o644
            )
            let clientFile = try directory.write(
                """
                listeners: [{ name: local, type: mixed, address: "127.0.0.1:1080", exit: abroad }]
                exits: [{ name: abroad, type: tunnel, server: "\(Link.farAddress):8388", keys: "\(key)" }]

                """,
                to: "client.yaml",
                mode: 0o600
            )
            let owner = user == "root" ? [] : ["setpriv", "--reuid", user, "--clear-groups", "--bounding-set", "-all"]
            let exit = try link.start(owner + [Binaries.causeway, "run", "-c", exitFile], in: link.far, port: 8388)
            let client = try link.start([Binaries.causeway, "run", "-c", clientFile], in: link.near, port: 1080)
            defer { for process in [client, exit, page] { process.kill() } }
            let downloads = try (0..<count).map { _ in
                try ChildProcess([
                    "ip", "netns", "exec", link.near, "curl", "--silent", "--output", "/dev/null", "--write-out",
                    "%{size_download}", "--max-time", "\(Self.seconds)", "--noproxy", "",
                    "--proxy", "socks5h://127.0.0.1:1080", "http://127.0.0.1:8000/page",
                ])
            }
            // Before the sockets are gone.
            Thread.sleep(forTimeInterval: Double(Self.seconds) - 1)
            let told = try Command.run([Binaries.causeway, "status", "--json", "--socket", "\(run)/admin.sock"])
            let status = try JSONDecoder().decode(Status.self, from: Data(told.output))
            let bytes = try downloads.map { download in
                _ = try download.waitForExit(within: 60)
                return Int(String(decoding: download.output, as: UTF8.self)) ?? 0
            }
            return Download(bytes: bytes, status: status)
        }

        private static func tell(_ name: String, _ download: Download) {
            let again = download.status.congestion.first?.retransmitted_per_mille ?? 0
            let each = download.bytes.map { String(format: "%.1f", Double($0) * 8 / 1e6 / Double(Self.seconds)) }
            print(
                "link of 100 Mbit/s, 150 ms, 5 % loss, \(Self.seconds) s: \(name): \(each.joined(separator: " + ")) "
                    + String(format: "= %.1f Mbit/s, %.1f %% sent again", download.rate, again / 10)
            )
        }

        @Test func `Brutal carries what cubic does not, beside bbr`() throws {
            let kernel = try BrutalKernel()
            let brutal = try Self.download("{ algorithm: brutal, rate: 80 Mbit/s, gain: 1.5 }")
            #expect(brutal.status.congestion.map(\.in_force) == ["brutal"])
            let cubic = try Self.download("{ algorithm: cubic }")
            let bbr = try Self.download("{ algorithm: bbr }")
            Self.tell("brutal at 80", brutal)
            Self.tell("cubic", cubic)
            Self.tell("bbr", bbr)
            #expect(cubic.status.congestion.map(\.in_force) == ["cubic"])
            #expect(brutal.rate > 5 * cubic.rate)
            withExtendedLifetime(kernel) {}
        }

        @Test func `four downloads share one rate, which the kernel divides`() throws {
            let kernel = try BrutalKernel()
            let four = try Self.download("{ algorithm: brutal, rate: 80 Mbit/s, share: link }", count: 4)
            Self.tell("brutal, four that share 80", four)
            let congestion = try #require(four.status.congestion.first)
            #expect(congestion.in_force == "brutal" && congestion.is_shared_by_kernel && congestion.sockets == 4)
            // Each with the whole rate would lose most of what they send.
            #expect((congestion.retransmitted_per_mille ?? 1000) < 300)
            let (least, most) = (four.bytes.min() ?? 0, four.bytes.max() ?? 0)
            #expect(least > 0 && most < 3 * least, "\(four.bytes)")
            withExtendedLifetime(kernel) {}
        }

        @Test func `a node without a privilege uses what was loaded, and says so where nothing was`() throws {
            do {
                let kernel = try BrutalKernel()
                let loaded = try Self.download("{ algorithm: brutal, rate: 80 Mbit/s }", user: "nobody")
                #expect(loaded.status.congestion.map(\.in_force) == ["brutal"])
                withExtendedLifetime(kernel) {}
            }
            let fallback = "{ algorithm: brutal, rate: 80 Mbit/s, fallback: [reno] }"
            let without = try Self.download(fallback, user: "nobody")
            #expect(without.status.congestion.map(\.in_force) == ["reno"])
            #expect(without.status.congestion.first?.reason?.hasPrefix("the kernel has no brutal: ") == true)
            #expect(without.bytes.allSatisfy { $0 > 0 })
        }

        /// MPTCP takes the algorithm and not its parameters.
        @Test(.enabled(if: access("/proc/sys/net/mptcp/enabled", R_OK) == 0, "THIS KERNEL HAS NO MPTCP"))
        func `sockets of IPv6 have it, those of MPTCP the fallback, and bytes flow through both`() throws {
            let kernel = try BrutalKernel()
            let directory = try TemporaryDirectory()
            let (port, far) = (try FreePort.next(), try FreePort.next())
            let echo = try LoopbackServer.echo()
            let congestion = "congestion: { algorithm: brutal, rate: 80 Mbit/s, fallback: [reno] }"
            let node = try Node(
                """
                listeners:
                  - { name: far, type: forward, address: ["[::1]:\(far)", "127.0.0.1:\(far)"], exit: out, mptcp: true,
                      target: "127.0.0.1:\(echo.port)" }
                  - { name: six, type: forward, address: "127.0.0.1:\(port)", target: "[::1]:\(far)", exit: six }
                  - { name: many, type: forward, address: "127.0.0.2:\(port)", target: "127.0.0.1:\(far)", exit: many }
                exits:
                  - { name: out, type: direct, allow: [127.0.0.0/8] }
                  - { name: six, type: direct, allow: ["::1/128"], \(congestion) }
                  - { name: many, type: direct, allow: [127.0.0.0/8], mptcp: true, \(congestion) }
                admin: { socket: \(directory.file("admin.sock")) }

                """,
                listeningOn: [port]
            )
            for address in ["127.0.0.1", "127.0.0.2"] {
                let answer = try Command.run([
                    "sh", "-c", "(echo hello; sleep 1) | timeout 20 socat - TCP:\(address):\(port)",
                ])
                #expect(answer.outputText == "hello\n", "\(answer.errorText)")
            }
            let told = try Command.run([
                Binaries.causeway, "status", "--json", "--socket", directory.file("admin.sock"),
            ])
            let places = try JSONDecoder().decode(Status.self, from: Data(told.output)).congestion
            #expect(places.map(\.in_force) == ["brutal", "reno"])
            #expect(places[1].reason == "brutal takes no parameters on this socket, as on those of MPTCP")
            try node.stop()
            withExtendedLifetime(kernel) {}
        }

        @Test func `loading twice is once, and each obstacle has its sentence`() throws {
            let kernel = try BrutalKernel()
            #expect(try kernel.brutal("load").outputText == "loaded already\n")
            #expect(try kernel.brutal("status").outputText == "in the kernel, by this version of causeway\n")
            let elsewhere = try Command.run([Binaries.causeway, "brutal", "load", "--pins", "/tmp/causeway-pins"])
            #expect(elsewhere.status == .exited(69), "\(elsewhere.errorText)")
            #expect(elsewhere.errorText.contains("/tmp/causeway-pins is in no BPF file system; mount"))
            let other = try BrutalKernelBeside(kernel)
            #expect(other.refusal.contains("the kernel has a brutal already"), "\(other.refusal)")
            #expect(try kernel.brutal("unload").outputText == "unloaded\n")
            #expect(try kernel.brutal("unload").outputText == "was not loaded\n")
            let powerless = try kernel.brutal("load", by: ["setpriv", "--bounding-set", "-all", "--inh-caps", "-all"])
            #expect(
                powerless.status == .exited(69) && powerless.errorText.contains("CAP_BPF"),
                "\(powerless.errorText)"
            )
            #expect(try kernel.brutal("status").status == .exited(1))
        }
    }
}

/// Somebody who would load a second one, with pins of its own.
private struct BrutalKernelBeside {
    let refusal: String

    init(_ first: BrutalKernel) throws {
        do {
            _ = try BrutalKernel()
            self.refusal = ""
        } catch {
            self.refusal = "\(error)"
        }
    }
}
