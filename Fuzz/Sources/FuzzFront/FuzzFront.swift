import CausewayBytes
import CausewayFronts
import FuzzSupport

/// What came of a handshake.
struct Outcome: Equatable {
    enum End: Equatable {
        case waiting
        case requested(MixedFront.Request)
        case refused([UInt8])
        case closed
    }

    var sent: [UInt8] = []
    var asked = 0
    var end = End.waiting
    var left: [UInt8] = []

    init(_ input: FuzzInput, cuts: [Int]) {
        var front = MixedFront(
            requiresAuthentication: input.steering & 1 != 0,
            servesDatagrams: input.steering & 4 != 0
        )
        var start = 0
        for cut in cuts + [input.bytes.count] {
            self.left += input.bytes[start..<cut]
            start = cut
            self.proceed(&front, acceptsAll: input.steering & 2 != 0)
        }
        switch self.end {
        case .refused, .closed: self.left = []
        case .requested:
            _ = front.succeeded(bound: nil)
            _ = front.failed(.general)
        case .waiting: _ = front.timeoutReply
        }
    }

    private mutating func proceed(_ front: inout MixedFront, acceptsAll: Bool) {
        while case .waiting = self.end {
            var (consumed, step) = self.left.withByteRegion { front.receive($0) }
            self.left.removeFirst(consumed)
            if case .authenticate(let name, _) = step {
                self.asked += 1
                step = front.authenticated(acceptsAll || name.first == UInt8(ascii: "a"))
            }
            switch step {
            case .needMore:
                precondition(self.left.count < MixedFront.maximumInputCount, "waits with all the input it may have")
                return
            case .send(let bytes): self.sent += bytes
            case .authenticate: preconditionFailure("asked again instead of taking the verdict")
            case .request(let request): self.end = .requested(request)
            case .refuse(let bytes): self.end = .refused(bytes)
            case .close: self.end = .closed
            }
        }
    }
}

/// What an origin must be able to rely on: one head, one `Host`, one framing, the connection closed behind it.
func checkForwarded(_ head: [UInt8]) {
    var lines = head.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    precondition(lines.popLast()?.isEmpty == true && lines.popLast()?.elementsEqual([0x0d]) == true, "no blank line")
    precondition(lines.allSatisfy { $0.count > 1 && $0.firstIndex(of: 0x0d) == $0.endIndex - 1 }, "a bad line end")
    let parts = lines[0].split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
    precondition(parts.count == 3 && (parts[1].first == 0x2f || parts[1].elementsEqual([0x2a])), "no origin-form")
    let names = lines.dropFirst().map { line in
        line.prefix { $0 != UInt8(ascii: ":") }.map { $0 >= 0x41 && $0 <= 0x5a ? $0 | 0x20 : $0 }
    }
    func count(_ name: String) -> Int { names.count { $0.elementsEqual(name.utf8) } }
    precondition(count("host") == 1 && count("connection") == 1, "not one host and one connection")
    precondition(lines.last.map(Array.init) == Array("Connection: close\r".utf8), "the connection stays open")
    precondition(count("content-length") + count("transfer-encoding") <= 1, "framed in two ways")
    precondition(count("proxy-authorization") == 0, "the password goes on")
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard let input = FuzzInput(data, count), input.bytes.count <= MixedFront.maximumInputCount else { return 0 }
    let whole = Outcome(input, cuts: [])
    precondition(Outcome(input, cuts: input.cuts) == whole, "the cuts change the outcome")
    if case .requested(.http(let forward)) = whole.end { checkForwarded(forward.head) }
    return 0
}
