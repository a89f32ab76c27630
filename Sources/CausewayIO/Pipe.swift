/// A pipe of the kernel's, as a station between two sockets. Like a `Block` it is a value whose two descriptors belong to
/// the pool that made it.
public struct Pipe {
    var input: Int32 = -1
    var output: Int32 = -1
    /// Bytes that are in it.
    public internal(set) var count = 0

    /// No pipe.
    public init() {}

    public var isOpen: Bool { self.input >= 0 }
}
