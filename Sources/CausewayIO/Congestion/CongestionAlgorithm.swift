import CLinux
import Glibc

/// The name of a congestion algorithm, as the kernel takes it.
public struct CongestionAlgorithm: Sendable, Equatable, CustomStringConvertible {
    /// With a zero byte at the end.
    private let bytes: [CChar]

    public init(_ name: String) {
        self.bytes = Array(name.utf8CString.prefix(15).filter { $0 != 0 }) + [0]
    }

    public var description: String {
        String(decoding: self.bytes.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Whether it is TCP Brutal, which has parameters.
    public var isBrutal: Bool { self == CongestionAlgorithm("brutal") }

    func select(on descriptor: CInt) throws(SystemCallError) {
        _ = try checked("setsockopt TCP_CONGESTION", CLinux_set_congestion(descriptor, self.bytes))
    }

    /// What `descriptor` has selected.
    static func selected(on descriptor: CInt) throws(SystemCallError) -> CongestionAlgorithm {
        var name = [CChar](repeating: 0, count: 16)
        _ = try checked("getsockopt TCP_CONGESTION", CLinux_get_congestion(descriptor, &name))
        return CongestionAlgorithm(
            String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        )
    }
}
