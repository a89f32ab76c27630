import Glibc
import LoadEngine

/// The near end of a load of datagrams.
protocol NearEnd: Sendable {
    var tally: Tally { get }
    var isHopeless: Bool { get }
    func measure(_ on: Bool)
    func run() throws(SystemCallError)
    func stop()
}

extension RoundTrips: NearEnd {}
extension DatagramStream: NearEnd {}

/// A far end and a near end of datagrams, each at work on a thread of its own.
struct RunningDatagrams<Near: NearEnd> {
    let echo: DatagramEcho
    let near: Near
    private let threads: [LoopThread]

    /// Starts the load.
    init(near: Near, echo: DatagramEcho) throws(SystemCallError) {
        self.near = near
        self.echo = echo
        self.threads = [
            try LoopThread(name: "echo") { orExit { () throws(SystemCallError) in try echo.run() } },
            try LoopThread(name: "datagrams") { orExit { () throws(SystemCallError) in try near.run() } },
        ]
    }

    /// Sleeps so long, or until the condition holds, or until the near end has given up.
    func wait(seconds: Double, until condition: () -> Bool = { false }) {
        let deadline = Moment.now() + Int64(seconds * 1e9)
        while Moment.now() < deadline, !condition(), !self.near.isHopeless { usleep(1000) }
    }

    /// Ends both threads.
    func stop() {
        self.near.stop()
        self.echo.stop()
        for thread in self.threads { thread.join() }
    }
}
