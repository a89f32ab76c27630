import CLinux

/// The pipes of one loop. Empty ones are kept for the next need; one that comes back with bytes in it is closed, for
/// nobody must ever get them.
public final class PipePool {
    /// Free pipes that are kept.
    private static let keep = 16

    private var free: [Pipe] = []
    private let capacity: Int32
    private let limit: Int
    /// Pipes that are lent now.
    public private(set) var lentCount = 0

    /// - Parameters:
    ///   - capacity: bytes that a pipe is to hold; without privilege, and with many pipes open, the kernel may grant
    ///     less.
    ///   - limit: pipes that are lent at one time.
    public init(capacity: Int, limit: Int) {
        self.capacity = Int32(clamping: capacity)
        self.limit = limit
    }

    deinit {
        for pipe in self.free { Self.close(pipe) }
    }

    /// An empty pipe; `nil` when there are too many, or no descriptors left.
    public func take() -> Pipe? {
        guard self.lentCount < self.limit else { return nil }
        guard let pipe = self.free.popLast() ?? self.make() else { return nil }
        self.lentCount += 1
        return pipe
    }

    /// Takes a pipe back and leaves none.
    public func release(_ pipe: inout Pipe) {
        guard pipe.isOpen else { return }
        self.lentCount -= 1
        if pipe.count == 0, self.free.count < Self.keep {
            self.free.append(pipe)
        } else {
            Self.close(pipe)
        }
        pipe = Pipe()
    }

    private func make() -> Pipe? {
        var descriptors: (Int32, Int32) = (-1, -1)
        let result = withUnsafeMutableBytes(of: &descriptors) { bytes in
            bytes.withMemoryRebound(to: Int32.self) { CLinux_pipe($0.baseAddress, self.capacity) }
        }
        guard result == 0 else { return nil }
        var pipe = Pipe()
        pipe.output = descriptors.0
        pipe.input = descriptors.1
        return pipe
    }

    private static func close(_ pipe: Pipe) {
        _ = CLinux_close(pipe.input)
        _ = CLinux_close(pipe.output)
    }
}
