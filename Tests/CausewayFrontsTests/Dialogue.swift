import CausewayBytes
import Testing

@testable import CausewayFronts

/// What came of a handshake that a driver of the simplest kind carried out.
struct Dialogue: Equatable {
    enum End: Equatable {
        case waiting
        case requested(MixedFront.Request)
        case refused([UInt8])
        case closed
    }

    /// All that was written before the end.
    var sent: [UInt8] = []
    /// The credentials that were asked about, each as `name:password`.
    var asked: [String] = []
    var end = End.waiting
    /// What the session gets as its first bytes, or what is still unread.
    var left: [UInt8] = []
    var front: MixedFront

    static func == (left: Dialogue, right: Dialogue) -> Bool {
        left.sent == right.sent && left.asked == right.asked && left.end == right.end && left.left == right.left
    }

    /// Feeds `input` in segments that end at `cuts` and at its end. `alice` with `secret` is let in.
    init(_ input: [UInt8], cuts: some Sequence<Int>, requiresAuthentication: Bool, servesDatagrams: Bool = false) {
        self.front = MixedFront(
            requiresAuthentication: requiresAuthentication,
            servesDatagrams: servesDatagrams
        )
        var start = 0
        for cut in Array(cuts) + [input.count] {
            self.left += input[start..<cut]
            start = cut
            self.proceed()
        }
        if case .refused = self.end { self.left = [] }
        if case .closed = self.end { self.left = [] }
    }

    private mutating func proceed() {
        while case .waiting = self.end {
            var (consumed, step) = self.left.withByteRegion { self.front.receive($0) }
            #expect((0...self.left.count).contains(consumed))
            self.left.removeFirst(consumed)
            if case .authenticate(let name, let password) = step {
                self.asked.append(String(decoding: name + [0x3a] + password, as: UTF8.self))
                step = self.front.authenticated(name == Array("alice".utf8) && password == Array("secret".utf8))
            }
            switch step {
            case .needMore:
                #expect(self.left.count < MixedFront.maximumInputCount)
                return
            case .send(let bytes): self.sent += bytes
            case .authenticate: Issue.record("asked again instead of taking the verdict")
            case .request(let request): self.end = .requested(request)
            case .refuse(let bytes): self.end = .refused(bytes)
            case .close: self.end = .closed
            }
        }
    }

    /// The outcome for `input`, which must not depend on how it is cut: in one piece, in two at every place, and byte
    /// by byte.
    static func cutEverywhere(_ input: [UInt8], requiresAuthentication: Bool = false) -> Dialogue {
        let whole = Dialogue(input, cuts: [], requiresAuthentication: requiresAuthentication)
        for cut in 0..<input.count {
            let halves = Dialogue(input, cuts: [cut], requiresAuthentication: requiresAuthentication)
            #expect(halves == whole, "cut at \(cut)")
        }
        let bytes = Dialogue(input, cuts: 1..<max(1, input.count), requiresAuthentication: requiresAuthentication)
        #expect(bytes == whole, "byte by byte")
        return whole
    }

    static func cutEverywhere(_ input: String, requiresAuthentication: Bool = false) -> Dialogue {
        Self.cutEverywhere(Array(input.utf8), requiresAuthentication: requiresAuthentication)
    }

    /// The target of the session that was asked for.
    var target: Address? {
        guard case .requested(.connect(let address)) = self.end else { return nil }
        return address
    }

    /// The plain HTTP request that was asked for.
    var forward: MixedFront.HTTPForward? {
        guard case .requested(.http(let forward)) = self.end else { return nil }
        return forward
    }

    /// The status of the HTTP answer that ended the handshake.
    var status: String? {
        guard case .refused(let bytes) = self.end else { return nil }
        return String(decoding: bytes.prefix(12), as: UTF8.self)
    }
}

extension Array where Element == UInt8 {
    /// The bytes read as text.
    var text: String { String(decoding: self, as: UTF8.self) }
}
