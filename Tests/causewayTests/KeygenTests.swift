import ArgumentParser
import CausewayWire
import Testing

@testable import causeway

@Suite struct KeygenTests {
    @Test(arguments: Method.allCases)
    func `makes keys that the method takes, and no two alike`(method: Method) throws {
        let keys = (0..<100).map { _ in Keygen.key(method) }
        for key in keys { _ = try method.parseKey(key) }
        #expect(Set(keys).count == keys.count)
    }

    @Test func `reads its arguments`() throws {
        #expect(try Keygen.parse([]).method == .aes128GCM)
        #expect(try Keygen.parse(["2022-blake3-aes-256-gcm", "--count", "3"]).method == .aes256GCM)
        #expect(throws: (any Error).self) { try Keygen.parse(["aes-256-gcm"]) }
        #expect(throws: (any Error).self) { try Keygen.parse(["--count", "0"]) }
    }
}
