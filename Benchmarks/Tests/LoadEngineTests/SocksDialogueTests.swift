import LoadEngine
import Testing

@Suite struct SocksDialogueTests {
    private static let accepted: [UInt8] = [5, 0]
    private static let ipv4: [UInt8] = [5, 0, 0, 1, 0, 0, 0, 0, 0, 0]
    private static let ipv6: [UInt8] = [5, 0, 0, 4] + [UInt8](repeating: 7, count: 16) + [1, 2]
    private static let name: [UInt8] = [5, 0, 0, 3, 4] + Array("host".utf8) + [1, 2]
    private static let emptyName: [UInt8] = [5, 0, 0, 3, 0, 1, 2]

    /// Feeds bytes and collects what was to be done besides waiting.
    private func actions(_ bytes: [UInt8]) -> [SocksDialogue.Action] {
        var dialogue = SocksDialogue()
        return bytes.map { dialogue.received($0) }.filter { $0 != .wait }
    }

    @Test func `a request names the target`() {
        let target = Endpoint(host: 0x7F00_0102, port: 0x1F90)
        #expect(SocksDialogue.request(to: target) == [5, 1, 0, 1, 127, 0, 1, 2, 0x1F, 0x90])
    }

    @Test(arguments: [Self.ipv4, Self.ipv6, Self.name, Self.emptyName])
    func `every form of address is skipped to its last byte and no further`(reply: [UInt8]) {
        #expect(self.actions(Self.accepted + reply) == [.sendRequest, .open])
        #expect(self.actions(Self.accepted + reply.dropLast()) == [.sendRequest])
    }

    @Test(arguments: [Self.ipv4, Self.ipv6, Self.name, Self.emptyName])
    func `what is wanted never reaches into the payload`(reply: [UInt8]) {
        let bytes = Self.accepted + reply
        var dialogue = SocksDialogue()
        for (index, byte) in bytes.enumerated() {
            #expect(dialogue.bytesWanted > 0)
            #expect(index + dialogue.bytesWanted <= bytes.count)
            _ = dialogue.received(byte)
        }
        #expect(dialogue.bytesWanted == 0)
    }

    @Test func `a refusal carries its code`() {
        #expect(self.actions(Self.accepted + [5, 2]) == [.sendRequest, .refused(2)])
        #expect(self.actions([5, 0xFF]) == [.refused(0xFF)])
    }

    @Test(arguments: [[4], [5, 0, 4], [5, 0, 5, 0, 0, 2]] as [[UInt8]])
    func `another protocol is malformed`(bytes: [UInt8]) {
        #expect(self.actions(bytes).last == .malformed)
    }

    @Test func `bytes after the end are malformed`() {
        #expect(self.actions(Self.accepted + Self.ipv4 + [0]).last == .malformed)
    }
}
