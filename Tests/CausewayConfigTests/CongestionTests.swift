import CausewayBytes
import Testing

@testable import CausewayConfig

@Suite struct CongestionTests {
    private func text(_ congestion: String) -> String {
        "\(minimalListener)\nexits: [{ name: e, type: direct, congestion: \(congestion) }]"
    }

    private func congestion(_ text: String) throws -> Configuration.Congestion? {
        let exit = try Configuration.parse(self.text(text), files: files([:])).exits.first
        guard case .direct(let direct)? = exit?.kind else { return nil }
        return direct.socket.congestion
    }

    @Test func `everything that is written is read`() throws {
        let read = try self.congestion(
            "{ algorithm: brutal, rate: 200 Mbit/s, gain: 1.5, share: user, fallback: [bbr, cubic], pacing: 1 Gbit/s }"
        )
        let expected = Configuration.Congestion(
            algorithm: "brutal",
            rate: BitRate("200 Mbit/s"),
            gain: 15,
            share: .user,
            fallback: ["bbr", "cubic"],
            pacing: BitRate("1 Gbit/s")
        )
        #expect(read == expected)
        #expect(
            expected.summary == "; congestion brutal, 200 Mbit/s for each user, gain 1.5, no socket above 1 Gbit/s, "
                + "else bbr, cubic"
        )
    }

    @Test func `what is not written has its default`() throws {
        let brutal = try #require(try self.congestion("{ algorithm: brutal, rate: 500 kbit/s }"))
        #expect(brutal.gain == 20 && brutal.share == .link && brutal.fallback == ["bbr"] && brutal.pacing == nil)
        let bbr = try #require(try self.congestion("{ algorithm: bbr, fallback: [] }"))
        #expect(bbr.rate == nil && bbr.fallback.isEmpty)
        #expect(bbr.summary == "; congestion bbr")
    }

    @Test func `a user's rate may be that of its plan`() throws {
        let brutal = try #require(try self.congestion("{ algorithm: brutal, share: user }"))
        #expect(brutal.rate == nil && brutal.share == .user)
        #expect(brutal.summary == "; congestion brutal, at the rate of each user's plan, gain 2.0, else bbr")
    }

    @Test func `a listener has one too`() throws {
        let text = """
            listeners:
              - { name: l, type: mixed, address: "127.0.0.1:1", exit: e, congestion: { algorithm: bbr, rate: 8 kbit/s } }
            exits: [{ name: e, type: block }]
            """
        let listener = try Configuration.parse(text, files: files([:])).listeners.first
        #expect(listener?.socket.congestion?.rate == BitRate("8 kbit/s"))
    }

    @Test(arguments: [
        ("{}", #"congestion: needs "algorithm""#),
        ("brutal", "congestion: must be a mapping of keys to values"),
        ("{ algorithm: brutal }", #"congestion: needs "rate""#),
        ("{ algorithm: brutal, rate: 499 kbit/s }", "congestion.rate: is not a rate"),
        ("{ algorithm: brutal, rate: 2 Tbit/s }", "congestion.rate: is not a rate"),
        ("{ algorithm: bbr, rate: 7 kbit/s }", "congestion.rate: is not a rate"),
        ("{ algorithm: bbr, rate: 2 Tbit/s }", "congestion.rate: is not a rate"),
        ("{ algorithm: brutal, rate: 100 }", "congestion.rate: is not a rate"),
        ("{ algorithm: brutal, rate: 1 Mbit/s, gain: 0.4 }", "congestion.gain: is not a number from 0.5 to 8.0"),
        ("{ algorithm: brutal, rate: 1 Mbit/s, gain: 8.1 }", "congestion.gain: is not a number from 0.5 to 8.0"),
        ("{ algorithm: brutal, rate: 1 Mbit/s, gain: 1.55 }", "congestion.gain: is not a number from 0.5 to 8.0"),
        ("{ algorithm: brutal, rate: 1 Mbit/s, gain: 1. }", "congestion.gain: is not a number from 0.5 to 8.0"),
        (
            "{ algorithm: bbr, rate: 1 Mbit/s, gain: 1.5 }",
            "congestion.gain: is Brutal's alone, and the algorithm is bbr"
        ),
        ("{ algorithm: bbr, share: link }", "congestion.share: is of a rate, and there is none"),
        ("{ algorithm: brutal, rate: 1 Mbit/s, share: group }", "congestion.share: is not one of socket, user, link"),
        ("{ algorithm: a-name-too-long-, rate: 1 Mbit/s }", "congestion.algorithm: is not the name"),
        ("{ algorithm: a/b, rate: 1 Mbit/s }", "congestion.algorithm: is not the name"),
        ("{ algorithm: bbr, fallback: [\"\"] }", "congestion.fallback[0]: is not the name"),
        ("{ algorithm: bbr, speed: 1 }", "congestion.speed: unknown key"),
    ])
    func `a mistake is refused by its name`(text: String, finding: String) {
        let found = findings(self.text(text))
        #expect(found.count == 1 && found.first?.contains(finding) == true, "\(found)")
    }
}
