import CausewayBytes
import CausewayIO

/// Moving bytes that nobody has to look at, without reading them: from socket to pipe to socket, by splice(2).
///
/// A pipe is borrowed from the loop for as long as there is something in it. What is in it when a session is cut has
/// been taken from the source and never reached the destination; it is not counted.
extension Flow {
    /// Bytes that a direction has to have carried before it is spliced: for a short session a pipe costs more than the
    /// copying it saves.
    private static let spliceThreshold: UInt64 = 64 * 1024
    /// The most that one call asks for; a pipe takes what it has room for.
    private static let spliceCount = 1 << 20

    /// Whether the next bytes go through a pipe; borrows one when they do.
    mutating func maySplice(on worker: Worker) -> Bool {
        guard !self.spliceIsRefused else { return false }
        if self.pipe.isOpen { return true }
        guard self.byteCount >= Self.spliceThreshold, !self.sourceIsSealed, !self.destinationIsSealed,
            self.body == nil, self.early.isEmpty, self.sent == nil, let pipe = worker.pipes.take()
        else { return false }
        self.pipe = pipe
        return true
    }

    /// Takes what waits at the source into the empty pipe.
    mutating func fillPipe(from source: inout Leg, atMost allowance: Int) -> Fill {
        guard source.isReadable else { return .blocked }
        switch source.socket.splice(into: &self.pipe, atMost: min(allowance, Self.spliceCount)) {
        // How much comes depends on the pipe too, so only nothing at all tells that the socket is empty.
        case .transferred: return .filled
        case .wouldBlock:
            source.isReadable = false
            return .blocked
        case .endOfStream: return .ended
        case .failed(let error):
            guard error.isUnsupported else { return .failed(.source(error)) }
            // Not every kind of socket can: then it is read after all.
            self.spliceIsRefused = true
            return .filled
        }
    }

    /// Moves what the pipe holds to the destination; `nil` once it is empty.
    mutating func emptyPipe(to destination: inout Leg) -> Outcome? {
        guard destination.isWritable else { return .blocked }
        self.meter.bill(self.byteCount + UInt64(self.pipe.count))
        let result = destination.socket.splice(from: &self.pipe, more: false)
        self.noteWritten(result)
        switch result {
        case .transferred:
            guard self.pipe.count == 0 else {
                destination.isWritable = false
                return .blocked
            }
            return nil
        case .wouldBlock:
            destination.isWritable = false
            return .blocked
        case .failed(let error): return .failed(.destination(error))
        case .endOfStream: preconditionFailure("a pipe that holds bytes has no end")
        }
    }
}
