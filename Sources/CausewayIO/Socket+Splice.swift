import CLinux
public import CausewayBytes

extension Socket {
    /// Moves up to `count` bytes that wait at the socket into the pipe, without copying them through the process
    /// (splice(2)). The pipe must be empty: the kernel says the same of a full pipe as of a socket without bytes.
    @inline(__always)
    public borrowing func splice(into pipe: inout Pipe, atMost count: Int) -> TransferResult {
        precondition(pipe.isOpen && pipe.count == 0, "a pipe is filled when it is empty")
        let result = TransferResult(
            reading: CLinux_splice(self.descriptor, pipe.input, count, 0),
            call: "splice"
        )
        if case .transferred(let count) = result { pipe.count = count }
        return result
    }

    /// Moves what the pipe holds to the socket, or as much as that takes.
    ///
    /// - Parameter more: others will follow at once, so that the last segment may wait for them.
    @inline(__always)
    public borrowing func splice(from pipe: inout Pipe, more: Bool) -> TransferResult {
        precondition(pipe.count > 0, "an empty pipe has nothing to move")
        let result = TransferResult(
            writing: CLinux_splice(pipe.output, self.descriptor, pipe.count, more ? 1 : 0),
            call: "splice"
        )
        if case .transferred(let count) = result { pipe.count -= count }
        return result
    }

    /// Looks at what waits without taking it.
    public borrowing func peek(into region: ByteRegion) -> TransferResult {
        TransferResult(reading: CLinux_peek(self.descriptor, region.base, region.count), call: "recv")
    }

    /// Writes bytes that others will follow at once, so that all travel in one segment.
    public borrowing func writeBeforeMore(_ region: ByteRegion) -> TransferResult {
        TransferResult(writing: CLinux_send_before_more(self.descriptor, region.base, region.count), call: "send")
    }
}
