import CausewayBytes
import CausewayIO

/// How a session ends whose user has used up the quota: what is billed is paid for, and may arrive.
extension Session {
    /// How long it may take: every session of the user is to be over within a second.
    private static let deliveryPatience = Interval.milliseconds(700)
    /// Time between two looks at what the other ends have acknowledged.
    private static let deliveryCheck = Interval.milliseconds(20)

    /// Reads no more, and resets both legs once the other ends have acknowledged what was billed, or take too long.
    func deliverAndAbort() {
        guard case .relaying = self.phase else { return self.abort() }
        // It goes no other way any more, whatever comes of an inquiry: nobody would pay for that.
        self.forgetRoute()
        self.leaveUser()
        self.up.meter.end()
        self.down.meter.end()
        self.phase = .delivering
        self.setTimer(Self.deliveryPatience)
        self.deliver()
    }

    func deliver() {
        let isUpGone = self.up.deliverSealed(to: &self.far)
        let isDownGone = self.down.deliverSealed(to: &self.near)
        if isUpGone, isDownGone, self.far.socket.unacknowledged == 0, self.near.socket.unacknowledged == 0 {
            return self.abort()
        }
        self.waitForTurn(Self.deliveryCheck)
    }
}

extension Flow {
    /// Writes what is sealed, and so billed; what is not sealed was given back to the user, and is dropped.
    ///
    /// - Returns: whether there is nothing more to write.
    mutating func deliverSealed(to destination: inout Leg) -> Bool {
        guard self.destinationIsSealed, !self.pending.isEmpty else { return true }
        switch destination.socket.write(self.pending.region) {
        case .transferred(let count): self.pending.consume(count)
        case .wouldBlock: break
        case .failed, .endOfStream: return true
        }
        return self.pending.isEmpty
    }
}
