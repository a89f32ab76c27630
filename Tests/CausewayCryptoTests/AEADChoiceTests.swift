import CausewayCrypto
import TestSupport
import Testing

@Suite struct AEADChoiceTests {
    /// Never a silent skip: who reads the results of a machine without the library must know what they do not say.
    @Test func `every backend can be tested on this machine`() {
        guard let obstacle = Backend.multiBufferObstacle else { return }
        Issue.record(
            "Intel's multi-buffer library was NOT tested: \(obstacle). All vectors ran through OpenSSL alone.",
            severity: .warning
        )
    }

    @Test func `takes the fastest that there is`() throws {
        let name = try AEADChoice.automatic.make().name
        let fastest = try #require(Backend.available.last)
        #expect(name == (try fastest.make()).name)
    }

    @Test func `takes OpenSSL where it is asked to`() throws {
        #expect(try AEADChoice.openSSL.make() is OpenSSLBackend)
    }

    @Test func `takes Intel's library where it is asked to, or says why not`() throws {
        if let obstacle = Backend.multiBufferObstacle {
            #expect(throws: AEADChoice.Failure.multiBuffer(obstacle)) { try AEADChoice.multiBuffer.make() }
        } else {
            #expect(try AEADChoice.multiBuffer.make() is MultiBufferBackend)
        }
    }

    @Test func `is known by the names of the documentation`() {
        #expect(AEADChoice.allCases.map(\.rawValue) == ["automatic", "openssl", "multi-buffer"])
    }
}
