import CausewayCrypto
import CausewayWire
import Testing

@Suite struct MethodTests {
    @Test func `has the names and widths of the specification`() {
        #expect(
            Method.allCases.map(\.rawValue) == [
                "2022-blake3-aes-128-gcm", "2022-blake3-aes-256-gcm", "2022-blake3-chacha20-poly1305",
            ]
        )
        #expect(Method.allCases.map(\.keyCount) == [16, 32, 32])
        #expect(Method.allCases.map(\.hasIdentityHeaders) == [true, true, false])
        #expect(Method.allCases.map(\.algorithm) == [.aes128GCM, .aes256GCM, .chaCha20Poly1305])
    }
}
