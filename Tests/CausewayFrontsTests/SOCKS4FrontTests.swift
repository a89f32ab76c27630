import CausewayBytes
import TestSupport
import Testing

@testable import CausewayFronts

@Suite struct SOCKS4FrontTests {
    private static let rejected: [UInt8] = [0, 0x5b, 0, 0, 0, 0, 0, 0]

    @Test(arguments: [
        ("0401 0016 cb007107 00", "203.0.113.7:22"),
        ("0401 01bb 01020304 616e6f6e796d6f757300", "1.2.3.4:443"),
        ("0401 0016 00000000 00", "0.0.0.0:22"),
        ("0401 0016 00000100 00", "0.0.1.0:22"),
        ("0401 0016 00000001 00 6578616d706c652e6e657400", "example.net:22"),
        ("0401 0016 000000ff 6100 312e322e332e3400", "1.2.3.4:22"),
    ])
    func `connects to an address or a name and leaves the payload alone`(request: String, target: String) {
        let outcome = Dialogue.cutEverywhere([UInt8](hex: request.filter { $0 != " " }) + [9, 0, 9])
        #expect(outcome.sent.isEmpty)
        #expect(outcome.target?.description == target)
        #expect(outcome.left == [9, 0, 9])
    }

    @Test(arguments: [
        "0402 0016 01020304 00", "0403 0016 01020304 00", "0400 0016 01020304 00",
        "0401 0016 00000001 00 00", "0401 0016 00000001 00 6120 00",
    ])
    func `refuses other commands and bad names`(request: String) {
        let outcome = Dialogue.cutEverywhere([UInt8](hex: request.filter { $0 != " " }))
        #expect(outcome.end == .refused(Self.rejected))
    }

    @Test func `refuses everybody where a password is required`() {
        let outcome = Dialogue.cutEverywhere([UInt8](hex: "0401001601020304616c69636500"), requiresAuthentication: true)
        #expect(outcome.end == .refused(Self.rejected))
        #expect(outcome.asked.isEmpty)
    }

    @Test(arguments: [(512, true), (513, false)])
    func `reads a user id up to its limit`(count: Int, isRead: Bool) {
        let user = [UInt8](repeating: 0x61, count: count)
        let outcome = Dialogue.cutEverywhere([4, 1, 0, 80, 1, 2, 3, 4] + user + [0])
        #expect((outcome.target != nil) == isRead)
        #expect((outcome.end == .refused(Self.rejected)) == !isRead)
    }

    @Test(arguments: [(257, 255, true), (258, 255, false), (0, 255, true), (0, 256, false), (512, 1, false)])
    func `reads user id and name up to their limit together`(user: Int, name: Int, isRead: Bool) {
        let (user, name) = ([UInt8](repeating: 0x61, count: user), [UInt8](repeating: 0x62, count: name))
        let outcome = Dialogue.cutEverywhere([4, 1, 0, 80, 0, 0, 0, 1] + user + [0] + name + [0])
        #expect(outcome.target?.host == (isRead ? Host(name) : nil))
        #expect((outcome.end == .refused(Self.rejected)) == !isRead)
    }

    @Test func `does not wait for the end of a text that has none`() {
        let outcome = Dialogue.cutEverywhere([4, 1, 0, 80, 0, 0, 0, 1] + [UInt8](repeating: 0x61, count: 900))
        #expect(outcome.end == .refused(Self.rejected))
    }

    @Test func `says whether the session is open`() {
        let front = Dialogue([4, 1, 0, 80, 1, 2, 3, 4, 0], cuts: [], requiresAuthentication: false).front
        #expect(front.succeeded(bound: nil).hex == "005a000000000000")
        #expect(front.succeeded(bound: SocketAddress(ip: .v4(0xc000_0201), port: 0x1234)).hex == "005a1234c0000201")
        let v6 = SocketAddress(ip: .v6(high: 1, low: 1), port: 1)
        #expect(front.succeeded(bound: v6).hex == "005a000000000000")
        for failure in [ConnectFailure.general, .denied, .timedOut, .refused] {
            #expect(front.failed(failure) == Self.rejected)
        }
        #expect(front.timeoutReply.isEmpty)
    }
}
