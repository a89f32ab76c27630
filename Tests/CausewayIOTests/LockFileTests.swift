import Synchronization
import TestSupport
import Testing

@testable import CausewayIO

@Suite struct LockFileTests {
    @Test func `one of many gets it, and has it until it lets go`() async throws {
        let directory = try TemporaryDirectory()
        let lock = LockFile(directory.file("lock"))
        for _ in 0..<20 {
            let answers = await withTaskGroup(of: LockFile.Answer?.self) { group in
                for number in 0..<8 { group.addTask { try? lock.take(for: "node-\(number)") } }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.filter { $0 == .mine }.count == 1)
            // Whoever came too late is told who has it.
            var others: [String] = []
            for case .others(let name) in answers.compactMap({ $0 }) { others.append(name) }
            let holder = try #require(others.first)
            #expect(try lock.take(for: holder) == .mine)
            try lock.release(by: "somebody")
            #expect(try lock.take(for: "somebody") == .others(holder))
            try lock.release(by: holder)
        }
        #expect(try lock.take(for: "a") == .mine)
    }

    @Test func `a file that holds nothing is somebody's, and a directory that is not there is nobody's`() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("", to: "lock")
        #expect(try LockFile(path).take(for: "a") == .others("somebody without a name"))
        #expect(throws: SystemCallError.self) { try LockFile("/nonexistent/lock").take(for: "a") }
    }

    @Test func `a small file is the old one or the new one`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("x")
        #expect(try SmallFile.read(path) == nil)
        for text in ["", "one\n", "two\n"] {
            try SmallFile.write(text, to: path)
            #expect(try SmallFile.read(path) == text)
        }
        try SmallFile.remove(path)
        try SmallFile.remove(path)
        #expect(try SmallFile.read(path) == nil && !SmallFile.exists(path))
    }
}
