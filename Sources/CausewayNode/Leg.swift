import CausewayBytes
import CausewayIO

/// One end of a session: a socket and what epoll has last said of it.
///
/// Epoll tells each change once, so a leg stays readable until a read finds less than it asked for, and writable until
/// a write takes less than it was given.
struct Leg: ~Copyable {
    var socket = Socket()
    var isReadable = false
    var isWritable = false
    /// The peer's FIN has come: a short read does not mean that there is nothing more, for the end itself is to be read.
    var isHungUp = false
    /// What the socket has of its listener's or exit's policy; `nil` where there is none.
    var congestion: LegCongestion?

    /// Takes note of `events`; an error makes both directions worth trying, for the call will tell which error it is.
    mutating func note(_ events: ReadyEvents) {
        if !events.isDisjoint(with: [.readable, .readHangUp, .hangUp, .error]) { self.isReadable = true }
        if !events.isDisjoint(with: [.readHangUp, .hangUp]) { self.isHungUp = true }
        if !events.isDisjoint(with: [.writable, .hangUp, .error]) { self.isWritable = true }
    }

    /// Reads once into `region`.
    mutating func read(into region: ByteRegion) -> TransferResult {
        let result = self.socket.read(into: region)
        self.noteRead(result, asked: region.count)
        return result
    }

    /// Reads once into `regions`, in their order.
    mutating func read(into regions: RegionList) -> TransferResult {
        let result = regions.count == 1 ? self.socket.read(into: regions[0]) : self.socket.read(into: regions)
        self.noteRead(result, asked: regions.byteCount)
        return result
    }

    private mutating func noteRead(_ result: TransferResult, asked: Int) {
        switch result {
        case .transferred(let count): if count < asked, !self.isHungUp { self.isReadable = false }
        case .wouldBlock: self.isReadable = false
        case .endOfStream, .failed: break
        }
    }

    /// Closes the socket; with RST where the end is not a good one.
    mutating func close(resetting: Bool) {
        if resetting {
            self.socket.reset()
        } else {
            self.socket.close()
        }
        self.isReadable = false
        self.isWritable = false
        self.congestion?.leave()
        self.congestion = nil
    }
}
