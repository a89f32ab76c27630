import CausewayBytes
import TestSupport
import Testing

@testable import CausewayFronts

@Suite struct SOCKS5FrontTests {
    private static let payload: [UInt8] = [0x16, 3, 1, 0]

    @Test(arguments: [
        ("01 cb007107 01bb", "203.0.113.7:443"),
        ("04 20010db8000000000000000000000001 0050", "[2001:db8::1]:80"),
        ("04 00000000000000000000ffff0a000001 0050", "10.0.0.1:80"),
        ("03 0b 6578616d706c652e6e6574 0016", "example.net:22"),
        ("03 07 312e322e332e34 0016", "1.2.3.4:22"),
        ("03 05 5b3a3a315d 0016", "[::1]:22"),
        ("03 01 61 0000", "a:0"),
    ])
    func `connects to every kind of address and leaves the payload alone`(address: String, target: String) {
        let input = [UInt8](hex: "050100" + "050100" + address.filter { $0 != " " }) + Self.payload
        let outcome = Dialogue.cutEverywhere(input)
        #expect(outcome.sent == [5, 0])
        #expect(outcome.target?.description == target)
        #expect(outcome.left == Self.payload)
    }

    @Test func `asks for datagrams where they are served, whatever address it means to send from`() {
        for address in ["01 00000000 0000", "01 7f000001 1234", "04 00000000000000000000000000000000 0000"] {
            let input = [UInt8](hex: "050100" + "050300" + address.filter { $0 != " " })
            for cut in input.indices {
                let outcome = Dialogue(input, cuts: [cut], requiresAuthentication: false, servesDatagrams: true)
                #expect(outcome.end == .requested(.associate))
                #expect(outcome.front.succeeded(bound: nil) == [5, 0, 0, 1, 0, 0, 0, 0, 0, 0])
            }
            let refused = Dialogue(input, cuts: [], requiresAuthentication: false)
            #expect(refused.end == .refused([5, 7, 0, 1, 0, 0, 0, 0, 0, 0]))
        }
        // BIND is served by nobody.
        let bind = Dialogue(
            [UInt8](hex: "050100" + "050200" + "01000000000000"),
            cuts: [],
            requiresAuthentication: false,
            servesDatagrams: true
        )
        #expect(bind.end == .refused([5, 7, 0, 1, 0, 0, 0, 0, 0, 0]))
    }

    @Test func `reads a name of the greatest length`() {
        let name = [UInt8](repeating: 0x61, count: 255)
        let outcome = Dialogue.cutEverywhere([5, 1, 0, 5, 1, 0, 3, 255] + name + [0, 80])
        #expect(outcome.target?.host == Host(name))
    }

    @Test(arguments: [
        // method offered, whether a password is required, answer
        ("00", false, "0500"), ("0001", false, "0500"), ("01020300", false, "0500"), ("02", false, "0502"),
        ("000102", true, "0502"), ("02", true, "0502"),
    ])
    func `chooses a method and ignores those it does not know`(methods: String, required: Bool, answer: String) {
        let offered = [UInt8](hex: methods)
        let input = [5, UInt8(offered.count)] + offered
        let outcome = Dialogue.cutEverywhere(input, requiresAuthentication: required)
        #expect(outcome.sent.hex == answer)
        #expect(outcome.end == .waiting)
    }

    @Test(arguments: [("", false), ("01", false), ("8081ff", false), ("", true), ("00", true), ("0001", true)])
    func `refuses a client that offers no method of ours`(methods: String, required: Bool) {
        let offered = [UInt8](hex: methods)
        let input = [5, UInt8(offered.count)] + offered
        #expect(Dialogue.cutEverywhere(input, requiresAuthentication: required).end == .refused([5, 0xff]))
    }

    @Test func `looks among all of 255 methods`() {
        let input = [5, 255] + [UInt8](repeating: 0x80, count: 254) + [0]
        #expect(Dialogue.cutEverywhere(input).sent == [5, 0])
    }

    @Test func `lets the right password in`() {
        let input = [UInt8](hex: "050102" + "0105616c69636506736563726574" + "05010001010203040050") + Self.payload
        let outcome = Dialogue.cutEverywhere(input, requiresAuthentication: true)
        #expect(outcome.sent.hex == "0502" + "0100")
        #expect(outcome.asked == ["alice:secret"])
        #expect(outcome.target?.description == "1.2.3.4:80")
        #expect(outcome.left == Self.payload)
    }

