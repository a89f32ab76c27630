import Foundation
import TestSupport
import Testing

extension EndToEnd {
    @Suite struct CurlTests {
        private let body = BytePattern.slice(at: 0, count: 1_000_003)

        @Test(arguments: [
            ["--proxy", "socks5h://"], ["--proxy", "socks5://"], ["--proxy", "socks4a://"], ["--proxy", "http://"],
            ["--proxytunnel", "--proxy", "http://"],
        ])
        func `curl fetches a page through client and exit`(options: [String]) throws {
            let origin = try HTTPOrigin(body: self.body)
            let chain = try Chain()
            let fetched = try self.curl(options, chain, "http://127.0.0.1:\(origin.port)/page?q=1")
            #expect(fetched.status == .exited(0), "\(fetched.errorText)")
            #expect(fetched.output == self.body)
            #expect(origin.requestHeads.first?.hasPrefix("GET /page?q=1 HTTP/1.1\r\n") == true)
            try chain.stop()
        }

        @Test(arguments: [["--proxy", "socks5h://"], ["--proxy", "socks4a://"], ["--proxy", "http://"]])
        func `a name is resolved at the exit`(options: [String]) throws {
            let origin = try HTTPOrigin(body: self.body)
            let chain = try Chain()
            let fetched = try self.curl(options, chain, "http://localhost:\(origin.port)/")
            #expect(fetched.status == .exited(0), "\(fetched.errorText)")
            #expect(fetched.output == self.body)
            try chain.stop()
        }

        @Test func `a plain HTTP request loses what is meant for the proxy and keeps the rest`() throws {
            let origin = try HTTPOrigin(body: [UInt8]("hello".utf8))
            let chain = try Chain()
            let options = ["--header", "X-Kept: yes", "--header", "Proxy-Connection: Keep-Alive", "--proxy", "http://"]
            let fetched = try self.curl(options, chain, "http://127.0.0.1:\(origin.port)/")
            #expect(fetched.outputText == "hello", "\(fetched.errorText)")
            let head = try #require(origin.requestHeads.first)
            #expect(head.contains("\r\nX-Kept: yes\r\n"))
            #expect(head.contains("\r\nHost: 127.0.0.1:\(origin.port)\r\n"))
            #expect(!head.lowercased().contains("proxy-"))
            try chain.stop()
        }

        /// Runs curl with `options`, the last of which is the proxy's scheme.
        private func curl(_ options: [String], _ chain: Chain, _ url: String) throws -> Command {
            let proxy = "\(options[options.count - 1])127.0.0.1:\(chain.proxyPort)"
            // An empty noproxy: curl would go straight to loopback where the environment says so.
            return try Command.run(
                ["curl", "--silent", "--show-error", "--fail", "--max-time", "50", "--noproxy", ""]
                    + options.dropLast() + [proxy, url]
            )
        }
    }
}
