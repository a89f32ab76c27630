import Glibc
import LoadEngine

/// The start of a measured span of time: what the watched processes, this one and the machine had used by then.
struct SpanStart {
    private let moment: Int64
    private let cpu: [Int64]
    private let ownCPU: Int64
    private let busy: Int64
    private let processes: [WatchedProcess]

    init(_ processes: [WatchedProcess]) throws(SystemCallError) {
        self.processes = processes
        var cpu: [Int64] = []
        for process in processes { cpu.append(try ProcessSample(of: process.id).cpu) }
        self.cpu = cpu
        self.ownCPU = try ProcessSample(of: getpid()).cpu
        self.busy = try MachineSample().busy
        self.moment = Moment.now()
    }

    /// Ends the span here.
    func end() throws(SystemCallError) -> MeasuredSpan {
        let now = try SpanStart(self.processes)
        let cpu = zip(now.cpu, self.cpu).map { Double($0 - $1) / 1e9 }
        let own = Double(now.ownCPU - self.ownCPU) / 1e9
        let busy = Double(now.busy - self.busy) / 1e9
        let seconds = Double(now.moment - self.moment) / 1e9
        return MeasuredSpan(
            seconds: seconds,
            processes: zip(self.processes, cpu).map { CPUUse(name: $0.name, process: $0.id, seconds: $1) },
            generatorSeconds: own,
            foreignSeconds: max(0, busy - own - cpu.reduce(0, +))
        )
    }
}

/// What was used in a span of time.
struct MeasuredSpan: Codable {
    let seconds: Double
    let processes: [CPUUse]
    /// CPU time of the load generator itself.
    let generatorSeconds: Double
    /// CPU time of everything else on the machine: a figure is only as good as this is small.
    let foreignSeconds: Double
}

/// The CPU time of one watched process.
struct CPUUse: Codable {
    let name: String
    let process: Int32
    let seconds: Double
}