    @Test(arguments: [
        ("010000", ":"), ("0105616c69636500", "alice:"), ("0100 06736563726574", ":secret"),
        ("0105616c69636506736563726575", "alice:secreu"),
    ])
    func `refuses a wrong or empty password`(credentials: String, asked: String) {
        let input = [UInt8](hex: "050102" + credentials.filter { $0 != " " })
        let outcome = Dialogue.cutEverywhere(input, requiresAuthentication: true)
        #expect(outcome.asked == [asked])
        #expect(outcome.sent == [5, 2])
        #expect(outcome.end == .refused([1, 1]))
    }

    @Test func `hands on credentials of the greatest length`() {
        let text = [UInt8](repeating: 0x78, count: 255)
        let outcome = Dialogue.cutEverywhere([5, 1, 2, 1, 255] + text + [255] + text, requiresAuthentication: true)
        #expect(outcome.asked == [(text + [0x3a] + text).text])
        #expect(outcome.end == .refused([1, 1]))
    }

    @Test func `takes any password where none is required`() {
        let outcome = Dialogue.cutEverywhere([UInt8](hex: "050102" + "010000" + "05010001010203040050"))
        #expect(outcome.asked.isEmpty)
        #expect(outcome.sent.hex == "05020100")
        #expect(outcome.target?.port == 80)
    }

    @Test func `refuses credentials of another version`() {
        let outcome = Dialogue.cutEverywhere([5, 1, 2, 5, 0, 0], requiresAuthentication: true)
        #expect(outcome.asked.isEmpty)
        #expect(outcome.end == .refused([1, 1]))
    }

    @Test(arguments: [
        // request, reply code
        ("05020001010203040050", "07"), ("05030001000000000000", "07"), ("05f00001010203040050", "07"),
        ("05000001010203040050", "07"), ("04010001010203040050", "01"), ("05010002010203040050", "08"),
        ("05010000010203040050", "08"), ("050100030050", "01"),
        ("050100030261000050", "01"), ("050100030261200050", "01"), ("05010003020a610050", "01"),
    ])
    func `answers what it does not do with the code for it`(request: String, code: String) {
        let outcome = Dialogue.cutEverywhere([5, 1, 0] + [UInt8](hex: request))
        #expect(outcome.sent == [5, 0])
        #expect(outcome.end == .refused([UInt8](hex: "05" + code + "0001" + "000000000000")))
    }

    @Test func `does not mind the reserved byte`() {
        #expect(Dialogue.cutEverywhere([5, 1, 0, 5, 1, 9, 1, 1, 2, 3, 4, 0, 80]).target?.port == 80)
    }

    @Test(arguments: [
        (ConnectFailure.general, "01"), (.denied, "02"), (.networkUnreachable, "03"), (.hostUnreachable, "04"),
        (.nameNotResolved, "04"), (.timedOut, "04"), (.refused, "05"),
    ])
    func `says why a session failed, in the whole form`(failure: ConnectFailure, code: String) {
        let front = Dialogue([5, 1, 0, 5, 1, 0, 1, 1, 2, 3, 4, 0, 80], cuts: [], requiresAuthentication: false).front
        #expect(front.failed(failure).hex == "05" + code + "0001000000000000")
    }

    @Test func `says where a session is bound when that is known`() throws {
        let front = Dialogue([5, 1, 0, 5, 1, 0, 1, 1, 2, 3, 4, 0, 80], cuts: [], requiresAuthentication: false).front
        #expect(front.succeeded(bound: nil).hex == "05000001000000000000")
        let v4 = SocketAddress(ip: .v4(0xc000_0201), port: 0x1234)
        #expect(front.succeeded(bound: v4).hex == "05000001c00002011234")
        let v6 = SocketAddress(ip: try #require(IPAddress("2001:db8::1")), port: 0x1234)
        #expect(front.succeeded(bound: v6).hex == "0500000420010db80000000000000000000000011234")
        #expect(front.timeoutReply.isEmpty)
    }
}
