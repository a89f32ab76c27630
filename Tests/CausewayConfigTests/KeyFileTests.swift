import Foundation
import Testing

@testable import CausewayConfig

@Suite struct KeyFileTests {
    private let text = """
        listeners: [{ name: l, type: tunnel, address: "[::]:443", key: { file: k }, exit: e }]
        \(minimalExit)
        """

    @Test(arguments: ["", "\n", "\r\n", "  \n\n"])
    func `white space around a key is not part of it`(end: String) {
        #expect(findings(self.text, files: files(["k": " " + key(1) + end])) == [])
    }

    @Test(arguments: ["key: { file: u }", "keys: { file: u }", "keys: [{ file: u }]"])
    func `a user's key may be in a file`(user: String) throws {
        let text = """
            listeners: [{ name: l, type: tunnel, address: "[::]:443", key: "\(key(1))", users: true, exit: e }]
            \(minimalExit)
            users: [{ name: alice, \(user) }]
            """
        #expect(findings(text, files: files(["u": key(2)])) == [])
        #expect(findings(text, files: files(["u": key(2, 32)])).count == 1)
    }

    @Test func `a path begins where the configuration is`() {
        #expect(findings(self.text, files: files(["/etc/c/k": key(1)]), directory: "/etc/c") == [])
        let absolute = self.text.replacing("file: k", with: "file: /k")
        #expect(findings(absolute, files: files(["/k": key(1)]), directory: "/etc/c") == [])
    }

    @Test func `says which file is missing, wrong or open to everybody`() {
        let place = "f:1: listeners[0].key"
        #expect(findings(self.text) == ["\(place): cannot read k: No such file or directory"])
        #expect(
            findings(self.text, files: files(["k": key(1, 32)])) == [
                "\(place): the key in k has 32 bytes, where the method wants 16"
            ]
        )
        #expect(
            findings(self.text, files: files(["k": "\(key(1)) \(key(2))"])) == [
                "\(place): the key in k is not standard base64 with padding"
            ]
        )
        #expect(
            findings(self.text, files: files(["k": key(1)], open: ["k"])) == [
                "f:1: warning: listeners[0].key: everybody can read k"
            ]
        )
    }

    @Test func `a mapping has only the file`() {
        #expect(findings(self.text.replacing("file: k", with: "")) == [#"f:1: listeners[0].key: needs "file""#])
        let found = findings(self.text.replacing("file: k", with: "file: k, mode: 1"), files: files(["k": key(1)]))
        #expect(found.count == 1 && found.first?.contains("key.mode: unknown key") == true)
    }

    @Test func `the system's files are read to their end, with their mode and up to a limit`() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "causeway-\(UUID())").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let path = "\(directory)/file"
        let bytes = (0..<70_000).map { UInt8(truncatingIfNeeded: $0) }
        let attributes: [FileAttributeKey: Any] = [.posixPermissions: 0o600]
        #expect(FileManager.default.createFile(atPath: path, contents: Data(bytes), attributes: attributes))
        let found = try FileReader.system.read(path, 70_000).get()
        #expect(found.bytes == bytes && !found.isReadableByAll)
        #expect(throws: FileError.self) { try FileReader.system.read(path, 69_999).get() }
        try FileManager.default.setAttributes([.posixPermissions: 0o604], ofItemAtPath: path)
        #expect(try FileReader.system.read(path, 70_000).get().isReadableByAll)
        #expect(throws: FileError.self) { try FileReader.system.read(directory, 70_000).get() }
        #expect(throws: FileError.self) { try FileReader.system.read("\(path)/none", 70_000).get() }
    }
}
