import CausewayBytes
import CausewayIO
import CausewayNode
import Dispatch
import Glibc

/// Keeps the service manager informed, where there is one (sd_notify(3), systemd.service(5)).
///
/// `@unchecked Sendable`: what changes is touched on the queue alone.
final class ServiceManager: @unchecked Sendable {
    /// Seconds between two status texts, where no watchdog wants to hear more often.
    private static let interval = 10.0

    private let socket: NotifySocket
    /// Seconds within which the watchdog wants to hear; `nil` where there is none.
    private let watchdog: Double?
    private let queue = DispatchQueue(label: "causeway.service-manager")
    private var timer: (any DispatchSourceTimer)?
    /// Whose status is told; let go of at the end, while the timer's handler goes when the queue gets to it.
    private var node: Node?

    /// As `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` of the environment say; `nil` where nobody listens.
    init?() {
        guard let path = getenv("NOTIFY_SOCKET"), let socket = NotifySocket(String(cString: path)) else { return nil }
        self.socket = socket
        let isForUs = getenv("WATCHDOG_PID").map { String(cString: $0) == "\(getpid())" } ?? true
        let interval = getenv("WATCHDOG_USEC").flatMap { Double(String(cString: $0)) }
        self.watchdog = isForUs ? interval.flatMap { $0 > 0 ? $0 / 1e6 : nil } : nil
    }

    /// The node has started. From now on its status is told, and the watchdog is fed as long as every loop turns.
    func ready(_ node: Node) {
        self.socket.send(["READY=1", "STATUS=\(node.statusLine)"], isToArrive: true)
        let seconds = min(self.watchdog.map { $0 / 3 } ?? Self.interval, Self.interval)
        self.queue.sync {
            let timer = DispatchSource.makeTimerSource(queue: self.queue)
            timer.schedule(deadline: .now(), repeating: seconds, leeway: .milliseconds(100))
            timer.setEventHandler { [weak self] in self?.tell() }
            timer.resume()
            self.timer = timer
            self.node = node
        }
    }

    /// Tells the status. On the queue.
    private func tell() {
        guard let node = self.node else { return }
        var lines = ["STATUS=\(node.statusLine)"]
        if self.watchdog != nil, node.loopsTurn() { lines.append("WATCHDOG=1") }
        self.socket.send(lines, isToArrive: false)
    }

    /// Lets the status be told by nobody, or by another process.
    private func tellNoMore() {
        self.queue.sync {
            self.timer?.cancel()
            self.timer = nil
            self.node = nil
        }
    }

    /// A reload begins.
    func reloading() {
        self.socket.send(["RELOADING=1", "MONOTONIC_USEC=\(HostSystem.now.nanoseconds / 1000)"], isToArrive: true)
    }

    /// The reload is over, whatever came of it.
    func reloaded(_ node: Node) {
        self.socket.send(["READY=1", "STATUS=\(node.statusLine)"], isToArrive: true)
    }

    /// Another process is the node from now on, and tells how it is itself.
    func handedOver(to process: Int32) {
        self.tellNoMore()
        self.socket.send(["MAINPID=\(process)"], isToArrive: true)
    }

    /// The node ends when its sessions have, and wants the time for it. Said again and again.
    func draining(_ node: Node, isFirst: Bool) {
        let lines = ["STOPPING=1", "EXTEND_TIMEOUT_USEC=10000000", "STATUS=\(node.statusLine)"]
        self.socket.send(lines, isToArrive: isFirst)
    }

    /// The node ends.
    func stopping() {
        self.tellNoMore()
        self.socket.send(["STOPPING=1", "STATUS=stopping"], isToArrive: true)
    }
}
