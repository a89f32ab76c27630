import CausewayBytes
import CausewayCore
import CausewayFronts
import CausewayIO

/// A session whose application wants to send datagrams (RFC 1928 section 7).
extension Session {
    /// Opens a socket for the application, at the address that it has found us at, and tells it which.
    func associate(_ stage: FrontStage) {
        let credential = self.member.map { member in
            UserDirectory.Credential(slot: member.sessions.account.slot, place: Int(member.credential))
        }
        if let exit = self.listener.exit, self.worker.present(exit) == nil {
            self.note(.targetDenied, "the exit is gone", at: exit.name)
            return self.refuse(with: stage.front.failed(.denied))
        }
        guard let local = self.near.socket.localAddress(),
            let association = self.worker.association(
                from: self.source,
                at: self.listener,
                by: self.listener.exit,
                for: credential
            )
        else { return self.refuse(with: stage.front.failed(.general)) }
        let socket: DatagramSocket
        do throws(SystemCallError) {
            socket = try DatagramSocket.bound(to: local.ip)
        } catch {
            self.worker.users.leave(association)
            self.note(.connectFailed, error.description, at: self.listener.name)
            return self.refuse(with: stage.front.failed(.general))
        }
        let inlet = ApplicationInlet(for: association)
        association.begin(inlet)
        do throws(SystemCallError) {
            try inlet.start(socket)
        } catch {
            association.end()
            self.note(.connectFailed, error.description, at: self.listener.name)
            return self.refuse(with: stage.front.failed(.general))
        }
        association.control = self
        self.phase = .associated(association)
        self.worker.loop.cancel(self.timer)
        self.timer = .none
        self.say(stage.front.succeeded(bound: inlet.address))
        if case .associated = self.phase { self.discard() }
    }
}
