import CausewayCrypto
import TestSupport
import Testing

@Suite struct AEADChoiceTests {
    /// Never a silent skip: who reads the results of a machine without a library must know what they do not say.
    @Test func `every backend can be tested on this machine`() {
        for (backend, reason) in Backend.missing {
            Issue.record("\(backend) was NOT tested: \(reason)", severity: .warning)
        }
    }

    @Test func `takes the fastest that there is`() throws {
        let (choice, missed) = AEADChoice.fastest()
        #expect(try AEADChoice.automatic.make().name == choice.make().name)
        #expect(choice != .automatic)
        if choice == .openSSL { #expect(Backend.available == [.openSSL]) }
        if !MultiBufferBackend.isProcessorWide && BoringSSLBackend.isBuilt { #expect(choice == .boringSSL) }
        if MultiBufferBackend.isProcessorWide && Backend.available.contains(.multiBuffer) {
            #expect(choice == .multiBuffer && missed == nil)
        }
    }

    /// Where something faster is only missing, it is said what.
    @Test func `says what it would take if it were there`() {
        let (choice, missed) = AEADChoice.fastest()
        switch missed {
        case nil: #expect(choice == (MultiBufferBackend.isProcessorWide ? .multiBuffer : .boringSSL))
        case .boringSSL: #expect(!BoringSSLBackend.isBuilt && choice == .multiBuffer)
        case .multiBuffer(let reason): #expect(Backend.missing[.multiBuffer] == "\(reason)" && choice != .multiBuffer)
        case .openSSL: Issue.record("OpenSSL is not faster than anything")
        }
    }

    @Test func `takes OpenSSL where it is asked to`() throws {
        #expect(try AEADChoice.openSSL.make() is OpenSSLBackend)
    }

    @Test func `takes another library where it is asked to, or says why not`() throws {
        for (backend, choice) in [(Backend.multiBuffer, AEADChoice.multiBuffer), (.boringSSL, .boringSSL)] {
            if Backend.available.contains(backend) {
                #expect(try choice.make().name.hasPrefix(backend.description))
            } else {
                let reason = try #require(Backend.missing[backend])
                let failure = #expect(throws: AEADChoice.Failure.self) { try choice.make() }
                #expect("\(try #require(failure))".hasSuffix(reason))
            }
        }
    }

    @Test func `is known by the names of the documentation`() {
        #expect(AEADChoice.allCases.map(\.rawValue) == ["automatic", "openssl", "multi-buffer", "boringssl"])
    }

    @Test(.enabled(if: Backend.available.contains(.multiBuffer), "Intel's multi-buffer library cannot be used here"))
    func `Intel's library says which version it is`() throws {
        let name = try MultiBufferBackend().name
        #expect(name.wholeMatch(of: /Intel multi-buffer \d+\.\d+\.\d+.*/) != nil, "\(name)")
    }
}
