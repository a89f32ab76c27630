import CausewayBytes
import Glibc
import Testing

@testable import CausewayIO

@Suite struct MessageSocketTests {
    @Test func `messages stay whole, and descriptors arrive with theirs`() throws {
        let (left, right) = try MessageSocket.pair()
        let pipe = try Descriptor.pipe()
        try left.send([1, 2, 3], passing: [pipe.writing])
        try left.send(Array(repeating: 7, count: MessageSocket.maximumCount))
        let first = try #require(try right.receive(within: .seconds(10)))
        #expect(first.bytes == [1, 2, 3] && first.descriptors.count == 1)
        #expect(write(first.descriptors[0].raw, "x", 1) == 1)
        var byte: UInt8 = 0
        #expect(read(pipe.reading.raw, &byte, 1) == 1 && byte == 0x78)
        let second = try #require(try right.receive(within: .seconds(10)))
        #expect(second.bytes.count == MessageSocket.maximumCount && second.descriptors.isEmpty)
    }

    @Test func `an end that is gone is told from one that says nothing`() throws {
        var (left, right): (MessageSocket?, MessageSocket) = try MessageSocket.pair()
        #expect(throws: SystemCallError(code: ETIMEDOUT, call: "recvmsg")) {
            try right.receive(within: .milliseconds(1))
        }
        #expect(!right.descriptor.isHungUp)
        left = nil
        #expect(left == nil)
        #expect(try right.receive(within: .seconds(10)) == nil)
        #expect(right.descriptor.isHungUp)
        #expect(throws: SystemCallError(code: EPIPE, call: "sendmsg")) { try right.send([1]) }
    }

    @Test func `a file in memory gives back what it was made of`() throws {
        let words = (0..<100_000).map { UInt64($0) &* 0x9e37_79b9 }
        let file = try MemoryFile.make(words)
        #expect(try MemoryFile.read(file, limit: 100_000) == words)
        #expect(throws: SystemCallError(code: EFBIG, call: "read")) { try MemoryFile.read(file, limit: 99_999) }
        #expect(try MemoryFile.read(try MemoryFile.make([]), limit: 1).isEmpty)
    }

    @Test func `a program starts as nobody's child, and one that is not there is an error`() throws {
        let (near, far) = try MessageSocket.pair()
        let script = "printf '%s' \"$WORD $PPID\" >&3; kill -TERM $$; printf more >&3"
        var program = DetachedProgram(path: "/bin/sh", arguments: ["sh", "-c", script], environment: ["WORD=hello"])
        try program.start(with: far.descriptor)
        let message = try #require(try near.receive(within: .seconds(10)))
        let words = String(decoding: message.bytes, as: UTF8.self).split(separator: " ")
        #expect(words.first == "hello" && words.last != "\(getpid())")
        program.path = "/nowhere/at/all"
        #expect(throws: SystemCallError(code: ENOENT, call: "execve")) { try program.start(with: far.descriptor) }
    }
}
